"""What the redaction of texts needs, from one text to the next: memory that is used again, and the edits of the text at hand."""

from libc.stddef cimport size_t
from libc.stdint cimport int32_t, uint8_t, uint32_t

from pipeline.wire.kernel.arena cimport Arena
from pipeline.wire.kernel.redact_json cimport Json
from pipeline.wire.kernel.redact_keys cimport Keys
from pipeline.wire.kernel.redact_texts cimport Texts
from pipeline.wire.kernel.redact_rules cimport Rule, Rulebook
from pipeline.wire.kernel.redact_search cimport Search
from pipeline.wire.kernel.walk cimport Cursor

cdef enum:
    JSON_LEVELS = 2  # of JSON in strings
    ROUNDS = 2  # what one turn of edits leaves is read by the next

cdef enum Outcome:
    UNCHANGED
    CHANGED
    UNDECIDED  # ask the reference
    DROPPED  # what holds it has to go as a whole

cdef struct Replacement:
    # `text` stands in the place of what lies from `start` to `stop`; with a `quote` it gets a pair of these around it.
    Cursor start
    Cursor stop
    Cursor text
    size_t size
    int32_t rule
    int32_t action
    uint8_t quote

cdef struct Log:
    # All zero is an empty one. Of each edit: the rule and its action.
    uint32_t* list
    size_t count
    size_t room

cdef struct Scratch:
    uint8_t* bytes
    size_t room

cdef struct Desk:
    # All zero, with the keys, is an empty one.
    const Keys* known_keys
    Keys new_keys
    Search search
    Json json[JSON_LEVELS]  # of each level
    Scratch said[JSON_LEVELS]  # what a string of each level says
    Scratch places[JSON_LEVELS]  # and where each byte of that is written
    Scratch name
    Replacement* edits
    size_t edit_count
    size_t edit_room
    Arena written  # texts for edits
    Texts texts  # of the payload, where all of them are searched
    Scratch rounds[ROUNDS]
    Log log
    Cursor result
    size_t result_size

cdef void clear_desk(Desk* desk) noexcept nogil
cdef void tidy_desk(Desk* desk) noexcept nogil
cdef size_t size_of_desk(const Desk* desk) noexcept nogil
cdef uint8_t* room_in(Scratch* buffer, size_t size) except NULL nogil
cdef int judged_name(Desk* desk, Rulebook book, Cursor start, Cursor stop, Cursor limit) except -1 nogil
cdef int add_edit(Desk* desk, const Rule* rule, int32_t order, Cursor start, Cursor stop, uint8_t quote) except -1 nogil
cdef int escape_edit(Desk* desk, Replacement* edit, uint8_t quote) except -1 nogil
cdef int apply_edits(Desk* desk, Scratch* buffer, Cursor start, Cursor stop) except -1 nogil
cdef int put_log(Desk* desk, int32_t rule, int32_t action) except -1 nogil
