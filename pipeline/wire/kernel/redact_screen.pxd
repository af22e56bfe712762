"""Where in a text matchers could find something."""

from pipeline.wire.kernel.redact_rules cimport Kinds, Program
from pipeline.wire.kernel.redact_search cimport Search
from pipeline.wire.kernel.walk cimport Cursor

cdef enum:
    MIN_BYTES = 6  # shorter texts and names are not scanned (B6)

cdef bint screen(
    Search* search, const Program* program, Kinds wanted, Cursor start, Cursor stop, Cursor limit
) noexcept nogil
