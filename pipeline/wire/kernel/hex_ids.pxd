"""Trace and span ids as hex digits."""

from libc.stddef cimport size_t
from libc.stdint cimport uint8_t, uint64_t
from libc.string cimport memcpy

from pipeline.wire.kernel.json_read cimport nibble
from pipeline.wire.kernel.json_write cimport hex_digit
from pipeline.wire.kernel.values cimport Text
from pipeline.wire.kernel.walk cimport Visit

cdef struct Id:
    # An id in hex.
    bint given
    uint8_t digits[32]


cdef inline bint take_own_id(Id* into, size_t size, const Visit* id) noexcept nogil:
    """Take a record's own id; tell whether there is one that is none."""
    cdef size_t byte
    if id.value == id.stop:
        return False
    if <size_t>(id.stop - id.value) != size:
        return True
    for byte in range(size):
        into.digits[2 * byte] = hex_digit(id.value[byte] >> 4)
        into.digits[2 * byte + 1] = hex_digit(id.value[byte] & 15)
    into.given = True
    return False


cdef inline bint take_id(Id* into, size_t digits, Text text) noexcept nogil:
    """Take an id in hex; tell whether it is none."""
    cdef size_t digit
    if text.size != digits:
        return True
    for digit in range(digits):
        if nibble(text.at[digit]) < 0:
            return True
    memcpy(into.digits, text.at, digits)
    into.given = True
    return False


cdef inline uint64_t low_bits(const Id* id, int size) noexcept nogil:
    """Return the number that the last sixteen digits say."""
    cdef uint64_t bits = 0
    cdef int digit
    for digit in range(size - 16, size):
        bits = bits << 4 | <uint64_t>nibble(id.digits[digit])
    return bits
