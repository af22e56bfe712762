"""Bytes that grow at their end, and messages whose length is only known behind them.

Functions that return int return -1 with MemoryError set.
"""

from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stddef cimport size_t
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.stdlib cimport realloc
from libc.string cimport memcpy, memmove

from pipeline.wire.kernel.tables cimport AnyValue_string_value, KeyValue_key, KeyValue_value, OtlpField
from pipeline.wire.kernel.walk cimport DELIMITED, FIXED32, FIXED64, VARINT, put_varint, varint_bytes

cdef enum:
    LONGEST_VARINT = 10

cdef struct Buffer:
    # All zero is an empty one; whoever owns it frees `data`.
    uint8_t* data
    size_t size
    size_t room


cdef inline int grow(Buffer* to, size_t more) except -1:
    cdef size_t room = to.room * 2 + more + 64
    cdef void* data = realloc(to.data, room)
    if data is NULL:
        raise MemoryError
    to.data = <uint8_t*>data
    to.room = room
    return 0


cdef inline uint8_t* reserved(Buffer* to, size_t more) except NULL:
    """Return the end, with room for `more` bytes behind it; whoever writes them adds them to `size`."""
    if to.room - to.size <= more:  # also of an empty one, for nothing: there is no place then
        grow(to, more)
    return to.data + to.size


cdef inline int put_tag(Buffer* to, uint32_t number, uint32_t wire) except -1:
    cdef uint8_t* at = reserved(to, LONGEST_VARINT)
    to.size = put_varint(at, <uint64_t>number << 3 | wire) - to.data
    return 0


cdef inline int put_delimited(Buffer* to, uint32_t number, const void* value, size_t size) except -1:
    """Write a delimited field: tag, length, value."""
    cdef uint8_t* at = reserved(to, 2 * LONGEST_VARINT + size)
    at = put_varint(put_varint(at, <uint64_t>number << 3 | DELIMITED), size)
    if size:  # memcpy wants a place even for nothing
        memcpy(at, value, size)
    to.size = at + size - to.data
    return 0


cdef inline size_t opened(Buffer* to, uint32_t number) except? 0:
    """Begin a message; return where its content begins. Most are short: one byte is left for the length."""
    put_tag(to, number, DELIMITED)
    reserved(to, 1)
    to.size += 1
    return to.size


cdef inline int close_message(Buffer* to, size_t content) except -1:
    """End a message and write its length."""
    cdef size_t size = to.size - content
    cdef int more = varint_bytes(size) - 1
    if more:
        reserved(to, more)
        memmove(to.data + content + more, to.data + content, size)
        to.size += more
    put_varint(to.data + content - 1, size)
    return 0


cdef inline size_t field_size(size_t size) noexcept nogil:
    """Return the length of a delimited field whose number is less than 16."""
    return 1 + varint_bytes(size) + size


cdef inline int put_text_pair(
    Buffer* to, uint32_t number, const void* key, size_t key_size, const void* text, size_t size
) except -1:
    """Write an attribute whose value is text: its length is known before it is written."""
    cdef size_t any_size = field_size(size)
    cdef size_t pair_size = (field_size(key_size) if key_size else 0) + field_size(any_size)
    cdef uint8_t* at = reserved(to, 2 * LONGEST_VARINT + pair_size)
    at = put_varint(put_varint(at, <uint64_t>number << 3 | DELIMITED), pair_size)
    if key_size:
        at = put_varint(put_varint(at, KeyValue_key << 3 | DELIMITED), key_size)
        memcpy(at, key, key_size)
        at += key_size
    at = put_varint(put_varint(at, KeyValue_value << 3 | DELIMITED), any_size)
    at = put_varint(put_varint(at, AnyValue_string_value << 3 | DELIMITED), size)
    if size:
        memcpy(at, text, size)
    to.size = at + size - to.data
    return 0


cdef inline bytes emptied(Buffer* scratch):
    """Return what has been written, and begin anew."""
    cdef bytes written = PyBytes_FromStringAndSize(<const char*>scratch.data, scratch.size)
    scratch.size = 0
    return written


cdef inline uint32_t single_wire(const OtlpField* field) noexcept:
    return VARINT if field.wires >> VARINT & 1 else FIXED64 if field.wires >> FIXED64 & 1 else FIXED32


cdef inline uint64_t double_bits(double value) noexcept:
    cdef uint64_t bits
    memcpy(&bits, &value, sizeof(bits))
    return bits


cdef inline int put_bits(Buffer* to, const OtlpField* field, uint64_t bits) except -1:
    if field.wires >> VARINT & 1:
        return put_varint_bits(to, bits)
    return put_fixed(to, bits, 8 if field.wires >> FIXED64 & 1 else 4)


cdef inline int put_varint_bits(Buffer* to, uint64_t bits) except -1:
    to.size = put_varint(reserved(to, LONGEST_VARINT), bits) - to.data
    return 0


cdef inline int put_fixed(Buffer* to, uint64_t bits, int size) except -1:
    cdef uint8_t* at = reserved(to, 8)
    cdef int byte
    for byte in range(size):
        at[byte] = <uint8_t>(bits >> 8 * byte)
    to.size += size
    return 0
