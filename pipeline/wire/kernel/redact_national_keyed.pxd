"""National identifiers that are mere digits, or nearly so."""

from pipeline.wire.kernel.redact_keyed cimport Form
from pipeline.wire.kernel.redact_search cimport Search
from pipeline.wire.kernel.walk cimport Cursor

cdef int national_forms(const Search* search, Cursor at, Cursor end, Form* forms, int count) noexcept nogil
cdef Cursor national_code_end(Cursor at, Cursor stop) noexcept nogil
