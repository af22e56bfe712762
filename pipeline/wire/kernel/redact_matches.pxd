"""What the rules mean in a text."""

from pipeline.wire.kernel.redact_search cimport Search

cdef bint list_matches(Search* search) noexcept nogil
cdef void keep_rules_for_keys(Search* search) noexcept nogil
cdef void select_matches(Search* search) noexcept nogil
cdef void clear_search(Search* search) noexcept nogil
