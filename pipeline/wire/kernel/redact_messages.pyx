"""Redaction of messages: the schema's tables say what of their fields is a text, a value, or holds none."""

from libc.stddef cimport size_t
from libc.stdint cimport UINT32_MAX, uint8_t, uint64_t
from libc.string cimport memset, strcmp

from pipeline.wire.kernel.arena cimport no_memory, taken
from pipeline.wire.kernel.edits cimport Edit, Frame, close_frame, new_edit
from pipeline.wire.kernel.redact_attributes cimport Map, redact_attribute
from pipeline.wire.kernel.redact_books cimport (
    ATTRIBUTE, BODY, EVENT, EXEMPLAR, LINK, NAME, OTHER, RESOURCE, SCOPE, STATUS, Place, begin, field_of,
    refuse, unknown,
)
from pipeline.wire.kernel.redact_desk cimport CHANGED, DROPPED
from pipeline.wire.kernel.redact_distinct cimport release_names
from pipeline.wire.kernel.redact_leaf cimport keep_text, redact_leaf, replace_text
from pipeline.wire.kernel.redact_scopes cimport LOG_BODY, SPAN_NAME, part_of, rules_of
from pipeline.wire.kernel.redact_summaries cimport note_record
from pipeline.wire.kernel.redact_values cimport redact_value
from pipeline.wire.kernel.tables cimport (
    MESSAGES, NUMBERS, AnyValue, Exemplar, InstrumentationScope, KIND_bytes, KIND_message, KIND_string, KeyValue, LogRecord, OtlpField,
    Resource, Span, Span_Event, Span_Link, Span_Link_trace_state, Span_name, Span_trace_state, Status,
)
from pipeline.wire.kernel.walk cimport (
    DELIMITED, VARINT, Visit, next_field, packable, packed_is_whole, put_varint, varint
)

from pipeline.wire.reference.redact_tracestate import legal_tracestate


cdef inline int location_in(uint32_t message, int around) noexcept nogil:
    """Return the label of what stands in a message."""
    if message == Resource:
        return RESOURCE
    if message == InstrumentationScope:
        return SCOPE
    if message == Span_Event:
        return EVENT
    if message == Span_Link:
        return LINK
    if message == Status:
        return STATUS
    return EXEMPLAR if message == Exemplar else around


cdef int redact_message(
    Walk* walk, Rulebook book, Cursor at, Cursor stop, uint32_t message, int location, int depth
) except -1 nogil:
    """Redact a message that is no value."""
    cdef Map map
    map.start, map.stop, map.message, map.has_names = at, stop, message, False
    memset(&map.names, 0, sizeof(map.names))
    cdef int outcome = 0
    try:
        outcome = redact_fields(walk, book, &map, location, depth)
    finally:
        release_names(&map.names)
    return outcome


cdef int redact_fields(Walk* walk, Rulebook book, Map* map, int location, int depth) except -1 nogil:
    cdef Cursor at = map.start
    cdef uint32_t message = map.message, dropped = 0
    cdef size_t first = walk.edits.count
    cdef Visit visit
    cdef Frame frame
    cdef const OtlpField* field
    while at < map.stop:
        at = next_field(at, map.stop, &visit, &walk.fault)
        if at is NULL:
            return refuse(walk)
        field = field_of(walk, message, &visit)
        if field is NULL:
            return refuse(walk)
        if field.wires == 0 or field.absent:
            unknown(walk, &visit)
        elif field.kind == KIND_message:
            if field.message == KeyValue:
                if redact_attribute(walk, book, map, &visit, ATTRIBUTE if location == OTHER else location, depth) == DROPPED:
                    dropped += 1
            elif field.message == AnyValue:  # the body of a log record
                walk.name = NULL
                redact_value(
                    walk, <Rulebook>rules_of(walk.scopes, book, LOG_BODY, at, at), &visit, Place(BODY, False, False), depth, False
                )
            else:
                begin(walk, &visit, &frame)
                redact_part(walk, book, &visit, field.message, location_in(field.message, location), depth)
                close_frame(&walk.edits, &visit, &frame)
        elif visit.wire == DELIMITED:
            if field.kind == KIND_string or field.kind == KIND_bytes:
                if field.id_bytes == 0 or visit.stop - visit.value != field.id_bytes:
                    if message == Span and visit.number == Span_name:
                        redact_field(walk, <Rulebook>rules_of(walk.scopes, book, SPAN_NAME, at, at), &visit, message, location)
                    else:
                        redact_field(walk, book, &visit, message, location)
            elif packable(field) and not packed_is_whole(field.wires, visit.value, visit.stop, &walk.fault):
                return refuse(walk)
    if dropped:
        count_dropped(walk, map, first, dropped)
    return 0


cdef int redact_part(
    Walk* walk, Rulebook book, const Visit* visit, uint32_t message, int location, int depth
) except -1 nogil:
    """Redact a message inside another, by the rules that hold there, and note what a record has to say of it."""
    cdef size_t mark = walk.log.count, first = walk.edits.count
    if walk.scopes.count:
        redact_message(
            walk, <Rulebook>rules_of(walk.scopes, book, part_of(message), visit.at, visit.at), visit.value, visit.stop, message,
            location, depth,
        )
    else:
        redact_message(walk, book, visit.value, visit.stop, message, location, depth)
    if walk.summaries is not NULL and (message == LogRecord or message == Span):
        note_record(walk, book, message, visit, mark, first)
    return 0


cdef int redact_field(Walk* walk, Rulebook book, const Visit* visit, uint32_t message, int location) except -1 nogil:
    """Redact a text of the schema itself."""
    cdef const char* name
    if location == OTHER:
        name = MESSAGES[message].names[visit.number]
        if strcmp(name, b"name") == 0 or strcmp(name, b"event_name") == 0:
            location = NAME
    walk.name = NULL
    if redact_leaf(walk, book, visit.value, visit.stop, Place(location, message != Status, False)) != CHANGED:
        return 0
    if (message == Span and visit.number == Span_trace_state) or (
        message == Span_Link and visit.number == Span_Link_trace_state
    ):
        keep_legal_tracestate(walk)
    return replace_text(walk, visit)


cdef int keep_legal_tracestate(Walk* walk) except -1 with gil:
    return keep_text(walk, legal_tracestate(walk.desk.result[: walk.desk.result_size]))


cdef int count_dropped(Walk* walk, const Map* map, size_t first, uint32_t dropped) except -1 nogil:
    """Raise the count of dropped attributes of a message that has one."""
    cdef uint32_t wanted = 1
    cdef Cursor at = map.start, insert = NULL, stop = NULL
    cdef uint64_t count = 0
    cdef Visit visit
    cdef uint8_t* text
    cdef uint8_t* end
    cdef const char* name
    cdef size_t index
    cdef Edit* edit
    while wanted < NUMBERS:
        name = MESSAGES[map.message].names[wanted]
        if name is not NULL and strcmp(name, b"dropped_attributes_count") == 0:
            break
        wanted += 1
    else:
        return 0
    while at < map.stop:
        at = next_field(at, map.stop, &visit, &walk.fault)
        if at is NULL:
            return refuse(walk)
        if visit.number == wanted and visit.wire == VARINT:
            insert, stop = visit.at, visit.stop  # the last one counts
            varint(visit.value, visit.stop, &count, &walk.fault)
        elif visit.number > wanted and insert is NULL and not is_gone(walk, map.message, &visit):
            insert = visit.at
    if stop is NULL:
        insert = map.stop if insert is NULL else insert
        stop = insert
    text = taken(&walk.edits.arena, 16)
    if text is NULL or new_edit(&walk.edits) is NULL:
        return no_memory()
    count = min(count & UINT32_MAX, <uint64_t>(UINT32_MAX - dropped)) + dropped
    end = put_varint(put_varint(text, wanted << 3), count)
    index = walk.edits.count - 1
    while index > first and is_behind(&walk.edits.list[index - 1], insert):
        walk.edits.list[index] = walk.edits.list[index - 1]
        index -= 1
    walk.edits.list[index] = Edit(insert, stop, text, end - text, 0)
    walk.edits.growth += (end - text) - (stop - insert)
    return 0


cdef inline bint is_behind(const Edit* edit, Cursor insert) noexcept nogil:
    """Tell whether an edit comes behind an insertion; another insertion at the same place belongs to the message before it."""
    return edit.at > insert or (edit.at == insert and edit.stop > insert)


cdef inline bint is_gone(const Walk* walk, uint32_t message, const Visit* visit) noexcept nogil:
    """Tell whether an unknown field was dropped."""
    cdef const OtlpField* field
    if not walk.drops_unknown:
        return False
    if visit.number >= NUMBERS:
        return True
    field = &MESSAGES[message].fields[visit.number]
    return field.wires == 0 or field.absent or not field.wires >> visit.wire & 1
