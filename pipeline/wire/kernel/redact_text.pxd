"""Redaction of one text."""

from pipeline.wire.kernel.redact_desk cimport Desk
from pipeline.wire.kernel.redact_rules cimport Groups, Rulebook
from pipeline.wire.kernel.walk cimport Cursor

cdef int redact_text(Desk* desk, Rulebook book, Cursor start, Cursor stop, Cursor limit, Groups near) except -1 nogil
cdef int find_edits(
    Desk* desk, Rulebook book, Cursor start, Cursor stop, Cursor limit, int levels
) except -1 nogil
cdef int find_matches(Desk* desk, Rulebook book, Cursor start, Cursor stop, Cursor limit) except -1 nogil
cdef bint is_settled(Rulebook book, Cursor start, Cursor stop) noexcept nogil
