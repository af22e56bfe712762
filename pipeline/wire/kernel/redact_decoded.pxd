"""Redaction of forms and URLs: with `%HH` and `+` decoded."""

from libc.stddef cimport size_t

from pipeline.wire.kernel.redact_desk cimport Desk
from pipeline.wire.kernel.redact_rules cimport Rulebook
from pipeline.wire.kernel.walk cimport Cursor

cdef int find_in_decoded(Desk* desk, Rulebook book, Cursor start, Cursor stop, size_t first) except -1 nogil
