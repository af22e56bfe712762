/*
 * The first look at a text, 64 bytes at a time: where could anything begin that a rule finds?
 *
 * A window of bytes becomes masks, one bit a byte; shifts and ands of masks say where a shape can begin. What comes out is a
 * superset: whoever asks looks closer. All ways to make the masks give the same bits: portable C, AVX2 and NEON.
 */
#ifndef REDACT_SCAN_H
#define REDACT_SCAN_H

#include <stdint.h>
#include <string.h>

#include "redact_bytes.h"

enum {
    SCAN_WINDOW = 64,
    SCAN_STEP = 48,          /* between windows: a start in one sees 16 bytes ahead */
    SCAN_READ = SCAN_WINDOW + 3, /* bytes that are read of a window */
};

/* Literals by their first four bytes: buckets (bits, twice eight) that allow a byte's low and high half, for each of the four. */
typedef struct {
    uint8_t low[2][4][16];
    uint8_t high[2][4][16];
} ScanLiterals;

/* What of the bytes before a window can make a boundary; all zero before the first. */
typedef struct {
    uint64_t word;
    uint64_t backslash;
    uint64_t percent;
    uint64_t any_percent;
} ScanBefore;

/* Where something can begin. */
typedef struct {
    uint64_t literal;
    uint64_t number; /* 6 digits or separators */
    uint64_t pair;   /* two letters, two digits */
    uint64_t code;   /* other mixtures of capitals and digits */
    uint64_t colon;  /* two colons in a row or three near each other */
    uint64_t at;
    uint64_t plus;  /* + and a digit */
    uint64_t paren; /* ( and three digits */
    uint64_t others; /* anything but a literal */
} ScanTriggers;

typedef uint64_t (*ScanWindow)(const ScanLiterals *, const uint8_t *, uint64_t, ScanBefore *, ScanTriggers *);

typedef struct {
    uint64_t digit, alpha, lower, word, numeric, at, colon, backslash, percent, plus, paren, literal;
} ScanMasks;

static inline uint64_t scan_triggers(ScanMasks m, uint64_t valid, ScanBefore *before, ScanTriggers *found)
{
    uint64_t digit = m.digit & valid, alpha = m.alpha & valid, upper = alpha & ~m.lower, numeric = m.numeric & valid;
    uint64_t separator = numeric & ~digit, code = upper | digit, colon = m.colon & valid;
    uint64_t free = ~(m.word << 1 | before->word);
    uint64_t digits2 = digit & digit >> 1, digits4 = digits2 & digits2 >> 2, digits7 = digits4 & digits4 >> 3;
    uint64_t uppers2 = upper & upper >> 1, code2 = code & code >> 1, code4 = code2 & code2 >> 2, code8 = code4 & code4 >> 4;
    uint64_t numeric2 = numeric & numeric >> 1;

    if (m.backslash | m.percent | before->backslash | before->percent) /* the last letter of an escape is a boundary */
        free |= m.backslash << 2 | before->backslash >> 4 | m.backslash << 6 | before->backslash | m.percent << 3 | before->percent;
    before->word = m.word >> (SCAN_STEP - 1) & 1;
    before->backslash = m.backslash >> (SCAN_STEP - 6) & 63;
    before->percent = m.percent >> (SCAN_STEP - 3) & 7;
    before->any_percent |= m.percent & valid;

    found->literal = m.literal & valid;
    found->number = digit & free & numeric2 & numeric2 >> 2 & numeric2 >> 4;
    found->pair = alpha & alpha >> 1 & digits2 >> 2 & free;
    found->code = free & ((uppers2 & separator >> 2 & digits2 >> 3 & separator >> 5)                    /* AB 12 */
                          | (upper & digits7 >> 1)                                                      /* X1234567 */
                          | (uppers2 & uppers2 >> 2 & digits4 >> 5)                                     /* ABC..1234 */
                          | (uppers2 & uppers2 >> 2 & uppers2 >> 4 & code8 & code8 >> 8)                /* 16 in a row */
                          | (code2 & separator >> 2 & code2 >> 3 & code >> 5 & separator >> 6 & code >> 7)); /* 12.ABC.3 */
    found->at = m.at & valid;
    found->plus = m.plus & valid & digit >> 1;
    found->paren = m.paren & valid & digits2 >> 1 & digit >> 3;
    found->colon = 0;
    if (colon & (colon - 1)) {
        uint64_t near = colon >> 1 | colon >> 2 | colon >> 3 | colon >> 4 | colon >> 5;
        uint64_t two = colon & near;
        found->colon = (colon & colon >> 1) | (colon & (two >> 1 | two >> 2 | two >> 3 | two >> 4 | two >> 5));
    }
    found->others = found->number | found->pair | found->code | found->colon | found->at | found->plus | found->paren;
    return found->literal | found->others;
}

static inline uint64_t scan_bit(uint64_t bit, unsigned at)
{
    return (bit != 0) * (UINT64_C(1) << at);
}

static inline unsigned scan_buckets_of(const ScanLiterals *literals, unsigned place, uint8_t byte)
{
    unsigned low = byte & 15, high = byte >> 4;
    return (literals->low[0][place][low] & literals->high[0][place][high])
           | (literals->low[1][place][low] & literals->high[1][place][high]) << 8;
}

static uint64_t scan_portable(const ScanLiterals *literals, const uint8_t *at, uint64_t valid, ScanBefore *before,
                              ScanTriggers *found)
{
    ScanMasks m = {0};
    unsigned size = valid >> 32 ? SCAN_WINDOW : SCAN_WINDOW / 2;
    for (unsigned i = 0; i < size; i++) {
        uint8_t c = at[i];
        uint32_t classes = BYTE_CLASSES[c];
        unsigned buckets = scan_buckets_of(literals, 0, c);
        if (classes & WORD) {
            m.word |= scan_bit(1, i);
            m.digit |= scan_bit(classes & DIGIT, i);
            m.alpha |= scan_bit(classes & (UPPER | LOWER), i);
            m.lower |= scan_bit(classes & LOWER, i);
            m.numeric |= scan_bit(classes & DIGIT, i);
        } else {
            m.numeric |= scan_bit(c == ' ' || c == '-' || c == '.' || c >= 0x80, i);
            m.at |= scan_bit(c == '@', i);
            m.colon |= scan_bit(c == ':', i);
            m.backslash |= scan_bit(c == '\\', i);
            m.percent |= scan_bit(c == '%', i);
            m.plus |= scan_bit(c == '+', i);
            m.paren |= scan_bit(c == '(', i);
        }
        for (unsigned next = 1; buckets && next < 4; next++)
            buckets &= scan_buckets_of(literals, next, at[i + next]);
        m.literal |= scan_bit(buckets, i);
    }
    return scan_triggers(m, valid, before, found);
}

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define SCAN_AVX2 __attribute__((target("avx2,bmi,bmi2")))

static inline SCAN_AVX2 uint64_t scan_mask(__m256i bytes)
{
    return (uint32_t)_mm256_movemask_epi8(bytes);
}

static inline SCAN_AVX2 __m256i scan_between(__m256i bytes, char first, char last)
{
    __m256i above = _mm256_sub_epi8(bytes, _mm256_set1_epi8(first));
    return _mm256_cmpeq_epi8(_mm256_min_epu8(above, _mm256_set1_epi8((char)(last - first))), above);
}

static inline SCAN_AVX2 __m256i scan_equal(__m256i bytes, char wanted)
{
    return _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(wanted));
}

static inline SCAN_AVX2 __m256i scan_table(const uint8_t *table, __m256i halves)
{
    return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)table)), halves);
}

static inline SCAN_AVX2 __m256i scan_buckets(const ScanLiterals *literals, const uint8_t *at)
{
    __m256i half = _mm256_set1_epi8(15), one = _mm256_set1_epi8(-1), other = one;
    for (int place = 0; place < 4; place++) {
        __m256i bytes = _mm256_loadu_si256((const __m256i *)(at + place));
        __m256i low = _mm256_and_si256(bytes, half), high = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), half);
        one = _mm256_and_si256(one, _mm256_and_si256(scan_table(literals->low[0][place], low),
                                                     scan_table(literals->high[0][place], high)));
        other = _mm256_and_si256(other, _mm256_and_si256(scan_table(literals->low[1][place], low),
                                                         scan_table(literals->high[1][place], high)));
    }
    return _mm256_or_si256(one, other);
}

static inline SCAN_AVX2 void scan_half(const ScanLiterals *literals, const uint8_t *at, unsigned shift, ScanMasks *m)
{
    __m256i bytes = _mm256_loadu_si256((const __m256i *)at);
    __m256i digit = scan_between(bytes, '0', '9');
    __m256i alpha = scan_between(_mm256_or_si256(bytes, _mm256_set1_epi8(0x20)), 'a', 'z');
    __m256i buckets = scan_buckets(literals, at);
    m->digit |= scan_mask(digit) << shift;
    m->alpha |= scan_mask(alpha) << shift;
    m->lower |= scan_mask(_mm256_slli_epi16(bytes, 2)) << shift; /* bit 5 tells lower case from upper */
    m->word |= scan_mask(_mm256_or_si256(_mm256_or_si256(digit, alpha), scan_equal(bytes, '_'))) << shift;
    /* bytes of 0x80 and above count too: their top bit is in the mask already */
    m->numeric |= scan_mask(_mm256_or_si256(_mm256_or_si256(bytes, digit),
                                            _mm256_or_si256(scan_equal(bytes, ' '), scan_between(bytes, '-', '.'))))
                  << shift;
    m->at |= scan_mask(scan_equal(bytes, '@')) << shift;
    m->colon |= scan_mask(scan_equal(bytes, ':')) << shift;
    m->backslash |= scan_mask(scan_equal(bytes, '\\')) << shift;
    m->percent |= scan_mask(scan_equal(bytes, '%')) << shift;
    m->plus |= scan_mask(scan_equal(bytes, '+')) << shift;
    m->paren |= scan_mask(scan_equal(bytes, '(')) << shift;
    m->literal |= (uint64_t)(uint32_t)~_mm256_movemask_epi8(_mm256_cmpeq_epi8(buckets, _mm256_setzero_si256())) << shift;
}

static SCAN_AVX2 uint64_t scan_avx2(const ScanLiterals *literals, const uint8_t *at, uint64_t valid, ScanBefore *before,
                                    ScanTriggers *found)
{
    ScanMasks m = {0};
    scan_half(literals, at, 0, &m);
    if (valid >> 32)
        scan_half(literals, at + 32, 32, &m);
    return scan_triggers(m, valid, before, found);
}

#elif defined(__aarch64__) && defined(__ARM_NEON)
#include <arm_neon.h>

typedef struct {
    uint8x16_t one, other;
} ScanBytes; /* 32 of them */

static inline ScanBytes scan_load(const uint8_t *at)
{
    return (ScanBytes){vld1q_u8(at), vld1q_u8(at + 16)};
}

/* Of bytes that are all ones or all zeroes: each keeps the bit of its place in eight, and three times neighbours are added. */
static inline uint64_t scan_mask(ScanBytes bytes)
{
    static const uint8_t BITS[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    uint8x16_t bits = vld1q_u8(BITS), sums = vpaddq_u8(vandq_u8(bytes.one, bits), vandq_u8(bytes.other, bits));
    sums = vpaddq_u8(sums, sums);
    sums = vpaddq_u8(sums, sums);
    return vgetq_lane_u32(vreinterpretq_u32_u8(sums), 0);
}

static inline ScanBytes scan_or(ScanBytes a, ScanBytes b)
{
    return (ScanBytes){vorrq_u8(a.one, b.one), vorrq_u8(a.other, b.other)};
}

static inline ScanBytes scan_between(ScanBytes bytes, uint8_t first, uint8_t last)
{
    uint8x16_t from = vdupq_n_u8(first), wide = vdupq_n_u8(last - first);
    return (ScanBytes){vcleq_u8(vsubq_u8(bytes.one, from), wide), vcleq_u8(vsubq_u8(bytes.other, from), wide)};
}

static inline ScanBytes scan_equal(ScanBytes bytes, uint8_t wanted)
{
    return scan_between(bytes, wanted, wanted);
}

static inline uint8x16_t scan_buckets(const ScanLiterals *literals, const uint8_t *at)
{
    uint8x16_t one = vdupq_n_u8(255), other = one;
    for (int place = 0; place < 4; place++) {
        uint8x16_t bytes = vld1q_u8(at + place), low = vandq_u8(bytes, vdupq_n_u8(15)), high = vshrq_n_u8(bytes, 4);
        one = vandq_u8(one, vandq_u8(vqtbl1q_u8(vld1q_u8(literals->low[0][place]), low),
                                     vqtbl1q_u8(vld1q_u8(literals->high[0][place]), high)));
        other = vandq_u8(other, vandq_u8(vqtbl1q_u8(vld1q_u8(literals->low[1][place]), low),
                                         vqtbl1q_u8(vld1q_u8(literals->high[1][place]), high)));
    }
    return vtstq_u8(vorrq_u8(one, other), vdupq_n_u8(255));
}

static inline void scan_half(const ScanLiterals *literals, const uint8_t *at, unsigned shift, ScanMasks *m)
{
    ScanBytes bytes = scan_load(at), case_bit = {vdupq_n_u8(0x20), vdupq_n_u8(0x20)};
    ScanBytes digit = scan_between(bytes, '0', '9'), alpha = scan_between(scan_or(bytes, case_bit), 'a', 'z');
    ScanBytes buckets = {scan_buckets(literals, at), scan_buckets(literals, at + 16)}, high = scan_between(bytes, 0x80, 0xFF);
    m->digit |= scan_mask(digit) << shift;
    m->alpha |= scan_mask(alpha) << shift;
    m->lower |= scan_mask(scan_between(bytes, 'a', 'z')) << shift;
    m->word |= scan_mask(scan_or(scan_or(digit, alpha), scan_equal(bytes, '_'))) << shift;
    m->numeric |= scan_mask(scan_or(scan_or(high, digit), scan_or(scan_equal(bytes, ' '), scan_between(bytes, '-', '.'))))
                  << shift;
    m->at |= scan_mask(scan_equal(bytes, '@')) << shift;
    m->colon |= scan_mask(scan_equal(bytes, ':')) << shift;
    m->backslash |= scan_mask(scan_equal(bytes, '\\')) << shift;
    m->percent |= scan_mask(scan_equal(bytes, '%')) << shift;
    m->plus |= scan_mask(scan_equal(bytes, '+')) << shift;
    m->paren |= scan_mask(scan_equal(bytes, '(')) << shift;
    m->literal |= scan_mask(buckets) << shift;
}

static uint64_t scan_neon(const ScanLiterals *literals, const uint8_t *at, uint64_t valid, ScanBefore *before,
                          ScanTriggers *found)
{
    ScanMasks m = {0};
    scan_half(literals, at, 0, &m);
    if (valid >> 32)
        scan_half(literals, at + 32, 32, &m);
    return scan_triggers(m, valid, before, found);
}
#endif

/* Every 64-bit ARM has NEON; of the others the processor is asked. */
static inline ScanWindow scan_best(void)
{
#if defined(__x86_64__) && defined(__GNUC__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2"))
        return scan_avx2;
#elif defined(__aarch64__) && defined(__ARM_NEON)
    return scan_neon;
#endif
    return scan_portable;
}

#endif
