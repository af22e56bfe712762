"""Members of a tracestate, and the entries of `ot`."""

from libc.stddef cimport size_t
from libc.string cimport memchr, memcpy

from pipeline.wire.kernel.values cimport same_text
from pipeline.wire.kernel.walk cimport Cursor

cdef enum:
    DIGITS = 14
    MOST_MEMBERS = 32
    MOST_OT = 256  # bytes of the value of `ot`
    MOST_KEY = 256
    MOST_VALUE = 256

cdef struct Member:
    Text key
    Text value

cdef struct Members:
    Member[MOST_MEMBERS] list
    int count

cdef inline Text literal(const char* text, size_t size) noexcept nogil:
    return Text(<Cursor>text, size)


cdef uint64_t read_threshold(Text text) noexcept nogil:
    """Return the threshold that a `th` value says: up to 14 hex digits, zeros behind them left out."""
    cdef uint64_t value
    if not 1 <= text.size <= DIGITS or not hex_digits(text, &value):
        return SAYS_NOTHING
    return value << 4 * (DIGITS - text.size)


cdef uint64_t read_randomness(Text text) noexcept nogil:
    """Return the randomness that an `rv` value says: 14 hex digits."""
    cdef uint64_t value
    return value if text.size == DIGITS and hex_digits(text, &value) else SAYS_NOTHING


cdef bint hex_digits(Text text, uint64_t* value) noexcept nogil:
    cdef size_t index
    cdef uint8_t byte
    value[0] = 0
    for index in range(text.size):
        byte = text.at[index]
        if c'0' <= byte <= c'9':
            byte -= c'0'
        elif c'a' <= byte <= c'f':
            byte -= c'a' - 10
        else:
            return False
        value[0] = value[0] << 4 | byte
    return True


cdef void read_trace_state(Text trace_state, uint64_t* threshold, uint64_t* randomness) noexcept nogil:
    """Read what a tracestate says; a malformed one says nothing. Of equal keys in `ot` the first counts."""
    cdef Members members
    cdef Text rest, entry, key, value
    cdef bint has_threshold = False, has_randomness = False
    threshold[0] = SAYS_NOTHING
    randomness[0] = SAYS_NOTHING
    read_members(trace_state, &members)
    rest = value_of_ot(&members)
    while rest.size:
        rest = next_piece(rest, c';', &entry)
        value = next_piece(entry, c':', &key)
        if not has_threshold and same_text(key, literal("th", 2)):
            has_threshold = True
            threshold[0] = read_threshold(value)
        elif not has_randomness and same_text(key, literal("rv", 2)):
            has_randomness = True
            randomness[0] = read_randomness(value)


cdef uint8_t* put_threshold(uint8_t* to, uint64_t threshold) noexcept nogil:
    """Write the value of `th`: hex digits without the zeros at their end, `0` for none."""
    cdef const char* digits = "0123456789abcdef"
    cdef int shift = 4 * (DIGITS - 1)
    while True:
        to[0] = digits[threshold >> shift & 0xF]
        to += 1
        threshold &= (<uint64_t>1 << shift) - 1
        if threshold == 0:
            return to
        shift -= 4


cdef uint8_t* put_trace_state(uint8_t* to, Text trace_state, uint64_t threshold) noexcept nogil:
    """Write a tracestate with this `th`, or without any, its `ot` member first; NULL when that would break a limit."""
    cdef Members members
    cdef Text rest, entry, key
    cdef uint8_t* start = to
    cdef uint8_t* value = to + 3
    cdef int index, count = 0
    read_members(trace_state, &members)
    memcpy(to, b"ot=", 3)
    to = value
    if threshold != SAYS_NOTHING:
        memcpy(to, b"th:", 3)
        to = put_threshold(to + 3, threshold)
    rest = value_of_ot(&members)
    while rest.size:
        rest = next_piece(rest, c';', &entry)
        next_piece(entry, c':', &key)
        if entry.size and not same_text(key, literal("th", 2)):
            to = put_separator(to, value, c';')
            to = put_text(to, entry)
    if to - value > MOST_OT:
        return NULL
    count = to != value
    to = to if count else start
    for index in range(members.count):
        if not same_text(members.list[index].key, literal("ot", 2)):
            count += 1
            to = put_separator(to, start, c',')
            to = put_text(to, members.list[index].key)
            to[0] = c'='
            to = put_text(to + 1, members.list[index].value)
    return NULL if count > MOST_MEMBERS else to


cdef inline uint8_t* put_text(uint8_t* to, Text text) noexcept nogil:
    memcpy(to, text.at, text.size)
    return to + text.size


cdef inline uint8_t* put_separator(uint8_t* to, const uint8_t* start, uint8_t separator) noexcept nogil:
    """Write a separator behind what begins at `start`, if there is anything."""
    if to == start:
        return to
    to[0] = separator
    return to + 1


cdef Text next_piece(Text text, uint8_t separator, Text* piece) noexcept nogil:
    """Cut a text at its first separator; return what lies behind it."""
    cdef Cursor found = <Cursor>memchr(text.at, separator, text.size)
    if found is NULL:
        piece[0] = text
        return Text(text.at + text.size, 0)
    piece[0] = Text(text.at, found - text.at)
    return Text(found + 1, text.at + text.size - found - 1)


cdef Text value_of_ot(const Members* members) noexcept nogil:
    cdef int index
    for index in range(members.count):
        if same_text(members.list[index].key, literal("ot", 2)):
            return members.list[index].value
    return literal("", 0)


cdef void read_members(Text rest, Members* members) noexcept nogil:
    """List the members in order; none when the list breaks W3C's rules (trace-context contract §1)."""
    cdef Text piece
    cdef Member member
    members.count = 0
    while rest.size:
        rest = next_piece(rest, c',', &piece)
        piece = stripped(piece)
        if piece.size == 0:
            continue
        member.value = next_piece(piece, c'=', &member.key)
        if not well_formed(&member) or members.count == MOST_MEMBERS or has_key(members, member.key):
            members.count = 0
            return
        members.list[members.count] = member
        members.count += 1


cdef Text stripped(Text text) noexcept nogil:
    while text.size and is_blank(text.at[0]):
        text = Text(text.at + 1, text.size - 1)
    while text.size and is_blank(text.at[text.size - 1]):
        text.size -= 1
    return text


cdef inline bint is_blank(uint8_t byte) noexcept nogil:
    return byte == c' ' or byte == c'\t'


cdef bint has_key(const Members* members, Text key) noexcept nogil:
    cdef int index
    for index in range(members.count):
        if same_text(members.list[index].key, key):
            return True
    return False


cdef bint well_formed(const Member* member) noexcept nogil:
    cdef size_t index
    cdef uint8_t byte
    if not 1 <= member.key.size <= MOST_KEY or not 1 <= member.value.size <= MOST_VALUE:
        return False
    for index in range(member.key.size):
        byte = member.key.at[index]
        if c'a' <= byte <= c'z' or c'0' <= byte <= c'9':
            continue
        if index == 0 or not (byte == c'_' or byte == c'-' or byte == c'*' or byte == c'/' or byte == c'@'):
            return False
    for index in range(member.value.size):
        byte = member.value.at[index]
        if not c' ' <= byte <= c'~' or byte == c',' or byte == c'=':
            return False
    return True  # the last byte is no blank: the member was stripped
