"""Where log records carry trace ids under names of their own: `pipeline/trace_members.py` in C, for members that are scalars.

    Members members; members.there = 0; members.odd = False
    note_member(&members, at, stop)      # of each attribute
    find_ids(&members, &ids)             # ODD: only Python can tell
"""

from libc.stdint cimport uint8_t, uint64_t

from pipeline.wire.kernel.trace_ids cimport SPAN_ID_BYTES, TRACE_ID_BYTES
from pipeline.wire.kernel.values cimport Text, Value
from pipeline.wire.kernel.walk cimport Cursor

cdef enum:
    MOST_NAMES = 64  # bits of `there`
    MOST_HOLDERS = 2  # members that the ids of a record are taken from
    NUMBER_ROOM = 24  # bytes of an integer as text

cdef enum Answer:
    NO
    YES
    ODD

cdef struct Members:
    uint64_t there  # bits of the names that there are
    bint odd  # an array may hold one value, a map under the first half of a name the second half
    Value[MOST_NAMES] values

cdef struct Ids:
    uint8_t[TRACE_ID_BYTES] trace_id
    uint8_t[SPAN_ID_BYTES] span_id
    bint has_span
    int holders
    Text[MOST_HOLDERS] holder

cdef void note_member(Members* members, Cursor at, Cursor stop) noexcept nogil
cdef Answer find_ids(const Members* members, Ids* ids) noexcept nogil
cdef Answer find_request(const Members* members, uint8_t* room, int* header, Text* value) noexcept nogil
cdef bint opens_object(Text text) noexcept nogil
cdef bint mentions_trace(Text text) noexcept nogil
cdef bint may_name_trace(Text json) noexcept nogil
