"""Redaction of JSON inside a string."""

from pipeline.wire.kernel.redact_desk cimport Desk
from pipeline.wire.kernel.redact_rules cimport Rulebook
from pipeline.wire.kernel.walk cimport Cursor

cdef int find_in_json(Desk* desk, Rulebook book, Cursor limit, int levels) except -1 nogil
