"""Redaction of messages, down to their texts and values."""

from libc.stdint cimport uint32_t

from pipeline.wire.kernel.redact_books cimport Walk
from pipeline.wire.kernel.redact_rules cimport Rulebook
from pipeline.wire.kernel.walk cimport Cursor

cdef int redact_message(
    Walk* walk, Rulebook book, Cursor at, Cursor stop, uint32_t message, int location, int depth
) except -1 nogil
