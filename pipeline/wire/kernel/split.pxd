"""The items of a payload as a list, the shells around them, and parts written from the list: for all that divides payloads."""

from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint32_t

from pipeline.wire.kernel.arena cimport Arena
from pipeline.wire.kernel.walk cimport Cursor, Fault

cdef enum:
    DEEPEST = 5  # shells around a data point: the payload, resource, scope, metric, kind of metric

cdef struct Run:
    # Fields of a shell, one behind the other in the payload.
    Cursor at
    Cursor stop

cdef struct Shell:
    # A message around items: its field number in its parent, and all of its fields but the items and shells in it.
    size_t parent
    uint32_t number
    uint32_t depth
    size_t first_run
    size_t runs
    int64_t size  # of all runs

cdef struct Item:
    # The whole field that it is, and the innermost shell around it.
    Cursor at
    Cursor stop
    size_t shell

cdef struct Listing:
    Item* items
    Shell* shells
    Run* runs
    size_t item_count, item_room
    size_t shell_count, shell_room
    size_t run_count, run_room
    Arena arena
    Fault fault
    Cursor base  # what the offset of the fault counts from

cdef struct Part:
    # The shells that are open behind the last item, from the payload inwards, with the bytes in each of them so far.
    size_t items
    uint32_t depth
    size_t[DEEPEST] shells
    int64_t[DEEPEST] sizes

cdef bint listed(Listing* listing, Cursor start, Cursor stop, uint32_t message, uint32_t number, size_t parent) noexcept nogil
cdef void release_listing(Listing* listing) noexcept nogil
cdef void add_item(Part* part, const Listing* listing, size_t index) noexcept nogil
cdef int64_t size_of(const Part* part, const Listing* listing) noexcept nogil
cdef bytes body_of(const Listing* listing, size_t first, size_t end, int64_t size)
