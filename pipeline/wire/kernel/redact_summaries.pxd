"""What records have to say of their redaction."""

from libc.stddef cimport size_t
from libc.stdint cimport uint32_t

from pipeline.wire.kernel.redact_books cimport Walk
from pipeline.wire.kernel.redact_rules cimport Rulebook
from pipeline.wire.kernel.walk cimport Visit

cdef int note_record(Walk* walk, Rulebook book, uint32_t message, const Visit* visit, size_t mark, size_t first) except -1 nogil
