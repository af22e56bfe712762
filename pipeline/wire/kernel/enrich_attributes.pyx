"""The attributes of a resource, as `reference/enrich.py` completes them: what is missing is added to its last piece."""

from pipeline.wire.kernel.arena cimport taken
from pipeline.wire.kernel.edits cimport Frame, add_edit, open_frame, rewrite_frame
from pipeline.wire.kernel.tables cimport ResourceLogs_resource, Resource_attributes
from pipeline.wire.kernel.values cimport key_of
from pipeline.wire.kernel.walk cimport DELIMITED, NO_MEMORY, Cursor, next_field, put_varint, varint_bytes


cdef bint with_resource(Walk* walk, const Visit* visit, bint last) noexcept nogil:
    """Add what a resource lacks to its last piece, or to a new one where the group has none (`visit.number` is 0)."""
    cdef const Enriching* enriching = <const Enriching*>walk.state
    cdef Frame frame
    if not any_missing(enriching.resource, enriching.resource_count, walk.item.resource, enriching.overwrites):
        return True
    if visit.number == 0:
        return resource_added(walk, enriching, visit)
    if not open_frame(&walk.edits, visit, &frame):
        return no_memory(walk)
    if not resource_taken_out(walk, enriching, visit) or (last and not resource_added(walk, enriching, visit)):
        return False
    rewrite_frame(&walk.edits, visit, &frame)
    return True


cdef bint resource_taken_out(Walk* walk, const Enriching* enriching, const Visit* resource) noexcept nogil:
    cdef Cursor at = resource.value
    cdef Visit visit
    cdef Text key
    while at < resource.stop:
        at = next_field(at, resource.stop, &visit, &walk.fault)
        if at is NULL:
            return False
        if visit.number != Resource_attributes:
            continue
        key = key_of(visit.value, visit.stop)
        if is_replaced(key, enriching.resource, enriching.resource_count, walk.item.resource, enriching.overwrites):
            if not add_edit(&walk.edits, visit.at, visit.stop, NULL, 0):
                return no_memory(walk)
    return True


cdef bint resource_added(Walk* walk, const Enriching* enriching, const Visit* resource) noexcept nogil:
    cdef size_t size = 0, head = 0, index
    cdef uint8_t* start
    cdef uint8_t* to
    for index in range(enriching.resource_count):
        if is_missing(&enriching.resource[index], walk.item.resource, enriching.overwrites):
            size += 1 + enriching.resource[index].encoded.size
    if resource.number == 0:
        head = 1 + varint_bytes(size)
    start = to = taken(&walk.edits.arena, head + size)
    if start is NULL:
        return no_memory(walk)
    if head:
        to = put_varint(put_varint(to, ResourceLogs_resource << 3 | DELIMITED), size)
    for index in range(enriching.resource_count):
        if is_missing(&enriching.resource[index], walk.item.resource, enriching.overwrites):
            to = put_attribute(to, Resource_attributes << 3 | DELIMITED, enriching.resource[index].encoded)
    return add_edit(&walk.edits, resource.stop, resource.stop, start, to - start) or no_memory(walk)


cdef bint no_memory(Walk* walk) noexcept nogil:
    walk.fault.reason = NO_MEMORY
    return False
