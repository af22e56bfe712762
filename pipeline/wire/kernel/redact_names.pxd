"""What the name of an attribute, JSON member or option says."""

from libc.stdint cimport uint8_t, uint16_t, uint32_t

from pipeline.wire.kernel.redact_rules cimport Names, Program, Word
from pipeline.wire.kernel.walk cimport Cursor

cdef enum:
    MAX_NAME = 256  # longer ones are the reference's

cdef struct Words:
    # A name as words in lower case, joined by dots.
    uint8_t joined[2 * MAX_NAME]
    uint16_t starts[MAX_NAME + 1]  # of each word; the last one is where one more would start
    uint32_t count

cdef void read_words(Cursor start, Cursor stop, Words* words, uint8_t far=*) noexcept nogil
cdef bint is_sensitive(const Program* program, const Words* words) noexcept nogil
cdef bint is_safe(const Program* program, Cursor start, Cursor stop) noexcept nogil
cdef Word word_at_end(const Names* names, Cursor start, Cursor stop) noexcept nogil
cdef Word last_word(const Names* names, const Words* words) noexcept nogil
