"""Reading JSON: where texts and numbers end, and what escapes stand for."""

from libc.stddef cimport size_t
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy

from pipeline.wire.kernel.walk cimport Cursor


cdef inline Cursor text_until(Cursor at, Cursor end) noexcept nogil:
    """Return the first byte that does not stand for itself in a string: a quote, a backslash or a control character."""
    cdef uint64_t eight, quotes, slashes, controls
    while end - at >= 8:
        memcpy(&eight, at, 8)
        quotes = eight ^ <uint64_t>0x2222222222222222
        slashes = eight ^ <uint64_t>0x5C5C5C5C5C5C5C5C
        # The usual test for a zero byte, of eight bytes at once; it may only err behind the first, and then the loop below looks.
        quotes = (quotes - <uint64_t>0x0101010101010101) & ~quotes
        slashes = (slashes - <uint64_t>0x0101010101010101) & ~slashes
        controls = (eight - <uint64_t>0x2020202020202020) & ~eight
        if (quotes | slashes | controls) & <uint64_t>0x8080808080808080:
            break
        at += 8
    while at < end and at[0] >= 32 and at[0] != b'"' and at[0] != b"\\":
        at += 1
    return at


cdef inline uint8_t unescaped(uint8_t letter) noexcept nogil:
    """Return what a letter behind a backslash stands for, 0 when it may not stand there."""
    if letter == b'"' or letter == b"\\" or letter == b"/":
        return letter
    if letter == b"n":
        return 10
    if letter == b"t":
        return 9
    if letter == b"r":
        return 13
    if letter == b"b":
        return 8
    return 12 if letter == b"f" else 0


cdef inline size_t put_utf8(uint8_t* to, uint32_t point) noexcept nogil:
    """Write a code point, surrogates too; return how many bytes it takes."""
    if point < 0x80:
        to[0] = <uint8_t>point
        return 1
    if point < 0x800:
        to[0] = <uint8_t>(0xC0 | point >> 6)
        to[1] = <uint8_t>(0x80 | point & 0x3F)
        return 2
    if point < 0x10000:
        to[0] = <uint8_t>(0xE0 | point >> 12)
        to[1] = <uint8_t>(0x80 | point >> 6 & 0x3F)
        to[2] = <uint8_t>(0x80 | point & 0x3F)
        return 3
    to[0] = <uint8_t>(0xF0 | point >> 18)
    to[1] = <uint8_t>(0x80 | point >> 12 & 0x3F)
    to[2] = <uint8_t>(0x80 | point >> 6 & 0x3F)
    to[3] = <uint8_t>(0x80 | point & 0x3F)
    return 4


cdef inline int nibble(uint8_t digit) noexcept nogil:
    """Return what a hex digit in any case stands for, -1 for any other byte."""
    if 48 <= digit <= 57:
        return digit - 48
    digit |= 0x20
    return digit - 87 if 97 <= digit <= 102 else -1


cdef inline Cursor digits_end(Cursor at, Cursor end) noexcept nogil:
    while at < end and 48 <= at[0] <= 57:
        at += 1
    return at


cdef inline Cursor integer_end(Cursor at, Cursor end) noexcept nogil:
    """Return the end of the integer part that begins a JSON number, `at` when there is none."""
    cdef Cursor digits = at + 1 if at < end and at[0] == b"-" else at
    if digits < end and digits[0] == 48:
        return digits + 1
    return at if digits_end(digits, end) == digits else digits_end(digits, end)


cdef inline Cursor number_end(Cursor at, Cursor end) noexcept nogil:
    """Return the end of the JSON number at `at`, `at` itself when there is none."""
    cdef Cursor stop = integer_end(at, end), digits
    if stop == at:
        return at
    if stop < end and stop[0] == b".":
        digits = digits_end(stop + 1, end)
        if digits == stop + 1:
            return stop
        stop = digits
    if stop < end and stop[0] | 0x20 == b"e":
        digits = stop + 2 if stop + 1 < end and (stop[1] == b"+" or stop[1] == b"-") else stop + 1
        if digits_end(digits, end) != digits:
            return digits_end(digits, end)
    return stop
