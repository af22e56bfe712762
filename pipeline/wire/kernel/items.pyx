"""The walk over items, and what is read of each."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stdint cimport uint64_t
from libc.stdlib cimport calloc, free, realloc
from libc.string cimport memset

from pipeline.wire.kernel.edits cimport Frame, close_frame, drop_frame, open_frame, release
from pipeline.wire.kernel.tables cimport (
    InstrumentationScope_name, KIND_message, LogRecord, LogRecord_body, MESSAGES, Metric, Metric_name, OtlpField,
    ResourceLogs, ResourceLogs_resource, ResourceMetrics, ResourceSpans, Resource_attributes, ScopeLogs, ScopeLogs_scope,
    ScopeMetrics, ScopeSpans, Span, Span_status, Status_code,
)
from pipeline.wire.kernel.values cimport NOTHING, key_of, read_attribute, read_value, same_text
from pipeline.wire.kernel.walk cimport DELIMITED, NO_MEMORY, known, next_field, sound, varint

cdef class Wanted:
    """What judges look at."""

    def __cinit__(self):
        self.alive = []

    def __dealloc__(self):
        free(self.keys)
        free(self.resource_keys)

    cdef size_t attribute(self, bytes key) except? -1:
        """Ask for an attribute of items; return its index in `Item.attributes`."""
        self.reads_items = True
        return self._index(&self.keys, &self.key_count, key)

    cdef size_t resource_attribute(self, bytes key) except? -1:
        """Ask for an attribute of resources; return its index in `Item.resource`."""
        return self._index(&self.resource_keys, &self.resource_key_count, key)

    cdef size_t _index(self, Text** keys, size_t* count, bytes key) except? -1:
        cdef Text wanted = Text(<Cursor>PyBytes_AS_STRING(key), PyBytes_GET_SIZE(key))
        cdef size_t index
        for index in range(count[0]):
            if same_text(keys[0][index], wanted):
                return index
        cdef Text* more = <Text*>realloc(keys[0], (count[0] + 1) * sizeof(Text))
        if more is NULL:
            raise MemoryError
        keys[0] = more
        more[count[0]] = wanted
        self.alive.append(key)
        count[0] += 1
        return count[0] - 1


cdef int begin(Walk* walk, Wanted wanted, Judge judge, void* state) except -1:
    """Prepare a walk. `end` has to follow, even when this raises."""
    memset(walk, 0, sizeof(Walk))
    walk.judge = judge
    walk.state = state
    walk.keys = wanted.keys
    walk.key_count = wanted.key_count
    walk.resource_keys = wanted.resource_keys
    walk.resource_key_count = wanted.resource_key_count
    walk.reads_items = wanted.reads_items
    walk.reads_body = wanted.reads_body
    walk.reads_scope = wanted.reads_scope
    walk.item.attributes = <Value*>calloc(wanted.key_count + 1, sizeof(Value))
    walk.item.resource = <Value*>calloc(wanted.resource_key_count + 1, sizeof(Value))
    if walk.item.attributes is NULL or walk.item.resource is NULL:
        raise MemoryError
    return 0


cdef void end(Walk* walk) noexcept nogil:
    """Give all memory of a walk back."""
    free(walk.item.attributes)
    free(walk.item.resource)
    release(&walk.edits)


cdef bint checked_and_walked(Walk* walk, Cursor start, Cursor stop, uint32_t message, bint keeps_gil) noexcept:
    """Check a payload and go through it; False when it is malformed, or the judge or memory failed."""
    cdef bint fine
    if keeps_gil:  # taking it again for each item would wait for other threads each time
        return sound(start, stop, message, 0, &walk.fault) and walked(walk, start, stop, message)
    with nogil:
        fine = sound(start, stop, message, 0, &walk.fault) and walked(walk, start, stop, message)
    return fine


cdef bint walked(Walk* walk, Cursor at, Cursor stop, uint32_t message) noexcept nogil:
    """Go through a shell and all that is in it; False when the judge or memory failed."""
    cdef Cursor live = at, last_resource = NULL
    cdef bint is_group = message == ResourceLogs or message == ResourceSpans or message == ResourceMetrics
    cdef Visit visit
    cdef const OtlpField* field
    if is_group:
        last_resource = resource_read(walk, at, stop)
        visit = Visit(at, at, at, 0, DELIMITED)
        if last_resource is NULL and walk.on_resource is not NULL and not walk.on_resource(walk, &visit, True):
            return False
    elif message == ScopeLogs or message == ScopeSpans or message == ScopeMetrics:
        read_scope(walk, at, stop)
    elif message == Metric:
        live = metric_read(walk, at, stop)
    while at < stop:
        at = next_field(at, stop, &visit, &walk.fault)
        if at is NULL:
            return False
        field = known(message, &visit)
        if field.kind != KIND_message or visit.at < live:
            continue
        if is_group and visit.number == ResourceLogs_resource:
            if walk.on_resource is not NULL and not walk.on_resource(walk, &visit, visit.at == last_resource):
                return False
        elif is_group and walk.judge is NULL:
            continue
        elif MESSAGES[field.message].item:
            if not judged(walk, &visit, field.message):
                return False
        elif MESSAGES[field.message].shell and not walked_inside(walk, &visit, field.message):
            return False
    return True


cdef bint walked_inside(Walk* walk, const Visit* visit, uint32_t message) noexcept nogil:
    """Go through a shell; one that loses all of its items goes too."""
    cdef Frame frame
    cdef size_t kept = walk.kept, dropped = walk.dropped
    if not open_frame(&walk.edits, visit, &frame):
        walk.fault.reason = NO_MEMORY
        return False
    if not walked(walk, visit.value, visit.stop, message):
        return False
    if walk.dropped > dropped and walk.kept == kept:
        drop_frame(&walk.edits, visit, &frame)
    else:
        close_frame(&walk.edits, visit, &frame)
    return True


cdef bint judged(Walk* walk, const Visit* visit, uint32_t message) noexcept nogil:
    cdef Frame frame
    cdef Verdict verdict
    if not open_frame(&walk.edits, visit, &frame):
        walk.fault.reason = NO_MEMORY
        return False
    walk.item.message = message
    walk.item.visit = visit[0]
    if walk.reads_items:
        read_item(walk)
    verdict = walk.judge(walk)
    if verdict == FAIL:
        return False
    if verdict == DROP:
        walk.dropped += 1
        drop_frame(&walk.edits, visit, &frame)
    else:
        walk.kept += 1
        close_frame(&walk.edits, visit, &frame)
    return True


cdef void read_item(Walk* walk) noexcept nogil:
    cdef Item* item = &walk.item
    cdef Cursor at = item.visit.value, stop = item.visit.stop
    cdef Visit visit
    cdef uint32_t attributes = MESSAGES[item.message].attributes
    memset(item.last, 0, sizeof(item.last))
    forget(item.attributes, walk.key_count)
    item.body.type = NOTHING
    item.status_code = 0
    while at < stop:
        at = next_field(at, stop, &visit, &walk.fault)
        if at is NULL:
            return
        if visit.number >= NUMBERS:
            continue
        item.last[visit.number] = Slice(visit.value, visit.stop)
        if visit.number == attributes:
            read_if_wanted(visit.value, visit.stop, walk.keys, walk.key_count, item.attributes)
        elif item.message == LogRecord and visit.number == LogRecord_body and walk.reads_body:
            read_value(visit.value, visit.stop, &item.body)
        elif item.message == Span and visit.number == Span_status:
            read_status(visit.value, visit.stop, item)


cdef void read_status(Cursor at, Cursor stop, Item* item) noexcept nogil:
    cdef Visit visit
    cdef Fault fault
    cdef uint64_t code = 0
    while at < stop:
        at = next_field(at, stop, &visit, &fault)
        if at is NULL:
            return
        if visit.number == Status_code:
            varint(visit.value, visit.stop, &code, &fault)
            item.status_code = <int32_t><uint32_t>code


cdef inline void forget(Value* values, size_t count) noexcept nogil:
    cdef size_t index
    for index in range(count):
        values[index].type = NOTHING
        values[index].present = False


cdef inline void read_if_wanted(Cursor at, Cursor stop, const Text* keys, size_t count, Value* values) noexcept nogil:
    """Read an attribute when its key is wanted: of equal keys the last one counts."""
    cdef size_t index
    cdef Text key
    if count == 0:
        return
    key = key_of(at, stop)
    for index in range(count):
        if same_text(keys[index], key):
            read_attribute(at, stop, &values[index])
            return


cdef Cursor resource_read(Walk* walk, Cursor at, Cursor stop) noexcept nogil:
    """Read the wanted attributes of a group's resource, wherever it stands; return where its last piece begins."""
    cdef Cursor last = NULL
    cdef Visit group, visit
    cdef Cursor inside
    forget(walk.item.resource, walk.resource_key_count)
    while at < stop:
        at = next_field(at, stop, &group, &walk.fault)
        if at is NULL:
            break
        if group.number != ResourceLogs_resource:
            continue
        last = group.at
        inside = group.value
        while walk.resource_key_count and inside < group.stop:
            inside = next_field(inside, group.stop, &visit, &walk.fault)
            if inside is NULL:
                break
            if visit.number == Resource_attributes:
                read_if_wanted(visit.value, visit.stop, walk.resource_keys, walk.resource_key_count, walk.item.resource)
    return last


cdef void read_scope(Walk* walk, Cursor at, Cursor stop) noexcept nogil:
    """Read the name of a group's scope."""
    cdef Visit group, visit
    cdef Cursor inside
    walk.item.scope_name = Text(at, 0)
    while walk.reads_scope and at < stop:
        at = next_field(at, stop, &group, &walk.fault)
        if at is NULL:
            return
        inside = group.value
        while group.number == ScopeLogs_scope and inside < group.stop:
            inside = next_field(inside, group.stop, &visit, &walk.fault)
            if inside is NULL:
                return
            if visit.number == InstrumentationScope_name:
                walk.item.scope_name = Text(visit.value, visit.stop - visit.value)


cdef Cursor metric_read(Walk* walk, Cursor at, Cursor stop) noexcept nogil:
    """Read what a metric is called; return where those of its points begin that readers see: of its types the last one wins."""
    cdef Cursor live = at
    cdef Visit visit
    walk.item.metric_name = Text(at, 0)
    walk.item.metric_type = 0
    while at < stop:
        at = next_field(at, stop, &visit, &walk.fault)
        if at is NULL:
            break
        if visit.number == Metric_name:
            walk.item.metric_name = Text(visit.value, visit.stop - visit.value)
        elif known(Metric, &visit).rival and visit.number != walk.item.metric_type:
            walk.item.metric_type = visit.number
            live = visit.at
    return live
