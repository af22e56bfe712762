"""What the name of an attribute, JSON member or option says."""

from pipeline.wire.kernel.redact_rules cimport Names, Program, Word
from pipeline.wire.kernel.walk cimport Cursor

cdef int name_says(const Program* program, Cursor start, Cursor stop) noexcept nogil
cdef bint fits_glob(Cursor glob, Cursor end, Cursor at, Cursor stop) noexcept nogil
cdef Word word_at_end(const Names* names, Cursor start, Cursor stop) noexcept nogil
