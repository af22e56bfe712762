"""The names of the members of JSON objects that are written one after the other: what each is for, and which object has it.

An object's names are those of the objects before it, mostly: each is looked up once, and what stands in the JSON is ready.
"""

from libc.stddef cimport size_t
from libc.stdint cimport int32_t, uint32_t, uint64_t

from pipeline.wire.kernel.buffer cimport Buffer
from pipeline.wire.kernel.walk cimport Cursor

cdef enum:
    MOST_NAMES = 1024  # remembered at once
    SLOTS = 4096
    LONGEST_NAME = 1 << 16

cdef struct Name:
    size_t text  # where it begins in `texts`
    size_t size
    size_t written  # where its JSON does: comma, string and colon
    size_t written_size
    uint32_t hash
    int32_t role  # what the owner says of it; 0 of an unknown name
    int32_t own  # of those that the layout gives
    int32_t copy  # of attributes that are copied
    uint64_t seen  # number of the last record that has it, in whatever way
    uint64_t put  # number of the last record in whose object it stands as an attribute
    uint64_t shared  # number of the last group whose objects all have it

cdef class Names:
    cdef Buffer texts
    cdef Name* names
    cdef uint32_t count
    cdef int32_t slots[SLOTS]

    cdef Name* name(self, Cursor at, size_t size) except? NULL
    cdef int forget(self) except -1
    cdef int put(self, Buffer* to, const Name* name) except -1
