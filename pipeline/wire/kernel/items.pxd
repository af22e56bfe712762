"""Going through the items of a payload, as `reference/items.py` does: each is looked at, and kept, edited or dropped.

    wanted = Wanted()                       # once: what the judge looks at; nothing else is read
    key = wanted.attribute(b"http.route")

    cdef Verdict judge(Walk* walk) noexcept nogil:
        return DROP if walk.item.attributes[key].type == TEXT else KEEP

    begin(&walk, wanted, judge, <void*>state)
    walked(&walk, start, stop, message)

The payload was found sound before. What is dropped takes its empty shells (metric, scope, resource) with it.
"""

from libc.stddef cimport size_t
from libc.stdint cimport int32_t, uint32_t

from pipeline.wire.kernel.edits cimport Edits
from pipeline.wire.kernel.tables cimport NUMBERS
from pipeline.wire.kernel.values cimport Text, Value
from pipeline.wire.kernel.walk cimport Cursor, Fault, Visit

cdef enum Verdict:
    KEEP
    DROP
    FAIL  # no memory, or an error that the judge keeps for the top

cdef struct Slice:
    # A value on the wire; NULL where there is none.
    Cursor at
    Cursor stop

cdef struct Item:
    uint32_t message
    Visit visit  # the field that it is
    Slice[NUMBERS] last  # the value of each of its fields; of one that came several times the last
    Value body  # of a log record; all of its pieces
    int32_t status_code  # of a span
    Value* attributes  # by the index that `Wanted.attribute` gave
    Value* resource
    Text scope_name
    Text metric_name
    uint32_t metric_type  # field number in `Metric`

ctypedef Verdict (*Judge)(Walk* walk) noexcept nogil
ctypedef bint (*OnResource)(Walk* walk, const Visit* visit, bint last) noexcept nogil

cdef struct Walk:
    Judge judge  # NULL: only resources are looked at
    OnResource on_resource  # called with each resource of a group, and once with NULL when it has none
    void* state  # the judge's own
    const Text* keys
    size_t key_count
    const Text* resource_keys
    size_t resource_key_count
    bint reads_items, reads_body, reads_scope
    Item item
    Edits edits
    Fault fault
    size_t kept
    size_t dropped

cdef class Wanted:
    cdef Text* keys
    cdef size_t key_count
    cdef Text* resource_keys
    cdef size_t resource_key_count
    cdef public bint reads_items, reads_body, reads_scope
    cdef list alive  # what the keys point into

    cdef size_t attribute(self, bytes key) except? -1
    cdef size_t resource_attribute(self, bytes key) except? -1
    cdef size_t _index(self, Text** keys, size_t* count, bytes key) except? -1

cdef int begin(Walk* walk, Wanted wanted, Judge judge, void* state) except -1
cdef void end(Walk* walk) noexcept nogil
cdef bint walked(Walk* walk, Cursor at, Cursor stop, uint32_t message) noexcept nogil
cdef bint checked_and_walked(Walk* walk, Cursor start, Cursor stop, uint32_t message, bint keeps_gil) noexcept
