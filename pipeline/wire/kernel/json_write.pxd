"""Writing JSON as Python's `json.dumps` with `ensure_ascii=False` does. Functions that return int return -1 with an error set."""

from libc.stddef cimport size_t
from libc.stdint cimport uint8_t, uint64_t
from libc.string cimport memcpy

from pipeline.wire.kernel.buffer cimport Buffer, reserved
from pipeline.wire.kernel.walk cimport Cursor

cdef int put_json_text(Buffer* to, Cursor at, Cursor end) except -1
cdef int put_json_characters(Buffer* to, Cursor at, Cursor end) except -1
cdef int put_json_double(Buffer* to, double value) except -1
cdef int sequence(Cursor at, Cursor end) noexcept nogil


cdef inline uint8_t hex_digit(uint8_t value) noexcept nogil:
    return <uint8_t>(48 + value + (39 if value > 9 else 0))


cdef inline int put_bytes(Buffer* to, const void* bytes, size_t size) except -1:
    if size:  # memcpy wants a place even for nothing
        memcpy(reserved(to, size), bytes, size)
        to.size += size
    return 0


cdef inline int put_json_integer(Buffer* to, uint64_t bits, bint negative, bint quoted) except -1:
    """Write an integer whose 64 bits are in two's complement where it is negative."""
    cdef uint8_t digits[24]
    cdef int at = 24
    if quoted:
        at -= 1
        digits[at] = b'"'
    if negative:
        bits = 0 - bits
    while True:
        at -= 1
        digits[at] = <uint8_t>(48 + bits % 10)
        bits //= 10
        if bits == 0:
            break
    if negative:
        at -= 1
        digits[at] = b"-"
    if quoted:
        at -= 1
        digits[at] = b'"'
    return put_bytes(to, digits + at, 24 - at)


cdef inline int put_json_hexadecimal(Buffer* to, Cursor at, Cursor end) except -1:
    """Write bytes as a string of lower-case hex digits."""
    cdef uint8_t* into = reserved(to, 2 * (end - at) + 2)
    into[0] = b'"'
    into += 1
    while at < end:
        into[0] = hex_digit(at[0] >> 4)
        into[1] = hex_digit(at[0] & 15)
        at += 1
        into += 2
    into[0] = b'"'
    to.size = into + 1 - to.data
    return 0


cdef inline Cursor plain_until(Cursor at, Cursor end) noexcept nogil:
    """Return where printable ASCII ends that stands for itself in a string."""
    cdef uint64_t word
    while end - at >= 8:  # a byte's high bit is set where it is no such letter, or behind one
        memcpy(&word, at, 8)
        if (
            word
            | (word - 0x2020202020202020ULL)
            | ((word ^ 0x2222222222222222ULL) - 0x0101010101010101ULL)
            | ((word ^ 0x5C5C5C5C5C5C5C5CULL) - 0x0101010101010101ULL)
        ) & 0x8080808080808080ULL:
            break
        at += 8
    while at < end and 32 <= at[0] < 0x80 and at[0] != b'"' and at[0] != b"\\":
        at += 1
    return at


cdef inline bint is_utf8(Cursor at, Cursor end) noexcept nogil:
    """Tell whether bytes are UTF-8, without overlong forms and surrogates (RFC 3629)."""
    cdef uint64_t eight
    cdef int size
    while at < end:
        if end - at >= 8:
            memcpy(&eight, at, 8)
            if not eight & <uint64_t>0x8080808080808080:
                at += 8
                continue
        if at[0] < 0x80:
            at += 1
            continue
        size = sequence(at, end)
        if size < 0:
            return False
        at += size
    return True
