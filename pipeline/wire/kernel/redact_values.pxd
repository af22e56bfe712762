"""Redaction of values."""

from libc.stdint cimport uint8_t

from pipeline.wire.kernel.redact_books cimport Place, Walk
from pipeline.wire.kernel.redact_rules cimport Rulebook
from pipeline.wire.kernel.walk cimport Fault, Visit

cdef enum:
    MAX_DIGITS = 20

cdef int redact_value(
    Walk* walk, Rulebook book, const Visit* visit, Place place, int depth, bint safe
) except -1 nogil
cdef int whole_number(const Visit* visit, uint8_t* digits, Fault* fault) noexcept nogil
