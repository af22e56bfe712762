"""What all matchers share: a text under search, boundaries in it (redaction contract B2, B3), runs of bytes.

A matcher looks only where the screen points: it goes from point to point of its kind.

    cdef Cursor at = search.start
    while True:
        at = next_point(search, at)
        if at is NULL:
            return True
        ...                                   # `found` what lies here; go on from `at`, which may lie behind it
"""

from libc.stddef cimport size_t
from libc.stdint cimport int32_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcmp

from pipeline.wire.kernel.arena cimport grown
from pipeline.wire.kernel.redact_rules cimport Anchor, Groups, Kinds, Program
from pipeline.wire.kernel.walk cimport Cursor, fixed32, fixed64

cdef extern from "redact_bytes.h" nogil:
    enum:
        DIGIT, UPPER, LOWER, ALNUM, WORD, HEX, BASE64URL, LOCAL, DOMAIN, SPACE, NAME, TOKEN68, SCHEME, LABEL, BARE, BLANK
        CREDENTIAL_END, LINE_END, COOKIE_NAME_END, COOKIE_END, USER_END, PARAMETER_END, SESSION_END, SECRET_END, OPTION_END
        DSN_END
    const uint32_t[256] BYTE_CLASSES

cdef enum:
    MOST_LITERALS = 18  # of one list

cdef extern from "<string.h>" nogil:
    const void* memmem(const void*, size_t, const void*, size_t)

cdef struct Match:
    # A rule means what lies from `start` to `stop`.
    Cursor start
    Cursor stop
    int32_t rule
    int32_t priority

cdef struct Point:
    # Where something of these kinds could be found.
    Cursor at
    Kinds kinds

cdef struct Literals:
    # Literals that come in any case, by their first byte; of those with the same one the first that stands counts.
    Anchor list[MOST_LITERALS]
    uint8_t first[33]

cdef struct Search:
    # All zero is an empty one.
    Cursor start
    Cursor stop
    const Program* program
    Point* points  # from left to right
    size_t point_count
    size_t point_room
    Kinds kinds  # of all points
    Groups near  # whose keywords the name of the text has
    bint keyed_anywhere  # what needs a keyword could be anywhere in the text
    bint percent  # the text has a percent sign
    Kinds kind  # that is being looked for,
    int32_t rule  # its rule,
    size_t next_point  # and the point behind the last one that was looked at
    Cursor token  # the last replacement that was met
    Cursor token_end
    Match* list
    size_t count
    size_t room
    Match* spare  # where lists are merged
    size_t spare_room
    Cursor* read  # by shapes: see there,
    size_t read_room  # and for how many there is room

ctypedef bint (*Matcher)(Search*) noexcept nogil

cdef Cursor escape_before(Cursor low, Cursor at) noexcept nogil
cdef Cursor behind_letters(const Search* search, Cursor at, bint percent) noexcept nogil
cdef Literals in_any_case(tuple literals)
cdef Cursor token_at(const Program* program, Cursor at, Cursor stop, bint whole) noexcept nogil

cdef inline Cursor find(Cursor at, Cursor stop, const char* literal, size_t size) noexcept nogil:
    """Return where a literal stands next, NULL where it does not."""
    return <Cursor>memmem(at, stop - at, literal, size)


cdef inline uint32_t first_four(Cursor at, Cursor stop) noexcept nogil:
    """Return the next four bytes as a little-endian number, zeros for those that are missing."""
    cdef uint32_t bytes_ = 0
    cdef int index
    if stop - at >= 4:
        return fixed32(at)
    for index in range(stop - at):
        bytes_ |= <uint32_t>at[index] << 8 * index
    return bytes_


cdef inline Cursor next_point(Search* search, Cursor at) noexcept nogil:
    """Return the next point of the kind that is being looked for, at or behind `at`; NULL when there is no more."""
    cdef const Point* point
    while search.next_point < search.point_count:
        point = &search.points[search.next_point]
        search.next_point += 1
        if point.kinds & search.kind and point.at >= at:
            return point.at
    return NULL


cdef inline bint begins_token(const Search* search, Cursor at) noexcept nogil:
    """Tell whether a replacement can stand here: one look spares most calls of `token_at`."""
    return at < search.stop and search.program.begins_token[at[0]]


cdef inline Cursor behind_token(Search* search, Cursor at) noexcept nogil:
    """Return the end of the replacement that stands here already, `at` where there is none."""
    cdef Cursor end = token_at(search.program, at, search.stop, False) if begins_token(search, at) else NULL
    if end is NULL:
        return at
    search.token, search.token_end = at, end
    return end


cdef inline bint found(Search* search, Cursor start, Cursor stop) noexcept nogil:
    """Note a match, unless a replacement stands there already; False when there is no memory."""
    cdef Match* list
    if start == search.token and stop == search.token_end:
        return True
    if begins_token(search, start) and token_at(search.program, start, stop, True) is not NULL:
        return True
    if search.count == search.room:
        list = <Match*>grown(search.list, &search.room, sizeof(Match))
        if list is NULL:
            return False
        search.list = list
    search.list[search.count] = Match(start, stop, search.rule, search.program.rules[search.rule].priority)
    search.count += 1
    return True


cdef inline uint32_t is_a(uint8_t byte, uint32_t classes) noexcept nogil:
    return BYTE_CLASSES[byte] & classes


cdef inline uint8_t lower(uint8_t byte) noexcept nogil:
    return byte | 0x20 if is_a(byte, UPPER) else byte


cdef inline Cursor run(Cursor at, Cursor stop, uint32_t classes) noexcept nogil:
    """Return the end of the bytes of these classes that stand here."""
    while at < stop and is_a(at[0], classes):
        at += 1
    return at


cdef inline Cursor run_of(Cursor at, Cursor stop, uint32_t classes, size_t most) noexcept nogil:
    """Return the end of at most so many bytes of these classes."""
    return run(at, at + most if <size_t>(stop - at) > most else stop, classes)


cdef inline Cursor until(Cursor at, Cursor stop, uint32_t ends) noexcept nogil:
    """Return where the first byte of these classes stands."""
    while at < stop and not is_a(at[0], ends):
        at += 1
    return at


cdef inline bint starts_escape(Cursor at, Cursor stop) noexcept nogil:
    """Tell whether the backslash here starts an escape that can end a value."""
    return at + 1 < stop and at[1] in (c"n", c"r", c"t", c'"', c"'")


cdef inline Cursor plain_until(Cursor at, Cursor stop, uint32_t ends) noexcept nogil:
    """Return where the first byte of these classes stands; backslashes that start no escape belong to the text before."""
    at = until(at, stop, ends)
    while at < stop and at[0] == c"\\" and not starts_escape(at, stop):
        at = until(at + 1, stop, ends)
    return at


cdef inline int two(Cursor at) noexcept nogil:
    """Return the number that two digits mean."""
    return 10 * (at[0] - c"0") + at[1] - c"0"


cdef inline bint same(Cursor at, Cursor stop, const char* literal, size_t size) noexcept nogil:
    """Tell whether a literal stands here."""
    return <size_t>(stop - at) >= size and memcmp(at, literal, size) == 0


cdef inline uint64_t case_of(uint64_t literal) noexcept nogil:
    """Return the bits that tell the case of the letters of a literal, which is in lower case and holds no backtick, brace, | or ~."""
    return literal & literal >> 1 & <uint64_t>0x2020202020202020


cdef inline bint same_folded(Cursor at, Cursor stop, const char* literal, size_t size) noexcept nogil:
    """Tell whether a literal, given in lower case, stands here in any case."""
    cdef Cursor wanted = <Cursor>literal
    if <size_t>(stop - at) < size:
        return False
    while size >= 8:
        if fixed64(at) | case_of(fixed64(wanted)) != fixed64(wanted):
            return False
        at += 8
        wanted += 8
        size -= 8
    while size:
        if at[0] | case_of(wanted[0]) != wanted[0]:
            return False
        at += 1
        wanted += 1
        size -= 1
    return True


cdef inline bint stands(const Anchor* anchor, Cursor at, Cursor stop) noexcept nogil:
    """Tell whether a literal stands here."""
    cdef const char* text = <const char*>anchor.literal.text
    cdef size_t size = anchor.literal.size
    if stop - at >= 8:
        if (fixed64(at) | anchor.fold) & anchor.keep != anchor.first:
            return False
        if size <= 8:
            return True
    if anchor.folded:
        return same_folded(at, stop, text, size)
    return same(at, stop, text, size)


cdef inline Cursor any_of(const Literals* literals, Cursor at, Cursor stop) noexcept nogil:
    """Return the end of the literal that stands here, NULL without one."""
    cdef int index
    if at == stop:
        return NULL
    for index in range(literals.first[at[0] & 31], literals.first[(at[0] & 31) + 1]):
        if stands(&literals.list[index], at, stop):
            return at + literals.list[index].literal.size
    return NULL


cdef inline bint bounded_left(const Search* search, Cursor at) noexcept nogil:
    """Tell whether a match may start here."""
    if at == search.start or not is_a((at - 1)[0], WORD):
        return True
    return can_end_escape(search, at) and escape_before(search.start, at) is not NULL


cdef inline Cursor behind_escape(const Search* search, Cursor at, bint percent) noexcept nogil:
    """Return `at`, or the end of the escape whose letters stand there, which can lie behind the text."""
    if at > search.start and ((at - 1)[0] == c"\\" or (at - 1)[0] == c"%"):
        return behind_letters(search, at, percent)
    return at


cdef inline bint can_end_escape(const Search* search, Cursor at) noexcept nogil:
    """Tell whether the first character of an escape stands as far back as it has to: few places ask on."""
    cdef size_t room = at - search.start
    if room >= 2 and (at - 2)[0] == c"\\" or room >= 3 and (at - 3)[0] == c"%":
        return True
    return room >= 6 and (at - 6)[0] == c"\\"


cdef inline bint bounded_right(const Search* search, Cursor at) noexcept nogil:
    """Tell whether a match may end here."""
    return at == search.stop or not is_a(at[0], WORD)


cdef inline bint stands_alone(const Search* search, Cursor at) noexcept nogil:
    """Tell whether no group before the start of a match makes it part of something longer, as in a UUID."""
    return at == search.start or ((at - 1)[0] != c"." and (at - 1)[0] != c"-")


cdef inline bint ends_alone(const Search* search, Cursor end) noexcept nogil:
    """Tell whether a match may end here, and no group behind it makes it part of something longer."""
    if not bounded_right(search, end):
        return False
    if search.stop - end < 2:
        return True
    return not (end[0] == c"-" and is_a(end[1], ALNUM)) and not (end[0] == c"." and is_a(end[1], DIGIT))


cdef inline Cursor behind_quote(Cursor at, Cursor stop) noexcept nogil:
    """Return where a quote, with up to three backslashes before it, ends; `at` where there is none."""
    cdef Cursor quote = at
    while quote < stop and quote - at < 3 and quote[0] == c"\\":
        quote += 1
    return quote + 1 if quote < stop and (quote[0] == c'"' or quote[0] == c"'") else at


cdef inline Cursor behind_blanks(Cursor at, Cursor stop) noexcept nogil:
    """Return the end of up to three blanks."""
    return run_of(at, stop, BLANK, 3)
