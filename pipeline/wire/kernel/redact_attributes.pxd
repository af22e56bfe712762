"""Redaction of attributes: the name decides how the value is looked at."""

from libc.stdint cimport uint32_t

from pipeline.wire.kernel.redact_books cimport Walk
from pipeline.wire.kernel.redact_distinct cimport DistinctNames
from pipeline.wire.kernel.redact_rules cimport Rulebook
from pipeline.wire.kernel.walk cimport Cursor, Visit

cdef struct Map:
    # A message that has attributes.
    Cursor start
    Cursor stop
    uint32_t message
    bint has_names  # those that stay are taken
    DistinctNames names

cdef int redact_attribute(
    Walk* walk, Rulebook book, Map* map, const Visit* visit, int location, int depth
) except -1 nogil
