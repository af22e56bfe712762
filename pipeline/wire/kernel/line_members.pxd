"""The members of one line of JSON, read and checked: what comes of them follows when all are known."""

from libc.stddef cimport size_t
from libc.stdint cimport uint8_t, uint32_t, uint64_t

from pipeline.wire.kernel.buffer cimport Buffer
from pipeline.wire.kernel.walk cimport Cursor

cdef enum:
    MOST_KNOWN = 256  # names of a table
    MOST_MEMBERS = 128  # of a line
    NONE = -1

cdef enum Kind:
    # As in `pipeline.wire.lines.Kind`.
    ABSENT
    NULL_VALUE
    TEXT
    EMPTY
    DIGITS
    INTEGER
    REAL
    BOOLEAN
    MAP
    LIST

cdef struct Member:
    Cursor key
    size_t key_size
    uint32_t hash
    int known  # index of the name, or NONE
    Kind kind
    Cursor at  # of a text or number, as it stands there; NULL when it is in the scratch buffer
    size_t offset  # there: a text that had escapes, the fields of a map or list
    size_t size
    uint64_t bits  # of a number, or truth value

cdef class KnownNames:
    cdef object names
    cdef list alive  # what the tables point into
    cdef Cursor exact[MOST_KNOWN]
    cdef size_t sizes[MOST_KNOWN]
    cdef uint32_t hashes[MOST_KNOWN]
    cdef int count
    cdef int slots[4 * MOST_KNOWN]

    cdef int find(self, Cursor key, size_t size, uint32_t hash) noexcept

cdef class LineReader:
    cdef KnownNames names
    cdef Cursor at
    cdef Cursor end
    cdef Buffer scratch
    cdef Member members[MOST_MEMBERS]
    cdef int found  # of them
    cdef int slots[2 * MOST_MEMBERS]  # of the names of one line

    cdef int read(self, Cursor at, Cursor end) except -1
    cdef inline Cursor bytes_of(self, const Member* member) noexcept:
        return <Cursor>(self.scratch.data + member.offset) if member.at is NULL else member.at
    cdef int member(self) except -1
    cdef int value(self, Member* member, int depth) except -1
    cdef int text(self, Member* member) except -1
    cdef int number(self, Member* member) except -1
    cdef int put_value(self, int depth) except -1
    cdef int put_pairs(self, int depth) except -1
    cdef int put_elements(self, int depth) except -1
    cdef int unescape(self, Cursor start) except -1
    cdef uint32_t four_digits(self) except? 0xFFFFFFFF
    cdef int literal(self, const char* word, size_t size) except -1
    cdef Cursor key(self, size_t* size) except NULL
    cdef inline uint8_t peek(self) noexcept:
        """Skip white space and return the next byte, 0 at the end."""
        while self.at < self.end:
            if self.at[0] > 32:
                return self.at[0]
            if self.at[0] != 32 and self.at[0] != 9 and self.at[0] != 13 and self.at[0] != 10:
                return 0
            self.at += 1
        return 0

cdef inline bint is_text(Kind kind) noexcept nogil:
    return kind == TEXT or kind == EMPTY or kind == DIGITS
