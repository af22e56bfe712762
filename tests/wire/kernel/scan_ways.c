/* Holds the fastest way to scan on this processor against the portable one: all masks, and what is carried between windows. */
#include <stdio.h>
#include <stdlib.h>

#include "redact_scan.h"

enum { NO_OTHER_WAY = 77, TEXTS = 20000, LONGEST = 400 };

/* What shapes are made of, so that they come up; the first one is every byte. */
static const char *ALPHABETS[] = {"", "0123456789", "09- .", "AZ09", "AZaz_09", ":af0", "\\%u0", "+(019)", "@ :\\%+(-._", "\x7F\x80\xFF 0"};

static uint64_t state = 20261121;

static unsigned random_below(unsigned bound)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)(state >> 33) % bound;
}

static void fill(uint8_t *text, unsigned size)
{
    for (unsigned at = 0; at < size;) {
        const char *alphabet = ALPHABETS[random_below(sizeof ALPHABETS / sizeof *ALPHABETS)];
        unsigned letters = (unsigned)strlen(alphabet), run = 1 + random_below(random_below(2) ? 8 : 80);
        for (; run && at < size; run--)
            text[at++] = letters ? (uint8_t)alphabet[random_below(letters)] : (uint8_t)random_below(256);
    }
}

/* Buckets that allow so much that they tell about every third place. */
static void choose(ScanLiterals *literals)
{
    uint8_t *bytes = (uint8_t *)literals;
    for (unsigned at = 0; at < sizeof *literals; at++)
        bytes[at] = (uint8_t)(random_below(256) | random_below(256) * random_below(2));
}

static void same(const uint8_t *text, unsigned size, ScanWindow fast)
{
    ScanLiterals literals;
    ScanBefore before = {0}, fast_before = {0};
    choose(&literals);
    for (unsigned at = 0;; at += SCAN_STEP) {
        ScanTriggers found, fast_found;
        uint64_t valid = size - at >= SCAN_WINDOW ? UINT64_MAX : (UINT64_C(1) << (size - at)) - 1;
        uint64_t any = scan_portable(&literals, text + at, valid, &before, &found);
        uint64_t fast_any = fast(&literals, text + at, valid, &fast_before, &fast_found);
        if (any != fast_any || memcmp(&found, &fast_found, sizeof found) || memcmp(&before, &fast_before, sizeof before)) {
            printf("different at %u of", at);
            for (unsigned byte = 0; byte < size; byte++)
                printf(" %02x", text[byte]);
            printf("\n");
            exit(1);
        }
        if (size - at <= SCAN_WINDOW)
            return;
    }
}

int main(void)
{
    uint8_t text[LONGEST + SCAN_READ] = {0};
    ScanWindow fast = scan_best();
    if (fast == scan_portable)
        return NO_OTHER_WAY;
    for (unsigned byte = 0; byte < 256; byte++) /* each byte alone, at each place */
        for (unsigned at = 0; at < SCAN_WINDOW; at++) {
            memset(text, '0', sizeof text);
            text[at] = (uint8_t)byte;
            same(text, SCAN_WINDOW, fast);
            memset(text, 'A', sizeof text);
            text[at] = (uint8_t)byte;
            same(text, at + 1, fast);
        }
    for (unsigned texts = 0; texts < TEXTS; texts++) {
        unsigned size = random_below(LONGEST);
        fill(text, LONGEST);
        same(text, size, fast);
    }
    printf("the same\n");
    return 0;
}
