"""Which matchers could find something in a text."""

from libc.stdint cimport uint32_t

from pipeline.wire.kernel.redact_rules cimport Program
from pipeline.wire.kernel.walk cimport Cursor

cdef enum:
    PERCENT_SIGN = 1 << 30  # beside the kinds: the text has one

cdef uint32_t screen(const Program* program, Cursor start, Cursor stop, Cursor limit) noexcept nogil
