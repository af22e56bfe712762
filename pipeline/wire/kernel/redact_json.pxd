"""JSON inside a string, read in place."""

from libc.stddef cimport size_t
from libc.stdint cimport uint8_t, uint32_t

from pipeline.wire.kernel.walk cimport Cursor

cdef enum:
    MAX_DEPTH = 32  # of objects and arrays in each other

cdef enum NodeKind:
    OBJECT
    LIST
    STRING
    BARE_WORD

cdef struct Node:
    # A member or element. Ranges include quotes and brackets.
    Cursor start
    Cursor stop
    Cursor name  # NULL: it has none
    Cursor name_stop
    NodeKind kind
    size_t next  # index of the first node behind all that is in it
    int verdict  # on its name
    Cursor new_name  # NULL: it keeps the one that it has
    size_t new_name_size

cdef struct Json:
    # All zero is an empty one.
    Node* list
    size_t count
    size_t room

cdef bint looks_like_json(Cursor start, Cursor stop) noexcept nogil
cdef int read_json(Json* json, Cursor start, Cursor stop) noexcept nogil
cdef bint is_scalar(Cursor start, Cursor stop) noexcept nogil
cdef Cursor unescaped(Cursor start, Cursor stop, uint8_t* to, uint32_t* places) noexcept nogil
