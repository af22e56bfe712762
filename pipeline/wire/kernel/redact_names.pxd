"""What the name of an attribute, JSON member or option says."""

from libc.stdint cimport uint8_t, uint32_t

from pipeline.wire.kernel.redact_rules cimport Groups, Names, Program, Word
from pipeline.wire.kernel.walk cimport Cursor

cdef enum:
    USUAL_NAME = 256  # bytes: longer ones need memory

cdef struct Words:
    # A name as words in lower case, joined by dots.
    uint8_t* joined
    uint32_t* starts  # of each word; the last one is where one more would start
    uint32_t count

cdef Groups keywords_in(const Program* program, Cursor start, Cursor stop) noexcept nogil
cdef int name_says(const Program* program, Cursor start, Cursor stop) noexcept nogil
cdef bint fits_glob(Cursor glob, Cursor end, Cursor at, Cursor stop) noexcept nogil
cdef Word word_at_end(const Names* names, Cursor start, Cursor stop) noexcept nogil
