"""`reference/redact_keyed.py` and `reference/redact_keywords.py`, compiled: what could begin at a place, and which keywords are near."""

from libc.stdint cimport int64_t, uint8_t

from pipeline.wire.kernel.redact_accounts cimport is_luhn
from pipeline.wire.kernel.redact_names cimport keywords_in
from pipeline.wire.kernel.redact_national cimport is_day
from pipeline.wire.kernel.redact_national_keyed cimport national_code_end, national_forms
from pipeline.wire.kernel.redact_personal cimport is_social_security
from pipeline.wire.kernel.redact_rules cimport (
    KEYED_AWS_SECRET, KEYED_DATADOG, KEYED_DOB, KEYED_ENTROPY, KEYED_GEO, KEYED_IMEI, KEYED_IN_PAN, KEYED_MAC, KEYED_MAILGUN,
    KEYED_MX_CURP, KEYED_PAGERDUTY, KEYED_PHONE, KEYED_SSN, KEYED_VERCEL, Groups, Program,
)
from pipeline.wire.kernel.redact_search cimport (
    ALNUM, BASE64URL, DIGIT, HEX, TOKEN68, UPPER, WORD,
    bounded_left, bounded_right, ends_alone, found, is_a, lower, next_point, run, run_of, same, stands_alone,
)

from pipeline.wire.reference.redact_keyed import ENTROPY_OF, ENTROPY_UNIT

cdef enum:
    REACH = 40  # bytes before a match in which a keyword may stand
    MOST_RANDOM = 128
    SHORTEST_KEY = 24  # of the keys that services give
    LONGEST_ESCAPE = 6  # \u0040

cdef int64_t BITS_OF[MOST_RANDOM + 1]
for _count, _bits in enumerate(ENTROPY_OF):
    BITS_OF[_count] = _bits
cdef int64_t LEAST_BITS = ENTROPY_UNIT * 9 // 2  # of one character


cdef bint find_keyed(Search* search) noexcept nogil:
    cdef Cursor at = search.start
    if search.keyed_anywhere:
        return find_keyed_anywhere(search)
    while True:
        at = next_point(search, at)
        if at is NULL:
            return True
        if at > search.start and ((at - 1)[0] == c"-" or (at - 1)[0] == c"+") and not find_keyed_at(search, at - 1):
            return False
        if not find_keyed_at(search, at):
            return False


cdef bint find_keyed_anywhere(Search* search) noexcept nogil:
    """Look at all places behind a boundary, which in a word only an escape makes."""
    cdef Cursor at = search.start, stop = search.stop
    cdef Cursor escape = at  # where the last one can end
    cdef Cursor end = at  # of the last run of the characters of tokens, which is read once
    while at < stop:
        if is_a(at[0], BASE64URL) or at[0] == c"+" or at[0] == c"/":
            if end <= at:
                end = run(at, stop, TOKEN68)
            if can_begin(search, at, end) and not find_keyed_at(search, at):
                return False
        elif at[0] == c"\\" or at[0] == c"%":
            escape = at + LONGEST_ESCAPE
        at += 1
        if is_a((at - 1)[0], WORD) and at > escape:
            at = run(at, stop, WORD)
    return True


cdef inline bint can_begin(const Search* search, Cursor at, Cursor end) noexcept nogil:
    """Tell whether anything can begin here: but for numbers, national codes and MAC addresses all of it is long."""
    if is_a(at[0], DIGIT) or at[0] == c"+" or at[0] == c"-" or end - at >= SHORTEST_KEY:
        return True
    return is_a(at[0], UPPER) or search.program.groups >> KEYED_MAC & 1


cdef bint find_keyed_at(Search* search, Cursor at) noexcept nogil:
    cdef Form forms[MOST_FORMS]
    cdef Groups meant
    cdef int index, count = forms_at(search, at, forms) if bounded_left(search, at) else 0
    if count == 0:
        return True
    meant = meant_at(search, at)
    for index in range(count):
        if meant >> forms[index].group & 1:
            search.rule = search.program.rule_of_group[forms[index].group]
            if not found(search, at, forms[index].stop):
                return False
    return True


cdef bint keyed_number(const Search* search, Cursor at) noexcept nogil:
    """Tell whether the digits here, or the sign before them, begin something near a keyword of its group."""
    cdef Form forms[MOST_FORMS]
    if at > search.start and ((at - 1)[0] == c"-" or (at - 1)[0] == c"+") and is_decimal(at, search.stop):
        if near_any(search, at - 1, forms, add_geo(search, at - 1, forms, 0)):
            return True
    return near_any(search, at, forms, forms_of_digits(search, at, forms))


cdef inline bint is_decimal(Cursor at, Cursor stop) noexcept nogil:
    cdef Cursor end = run_of(at, stop, DIGIT, 3)
    return end < stop and end[0] == c"."


cdef bint keyed_code(const Search* search, Cursor at) noexcept nogil:
    """Tell the same of the capitals here."""
    cdef Form forms[MOST_FORMS]
    return near_any(search, at, forms, add_code(search, at, forms, 0))


cdef inline bint near_any(const Search* search, Cursor at, const Form* forms, int count) noexcept nogil:
    cdef Groups groups = 0
    cdef int index
    for index in range(count):
        groups |= <Groups>1 << forms[index].group
    return groups and groups & meant_at(search, at)


# ---- keywords ----


cdef Groups meant_at(const Search* search, Cursor at) noexcept nogil:
    """Return the groups that need no keyword or have one near a match that starts here."""
    cdef const Program* program = search.program
    cdef Cursor low = at - REACH if at - search.start > REACH else search.start
    if program.groups == search.near | program.free_groups:
        return program.groups
    if low > search.start and is_letter((low - 1)[0]):
        while low < at and is_letter(low[0]):
            low += 1
    return program.free_groups | search.near | (keywords_in(program, low, at) if low < at else 0)


cdef inline bint is_letter(uint8_t byte) noexcept nogil:
    return is_a(byte, ALNUM) or byte >= 0x80


# ---- what could begin at a place ----


cdef int forms_at(const Search* search, Cursor at, Form* forms) noexcept nogil:
    cdef int count
    if is_a(at[0], DIGIT):
        count = forms_of_digits(search, at, forms)
    elif at[0] == c"+" or at[0] == c"-":
        count = add_geo(search, at, forms, 0)
    else:
        count = add_code(search, at, forms, 0)
    count = add_hex(search, at, forms, count)
    count = add_secret_key(search, at, forms, count)
    count = add_random(search, at, forms, count)
    return add_mac(search, at, forms, count)


cdef int forms_of_digits(const Search* search, Cursor at, Form* forms) noexcept nogil:
    """Return how many forms begin with the digits here, which stand behind a boundary."""
    cdef Cursor end = run_of(at, search.stop, DIGIT, 16)
    cdef int size = end - at, count = 0
    if size <= 4:
        if size < 4 and end < search.stop and end[0] == c".":
            count = add_geo(search, at, forms, 0)
        if size != 3:
            count = add_date(search, at, end, forms, count)
    if not stands_alone(search, at):
        return count
    if 9 <= size <= 15 and ends_alone(search, end):
        if size == 10 and c"2" <= at[0] and c"2" <= at[3] and not (at[4] == c"1" and at[5] == c"1"):
            count = add_form(search, forms, count, KEYED_PHONE, end)
        elif size == 9 and is_social_security(at, at + 3, at + 5):
            count = add_form(search, forms, count, KEYED_SSN, end)
        elif size == 15 and is_luhn(at, 15):
            count = add_form(search, forms, count, KEYED_IMEI, end)
    return national_forms(search, at, end, forms, count)


cdef Cursor decimal_end(Cursor at, Cursor stop, int* degrees) noexcept nogil:
    """Return the end of a number with four decimals or more, and its degrees rounded up; NULL where there is none."""
    cdef Cursor end
    degrees[0] = 0
    if at < stop and (at[0] == c"+" or at[0] == c"-"):
        at += 1
    end = run_of(at, stop, DIGIT, 3)
    if end == at or end == stop or end[0] != c".":
        return NULL
    while at < end:
        degrees[0] = 10 * degrees[0] + at[0] - c"0"
        at += 1
    at += 1
    end = run_of(at, stop, DIGIT, 15)
    if end - at < 4:
        return NULL
    while at < end:
        if at[0] != c"0":
            degrees[0] += 1
            return end
        at += 1
    return end


cdef int add_geo(const Search* search, Cursor at, Form* forms, int count) noexcept nogil:
    cdef Cursor stop = search.stop, end
    cdef int one, other
    if at > search.start and ((at - 1)[0] == c"." or (at - 1)[0] == c"-" or (at - 1)[0] == c"+"):
        return count
    end = decimal_end(at, stop, &one)
    if end is NULL or not bounded_left(search, at):
        return count
    at = end + (end < stop and end[0] == c" ")
    if at < stop and (at[0] == c"," or at[0] == c";" or at[0] == c"/"):
        at += 1
        at += at < stop and at[0] == c" "
    elif at == end:
        return count
    else:
        at += at < stop and at[0] == c" "
    end = decimal_end(at, stop, &other)
    if end is NULL or not bounded_right(search, end) or (end + 1 < stop and end[0] == c"." and is_a(end[1], DIGIT)):
        return count
    if max(one, other) > 180 or min(one, other) > 90:
        return count
    return add_form(search, forms, count, KEYED_GEO, end)


cdef inline int number_of(Cursor at, Cursor end) noexcept nogil:
    cdef int value = 0
    while at < end:
        value = 10 * value + at[0] - c"0"
        at += 1
    return value


cdef int add_date(const Search* search, Cursor at, Cursor end, Form* forms, int count) noexcept nogil:
    """Add the day that begins with the digits here, which end at `end`."""
    cdef Cursor stop = search.stop, second = end + 1, third
    cdef int one, two, three
    if stop - at < 8 or not (end[0] == c"-" or end[0] == c"/" or end[0] == c".") or (end - at == 4 and end[0] != c"-"):
        return count
    if at > search.start and ((at - 1)[0] == c"." or (at - 1)[0] == c"-" or (at - 1)[0] == c"/"):
        return count
    third = run_of(second, stop, DIGIT, 3)
    if third == second or third - second > 2 or third == stop or third[0] != end[0]:
        return count
    one, two = number_of(at, end), number_of(second, third)
    third += 1
    if end - at == 4:
        if third - second != 3:
            return count
        end = run_of(third, stop, DIGIT, 3)
        three = number_of(third, end)
        if end - third != 2 or not 1900 <= one < 2100 or not is_day(one, two, three):
            return count
    else:
        end = run_of(third, stop, DIGIT, 5)
        three = number_of(third, end)
        if end - third != 4 or not 1900 <= three < 2100 or not (is_day(three, two, one) or is_day(three, one, two)):
            return count
    if not bounded_right(search, end) and not (
        stop - end >= 3 and end[0] == c"T" and is_a(end[1], DIGIT) and is_a(end[2], DIGIT)
    ):
        return count
    if stop - end >= 2 and (end[0] == c"." or end[0] == c"-" or end[0] == c"/") and is_a(end[1], ALNUM):
        return count
    return add_form(search, forms, count, KEYED_DOB, end)


cdef int add_code(const Search* search, Cursor at, Form* forms, int count) noexcept nogil:
    """Add the Indian and Mexican numbers that begin with the capitals here."""
    cdef Cursor end
    if not is_a(at[0], UPPER) or not stands_alone(search, at):
        return count
    end = national_code_end(at, search.stop)
    if end is NULL or not ends_alone(search, end):
        return count
    return add_form(search, forms, count, KEYED_IN_PAN if end - at == 10 else KEYED_MX_CURP, end)


cdef int add_hex(const Search* search, Cursor at, Form* forms, int count) noexcept nogil:
    """Add the keys of services that are known by their length."""
    cdef Cursor stop = search.stop, end = run_of(at, stop, HEX, 41)
    cdef Py_ssize_t size = end - at
    if (size == 32 or size == 40) and bounded_right(search, end):
        count = add_form(search, forms, count, KEYED_DATADOG, end)
        if size == 32:
            count = add_form(search, forms, count, KEYED_PAGERDUTY, end)
    end = run_of(at, stop, ALNUM, 25)
    if end - at == 24 and bounded_right(search, end):
        count = add_form(search, forms, count, KEYED_VERCEL, end)
    if same(at, stop, b"key-", 4):
        end = run_of(at + 4, stop, HEX, 33)
        if end - at == 36 and bounded_right(search, end):
            count = add_form(search, forms, count, KEYED_MAILGUN, end)
    return count


cdef inline bint in_key(uint8_t byte) noexcept nogil:
    return is_a(byte, ALNUM) or byte == c"/" or byte == c"+"


cdef int add_secret_key(const Search* search, Cursor at, Form* forms, int count) noexcept nogil:
    cdef Cursor stop = search.stop, end = at + 40
    cdef Cursor each = at
    if stop - at < 40 or not in_key(at[0]) or (at > search.start and ((at - 1)[0] == c"/" or (at - 1)[0] == c"+")):
        return count
    while each < end:
        if not in_key(each[0]) and each[0] != c"=":
            return count
        each += 1
    if end < stop and (in_key(end[0]) or end[0] == c"=" or end[0] == c"_"):
        return count
    return add_form(search, forms, count, KEYED_AWS_SECRET, end)


cdef int add_random(const Search* search, Cursor at, Form* forms, int count) noexcept nogil:
    cdef uint8_t counts[256]
    cdef Cursor end, each
    cdef int64_t bits
    cdef int byte
    cdef bint hexadecimal = True
    if not search.program.groups >> KEYED_ENTROPY & 1 or (at > search.start and (at - 1)[0] == c"-"):
        return count
    end = run_of(at, search.stop, BASE64URL, MOST_RANDOM + 1)
    if not 32 <= end - at <= MOST_RANDOM:
        return count
    for byte in range(256):
        counts[byte] = 0
    each = at
    while each < end:
        counts[each[0]] += 1
        hexadecimal = hexadecimal and is_a(each[0], HEX)
        each += 1
    bits = BITS_OF[end - at]
    for byte in range(256):
        bits -= BITS_OF[counts[byte]]
    if hexadecimal or bits < LEAST_BITS * (end - at):
        return count
    return add_form(search, forms, count, KEYED_ENTROPY, end)


cdef int add_mac(const Search* search, Cursor at, Form* forms, int count) noexcept nogil:
    cdef Cursor stop = search.stop, each = at
    cdef int index, size = 2
    cdef uint8_t joiner, first
    cdef bint alike = True
    if not search.program.groups >> KEYED_MAC & 1 or stop - at < 14:
        return count
    joiner = at[2]
    if joiner != c":" and joiner != c"-":
        joiner, size = c".", 4
    if at > search.start and ((at - 1)[0] == c":" or (at - 1)[0] == c"-" or (at - 1)[0] == c"."):
        return count
    first = lower(at[0])
    for index in range(6 if size == 2 else 3):
        if index:
            if each == stop or each[0] != joiner:
                return count
            each += 1
        if run_of(each, stop, HEX, size) != each + size:
            return count
        at = each
        each += size
        while at < each:
            alike = alike and lower(at[0]) == first
            at += 1
    if alike and (first == c"0" or first == c"f") or not bounded_right(search, each):
        return count
    if stop - each >= 2 and (each[0] == c":" or each[0] == c"-" or each[0] == c".") and is_a(each[1], HEX):
        return count
    return add_form(search, forms, count, KEYED_MAC, each)
