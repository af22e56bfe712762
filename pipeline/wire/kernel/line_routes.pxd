"""The plans of a table, by the shapes of lines."""

from libc.stddef cimport size_t
from libc.stdint cimport uint8_t, uint32_t

from pipeline.wire.kernel.buffer cimport Buffer
from pipeline.wire.kernel.line_members cimport MOST_KNOWN, KnownNames

cdef enum:
    SHAPES = 1024
    MOST_SHAPES = 400  # remembered; other lines are then left
    MOST_MISSED = 4000  # of these, before the shapes are learnt anew
    MOST_PLACED = 16

cdef struct Place:
    # An attribute and the member that it comes from.
    size_t key  # where its key begins in `keys`
    size_t key_size
    int member
    bint integer

cdef class Route:
    cdef uint8_t shape[MOST_KNOWN]
    cdef bint usable
    cdef int time, level, body, trace_id, span_id, flags, scope
    cdef uint8_t kept[MOST_KNOWN]
    cdef Place resource[MOST_PLACED]
    cdef int resource_count
    cdef bint has_service
    cdef Place attributes[MOST_PLACED]
    cdef int attribute_count
    cdef Buffer keys
    cdef int bad_ids
    cdef object severity
    cdef dict severities  # by the level as it stands in the line
    cdef int format  # its index

    cdef int follow(self, plan, tuple names) except -1
    cdef int place(self, Place* into, given, dict indices) except -1

cdef class Routes:
    cdef KnownNames names
    cdef object plan
    cdef bint utc
    cdef list routes
    cdef int shapes[SHAPES]  # indices of routes
    cdef list formats
    cdef int missed

    cdef int forget(self) except -1
    cdef Route route(self, const uint8_t* shape, uint32_t hash)
