"""What the rules mean in a text."""

from pipeline.wire.kernel.redact_rules cimport Program
from pipeline.wire.kernel.redact_search cimport Search

cdef enum Selection:
    NO_ROOM = -1  # there is no memory
    SELECTED
    LEFT_TO_REFERENCE

cdef Selection select_matches(Search* search, bint in_keys) noexcept nogil
cdef void clear_search(Search* search) noexcept nogil
