"""`reference/redact.py`, compiled: one walk over the payload, an edit for each text that changes, lengths set right at the end.

All is looked at without the GIL; what is rare and left to the reference takes it for that one text.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.ref cimport Py_DECREF, Py_INCREF, PyObject
from libc.stddef cimport size_t
from libc.stdint cimport UINT32_MAX, int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free
from libc.string cimport memcmp, memcpy, memset, strcmp

from pipeline.wire.kernel.arena cimport grown, taken
from pipeline.wire.kernel.edits cimport (
    Edit, Edits, Frame, add_edit, close_frame, drop_frame, edited, new_edit, open_frame, release, undo_frame
)
from pipeline.wire.kernel.redact_keys cimport DATA, SAFE, SENSITIVE, KnownKeys, judged, with_new
from pipeline.wire.kernel.redact_personal cimport is_card
from pipeline.wire.kernel.redact_rules cimport CARD, DROP, DRY_RUN, Rule, Rulebook
from pipeline.wire.kernel.redact_text cimport CHANGED, UNCHANGED, UNDECIDED, Desk, Log, clear_desk, is_settled, redact_text
from pipeline.wire.kernel.tables cimport (
    MESSAGES, NUMBERS, AnyValue, AnyValue_array_value, AnyValue_bytes_value, AnyValue_double_value, AnyValue_int_value,
    AnyValue_kvlist_value, AnyValue_string_value, ArrayValue, Exemplar, InstrumentationScope, KIND_bytes, KIND_message,
    KIND_string, KeyValue, KeyValueList, KeyValue_key, KeyValue_value, OtlpField, Resource, Span, Span_Event, Span_Link,
    Span_Link_trace_state, Span_trace_state, Status,
)
from pipeline.wire.kernel.walk cimport (
    CUT_FIELD, DELIMITED, FIXED64, MAX_DEPTH, TOO_DEEP, Cursor, Fault, Visit,
    expected, fixed64, malformed, next_field, packable, packed_is_whole, put_varint, refused, root, varint,
)

from pipeline.wire.kernel.redact_rules import supported
from pipeline.wire.reference.redact import Redactor as ReferenceRedactor
from pipeline.wire.reference.redact_actions import Place as TextPlace
from pipeline.wire.reference.redact_keys import DistinctKeys
from pipeline.wire.reference.redact_tracestate import legal_tracestate
from pipeline.wire.reference.walk import delimited
from pipeline.wire.rules import Hits

cdef enum Location:
    OTHER
    RESOURCE
    SCOPE
    EVENT
    LINK
    STATUS
    EXEMPLAR
    NAME
    ATTRIBUTE
    BODY
    KEY

cdef tuple LOCATIONS = (
    "other", "resource", "scope", "event", "link", "status", "exemplar", "name", "attribute", "body", "key"
)
cdef tuple ACTIONS = ("tag", "mask", "dry_run", "drop", "keep_last", "hmac")
"""By number, which is also how the log has them."""

cdef enum:
    DROPPED = 3  # beside the outcomes of a text: it has to go as a whole
    MAX_TEXT_IN_BYTES = 64 * 1024
    MAX_DIGITS = 20

cdef struct Place:
    int location
    bint identifies
    bint droppable

cdef struct Map:
    # A message that has attributes.
    Cursor start
    Cursor stop
    uint32_t message
    PyObject* keys  # `DistinctKeys` once a key was replaced

cdef struct Walk:
    Cursor start
    Cursor limit  # of the payload
    Edits edits
    Fault fault
    Desk desk
    Log log  # of each edit: the rule, the location, the action
    int64_t unknown_fields
    bint drops_unknown


cdef class Redactor:
    """Takes personal data and secrets out of payloads. Immutable for whoever uses it: safe to share by threads."""

    cdef Rulebook _book
    cdef KnownKeys _known  # replaced as a whole: a walk keeps the one that it began with
    cdef bint _drops_unknown
    cdef object _reference

    def __init__(self, rules):
        self._reference = None if supported(rules) else ReferenceRedactor(rules)
        if self._reference is None:
            self._book = Rulebook(rules)
            self._known = KnownKeys()
            self._drops_unknown = rules.unknown_fields == "drop"

    def redact(self, bytes payload not None, str signal not None):
        """Return the payload without what the rules find in it (the same object when that is nothing), and what was done."""
        if self._reference is not None:
            return self._reference.redact(payload, signal)
        cdef Walk walk
        cdef Rulebook book = self._book
        cdef KnownKeys known = self._known
        cdef uint32_t message = root(signal)
        memset(&walk, 0, sizeof(walk))
        walk.start = <Cursor>PyBytes_AS_STRING(payload)
        walk.limit = walk.start + PyBytes_GET_SIZE(payload)
        walk.drops_unknown = self._drops_unknown
        walk.desk.known_keys = &known.keys
        try:
            with nogil:
                redact_message(&walk, book, walk.start, walk.limit, message, OTHER, 0)
            if walk.desk.new_keys.count:
                self._known = with_new(self._known, &walk.desk.new_keys)
            return edited(payload, &walk.edits), Hits(counted(&walk.log, book), walk.unknown_fields)
        finally:
            release(&walk.edits)
            clear_desk(&walk.desk)
            free(walk.log.list)

    def scrub(self, str text not None):
        """Return a text as it would be left in the body of a log record."""
        if self._reference is not None:
            return self._reference.scrub(text)
        cdef bytes raw = text.encode("utf-8", "surrogateescape")
        cdef Cursor start = <Cursor>PyBytes_AS_STRING(raw), stop = start + PyBytes_GET_SIZE(raw)
        cdef Rulebook book = self._book
        cdef KnownKeys known = self._known
        cdef Desk desk
        cdef int outcome
        memset(&desk, 0, sizeof(desk))
        desk.known_keys = &known.keys
        try:
            with nogil:
                outcome = redact_text(&desk, book, start, stop, stop)
            if outcome == UNCHANGED:
                return text
            if outcome == CHANGED:
                raw = desk.result[: desk.result_size]
            else:
                raw = book.text.redact(raw, TextPlace("body")).text
            return raw.decode("utf-8", "surrogateescape")
        finally:
            clear_desk(&desk)


# ---- the books ----


cdef dict counted(const Log* log, Rulebook book):
    """Return how many edits there were, by rule, location and action."""
    cdef size_t index
    cdef uint32_t entry
    cdef dict numbers = {}
    for index in range(log.count):
        entry = log.list[index]
        numbers[entry] = numbers.get(entry, 0) + 1
    return {(book.labels[code >> 7], LOCATIONS[code >> 3 & 15], ACTIONS[code & 7]): count for code, count in numbers.items()}


cdef int put_entry(Walk* walk, uint32_t rule, int location, uint32_t action) except -1 nogil:
    cdef uint32_t* list
    if walk.log.count == walk.log.room:
        list = <uint32_t*>grown(walk.log.list, &walk.log.room, sizeof(uint32_t))
        if list is NULL:
            return no_memory()
        walk.log.list = list
    walk.log.list[walk.log.count] = rule << 7 | location << 3 | action
    walk.log.count += 1
    return 0


cdef void keep_last_entry(Walk* walk, size_t mark) noexcept nogil:
    """Forget what was done since `mark` inside something that goes as a whole, but for its drop."""
    walk.log.list[mark] = walk.log.list[walk.log.count - 1]
    walk.log.count = mark + 1


cdef int unknown(Walk* walk, const Visit* visit) except -1 nogil:
    walk.unknown_fields += 1
    if walk.drops_unknown and not add_edit(&walk.edits, visit.at, visit.stop, NULL, 0):
        return no_memory()
    return 0


cdef int no_memory() except -1 with gil:
    raise MemoryError


cdef int refuse(const Walk* walk) except -1 with gil:
    raise malformed(&walk.fault, walk.start)


cdef int begin(Walk* walk, const Visit* visit, Frame* frame) except -1 nogil:
    return 0 if open_frame(&walk.edits, visit, frame) else no_memory()


# ---- messages ----


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
    cdef Map map = Map(at, stop, message, NULL)
    cdef int outcome = 0
    try:
        outcome = redact_fields(walk, book, &map, location, depth)
    finally:
        if map.keys is not NULL:
            forget_keys(&map)
    return outcome


cdef void forget_keys(Map* map) noexcept with gil:
    Py_DECREF(<object>map.keys)


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
        field = expected(message, &visit, &walk.fault)
        if field is NULL:
            return refuse(walk)
        if field.wires == 0 or field.absent:
            unknown(walk, &visit)
        elif field.kind == KIND_message:
            if field.message == KeyValue:
                if redact_attribute(walk, book, map, &visit, ATTRIBUTE if location == OTHER else location, depth) == DROPPED:
                    dropped += 1
            elif field.message == AnyValue:  # the body of a log record
                redact_value(walk, book, &visit, Place(BODY, False, False), depth, False)
            else:
                begin(walk, &visit, &frame)
                redact_message(
                    walk, book, visit.value, visit.stop, field.message, location_in(field.message, location), depth
                )
                close_frame(&walk.edits, &visit, &frame)
        elif visit.wire == DELIMITED:
            if field.kind == KIND_string or field.kind == KIND_bytes:
                if field.id_bytes == 0 or visit.stop - visit.value != field.id_bytes:
                    redact_field(walk, book, &visit, message, location)
            elif packable(field) and not packed_is_whole(field.wires, visit.value, visit.stop, &walk.fault):
                return refuse(walk)
    if dropped:
        count_dropped(walk, map, first, dropped)
    return 0


cdef int redact_field(Walk* walk, Rulebook book, const Visit* visit, uint32_t message, int location) except -1 nogil:
    """Redact a text of the schema itself."""
    cdef const char* name
    if location == OTHER:
        name = MESSAGES[message].names[visit.number]
        if strcmp(name, b"name") == 0 or strcmp(name, b"event_name") == 0:
            location = NAME
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
        if visit.number == wanted:
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
    return field.wires == 0 or field.absent


# ---- texts ----


cdef int redact_leaf(Walk* walk, Rulebook book, Cursor start, Cursor stop, Place place) except -1 nogil:
    """Redact a text: `CHANGED` with the outcome in `desk.result`, `DROPPED` when what holds it has to go, or neither."""
    cdef int outcome = redact_text(&walk.desk, book, start, stop, walk.limit)
    cdef size_t index
    if outcome == UNDECIDED:
        return ask_reference(walk, book, start, stop, place)
    for index in range(walk.desk.log.count):
        put_entry(walk, walk.desk.log.list[index] >> 3, place.location, walk.desk.log.list[index] & 7)
    if outcome == CHANGED and <size_t>(stop - start) == walk.desk.result_size:
        if memcmp(start, walk.desk.result, walk.desk.result_size) == 0:
            return UNCHANGED
    return outcome


cdef int ask_reference(Walk* walk, Rulebook book, Cursor start, Cursor stop, Place place) except -1 with gil:
    text = start[: stop - start]
    return put_answer(walk, book, text, book.text.redact(text, named(place)), place.location)


cdef object named(Place place):
    """Return a place as the reference has it."""
    return TextPlace(LOCATIONS[place.location], place.identifies, place.droppable)


cdef int put_answer(Walk* walk, Rulebook book, text, answer, int location) except -1:
    """Note an answer of the reference, and keep the text that it gave as `desk.result`."""
    for rule, action in answer.edits:
        put_entry(walk, book.labels.index(rule), location, ACTIONS.index(action))
    if answer.dropped:
        return DROPPED
    if answer.text == text:
        return UNCHANGED
    keep_text(walk, answer.text)
    return CHANGED


cdef int keep_text(Walk* walk, bytes text) except -1:
    """Keep a text of the reference as `desk.result`."""
    cdef uint8_t* kept = taken(&walk.edits.arena, len(text))
    if kept is NULL:
        raise MemoryError
    memcpy(kept, PyBytes_AS_STRING(text), len(text))
    walk.desk.result = kept
    walk.desk.result_size = len(text)
    return 0


cdef int replace_text(Walk* walk, const Visit* visit) except -1 nogil:
    """Put `desk.result` in the place of a text."""
    cdef Frame frame
    cdef uint8_t* kept = taken(&walk.edits.arena, walk.desk.result_size)
    if kept is NULL:
        return no_memory()
    memcpy(kept, walk.desk.result, walk.desk.result_size)
    begin(walk, visit, &frame)
    if not add_edit(&walk.edits, visit.value, visit.stop, kept, walk.desk.result_size):
        return no_memory()
    close_frame(&walk.edits, visit, &frame)
    return 0


# ---- attributes ----


cdef inline bint is_one_field(Cursor at, Cursor stop, uint8_t tag, Visit* visit, Fault* fault) noexcept nogil:
    """Read a delimited field that fills a message to its end; False where that is not what stands here."""
    cdef uint64_t length
    if at == stop or at[0] != tag:
        return False
    visit.at = at
    visit.number = tag >> 3
    visit.wire = DELIMITED
    visit.value = varint(at + 1, stop, &length, fault)
    visit.stop = stop
    return visit.value is not NULL and length == <uint64_t>(stop - visit.value)


cdef int redact_attribute(
    Walk* walk, Rulebook book, Map* map, const Visit* visit, int location, int depth
) except -1 nogil:
    """Redact an attribute: `DROPPED` when it went."""
    cdef Cursor name = visit.value + 2, name_stop
    cdef Visit value, string
    cdef int verdict, outcome
    cdef size_t mark = walk.log.count
    cdef Frame frame, inner
    # what nearly all of them are: a key, then a value
    if visit.stop - visit.value < 4 or visit.value[0] != (KeyValue_key << 3 | DELIMITED) or visit.value[1] >= 0x80:
        return redact_odd_attribute(walk, book, map, visit, location, depth)
    if visit.value[1] >= visit.stop - name:
        return redact_odd_attribute(walk, book, map, visit, location, depth)
    name_stop = name + visit.value[1]
    if not is_one_field(name_stop, visit.stop, KeyValue_value << 3 | DELIMITED, &value, &walk.fault):
        return redact_odd_attribute(walk, book, map, visit, location, depth)
    verdict = judged(book, walk.desk.known_keys, &walk.desk.new_keys, name, name_stop, walk.limit)
    if verdict & DATA:
        return redact_odd_attribute(walk, book, map, visit, location, depth)
    if not verdict & SENSITIVE and is_one_field(
        value.value, value.stop, AnyValue_string_value << 3 | DELIMITED, &string, &walk.fault
    ):
        if verdict & SAFE:
            return 0
        outcome = redact_leaf(walk, book, string.value, string.stop, Place(location, False, True))
        if outcome == UNCHANGED:
            return 0
        begin(walk, visit, &frame)
        if outcome == CHANGED:
            begin(walk, &value, &inner)
            replace_text(walk, &string)
            close_frame(&walk.edits, &value, &inner)
    else:
        begin(walk, visit, &frame)
        if verdict & SENSITIVE:
            outcome = redact_sensitive(walk, book, &value, Place(location, False, True))
        else:
            outcome = redact_value(walk, book, &value, Place(location, False, True), depth, verdict & SAFE)
    return end_attribute(walk, visit, &frame, mark, outcome)


cdef int end_attribute(Walk* walk, const Visit* visit, const Frame* frame, size_t mark, int outcome) except -1 nogil:
    if outcome == DROPPED:
        keep_last_entry(walk, mark)
        drop_frame(&walk.edits, visit, frame)
    else:
        close_frame(&walk.edits, visit, frame)
    return outcome


cdef int redact_odd_attribute(
    Walk* walk, Rulebook book, Map* map, const Visit* visit, int location, int depth
) except -1 nogil:
    """Redact an attribute with its fields in any order and number, or with a key that is data."""
    cdef Cursor at = visit.value
    cdef Visit field
    cdef const OtlpField* expected_field
    cdef int verdict, outcome = 0, any_key = 0, all_keys = SAFE
    cdef bint named = False
    cdef size_t mark = walk.log.count
    cdef Frame frame
    while at < visit.stop:
        at = next_field(at, visit.stop, &field, &walk.fault)
        if at is NULL:
            return refuse(walk)
        if field.number == KeyValue_key and field.wire == DELIMITED:
            verdict = judged(book, walk.desk.known_keys, &walk.desk.new_keys, field.value, field.stop, walk.limit)
            any_key |= verdict
            all_keys &= verdict
            named = True
    begin(walk, visit, &frame)
    at = visit.value
    while at < visit.stop and outcome != DROPPED:
        at = next_field(at, visit.stop, &field, &walk.fault)
        expected_field = expected(KeyValue, &field, &walk.fault)
        if expected_field is NULL:
            return refuse(walk)
        if expected_field.wires == 0 or expected_field.absent:
            unknown(walk, &field)
        elif expected_field.kind != KIND_message:
            outcome = redact_key(walk, book, map, &field)
        elif any_key & SENSITIVE:
            outcome = redact_sensitive(walk, book, &field, Place(location, False, True))
        else:
            outcome = redact_value(walk, book, &field, Place(location, False, True), depth, named and all_keys & SAFE)
    return end_attribute(walk, visit, &frame, mark, outcome)


cdef int redact_key(Walk* walk, Rulebook book, Map* map, const Visit* visit) except -1 nogil:
    """Redact a key that is data: it is replaced as a whole, and differs from all others of its map."""
    cdef int outcome
    if not judged(book, walk.desk.known_keys, &walk.desk.new_keys, visit.value, visit.stop, walk.limit) & DATA:
        return 0
    outcome = ask_about_key(walk, book, map, visit)
    if outcome == CHANGED:
        replace_text(walk, visit)
    return outcome


cdef int ask_about_key(Walk* walk, Rulebook book, Map* map, const Visit* visit) except -1 with gil:
    name = visit.value[: visit.stop - visit.value]
    answer = book.text.redact_key(name, TextPlace("key", droppable=True))
    cdef int outcome = put_answer(walk, book, name, answer, KEY)
    if outcome == CHANGED:
        if map.keys is NULL:
            keys = DistinctKeys(kept_keys(walk, book, map))
            Py_INCREF(keys)
            map.keys = <PyObject*>keys
        keep_text(walk, (<object>map.keys).claim(answer.text))
    return outcome


cdef list kept_keys(Walk* walk, Rulebook book, const Map* map):
    """Return the keys of a map that stay as they are."""
    cdef Cursor at = map.start, inside
    cdef Visit visit, field
    cdef const OtlpField* expected_field
    cdef list names = []
    while at < map.stop:
        at = next_field(at, map.stop, &visit, &walk.fault)
        if at is NULL:
            raise malformed(&walk.fault, walk.start)
        expected_field = expected(map.message, &visit, &walk.fault)
        if expected_field is NULL:
            raise malformed(&walk.fault, walk.start)
        if expected_field.wires == 0 or expected_field.kind != KIND_message or expected_field.message != KeyValue:
            continue
        inside = visit.value
        while inside < visit.stop:
            inside = next_field(inside, visit.stop, &field, &walk.fault)
            if inside is NULL:
                raise malformed(&walk.fault, walk.start)
            if field.number != KeyValue_key or field.wire != DELIMITED:
                continue
            if not judged(book, walk.desk.known_keys, &walk.desk.new_keys, field.value, field.stop, walk.limit) & DATA:
                names.append(field.value[: field.stop - field.value])
    return names


# ---- values ----


cdef int redact_value(
    Walk* walk, Rulebook book, const Visit* visit, Place place, int depth, bint safe
) except -1 nogil:
    """Redact an AnyValue: `DROPPED` when what holds it has to go."""
    cdef Cursor at = visit.value
    cdef Visit field
    cdef Frame frame, inner
    cdef const OtlpField* expected_field
    cdef int outcome = 0
    begin(walk, visit, &frame)
    while at < visit.stop:
        at = next_field(at, visit.stop, &field, &walk.fault)
        if at is NULL:
            return refuse(walk)
        expected_field = expected(AnyValue, &field, &walk.fault)
        if expected_field is NULL:
            return refuse(walk)
        if expected_field.wires == 0 or expected_field.absent:
            unknown(walk, &field)
        elif field.number == AnyValue_array_value or field.number == AnyValue_kvlist_value:
            if depth == MAX_DEPTH:
                refused(&walk.fault, TOO_DEEP, field.at)
                return refuse(walk)
            begin(walk, &field, &inner)
            if field.number == AnyValue_array_value:
                redact_elements(walk, book, &field, place, depth + 1)
            else:
                redact_message(walk, book, field.value, field.stop, KeyValueList, place.location, depth + 1)
            close_frame(&walk.edits, &field, &inner)
        elif field.number == AnyValue_string_value or field.number == AnyValue_bytes_value:
            if field.number == AnyValue_string_value:
                if safe:
                    continue
            elif field.stop - field.value > MAX_TEXT_IN_BYTES or not is_utf8(field.value, field.stop):
                continue
            outcome = redact_leaf(walk, book, field.value, field.stop, place)
            if outcome == CHANGED:
                replace_text(walk, &field)
        elif field.number == AnyValue_int_value or field.number == AnyValue_double_value:
            outcome = redact_number(walk, book, &field, place)
        if outcome == DROPPED:
            undo_frame(&walk.edits, &frame)
            return DROPPED
    close_frame(&walk.edits, visit, &frame)
    return 0


cdef int redact_elements(Walk* walk, Rulebook book, const Visit* visit, Place place, int depth) except -1 nogil:
    cdef Cursor at = visit.value
    cdef Visit element
    cdef const OtlpField* field
    cdef size_t mark
    place.droppable = True
    while at < visit.stop:
        at = next_field(at, visit.stop, &element, &walk.fault)
        if at is NULL:
            return refuse(walk)
        field = expected(ArrayValue, &element, &walk.fault)
        if field is NULL:
            return refuse(walk)
        if field.wires == 0:
            unknown(walk, &element)
            continue
        mark = walk.log.count
        if redact_value(walk, book, &element, place, depth, False) == DROPPED:
            keep_last_entry(walk, mark)
            if not add_edit(&walk.edits, element.at, element.stop, NULL, 0):
                return no_memory()
    return 0


cdef int whole_number(const Visit* visit, uint8_t* digits, Fault* fault) noexcept nogil:
    """Write the digits of a whole number that is not negative, and return how many; 0 for any other value, -1 and a fault."""
    cdef uint64_t value, rest
    cdef double double_
    cdef int size = 1
    if visit.number == AnyValue_int_value:
        if varint(visit.value, visit.stop, &value, fault) is NULL:
            return -1
        if value >> 63:
            return 0
    else:
        value = fixed64(visit.value)
        memcpy(&double_, &value, 8)
        if not 0 <= double_ < 9007199254740992.0:  # 2 to the 53: whole numbers are exact below
            return 0
        value = <uint64_t>double_
        if <double>value != double_:
            return 0
    rest = value
    while rest >= 10:
        rest //= 10
        size += 1
    rest = size
    while rest:
        rest -= 1
        digits[rest] = c"0" + value % 10
        value //= 10
    return size


cdef int redact_number(Walk* walk, Rulebook book, const Visit* visit, Place place) except -1 nogil:
    """Redact a number that is a card number; it becomes a string."""
    cdef uint8_t digits[MAX_DIGITS]
    cdef Visit string = visit[0]
    cdef int size, outcome, order = book.program.rule_of[<int>CARD]
    cdef const Rule* rule
    if order < 0:
        return 0
    size = whole_number(visit, digits, &walk.fault)
    if size < 12 or not is_card(digits, size):
        return 0
    rule = &book.program.rules[order]
    if rule.known:
        put_entry(walk, order, place.location, rule.action)
        if rule.action == DRY_RUN:
            return 0
        walk.desk.result, walk.desk.result_size = rule.replacement.text, rule.replacement.size
    else:
        outcome = ask_about_number(walk, book, digits, size, place)
        if outcome != CHANGED:
            return outcome
    string.number = AnyValue_string_value
    return replace_text(walk, &string)


cdef int ask_about_number(Walk* walk, Rulebook book, Cursor digits, int size, Place place) except -1 with gil:
    text = digits[:size]
    return put_answer(walk, book, text, book.text.redact_number(text, named(place)), place.location)


cdef int redact_sensitive(Walk* walk, Rulebook book, const Visit* visit, Place place) except -1 nogil:
    """Replace a value whose key is sensitive by a string, whatever it was. What has no value keeps none."""
    cdef Cursor at = visit.value, start = NULL, stop = NULL
    cdef Visit field
    cdef uint8_t digits[MAX_DIGITS]
    cdef int count = 0, size
    cdef const Rule* rule = &book.program.key_rule
    if visit.value == visit.stop:
        return 0
    while at < visit.stop:
        at = next_field(at, visit.stop, &field, &walk.fault)
        if at is NULL:
            return refuse(walk)
        count += 1
        if count > 1:
            continue
        if field.number == AnyValue_string_value or field.number == AnyValue_bytes_value:
            start, stop = field.value, field.stop
        elif field.number == AnyValue_int_value or field.number == AnyValue_double_value:
            start = digits  # of this field, when it is the only one
    if count > 1:
        start = NULL
    elif start == digits:
        if field.number == AnyValue_double_value and walk.limit - field.value < 8:
            refused(&walk.fault, CUT_FIELD, field.at)
            return refuse(walk)
        size = whole_number(&field, digits, &walk.fault)
        if size < 0:
            return refuse(walk)
        start = digits if size else NULL
        stop = digits + size
    if not rule.known and rule.action != DROP:
        if ask_about_sensitive(walk, book, start, stop, place) == CHANGED:
            replace_value(walk, visit, walk.desk.result, walk.desk.result_size)
        return 0
    if start is not NULL and is_settled(book, start, stop):
        return 0
    put_entry(walk, book.program.rule_count, place.location, rule.action)
    if rule.action == DROP:
        return DROPPED
    if rule.action != DRY_RUN:
        return replace_value(walk, visit, book.program.key_value.text, book.program.key_value.size)
    return 0


cdef int ask_about_sensitive(Walk* walk, Rulebook book, Cursor start, Cursor stop, Place place) except -1 with gil:
    text = None if start is NULL else start[: stop - start]
    answer = book.text.redact_sensitive(text, named(place))
    cdef int outcome = put_answer(walk, book, None, answer, place.location)
    if outcome == CHANGED and (not answer.edits or answer.edits[0][1] == "dry_run"):
        return UNCHANGED
    if outcome == CHANGED:
        keep_text(walk, delimited(AnyValue_string_value, answer.text))
    return outcome


cdef int replace_value(Walk* walk, const Visit* visit, Cursor text, size_t size) except -1 nogil:
    cdef Frame frame
    begin(walk, visit, &frame)
    if not add_edit(&walk.edits, visit.value, visit.stop, text, size):
        return no_memory()
    close_frame(&walk.edits, visit, &frame)
    return 0


cdef bint is_utf8(Cursor at, Cursor stop) noexcept nogil:
    """Tell whether bytes are UTF-8, without overlong forms and surrogates (RFC 3629)."""
    cdef int more
    cdef uint8_t low, high
    while at < stop:
        if at[0] < 0x80:
            at += 1
            continue
        low, high = 0x80, 0xBF
        if 0xC2 <= at[0] <= 0xDF:
            more = 1
        elif 0xE0 <= at[0] <= 0xEF:
            more = 2
            if at[0] == 0xE0:
                low = 0xA0
            elif at[0] == 0xED:
                high = 0x9F
        elif 0xF0 <= at[0] <= 0xF4:
            more = 3
            if at[0] == 0xF0:
                low = 0x90
            elif at[0] == 0xF4:
                high = 0x8F
        else:
            return False
        at += 1
        while more:
            if at == stop or not low <= at[0] <= high:
                return False
            low, high = 0x80, 0xBF
            at += 1
            more -= 1
    return True
