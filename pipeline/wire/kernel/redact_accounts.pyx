"""Numbers that money moves by, as `reference/redact_personal.py` finds them: of payment cards and of bank accounts (IBAN)."""

from libc.stdint cimport uint8_t, uint32_t

from pipeline.wire.kernel.redact_rules cimport CARD
from pipeline.wire.kernel.redact_search cimport (
    ALNUM, DIGIT, LOWER,
    bounded_left, bounded_right, found, is_a, next_point, run, run_of, same, two,
)

from pipeline.wire.identifiers import CARD_ISSUERS, IBAN_DIGITS_ONLY, IBAN_LENGTHS, RUPAY_ISSUERS

# ---- payment cards ----

cdef struct Issuer:
    uint32_t first
    uint32_t last
    uint32_t lengths  # bit n: n digits
    int digits  # of `first` and `last`

cdef enum:
    MAX_ISSUERS = 64

cdef Issuer ISSUERS[MAX_ISSUERS]  # those of RuPay last
cdef int ISSUER_COUNT = len(CARD_ISSUERS), ALL_ISSUERS = len(CARD_ISSUERS) + len(RUPAY_ISSUERS)
if ALL_ISSUERS > MAX_ISSUERS:
    raise ImportError("more issuers than there is room for")
for _index, _issuer in enumerate((*CARD_ISSUERS, *RUPAY_ISSUERS)):
    ISSUERS[_index] = Issuer(_issuer.first, _issuer.last, sum(1 << length for length in _issuer.lengths), len(str(_issuer.first)))


cdef bint is_card(Cursor digits, Py_ssize_t size) noexcept nogil:
    """Tell whether digits are a card number: a known issuer, a length it uses, Luhn's check, not all alike."""
    return is_issued(digits, size, 0, ISSUER_COUNT)


cdef bint is_rupay(Cursor digits, Py_ssize_t size) noexcept nogil:
    """Tell the same of RuPay's numbers."""
    return is_issued(digits, size, ISSUER_COUNT, ALL_ISSUERS)


cdef inline bint is_issued(Cursor digits, Py_ssize_t size, int first, int behind) noexcept nogil:
    cdef uint32_t start[7]
    cdef Py_ssize_t index
    cdef int issuer
    cdef bint alike = True, known = False
    if not 12 <= size <= 19:
        return False
    start[0] = 0
    for index in range(6):
        start[index + 1] = 10 * start[index] + digits[index] - c"0"
    for issuer in range(first, behind):
        if ISSUERS[issuer].first <= start[ISSUERS[issuer].digits] <= ISSUERS[issuer].last:
            known = known or ISSUERS[issuer].lengths >> size & 1
    if not known:
        return False
    for index in range(size):
        alike = alike and digits[index] == digits[0]
    return not alike and is_luhn(digits, size)


cdef bint is_luhn(Cursor digits, Py_ssize_t size) noexcept nogil:
    """Tell whether the last digit is Luhn's check digit (ISO/IEC 7812-1, annex B)."""
    cdef Py_ssize_t index
    cdef int check = 0, digit
    for index in range(size):
        digit = digits[size - 1 - index] - c"0"
        if index & 1:  # every second digit counts twice
            digit = 2 * digit - 9 if digit > 4 else 2 * digit
        check += digit
    return check % 10 == 0


cdef inline int separator_size(Cursor at, Cursor stop) noexcept nogil:
    """Return how many bytes the separator of card groups here has: space, dash, no-break space, en dash; 0 without one."""
    if at < stop and (at[0] == c" " or at[0] == c"-"):
        return 1
    if same(at, stop, b"\xc2\xa0", 2):
        return 2
    return 3 if same(at, stop, b"\xe2\x80\x93", 3) else 0


cdef bint card_found(Search* search, Cursor start, Cursor end) noexcept nogil:
    """Note a card number if the digits between are one; False when there is no memory."""
    cdef uint8_t digits[19]
    cdef int size = 0
    cdef Cursor at = start
    if not bounded_right(search, end) or (end + 1 < search.stop and end[0] == c"." and is_a(end[1], DIGIT)):
        return True
    while at < end:
        if is_a(at[0], DIGIT):
            digits[size] = at[0]
            size += 1
        at += 1
    if search.program.rule_of[<int>CARD] >= 0 and is_card(digits, size):
        search.rule = search.program.rule_of[<int>CARD]
        if not found(search, start, end):
            return False
    if search.program.rupay_rule >= 0 and is_rupay(digits, size):
        search.rule = search.program.rupay_rule
        return found(search, start, end)
    return True


cdef Cursor groups_end(Cursor at, Cursor stop, int first, int second, int third, int fourth, int fifth) noexcept nogil:
    """Return the end of groups of so many digits (0: no such group) with one kind of separator; NULL where they do not stand."""
    cdef int sizes[5]
    cdef int group, width = separator_size(at + first, stop) if stop - at > first else 0
    cdef Cursor separator = at + first
    sizes[0], sizes[1], sizes[2], sizes[3], sizes[4] = first, second, third, fourth, fifth
    if width == 0:
        return NULL
    for group in range(5):
        if sizes[group] == 0:
            break
        if group:
            if not same(at, stop, <const char*>separator, width):
                return NULL
            at += width
        if run_of(at, stop, DIGIT, sizes[group]) != at + sizes[group]:
            return NULL
        at += sizes[group]
    return NULL if at < stop and is_a(at[0], DIGIT) else at


cdef bint find_card(Search* search) noexcept nogil:
    cdef Cursor at = search.start, stop = search.stop, end
    while True:
        at = next_point(search, at)
        if at is NULL:
            return True
        if bounded_left(search, at) and not (at > search.start and ((at - 1)[0] == c"." or (at - 1)[0] == c"-")):
            end = run_of(at, stop, DIGIT, 20)
            if 12 <= end - at <= 19:
                if not card_found(search, at, end):
                    return False
            elif end - at == 4:
                end = groups_end(at, stop, 4, 4, 4, 4, 3)
                if end is not NULL and not card_found(search, at, end):
                    return False
                end = groups_end(at, stop, 4, 4, 4, 4, 0)
                if end is not NULL and not card_found(search, at, end):
                    return False
                end = groups_end(at, stop, 4, 6, 5, 0, 0)
                if end is NULL:
                    end = groups_end(at, stop, 4, 6, 4, 0, 0)
                if end is not NULL and not card_found(search, at, end):
                    return False


# ---- bank accounts ----

cdef uint8_t LENGTHS[26 * 26]  # by country
cdef uint8_t DIGITS_ONLY[26 * 26]
for _country, _length in IBAN_LENGTHS.items():
    _index = 26 * (ord(_country[0]) - 65) + ord(_country[1]) - 65
    LENGTHS[_index] = _length
    DIGITS_ONLY[_index] = _country in IBAN_DIGITS_ONLY


cdef inline int country_index(Cursor at) noexcept nogil:
    return 26 * ((at[0] | 0x20) - c"a") + (at[1] | 0x20) - c"a"


cdef int iban_length(Cursor country) noexcept nogil:
    """Return how long the IBANs of a country are, of which two letters stand here; 0 where it has none."""
    return LENGTHS[country_index(country)]


cdef bint find_iban(Search* search) noexcept nogil:
    cdef Cursor at = search.start, end
    while True:
        at = next_point(search, at)
        if at is NULL:
            return True
        end = iban_end(search, at, iban_length(at)) if bounded_left(search, at) else NULL
        if end is not NULL and not found(search, at, end):
            return False


cdef Cursor iban_end(const Search* search, Cursor start, int length) noexcept nogil:
    """Return the end of the IBAN of this length that stands here, compact or in groups of four; NULL where none does."""
    cdef uint8_t compact[64]
    cdef Cursor at = start, stop = search.stop
    cdef int size = 0, grouped
    for grouped in range(2):
        at = start
        for size in range(length):
            if grouped and size and size % 4 == 0:
                if at == stop or at[0] != c" ":
                    break
                at += 1
            if at == stop or not is_a(at[0], ALNUM):
                break
            compact[size] = at[0] & 0xDF if is_a(at[0], LOWER) else at[0]
            at += 1
        else:
            if bounded_right(search, at) and is_iban(compact, length):
                return at
    return NULL


cdef bint is_iban(Cursor compact, int length) noexcept nogil:
    cdef uint32_t rest = 0
    cdef int index
    cdef uint8_t character
    if not 2 <= two(compact + 2) <= 98:
        return False
    if DIGITS_ONLY[country_index(compact)] and run(compact + 4, compact + length, DIGIT) != compact + length:
        return False
    for index in range(length):  # the first four come last (ISO 7064, mod 97)
        character = compact[(index + 4) % length]
        rest = (100 * rest + character - 55 if character >= c"A" else 10 * rest + character - c"0") % 97
    return rest == 1
