"""`reference/redact_national.py`, compiled. Each shape is written as a pattern with one letter for each kind of byte."""

from libc.stdint cimport uint32_t

from pipeline.wire.kernel.redact_search cimport DIGIT, UPPER, bounded_left, bounded_right, found, is_a, next_point
from pipeline.wire.kernel.walk cimport Cursor

ctypedef bint (*Check)(Cursor) noexcept nogil

cdef const char* DNI_LETTERS = b"TRWAGMYFPDXBNJZSQVHLCKE"
cdef const char* HETU_CHECKS = b"0123456789ABCDEFHJKLMNPRSTUVWXY"
cdef const char* RIC_CHECKS = b"10X98765432"


cdef bint fits(uint8_t byte, char kind) noexcept nogil:
    """Tell whether a byte is of the kind that a letter of a pattern means; any other character means itself."""
    if kind == c"d":
        return is_a(byte, DIGIT)
    if kind == c"n":
        return c"1" <= byte <= c"9"
    if kind == c"u":
        return is_a(byte, UPPER)
    if kind == c"x":
        return is_a(byte, UPPER | DIGIT)
    if kind == c"m":  # a digit of a codice fiscale, or the letter that stands for it
        return is_a(byte, DIGIT) or c"L" <= byte <= c"N" or c"P" <= byte <= c"V"
    if kind == c"t":  # its month
        return among(byte, b"ABCDEHLMPRST")
    if kind == c"p":  # first letter of a national insurance number
        return is_a(byte, UPPER) and not among(byte, b"DFIQUV")
    if kind == c"q":  # its second
        return is_a(byte, UPPER) and not among(byte, b"DFIOQUV")
    if kind == c"s":  # its last
        return c"A" <= byte <= c"D"
    if kind == c"z":  # first letter of a NIE
        return c"X" <= byte <= c"Z"
    if kind == c"c":  # century of a henkilötunnus
        return byte == c"-" or byte == c"+" or c"A" <= byte <= c"F" or c"U" <= byte <= c"Y"
    if kind == c"k":  # its check character
        return is_a(byte, DIGIT) or (is_a(byte, UPPER) and not among(byte, b"GIOQZ"))
    if kind == c"r":  # last character of a resident identity number
        return is_a(byte, DIGIT) or byte == c"X" or byte == c"x"
    return byte == <uint8_t>kind


cdef bint find_pattern(Search* search, const char* pattern, Py_ssize_t size, Check check) noexcept nogil:
    cdef Cursor at = search.start
    cdef Py_ssize_t index
    while True:
        at = next_point(search, at)
        if at is NULL or search.stop - at < size:
            return True
        for index in range(size):
            if not fits(at[index], pattern[index]):
                break
        else:
            if bounded_left(search, at) and bounded_right(search, at + size) and check(at):
                if not found(search, at, at + size):
                    return False


cdef inline uint32_t number(Cursor digits, int size) noexcept nogil:
    cdef uint32_t value = 0
    cdef int index
    for index in range(size):
        value = 10 * value + digits[index] - c"0"
    return value


cdef bint find_uk_nino(Search* search) noexcept nogil:
    if not find_pattern(search, b"pqdddddds", 9, is_uk_nino):
        return False
    search.next_point = 0
    return find_pattern(search, b"pq dd dd dd s", 13, is_uk_nino)


cdef bint is_uk_nino(Cursor code) noexcept nogil:
    cdef uint8_t first = code[0], second = code[1]
    if first == c"B" or first == c"K" or first == c"T":
        return not (second == c"G" and first == c"B") and not (second == c"N" and first != c"B")
    if first == c"G":
        return second != c"B"
    if first == c"N":
        return second != c"K" and second != c"T"
    return not (first == c"Z" and second == c"Z")


cdef bint find_es_dni(Search* search) noexcept nogil:
    return find_pattern(search, b"ddddddddu", 9, is_es_dni)


cdef bint is_es_dni(Cursor code) noexcept nogil:
    return DNI_LETTERS[number(code, 8) % 23] == code[8]


cdef bint find_es_nie(Search* search) noexcept nogil:
    return find_pattern(search, b"zdddddddu", 9, is_es_nie)


cdef bint is_es_nie(Cursor code) noexcept nogil:
    return DNI_LETTERS[(10000000 * (code[0] - c"X") + number(code + 1, 7)) % 23] == code[8]


cdef int* CF_ODD = [
    1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23,
]  # values of characters in odd places: 0 and A, 1 and B, … (Italy, decree of 23 December 1976)


cdef bint find_it_cf(Search* search) noexcept nogil:
    return find_pattern(search, b"uuuuuummtmmummmu", 16, is_it_cf)


cdef bint is_it_cf(Cursor code) noexcept nogil:
    cdef int index, value, total = 0
    for index in range(15):
        value = code[index] - (c"0" if is_a(code[index], DIGIT) else c"A")
        total += value if index & 1 else CF_ODD[value]
    return total % 26 == code[15] - c"A"


cdef bint find_fi_hetu(Search* search) noexcept nogil:
    return find_pattern(search, b"ddddddcdddk", 11, is_fi_hetu)


cdef bint is_fi_hetu(Cursor code) noexcept nogil:
    return (
        1 <= number(code, 2) <= 31
        and 1 <= number(code + 2, 2) <= 12
        and HETU_CHECKS[(1000 * number(code, 6) + number(code + 7, 3)) % 31] == code[10]
    )


cdef bint find_ch_ahv(Search* search) noexcept nogil:
    return find_pattern(search, b"756.dddd.dddd.dd", 16, is_ch_ahv)


cdef bint is_ch_ahv(Cursor code) noexcept nogil:
    """Tell whether the EAN-13 check digit is right."""
    cdef uint8_t digits[13]
    cdef int index, count = 0
    for index in range(16):
        if code[index] != c".":
            digits[count] = code[index]
            count += 1
    return is_ean13(digits)


cdef bint is_ean13(Cursor digits) noexcept nogil:
    cdef int index, total = 0
    for index in range(13):
        total += (digits[index] - c"0") * (3 if index & 1 else 1)
    return total % 10 == 0


cdef inline int br_check(const int* characters, int size, int highest) noexcept nogil:
    """Return the check digit behind so many characters; weights go down to 2 and start again from `highest`."""
    cdef int index, total = 0, weight = 2
    for index in range(size - 1, -1, -1):
        total += characters[index] * weight
        weight = 2 if weight == highest else weight + 1
    return 0 if total % 11 < 2 else 11 - total % 11


cdef bint br_checked(Cursor code, int length, int size, int highest) noexcept nogil:
    """Tell whether both check digits are right and not all characters are equal."""
    cdef int characters[14]
    cdef int index, count = 0
    cdef bint alike = True
    for index in range(length):
        if is_a(code[index], UPPER | DIGIT):
            characters[count] = code[index] - 48
            alike = alike and characters[count] == characters[0]
            count += 1
    return (
        not alike
        and br_check(characters, size - 2, highest) == characters[size - 2]
        and br_check(characters, size - 1, highest) == characters[size - 1]
    )


cdef bint find_br_cpf(Search* search) noexcept nogil:
    return find_pattern(search, b"ddd.ddd.ddd-dd", 14, is_br_cpf)


cdef bint is_br_cpf(Cursor code) noexcept nogil:
    return br_checked(code, 14, 11, 11)


cdef bint find_br_cnpj(Search* search) noexcept nogil:
    return find_pattern(search, b"xx.xxx.xxx/xxxx-dd", 18, is_br_cnpj)


cdef bint is_br_cnpj(Cursor code) noexcept nogil:
    return br_checked(code, 18, 14, 9)


cdef bint find_cn_ric(Search* search) noexcept nogil:
    return find_pattern(search, b"nddddddddddddddddr", 18, is_cn_ric)


cdef bint is_cn_ric(Cursor code) noexcept nogil:
    cdef uint32_t year = number(code + 6, 4)
    cdef int index, total = 0, weight = 1
    for index in range(16, -1, -1):  # the weights are the powers of 2 (ISO 7064, mod 11-2)
        weight = 2 * weight % 11
        total += weight * (code[index] - c"0")
    if RIC_CHECKS[total % 11] != (code[17] & 0xDF if code[17] == c"x" else code[17]):
        return False
    return 1900 <= year < 2100 and is_day(year, number(code + 10, 2), number(code + 12, 2))


cdef bint is_day(int year, int month, int day) noexcept nogil:
    """Tell whether the calendar has this day."""
    cdef int days = 30 if month in (4, 6, 9, 11) else 31
    if month == 2:
        days = 29 if year % 4 == 0 and (year % 100 or year % 400 == 0) else 28
    return 1 <= month <= 12 and 1 <= day <= days
