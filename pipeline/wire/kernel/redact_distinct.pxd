"""Names of one map that are all different."""

from libc.stddef cimport size_t

from pipeline.wire.kernel.arena cimport Arena
from pipeline.wire.kernel.redact_keys cimport Keys
from pipeline.wire.kernel.redact_rules cimport Literal
from pipeline.wire.kernel.walk cimport Cursor

cdef struct DistinctNames:
    # All zero is an empty one.
    Keys taken  # of each: the last number that was put behind it

cdef int take_name(DistinctNames* names, Cursor name, size_t size) except -1 nogil
cdef int claim_name(
    DistinctNames* names, Arena* arena, const Literal* wanted, Cursor* name, size_t* size
) except -1 nogil
cdef void release_names(DistinctNames* names) noexcept nogil
