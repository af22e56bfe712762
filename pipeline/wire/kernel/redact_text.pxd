"""Redaction of one text."""

from libc.stddef cimport size_t
from libc.stdint cimport int32_t, uint8_t, uint32_t, uint64_t

from pipeline.wire.kernel.redact_json cimport Json
from pipeline.wire.kernel.redact_keys cimport Keys
from pipeline.wire.kernel.redact_rules cimport Rulebook
from pipeline.wire.kernel.redact_search cimport Search
from pipeline.wire.kernel.walk cimport Cursor

cdef enum Outcome:
    UNCHANGED
    CHANGED
    UNDECIDED  # ask the reference

cdef struct Replacement:
    # `text` stands in the place of what lies from `start` to `stop`; with a `quote` it gets a pair of these around it.
    Cursor start
    Cursor stop
    Cursor text
    size_t size
    int32_t rule
    int32_t action
    uint8_t quote
    bint inside  # the quotes around stay as they are written

cdef struct Log:
    # All zero is an empty one. Of each edit: the rule and its action.
    uint32_t* list
    size_t count
    size_t room

cdef struct Buffer:
    uint8_t* bytes
    size_t room

cdef struct Desk:
    # What the redaction of texts needs, from one to the next. All zero, with the keys, is an empty one.
    const Keys* known_keys
    Keys new_keys
    uint64_t near  # the groups whose keywords the name of the text in hand has
    Search search
    Json json[2]  # of each level
    Replacement* edits
    size_t edit_count
    size_t edit_room
    Buffer buffers[2]
    Log log
    Cursor result
    size_t result_size

cdef int redact_text(Desk* desk, Rulebook book, Cursor start, Cursor stop, Cursor limit, uint64_t near) except -1 nogil
cdef int put_log(Desk* desk, int32_t rule, int32_t action) except -1 nogil
cdef bint is_settled(Rulebook book, Cursor start, Cursor stop) noexcept nogil
cdef void clear_desk(Desk* desk) noexcept nogil
