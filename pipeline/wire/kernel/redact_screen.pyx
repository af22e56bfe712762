"""Where in a text matchers could find something: what the scan points at, looked at closer.

A point too many only costs time, a point too few would let something through: every condition here is one that a match of its
kind can't do without, and holds wherever its matcher would begin.
"""

from libc.stddef cimport size_t
from libc.stdint cimport UINT64_MAX, uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset

from pipeline.wire.kernel.arena cimport grown
from pipeline.wire.kernel.redact_accounts cimport iban_end, iban_length, is_card, is_rupay
from pipeline.wire.kernel.redact_addresses cimport quad_end
from pipeline.wire.kernel.redact_headers cimport cookies_start
from pipeline.wire.kernel.redact_keyed cimport keyed_code, keyed_number
from pipeline.wire.kernel.redact_national_keyed cimport is_tfn
from pipeline.wire.kernel.redact_rules cimport (
    AUTH_HEADER, BR_CNPJ, BR_CPF, CARD, CH_AHV, CLI_SECRET, CN_RIC, COOKIE, DSN_KV, EMAIL, ES_DNI, ES_NIE, FI_HETU, IBAN, IPV4,
    IPV6, ITIN, IT_CF, JWT, KEYED, KV_SECRET, PHONE, SHAPES, SSN, UK_NINO, URL_CRED, Beginning, Trigger, bit, hash_of_bytes, place_of,
)
from pipeline.wire.kernel.redact_scan cimport (
    SCAN_READ, SCAN_STEP, SCAN_WINDOW, ScanBefore, ScanTriggers, ScanWindow, scan_best, scan_portable
)
from pipeline.wire.kernel.redact_search cimport (
    ALNUM, DIGIT, DOMAIN, HEX, LOCAL, UPPER, Point, behind_blanks, bounded_left, find, is_a, run_of, stands
)
from pipeline.wire.kernel.redact_secrets cimport assignment_end, starts_free
from pipeline.wire.kernel.walk cimport fixed32

import os

cdef extern from *:
    int lowest_bit "__builtin_ctzll"(uint64_t) noexcept nogil

cdef ScanWindow SCAN = scan_portable if os.environ.get("SLUICE_KERNEL") == "scalar" else scan_best()

cdef struct Seen:
    # What is known of a text already, so that no part of it is looked at again and again.
    Cursor colons  # end of the last run of hex digits and colons
    Cursor address  # of its first `://`, NULL: not looked for


cdef bint screen(
    Search* search, const Program* program, Kinds wanted, Cursor start, Cursor stop, Cursor limit
) noexcept nogil:
    """Begin the search of a text: note where something of the wanted kinds could be. False when there is no memory.

    Nothing is read at or behind `limit`, which lies not before `stop`. `search.near` is what the name of the text says.
    """
    cdef uint8_t padded[SCAN_READ]
    cdef ScanBefore before
    cdef ScanTriggers triggers
    cdef Seen seen = Seen(start, NULL)
    cdef Cursor at = start, window
    cdef uint64_t places, place, valid
    cdef int index
    cdef size_t left
    cdef Kinds kinds
    memset(&before, 0, sizeof(before))
    search.start, search.stop, search.program = start, stop, program
    search.count = search.point_count = 0
    search.keyed_anywhere = (search.near or program.keyed_everywhere) and wanted & bit(KEYED)
    search.kinds = bit(KEYED) if search.keyed_anywhere else 0
    search.token = NULL
    while True:
        left = stop - at
        valid = UINT64_MAX if left >= SCAN_WINDOW else (<uint64_t>1 << left) - 1
        window = at
        if limit - at < SCAN_READ:
            memset(padded, 0, sizeof(padded))
            memcpy(padded, at, min(left, <size_t>SCAN_READ))
            window = padded
        places = SCAN(&program.scan, window, valid, &before, &triggers)
        if left > SCAN_WINDOW:
            places &= (<uint64_t>1 << SCAN_STEP) - 1
        while places:
            index = lowest_bit(places)
            place = places & -places
            places ^= place
            kinds = 0
            if triggers.literal & place and begins_literal(program, window + index):
                kinds = literal_kinds(search, at + index, fixed32(window + index))
                if kinds & wanted & bit(KEYED):
                    search.keyed_anywhere = True
            if triggers.others & place:
                kinds |= closer(search, &triggers, place, at + index, &seen)
            kinds &= wanted
            if kinds and not add_point(search, at + index, kinds):
                return False
        if left <= SCAN_WINDOW:
            break
        at += SCAN_STEP
    search.percent = before.any_percent != 0
    return True


cdef inline bint add_point(Search* search, Cursor at, Kinds kinds) noexcept nogil:
    cdef Point* points
    if search.point_count == search.point_room:
        points = <Point*>grown(search.points, &search.point_room, sizeof(Point))
        if points is NULL:
            return False
        search.points = points
    search.points[search.point_count] = Point(at, kinds)
    search.point_count += 1
    search.kinds |= kinds
    return True


cdef inline bint begins_literal(const Program* program, Cursor at) noexcept nogil:
    """Tell whether a literal can begin with the four bytes here: the scan lets others through that are like them."""
    cdef uint32_t bytes_ = fixed32(at) | 0x20202020
    return has_bit(program.fours, hash_of_bytes(bytes_)) or has_bit(program.threes, hash_of_bytes(bytes_ & 0xFFFFFF))


cdef inline bint has_bit(const uint32_t* bits, uint32_t number) noexcept nogil:
    return bits[number >> 5] >> (number & 31) & 1


cdef Kinds closer(
    const Search* search, const ScanTriggers* triggers, uint64_t place, Cursor at, Seen* seen
) noexcept nogil:
    """Return the kinds that could match at a place, but for those that begin with a literal."""
    cdef Kinds kinds = 0
    if triggers.number & place:
        kinds |= number_kinds(search, at)
    if triggers.pair & place:
        kinds |= pair_kinds(search, at)
    if triggers.at & place:
        kinds |= at_kinds(search, at, seen)
    if triggers.colon & place and at >= seen.colons:
        kinds |= colon_kinds(search, at, seen)
    if triggers.code & place:
        kinds |= code_kinds(search, at)
    if triggers.plus & place and at[1] != c"0":
        kinds |= bit(PHONE)
    if triggers.paren & place:
        kinds |= bit(PHONE)
    return kinds


cdef Kinds number_kinds(const Search* search, Cursor at) noexcept nogil:
    """Return what could begin with the digits here, which stand behind a boundary."""
    cdef Cursor stop = search.stop, end = run_of(at, stop, DIGIT, 20), second
    cdef Py_ssize_t size = end - at, more
    cdef uint8_t behind = end[0] if end < stop else 0
    cdef Kinds kinds
    if behind == 0 and size < 8:
        return 0
    second = run_of(end + 1, stop, DIGIT, 7) if end < stop else end
    more = second - end - 1
    kinds = number_alone_kinds(search, at, stop, size, behind, more, second)
    if not search.keyed_anywhere and is_keyed_size(at, size, behind, more) and keyed_number(search, at):
        kinds |= bit(KEYED)
    return kinds


cdef inline bint is_keyed_size(Cursor at, Py_ssize_t size, uint8_t behind, Py_ssize_t more) noexcept nogil:
    """Tell whether so many digits, of which `more` stand one byte further on, can be something if a keyword is near."""
    if size == 8:  # the commonest length of all that no keyword is near of
        return is_tfn(at, 8) or (more == 4 and (behind == c"-" or behind == c"+"))
    if size > 8:
        return size <= 15
    if size <= 3 and behind == c".":
        return more >= 4 or (size == 2 and more == 2)
    if size == 2:
        return more == 3 and behind == c" "
    if size == 3:
        return more == 3 and (behind == c" " or behind == c"-")
    if size == 4:
        return more == 4 and (behind == c" " or behind == c"-") and c"2" <= at[0]
    if size == 6:
        return more >= 4
    return size == 1 and more == 2 and behind == c" "


cdef inline Kinds number_alone_kinds(
    const Search* search, Cursor at, Cursor stop, Py_ssize_t size, uint8_t behind, Py_ssize_t more, Cursor second
) noexcept nogil:
    """Return what the digits could be without a keyword: `second` is where those end that stand one byte further on."""
    cdef Kinds kinds
    if size <= 3 and behind == c".":
        kinds = 0
        if 1 <= more <= 3 and (at == search.start or (at - 1)[0] != c".") and quad_end(at, stop) is not NULL:
            kinds = bit(IPV4)
        if size == 3 and more >= 3:
            kinds |= bit(PHONE) | bit(CH_AHV) | bit(BR_CPF)
        return kinds
    if size == 3 and (behind == c"-" or behind == c" "):
        if more == 2:
            return bit(SSN) | bit(ITIN) if second < stop and second[0] == behind else 0
        return bit(PHONE) if more == 3 and behind == c"-" else 0
    if size == 4:
        return bit(CARD) if behind >= 0x80 or ((behind == c" " or behind == c"-") and (more == 4 or more == 6)) else 0
    if size == 6:
        return bit(FI_HETU) if more == 3 or (more == 4 and not is_a(behind, DIGIT)) else 0
    if size == 8:
        return bit(ES_DNI) if is_a(behind, UPPER) else 0
    if 12 <= size <= 19:
        kinds = bit(CARD) if is_card(at, size) or (search.program.rupay_rule >= 0 and is_rupay(at, size)) else 0
        if size == 18 or (size == 17 and (behind == c"X" or behind == c"x")):
            kinds |= bit(CN_RIC)
        return kinds
    return 0


cdef Kinds pair_kinds(const Search* search, Cursor at) noexcept nogil:
    """Return what could begin with the two letters and two digits here."""
    cdef int length = iban_length(at)
    if length and iban_end(search, at, length) is not NULL:
        return bit(IBAN)
    if is_a(at[0], UPPER) and is_a(at[1], UPPER) and run_of(at + 2, search.stop, DIGIT, 6) == at + 8:
        return bit(UK_NINO)
    return 0


cdef Kinds code_kinds(const Search* search, Cursor at) noexcept nogil:
    """Return what could begin with the capitals and digits here."""
    cdef Cursor stop = search.stop
    if stop - at < 9:
        return 0
    if is_a(at[5], DIGIT) and is_a(at[2], UPPER) and is_a(at[3], UPPER) and keyed_code(search, at):
        return bit(KEYED)
    if at[2] == c" ":
        return bit(UK_NINO)
    if at[2] == c".":
        return bit(BR_CNPJ)
    if is_a(at[1], DIGIT):
        return bit(ES_NIE) if c"X" <= at[0] <= c"Z" else 0
    return bit(IT_CF) if stop - at >= 16 and is_a(at[8], UPPER) and is_a(at[15], UPPER) and is_a(at[11], UPPER) else 0


cdef Kinds at_kinds(const Search* search, Cursor at, Seen* seen) noexcept nogil:
    """Return what could have the `@` here in it."""
    cdef Kinds kinds = 0
    if seen.address is NULL:
        seen.address = find(search.start, search.stop, b"://", 3)
        if seen.address is NULL:
            seen.address = search.stop
    if seen.address < at:
        kinds |= bit(URL_CRED)
    if at > search.start and is_a((at - 1)[0], LOCAL) and at + 1 < search.stop and is_a(at[1], DOMAIN):
        kinds |= bit(EMAIL)
    return kinds


cdef Kinds colon_kinds(const Search* search, Cursor at, Seen* seen) noexcept nogil:
    """Return whether the hex digits and colons around could be an IPv6 address: `::` or seven colons, and a digit."""
    cdef Cursor start = at, end = at
    cdef int colons = 0
    cdef bint gap = False, digit = False
    while start > seen.colons and (is_a((start - 1)[0], HEX) or (start - 1)[0] == c":"):
        start -= 1
    end = start
    while end < search.stop and (is_a(end[0], HEX) or end[0] == c":"):
        if end[0] == c":":
            colons += 1
            gap = gap or (end + 1 < search.stop and end[1] == c":")
        else:
            digit = digit or is_a(end[0], DIGIT)
        end += 1
    seen.colons = end
    digit = digit or search.program.special_addresses or (end < search.stop and end[0] == c".")
    return bit(IPV6) if digit and (gap or colons >= 7) else 0


cdef Kinds literal_kinds(const Search* search, Cursor at, uint32_t bytes_) noexcept nogil:
    """Return what could begin or stand around a literal here; `bytes_` are the four that stand here."""
    cdef const Program* program = search.program
    cdef uint32_t place = place_of(bytes_)
    cdef const Beginning* each = &program.triggers_by_first.list[program.triggers_by_first.first[place]]
    cdef const Beginning* end = &program.triggers_by_first.list[program.triggers_by_first.first[place + 1]]
    cdef const Trigger* trigger
    cdef Kinds kinds = 0
    while each < end:
        if bytes_ & each.mask == each.bytes:
            trigger = &program.triggers[each.index]
            if stands(&trigger.anchor, at, search.stop):
                kinds |= likely(search, trigger.kinds, at, at + trigger.anchor.literal.size)
        each += 1
    each = &program.shapes_by_first.list[program.shapes_by_first.first[place]]
    end = &program.shapes_by_first.list[program.shapes_by_first.first[place + 1]]
    while each < end:
        if bytes_ & each.mask == each.bytes and stands(&program.shapes[each.index].first, at, search.stop):
            return kinds | bit(SHAPES)
        each += 1
    return kinds


cdef Kinds likely(const Search* search, Kinds kinds, Cursor at, Cursor behind) noexcept nogil:
    """Return of some kinds those of which there could be a match around their literal, which ends at `behind`."""
    cdef Cursor stop = search.stop
    if kinds & bit(KV_SECRET) and assignment_end(behind, stop) is NULL:
        kinds &= ~bit(KV_SECRET)
    if kinds & bit(DSN_KV) and not is_assigned(behind_blanks(behind, stop), stop):
        kinds &= ~bit(DSN_KV)
    if kinds & bit(AUTH_HEADER) and (behind - 1)[0] == c" " and not bounded_left(search, at):
        kinds &= ~bit(AUTH_HEADER)
    if kinds & bit(JWT) and not starts_free(search, at):
        kinds &= ~bit(JWT)
    if kinds & bit(COOKIE) and cookies_start(at, stop) is NULL:
        kinds &= ~bit(COOKIE)
    if kinds & bit(CLI_SECRET) and behind - at == 2 and (behind == stop or not is_a(behind[0], ALNUM)):
        kinds &= ~bit(CLI_SECRET)
    return kinds


cdef inline bint is_assigned(Cursor at, Cursor stop) noexcept nogil:
    return at < stop and at[0] == c"="
