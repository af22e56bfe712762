"""`reference/partition.py`, compiled: the list that `split` makes, its items put in the order of their partitions."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stddef cimport size_t
from libc.stdint cimport uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memset

from pipeline.wire.kernel.split cimport Item, Listing, Part, Run, add_item, body_of, listed, release_listing, size_of
from pipeline.wire.kernel.tables cimport LogRecord_trace_id, Span_trace_id
from pipeline.wire.kernel.trace_ids cimport TRACE_ID_BYTES
from pipeline.wire.kernel.walk cimport DELIMITED, Cursor, Fault, Visit, any_bit, malformed, next_field, root, varint

cdef uint64_t FNV_BASIS = 0xCBF29CE484222325
cdef uint64_t FNV_PRIME = 0x100000001B3

cdef struct Sorting:
    # Items by partition: those of one end where those of the next begin.
    Item* items
    uint32_t* partitions  # of each item, as the payload has them
    size_t* ends
    size_t resource  # the shell that was hashed last: the items of one stand together,
    uint64_t resource_hash  # and what came of it


def partition(bytes payload not None, str signal not None, uint32_t n):
    cdef Cursor start = <Cursor>PyBytes_AS_STRING(payload)
    cdef Py_ssize_t size = PyBytes_GET_SIZE(payload)
    cdef uint32_t message = root(signal), trace_id = 0
    cdef Listing listing
    cdef Sorting sorting
    cdef bint fine
    if n == 0:
        raise ValueError("there is no partition")
    if signal == "logs":
        trace_id = LogRecord_trace_id
    elif signal == "traces":
        trace_id = Span_trace_id
    memset(&listing, 0, sizeof(Listing))
    memset(&sorting, 0, sizeof(Sorting))
    listing.base = start
    try:
        with nogil:
            fine = listed(&listing, start, start + size, message, 0, 0)
        if not fine:
            raise malformed(&listing.fault, listing.base)
        sorting.items = <Item*>calloc(listing.item_count + 1, sizeof(Item))
        sorting.partitions = <uint32_t*>calloc(listing.item_count + 1, sizeof(uint32_t))
        sorting.ends = <size_t*>calloc(<size_t>n + 1, sizeof(size_t))
        if sorting.items is NULL or sorting.partitions is NULL or sorting.ends is NULL:
            raise MemoryError
        with nogil:
            sort_items(&listing, &sorting, trace_id, n)
        return parts_of(&listing, &sorting, payload, n)
    finally:
        free(sorting.items)
        free(sorting.partitions)
        free(sorting.ends)
        release_listing(&listing)


cdef void sort_items(Listing* listing, Sorting* sorting, uint32_t trace_id, uint32_t n) noexcept nogil:
    """Put the items in the order of their partitions, and within one in that of the payload."""
    cdef size_t index, before = 0, count
    cdef uint32_t number
    for index in range(listing.item_count):
        number = hash_of_item(listing, sorting, &listing.items[index], trace_id) % n
        sorting.partitions[index] = number
        sorting.ends[number] += 1
    for index in range(n):  # where each begins; it becomes where it ends while items are put in
        count, sorting.ends[index] = sorting.ends[index], before
        before += count
    for index in range(listing.item_count):
        number = sorting.partitions[index]
        sorting.items[sorting.ends[number]] = listing.items[index]
        sorting.ends[number] += 1
    listing.items, sorting.items = sorting.items, listing.items


cdef list parts_of(const Listing* listing, const Sorting* sorting, bytes payload, uint32_t n):
    """Return what each partition has, None where that is nothing."""
    cdef list parts = [None] * n
    cdef size_t first = 0, index
    cdef uint32_t number
    cdef Part part
    for number in range(n):
        if sorting.ends[number] == first:
            continue
        if first == 0 and sorting.ends[number] == listing.item_count:
            parts[number] = payload
            break
        memset(&part, 0, sizeof(Part))
        with nogil:
            for index in range(first, sorting.ends[number]):
                add_item(&part, listing, index)
        parts[number] = body_of(listing, first, sorting.ends[number], size_of(&part, listing))
        first = sorting.ends[number]
    return parts


cdef uint64_t hash_of_item(const Listing* listing, Sorting* sorting, const Item* item, uint32_t trace_id) noexcept nogil:
    cdef Fault fault
    cdef Visit visit
    cdef uint64_t ignored
    cdef Cursor at, id = NULL
    at = varint(varint(item.at, item.stop, &ignored, &fault), item.stop, &ignored, &fault)  # behind tag and length
    while trace_id and at < item.stop:
        at = next_field(at, item.stop, &visit, &fault)
        if at is NULL:
            return hash_of_resource(listing, sorting, item.shell)
        if visit.number == trace_id:
            id = visit.value if is_id(&visit) else NULL
    return hashed(FNV_BASIS, id, id + TRACE_ID_BYTES) if id is not NULL else hash_of_resource(listing, sorting, item.shell)


cdef inline bint is_id(const Visit* visit) noexcept nogil:
    return (
        visit.wire == DELIMITED
        and visit.stop - visit.value == TRACE_ID_BYTES
        and any_bit(visit.value, TRACE_ID_BYTES)
    )


cdef uint64_t hash_of_resource(const Listing* listing, Sorting* sorting, size_t shell) noexcept nogil:
    """Return the hash of the fields of the ResourceLogs, ResourceSpans or ResourceMetrics around a shell, but what leads to items."""
    cdef const Run* run
    cdef size_t index
    cdef uint64_t hash = FNV_BASIS
    while listing.shells[shell].depth > 1:
        shell = listing.shells[shell].parent
    if shell != sorting.resource:
        for index in range(listing.shells[shell].runs):
            run = &listing.runs[listing.shells[shell].first_run + index]
            hash = hashed(hash, run.at, run.stop)
        sorting.resource, sorting.resource_hash = shell, hash
    return sorting.resource_hash


cdef inline uint64_t hashed(uint64_t hash, Cursor at, Cursor stop) noexcept nogil:
    """Return an FNV-1a hash with more bytes in it."""
    while at < stop:
        hash = (hash ^ at[0]) * FNV_PRIME
        at += 1
    return hash
