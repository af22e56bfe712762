"""What the fields of messages are called in OTLP/JSON."""

from libc.stddef cimport size_t
from libc.stdint cimport uint32_t

cdef struct JsonField:
    const char* key  # as it is written: in quotes and with its colon
    size_t size  # of the key
    bint presence  # its default is written: absent is something else

cdef const JsonField* json_field(uint32_t message, uint32_t number) noexcept nogil
cdef uint32_t number_of(uint32_t message, const char* name, size_t size) noexcept nogil
