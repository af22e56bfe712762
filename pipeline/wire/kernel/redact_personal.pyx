"""`reference/redact_personal.py`, compiled: the same matchers, each a loop over the places where its shape can start."""

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t

from pipeline.wire.kernel.redact_rules cimport CARD
from pipeline.wire.kernel.redact_search cimport (
    ALNUM, DIGIT, DOMAIN, HEX, LOCAL, LOWER, SPACE, UPPER, WORD,
    behind_escape, bounded_left, bounded_right, find, found, is_a, lower, next_point, run, run_of, same, same_folded,
)

from pipeline.wire.identifiers import CARD_ISSUERS, COUNTRY_CODES, IBAN_DIGITS_ONLY, IBAN_LENGTHS, RUPAY_ISSUERS

# ---- e-mail ----

cdef enum:
    MAX_LOCAL = 64
    MAX_LABEL = 63
    MAX_LABELS = 10

cdef const char** FILE_ENDINGS = [
    b"png", b"jpg", b"jpeg", b"gif", b"svg", b"webp", b"css", b"js", b"ts", b"map", b"json", b"html", b"py", b"go", b"rs", b"java", b"so",
    b"dll",
]


cdef bint find_email(Search* search) noexcept nogil:
    cdef Cursor at = search.start, stop = search.stop, behind, start, end
    while True:
        at = next_point(search, at)
        if at is NULL:
            return True
        behind = at + (1 if at[0] == c"@" else 3 if at[0] == c"%" else 6)  # %40, \u0040
        start = local_start(search, at)
        end = domain_end(behind, stop) if start < at else NULL
        if end is not NULL and not (end < stop and end[0] == c"@") and not is_git_path(start, at, end, stop):
            if not found(search, start, end):
                return False
        at = behind


cdef inline bint is_git_path(Cursor start, Cursor at, Cursor end, Cursor stop) noexcept nogil:
    """Tell whether this is `git@host:path`."""
    return at - start == 3 and same(start, at, b"git", 3) and end + 1 < stop and end[0] == c":" and not is_a(end[1], SPACE)


cdef Cursor local_start(const Search* search, Cursor end) noexcept nogil:
    cdef Cursor start = end
    while start > search.start and end - start < MAX_LOCAL and is_a((start - 1)[0], LOCAL):
        start -= 1
    while start < end and start[0] & 0xC0 == 0x80:  # not in the middle of a character
        start += 1
    start = behind_escape(search, start, False)
    return start if start < end else end


cdef Cursor domain_end(Cursor start, Cursor stop) noexcept nogil:
    """Return the end of the last label that can be a top-level domain; NULL without one behind another label."""
    cdef Cursor starts[MAX_LABELS]
    cdef Cursor ends[MAX_LABELS]
    cdef Cursor at = start, end
    cdef int count = 0
    while count < MAX_LABELS:
        end = run_of(at, stop, DOMAIN, MAX_LABEL + 1)
        if end == at or end - at > MAX_LABEL:
            break
        starts[count] = at
        ends[count] = end
        count += 1
        if end == stop or end[0] != c".":
            break
        at = end + 1
    while count > 1:
        count -= 1
        if is_top(starts[count], ends[count]):
            return NULL if is_file_ending(starts[count], ends[count]) else ends[count]
    return NULL


cdef inline bint is_top(Cursor label, Cursor end) noexcept nogil:
    if same(label, end, b"xn--", 4):
        return True
    return end - label >= 2 and (is_a(label[0], UPPER | LOWER) or label[0] >= 0x80) and (
        is_a(label[1], UPPER | LOWER) or label[1] >= 0x80
    )


cdef bint is_file_ending(Cursor label, Cursor end) noexcept nogil:
    cdef Cursor dash = run(label, end, ALNUM)
    cdef Py_ssize_t size = dash - label, length
    cdef const char* ending
    if size > 4 or (dash < end and dash[0] != c"-"):
        return False
    for ending in FILE_ENDINGS[:18]:
        if <uint8_t>ending[0] != lower(label[0]):
            continue
        length = 0
        while ending[length]:
            length += 1
        if length == size and same_folded(label, dash, ending, size):
            return True
    return False


# ---- telephone ----

cdef uint8_t IS_COUNTRY_CODE[1000]
for _code in COUNTRY_CODES:
    IS_COUNTRY_CODE[_code] = 1


cdef inline bint is_separator(uint8_t byte) noexcept nogil:
    return byte == c" " or byte == c"." or byte == c"(" or byte == c")" or byte == c"-"


cdef bint find_phone(Search* search) noexcept nogil:
    cdef Cursor at = search.start, end
    while True:
        at = next_point(search, at)
        if at is NULL:
            return True
        if at[0] == c"+":
            end = e164_end(search, at) if bounded_left(search, at) else NULL
        else:
            end = nanp_end(search, at)
        if end is not NULL and not found(search, at, end):
            return False


cdef Cursor e164_end(const Search* search, Cursor start) noexcept nogil:
    """Return where the longest run of whole groups ends that can be a number: what follows may be another number."""
    cdef Cursor at = start + 1, stop = search.stop, group, best = NULL
    cdef int digits = 0, groups, size, code = 0, value
    cdef bint known = False
    if at == stop or not c"1" <= at[0] <= c"9":
        return NULL
    for groups in range(15):
        group = at
        if groups:
            while group < stop and group - at < 3 and is_separator(group[0]):
                group += 1
            if group == at or group == stop or not is_a(group[0], DIGIT):
                break
        at = run_of(group, stop, DIGIT, 15)
        while group < at:
            if digits < 3:
                code = 10 * code + group[0] - c"0"
                known = known or IS_COUNTRY_CODE[code]
            digits += 1
            group += 1
        if digits > 15:
            break
        if (digits == 11 if start[1] == c"1" else digits >= 8) and bounded_right(search, at):
            best = at
    return best if known else NULL


cdef Cursor nanp_end(const Search* search, Cursor start) noexcept nogil:
    """Return the end of a North American number with separators, NULL where there is none."""
    cdef Cursor at = start, stop = search.stop
    cdef uint8_t before
    cdef uint8_t separator
    if stop - start < 12:
        return NULL
    if at[0] != c"(" and not c"2" <= at[0] <= c"9":
        return NULL
    if at[0] == c"(":
        at += 1
        if run_of(at, stop, DIGIT, 3) != at + 3 or at[0] < c"2" or at[3] != c")":
            return NULL
        at += 4
        if at[0] == c" ":
            at += 1
        separator = c"-"
    else:
        separator = at[3]
        if run_of(at, stop, DIGIT, 3) != at + 3 or not (separator == c"-" or separator == c"."):
            return NULL
        at += 4
    if stop - at < 8 or run_of(at, stop, DIGIT, 3) != at + 3 or at[0] < c"2" or at[3] != separator:
        return NULL
    if run_of(at + 4, stop, DIGIT, 4) != at + 8 or (at[1] == c"1" and at[2] == c"1"):
        return NULL
    at += 8
    if not bounded_left(search, start) or not bounded_right(search, at):
        return NULL
    if start > search.start + 1 and ((start - 1)[0] == c"." or (start - 1)[0] == c"-"):
        before = (start - 2)[0]
        if is_a(before, ALNUM) and (before != c"1" or (start > search.start + 2 and is_a((start - 3)[0], DIGIT))):
            return NULL
    if at + 1 < stop and (at[0] == c"." or at[0] == c"-") and is_a(at[1], DIGIT):
        return NULL
    return at


# ---- United States: social security and taxpayer numbers ----


cdef inline int two(Cursor at) noexcept nogil:
    return 10 * (at[0] - c"0") + at[1] - c"0"


cdef bint nine_digits(const Search* search, Cursor at) noexcept nogil:
    """Tell whether three, two and four digits with dashes or spaces stand here, that are no part of a longer run of groups."""
    cdef Cursor stop = search.stop, end = at + 11
    if stop - at < 11 or not is_a(at[0], DIGIT) or (at[3] != c"-" and at[3] != c" ") or at[6] != at[3]:
        return False
    if run(at, at + 3, DIGIT) != at + 3 or run(at + 4, at + 6, DIGIT) != at + 6 or run(at + 7, end, DIGIT) != end:
        return False
    if not bounded_left(search, at) or not bounded_right(search, end):
        return False
    return not (at > search.start and (at - 1)[0] == c"-") and not (end + 1 < stop and end[0] == c"-" and is_a(end[1], ALNUM))


cdef bint find_ssn(Search* search) noexcept nogil:
    cdef Cursor at = search.start
    while True:
        at = next_point(search, at)
        if at is NULL:
            return True
        if nine_digits(search, at) and is_social_security(at, at + 4, at + 7) and not found(search, at, at + 11):
            return False


cdef bint is_social_security(Cursor area, Cursor group, Cursor serial) noexcept nogil:
    """Tell whether such a number can have been issued."""
    cdef int number = 100 * (area[0] - c"0") + two(area + 1)
    return 0 < number < 900 and number != 666 and two(group) and (two(serial) or two(serial + 2))


cdef bint find_itin(Search* search) noexcept nogil:
    cdef Cursor at = search.start
    cdef int group
    while True:
        at = next_point(search, at)
        if at is NULL:
            return True
        if at[0] == c"9" and nine_digits(search, at) and at[3] == c"-":
            group = two(at + 4)
            if 50 <= group <= 65 or 70 <= group <= 88 or 90 <= group <= 92 or 94 <= group <= 99:
                if not found(search, at, at + 11):
                    return False


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


# ---- network addresses ----


cdef inline Cursor octet_end(Cursor at, Cursor stop) noexcept nogil:
    """Return the end of a decimal octet without leading zeros that takes all digits here; NULL where there is none."""
    cdef Cursor end = run_of(at, stop, DIGIT, 4)
    cdef int size = end - at
    if size == 0 or size > 3 or (size > 1 and at[0] == c"0"):
        return NULL
    if size == 3 and 100 * (at[0] - c"0") + two(at + 1) > 255:
        return NULL
    return end


cdef Cursor quad_end(Cursor at, Cursor stop) noexcept nogil:
    """Return the end of a dotted quad that takes all digits here; NULL where there is none."""
    cdef int octet
    for octet in range(4):
        if octet:
            if at == stop or at[0] != c".":
                return NULL
            at += 1
        at = octet_end(at, stop)
        if at is NULL:
            return NULL
    return at


cdef bint find_ipv4(Search* search) noexcept nogil:
    cdef Cursor at = search.start, end
    while True:
        at = next_point(search, at)
        if at is NULL:
            return True
        end = quad_end(at, search.stop) if bounded_left(search, at) else NULL
        if end is not NULL and is_address(search, at, end) and not found(search, at, end):
            return False


cdef bint is_address(const Search* search, Cursor start, Cursor end) noexcept nogil:
    """Tell whether a quad is an address and no version."""
    cdef Cursor stop = search.stop, at
    cdef bint zero = False
    if not bounded_right(search, end) or (end + 1 < stop and end[0] == c"." and is_a(end[1], DIGIT)):
        return False
    if not search.program.special_addresses and is_special(start, end):
        return False
    if start == search.start:
        return True
    if (start - 1)[0] == c"." or is_version(search, start):
        return False
    # behind a product's name it is a version, unless a port follows
    if (start - 1)[0] == c"/" and start - search.start > 1 and is_a((start - 2)[0], UPPER | LOWER):
        if end + 1 < stop and end[0] == c":" and is_a(end[1], DIGIT):
            return True
        at = start
        while at < end:
            zero = zero or (at[0] == c"0" and (at == start or (at - 1)[0] == c"."))
            at += 1
        return not zero and start[1] != c"."
    return True


cdef inline bint is_special(Cursor start, Cursor end) noexcept nogil:
    """Tell whether an address is loopback, that of nobody or that of everybody."""
    return (
        same(start, end, b"127.", 4)
        or (end - start == 7 and same(start, end, b"0.0.0.0", 7))
        or (end - start == 15 and same(start, end, b"255.255.255.255", 15))
    )


cdef bint is_version(const Search* search, Cursor start) noexcept nogil:
    """Tell whether the word before says that a version follows."""
    cdef Cursor end = start, word
    while end > search.start and start - end < 4 and ((end - 1)[0] == c" " or (end - 1)[0] == c"=" or (end - 1)[0] == c":"):
        end -= 1
    if end == start or start - end > 3:
        return False
    word = end
    while word > search.start and end - word < 9 and is_a((word - 1)[0], WORD):
        word -= 1
    return (
        (end - word == 1 and lower(word[0]) == c"v")
        or (end - word == 7 and same_folded(word, end, b"version", 7))
        or (end - word == 3 and same_folded(word, end, b"rev", 3))
        or (end - word == 8 and same_folded(word, end, b"assembly", 8))
        or (end - word == 5 and same_folded(word, end, b"build", 5))
    )


cdef enum:
    MAX_IPV6 = 45


cdef bint find_ipv6(Search* search) noexcept nogil:
    cdef Cursor at = search.start, colon
    while True:
        colon = next_point(search, at)
        if colon is NULL:
            return True
        at = beginning_of_hex(colon, at)
        while at <= colon:
            if not find_ipv6_at(search, &at):
                return False


cdef inline Cursor beginning_of_hex(Cursor at, Cursor low) noexcept nogil:
    """Return where the hex digits, colons and dots around begin, not before `low`: nothing before that is read with them."""
    while at > low and (is_a((at - 1)[0], HEX) or (at - 1)[0] == c":" or (at - 1)[0] == c"."):
        at -= 1
    return at


cdef bint find_ipv6_at(Search* search, Cursor* next_) noexcept nogil:
    """Read the hex digits and colons that stand here and what of a dotted quad follows; move `next_` behind them."""
    cdef Cursor start = next_[0], stop = search.stop, at = hex_colons(start, stop), behind = at, end
    cdef int quads
    next_[0] = at + 1 if at == start else at
    if at - start < 2:
        return True
    for quads in range(3):
        end = run_of(at + 1, stop, DIGIT, 3) if at < stop and at[0] == c"." else at + 1
        if end == at + 1:
            break
        at = end
    next_[0] = end = at
    if find(start, behind, b":", 1) is NULL:
        return True
    if not bounded_left(search, start):  # a word that ends in hex digits, as in `node:2001:db8::1`
        start = find(start, behind, b":", 1) + 1
    elif start[0] == c":" and start[1] != c":":
        start += 1
    if (end - 1)[0] == c":" and (end - 2)[0] != c":":
        end -= 1
    if end - start > MAX_IPV6 or not bounded_right(search, end) or not is_ipv6(search, start, end):
        return True
    return found(search, start, zone_end(end, stop))


cdef inline Cursor hex_colons(Cursor at, Cursor stop) noexcept nogil:
    while at < stop and (is_a(at[0], HEX) or at[0] == c":"):
        at += 1
    return at


cdef Cursor zone_end(Cursor at, Cursor stop) noexcept nogil:
    cdef Cursor end = at + 1
    if at == stop or at[0] != c"%":
        return at
    while end < stop and end - at <= 32 and (is_a(end[0], ALNUM) or end[0] in (c".", c"_", c"~", c"-")):
        end += 1
    return end if end > at + 1 else at


cdef bint is_ipv6(const Search* search, Cursor start, Cursor end) noexcept nogil:
    """Tell whether this is the text of an IPv6 address (RFC 4291, section 2.2) with a decimal digit, or a special one."""
    cdef Cursor at = start, group
    cdef int size = 0
    cdef bint gap = False, digit = False
    if end <= start:
        return False
    if (end - start == 3 and same(start, end, b"::1", 3)) or (end - start == 2 and same(start, end, b"::", 2)):
        return search.program.special_addresses
    while at < end:
        digit = digit or is_a(at[0], DIGIT)
        at += 1
    if not digit:
        return False
    at = start
    if same(at, end, b"::", 2):
        gap = True
        at += 2
    while at < end:
        group = run_of(at, end, HEX, 5)
        if group < end and group[0] == c".":  # what is left has to be a dotted quad
            if quad_end(at, end) != end:
                return False
            size += 2
            break
        if group == at or group - at > 4:
            return False
        size += 1
        at = group
        if at == end:
            break
        if at[0] != c":":
            return False
        if same(at, end, b"::", 2):
            if gap:
                return False
            gap = True
            at += 2
        else:
            at += 1
            if at == end:
                return False
    return 2 <= size <= 7 if gap else size == 8
