"""Redaction of attributes: the name decides how the value is looked at."""

from cpython.ref cimport PyObject
from libc.stdint cimport uint32_t

from pipeline.wire.kernel.redact_books cimport Walk
from pipeline.wire.kernel.redact_rules cimport Rulebook
from pipeline.wire.kernel.walk cimport Cursor, Visit

cdef struct Map:
    # A message that has attributes.
    Cursor start
    Cursor stop
    uint32_t message
    PyObject* keys  # `DistinctKeys` once a key was replaced

cdef int redact_attribute(
    Walk* walk, Rulebook book, Map* map, const Visit* visit, int location, int depth
) except -1 nogil
cdef void forget_keys(Map* map) noexcept nogil
