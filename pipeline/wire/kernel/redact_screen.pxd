"""Which matchers could find something in a text."""

from libc.stdint cimport uint32_t, uint64_t

from pipeline.wire.kernel.redact_rules cimport Program
from pipeline.wire.kernel.walk cimport Cursor

cdef enum:
    # beside the kinds: the text has one
    PERCENT_SIGN = 0x40000000
    HIGH_BYTE = 0x80000000

cdef uint32_t screen(const Program* program, Cursor start, Cursor stop, Cursor limit, uint64_t near) noexcept nogil
