"""Network addresses, as `reference/redact_personal.py` finds them: a dotted quad that is no version, and the texts of IPv6."""

from pipeline.wire.kernel.redact_search cimport (
    ALNUM, DIGIT, HEX, LOWER, UPPER, WORD,
    bounded_left, bounded_right, find, found, is_a, lower, next_point, run_of, same, same_folded, two,
)


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
