"""`reference/redact_national_keyed.py`, compiled: which numbers the digits at a place could be, by their length and groups."""

from libc.stdint cimport uint8_t, uint64_t

from pipeline.wire.kernel.redact_accounts cimport is_luhn
from pipeline.wire.kernel.redact_keyed cimport add_form
from pipeline.wire.kernel.redact_national cimport among, br_checked, is_day, is_ean13
from pipeline.wire.kernel.redact_rules cimport (
    KEYED_AU_TFN, KEYED_BE_NN, KEYED_BR_CNPJ, KEYED_BR_CPF, KEYED_CA_SIN, KEYED_CH_AHV, KEYED_DE_IDNR, KEYED_FR_NIR,
    KEYED_IN_AADHAAR, KEYED_KR_RRN, KEYED_NL_BSN, KEYED_NO_FNR, KEYED_PL_PESEL, KEYED_SE_PNR, KEYED_UK_NHS, KEYED_ZA_ID,
)
from pipeline.wire.kernel.redact_search cimport DIGIT, UPPER, ends_alone, is_a, run_of

from pipeline.wire.reference.redact_national_keyed import VERHOEFF_PRODUCT, VERHOEFF_TURNS

cdef uint8_t PRODUCT[10][10]
cdef uint8_t TURNS[8][10]
for _place in range(10):
    for _digit in range(10):
        PRODUCT[_place][_digit] = VERHOEFF_PRODUCT[_place][_digit]
        if _place < 8:
            TURNS[_place][_digit] = VERHOEFF_TURNS[_place][_digit]

cdef const char* PESEL_WEIGHTS = b"\1\3\7\x09\1\3\7\x09\1\3\1"
cdef const char* FNR_FIRST = b"\3\7\6\1\x08\x09\4\5\2\1"
cdef const char* FNR_SECOND = b"\5\4\3\2\7\6\5\4\3\2\1"
cdef const char* NHS_WEIGHTS = b"\x0a\x09\x08\7\6\5\4\3\2\1"
cdef const char* BSN_WEIGHTS = b"\x09\x08\7\6\5\4\3\2\x0a"  # -1 modulo 11


cdef struct Number:
    # Digits without what stands between them. Of size 0: there is no such number.
    uint8_t digits[16]
    int size
    Cursor stop


cdef int national_forms(const Search* search, Cursor at, Cursor end, Form* forms, int count) noexcept nogil:
    """Add the numbers that the digits here begin, which end at `end` or go on behind sixteen of them."""
    cdef Number number
    cdef int size = end - at
    if end == search.stop and size < 8:
        return count
    if 8 <= size <= 15 and ends_alone(search, end):
        take(&number, at, end)
        count = plain_forms(search, &number, forms, count)
    if size == 1:
        if grouped(search, at, b"d dd dd dx ddd ddd dd", &number) and is_nir(&number):
            count = add_form(search, forms, count, KEYED_FR_NIR, number.stop)
    elif size == 2:
        if grouped(search, at, b"dd.dd.dd-ddd.dd", &number) and is_be_nn(number.digits):
            count = add_form(search, forms, count, KEYED_BE_NN, number.stop)
        elif grouped(search, at, b"dd ddd ddd ddd", &number) and is_idnr(number.digits):
            count = add_form(search, forms, count, KEYED_DE_IDNR, number.stop)
    elif size == 3:
        if grouped(search, at, b"ddd ddd dddd", &number) or grouped(search, at, b"ddd-ddd-dddd", &number):
            if is_weighted(number.digits, NHS_WEIGHTS, 10):
                count = add_form(search, forms, count, KEYED_UK_NHS, number.stop)
        elif grouped(search, at, b"ddd ddd ddd", &number) or grouped(search, at, b"ddd-ddd-ddd", &number):
            if is_sin(number.digits):
                count = add_form(search, forms, count, KEYED_CA_SIN, number.stop)
            if at[3] == c" " and is_tfn(number.digits, 9):
                count = add_form(search, forms, count, KEYED_AU_TFN, number.stop)
    elif size == 4:
        if grouped(search, at, b"dddd dddd dddd", &number) or grouped(search, at, b"dddd-dddd-dddd", &number):
            if is_aadhaar(number.digits):
                count = add_form(search, forms, count, KEYED_IN_AADHAAR, number.stop)
    elif size == 6:
        if grouped(search, at, b"dddddd-ddddddd", &number):
            if is_rrn(number.digits):
                count = add_form(search, forms, count, KEYED_KR_RRN, number.stop)
        elif grouped(search, at, b"dddddd-dddd", &number) or grouped(search, at, b"dddddd+dddd", &number):
            if is_pnr(number.digits, 10):
                count = add_form(search, forms, count, KEYED_SE_PNR, number.stop)
        elif grouped(search, at, b"ddddddxdddddddd", &number) and is_nir(&number):
            count = add_form(search, forms, count, KEYED_FR_NIR, number.stop)
    elif size == 8:
        if grouped(search, at, b"dddddddd-dddd", &number) or grouped(search, at, b"dddddddd+dddd", &number):
            if is_pnr(number.digits, 12):
                count = add_form(search, forms, count, KEYED_SE_PNR, number.stop)
    return count


cdef int plain_forms(const Search* search, const Number* number, Form* forms, int count) noexcept nogil:
    """Add what digits without anything between them could be."""
    cdef const uint8_t* digits = number.digits
    cdef int size = number.size
    if are_alike(number):
        return count
    if size == 8 or size == 9:
        if is_tfn(digits, size):
            count = add_form(search, forms, count, KEYED_AU_TFN, number.stop)
    if size == 9:
        if is_weighted(digits, BSN_WEIGHTS, 9):
            count = add_form(search, forms, count, KEYED_NL_BSN, number.stop)
        if is_sin(digits):
            count = add_form(search, forms, count, KEYED_CA_SIN, number.stop)
    elif size == 10:
        if is_weighted(digits, NHS_WEIGHTS, 10):
            count = add_form(search, forms, count, KEYED_UK_NHS, number.stop)
        if is_pnr(digits, 10):
            count = add_form(search, forms, count, KEYED_SE_PNR, number.stop)
    elif size == 11:
        if is_idnr(digits):
            count = add_form(search, forms, count, KEYED_DE_IDNR, number.stop)
        if is_be_nn(digits):
            count = add_form(search, forms, count, KEYED_BE_NN, number.stop)
        if is_pesel(digits):
            count = add_form(search, forms, count, KEYED_PL_PESEL, number.stop)
        if is_weighted(digits, FNR_FIRST, 10) and is_weighted(digits, FNR_SECOND, 11):
            count = add_form(search, forms, count, KEYED_NO_FNR, number.stop)
        if br_checked(digits, 11, 11, 11):
            count = add_form(search, forms, count, KEYED_BR_CPF, number.stop)
    elif size == 12:
        if is_pnr(digits, 12):
            count = add_form(search, forms, count, KEYED_SE_PNR, number.stop)
        if is_aadhaar(digits):
            count = add_form(search, forms, count, KEYED_IN_AADHAAR, number.stop)
    elif size == 13:
        if digits[0] == c"7" and digits[1] == c"5" and digits[2] == c"6" and is_ean13(digits):
            count = add_form(search, forms, count, KEYED_CH_AHV, number.stop)
        if (is_born(digits, 1900) or is_born(digits, 2000)) and is_luhn(digits, 13):
            count = add_form(search, forms, count, KEYED_ZA_ID, number.stop)
    elif size == 14:
        if br_checked(digits, 14, 14, 9):
            count = add_form(search, forms, count, KEYED_BR_CNPJ, number.stop)
    elif size == 15 and is_nir(number):
        count = add_form(search, forms, count, KEYED_FR_NIR, number.stop)
    return count


cdef inline void take(Number* number, Cursor at, Cursor end) noexcept nogil:
    number.size = end - at
    number.stop = end
    while at < end:
        number.digits[number.size - (end - at)] = at[0]
        at += 1


cdef bint grouped(const Search* search, Cursor at, const char* pattern, Number* number) noexcept nogil:
    """Read digits in groups: `d` is a digit, `x` a digit or one of the letters that Corsica has; False where they do not stand."""
    number.size = 0
    while pattern[0]:
        if at == search.stop:
            return False
        if pattern[0] == c"d" or pattern[0] == c"x":
            if not is_a(at[0], DIGIT) and not (pattern[0] == c"x" and (at[0] == c"A" or at[0] == c"B")):
                return False
            number.digits[number.size] = at[0]
            number.size += 1
        elif at[0] != <uint8_t>pattern[0]:
            return False
        at += 1
        pattern += 1
    number.stop = at
    return not are_alike(number) and ends_alone(search, at)


cdef inline bint are_alike(const Number* number) noexcept nogil:
    cdef int index
    for index in range(1, number.size):
        if number.digits[index] != number.digits[0]:
            return False
    return True


cdef inline uint64_t value_of(const uint8_t* digits, int size) noexcept nogil:
    cdef uint64_t value = 0
    cdef int index
    for index in range(size):
        value = 10 * value + digits[index] - c"0"
    return value


cdef inline bint is_weighted(const uint8_t* digits, const char* weights, int size) noexcept nogil:
    """Tell whether the sum of digits times weights is a multiple of 11."""
    return weighted(digits, weights, size) % 11 == 0


cdef inline int weighted(const uint8_t* digits, const char* weights, int size) noexcept nogil:
    cdef int index, total = 0
    for index in range(size):
        total += (digits[index] - c"0") * weights[index]
    return total


cdef inline bint is_born(const uint8_t* digits, int century) noexcept nogil:
    """Tell whether YYMMDD is a day of a century."""
    return is_day(century + <int>value_of(digits, 2), <int>value_of(digits + 2, 2), <int>value_of(digits + 4, 2))


cdef bint is_sin(const uint8_t* digits) noexcept nogil:
    return digits[0] != c"0" and digits[0] != c"8" and is_luhn(digits, 9)


cdef bint is_idnr(const uint8_t* digits) noexcept nogil:
    cdef int counts[10]
    cdef int index, rest = 10, repeated = 0, most = 0
    if digits[0] == c"0":
        return False
    for index in range(10):
        counts[index] = 0
    for index in range(10):
        counts[digits[index] - c"0"] += 1
        rest = (rest + digits[index] - c"0") % 10
        rest = 2 * (rest if rest else 10) % 11  # ISO 7064, mod 11,10
    for index in range(10):
        repeated += counts[index] > 1
        most = max(most, counts[index])
    return repeated == 1 and most <= 3 and (11 - rest) % 10 == digits[10] - c"0"


cdef bint is_nir(const Number* number) noexcept nogil:
    cdef uint8_t digits[15]
    cdef int index
    if number.digits[0] < c"1" or number.digits[0] > c"8":
        return False
    for index in range(15):
        digits[index] = number.digits[index]
    if digits[6] > c"9":  # Corsica: 2A counts as 19, 2B as 18
        if digits[5] != c"2":
            return False
        digits[5] = c"1"
        digits[6] = c"9" if digits[6] == c"A" else c"8"
    return 97 - value_of(digits, 13) % 97 == value_of(digits + 13, 2)


cdef bint is_be_nn(const uint8_t* digits) noexcept nogil:
    cdef uint64_t nine = value_of(digits, 9), check = value_of(digits + 9, 2)
    return check == 97 - nine % 97 or check == 97 - (2000000000 + nine) % 97


cdef bint is_pesel(const uint8_t* digits) noexcept nogil:
    cdef int month = <int>value_of(digits + 2, 2), year = <int>value_of(digits, 2)
    year += 1800 if month >= 80 else 1900 + 100 * (month // 20)
    return weighted(digits, PESEL_WEIGHTS, 11) % 10 == 0 and is_day(year, month % 20, <int>value_of(digits + 4, 2))


cdef bint is_pnr(const uint8_t* digits, int size) noexcept nogil:
    cdef int century = <int>value_of(digits, 2)
    if not is_luhn(digits + size - 10, 10):
        return False
    if size == 10:
        return is_born(digits, 1900) or is_born(digits, 2000)
    return 18 <= century <= 20 and is_born(digits + 2, 100 * century)


cdef bint is_aadhaar(const uint8_t* digits) noexcept nogil:
    cdef int index, check = 0
    if digits[0] < c"2":
        return False
    for index in range(12):
        check = PRODUCT[check][TURNS[index % 8][digits[11 - index] - c"0"]]
    return check == 0


cdef bint is_rrn(const uint8_t* digits) noexcept nogil:
    cdef uint8_t kind = digits[6]
    if kind == c"0" or kind == c"9":
        return is_born(digits, 1800)
    return is_born(digits, 1900 if kind == c"1" or kind == c"2" or kind == c"5" or kind == c"6" else 2000)


# ---- letters and digits ----


cdef Cursor national_code_end(Cursor at, Cursor stop) noexcept nogil:
    """Return the end of the PAN (10 characters) or CURP (18) that stands here; NULL where neither does."""
    if stop - at < 10 or not (is_a(at[1], UPPER) and is_a(at[2], UPPER) and is_a(at[3], UPPER)):
        return NULL
    if is_a(at[4], UPPER):
        if among(at[3], b"ABCFGHJLPT") and run_of(at + 5, stop, DIGIT, 4) == at + 9 and is_a(at[9], UPPER):
            return at + 10
        return NULL
    return at + 18 if stop - at >= 18 and is_curp(at) else NULL


cdef bint is_curp(Cursor code) noexcept nogil:
    cdef int index, value, total = 0
    if not among(code[1], b"AEIOUX") or run_of(code + 4, code + 10, DIGIT, 6) != code + 10 or not among(code[10], b"HMX"):
        return False
    if not (is_a(code[11], UPPER) and is_a(code[12], UPPER) and is_a(code[16], DIGIT | UPPER) and is_a(code[17], DIGIT)):
        return False
    for index in range(13, 16):
        if not is_a(code[index], UPPER) or among(code[index], b"AEIOU"):
            return False
    for index in range(17):
        value = code[index] - c"0" if is_a(code[index], DIGIT) else code[index] - c"A" + 10
        total += (value + (code[index] > c"N")) * (18 - index)  # Ñ comes behind N
    return (total + code[17] - c"0") % 10 == 0 and is_born(code + 4, 1900 if is_a(code[16], DIGIT) else 2000)
