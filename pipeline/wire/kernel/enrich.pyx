"""`reference/enrich.py`, compiled: ids are searched for, and what is missing is added where it stands.

Ids in attributes are found here. Only Python can tell what a JSON body or a line of text holds, so a record whose body may hold
an id is given to the reference's search. That takes the GIL, for a whole payload: taking it again for each record would wait for
other threads each time.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.ref cimport PyObject
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.stddef cimport size_t
from libc.stdint cimport uint8_t, uint32_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memset

from pipeline.wire.kernel.arena cimport taken
from pipeline.wire.kernel.conditions cimport plain, value_of
from pipeline.wire.kernel.edits cimport add_edit, edited
from pipeline.wire.kernel.enrich_attributes cimport (
    ATTRIBUTES, JSON, SOURCES, Addition, Enriching, any_missing, is_missing, is_replaced, put_attribute, with_resource
)
from pipeline.wire.kernel.items cimport FAIL, KEEP, Slice, Verdict, Walk, Wanted, begin, end, walked
from pipeline.wire.kernel.tables cimport (
    LogRecord, LogRecord_attributes, LogRecord_flags, LogRecord_span_id, LogRecord_trace_id, MESSAGES
)
from pipeline.wire.kernel.trace_ids cimport SPAN_ID_BYTES, TRACE_ID_BYTES
from pipeline.wire.kernel.trace_members cimport (
    NO, NUMBER_ROOM, ODD, YES, Answer, Ids, Members,
    find_ids, find_request, may_name_trace, mentions_trace, note_member, opens_object,
)
from pipeline.wire.kernel.values cimport MAP, TEXT, Text, Value, key_of, same_text
from pipeline.wire.kernel.walk cimport (
    DELIMITED, FIXED32, NO_MEMORY, Cursor, Visit, any_bit, fixed32, malformed, next_field, root, sound
)

from pipeline import wire
from pipeline.trace_ids import RANDOM, SAMPLED, trace_id_of_request
from pipeline.trace_members import REQUEST_MEMBERS, ids_in_text
from pipeline.wire.kernel.conditions import Unsupported
from pipeline.wire.reference import enrich as reference
from pipeline.wire.reference.items import key_value
from pipeline.wire.reference.walk import delimited

cdef tuple _SOURCES = ("attributes", "json", "text")
cdef tuple _HEADERS = tuple(REQUEST_MEMBERS.values())
cdef uint32_t _CLAIMS = SAMPLED | RANDOM  # flags that a derived id can't have

cdef struct Found:
    # What a log record is given.
    bint any
    bint derived
    Ids ids


cdef class Enricher:
    """As `reference.enrich.Enricher`."""

    cdef Wanted _wanted
    cdef Addition* _attributes
    cdef Addition* _resource
    cdef Enriching _enriching
    cdef list _alive
    cdef bint _searches
    cdef str _namespace
    cdef object _reference
    cdef bint _falls_back

    def __init__(
        self,
        *,
        object ids=("attributes", "json", "text"),
        bint derive=True,
        str namespace="",
        bint move=False,
        object resource={},
        object attributes={},
        bint overwrite=False,
    ):
        ids = tuple(ids)
        self._reference = reference.Enricher(
            ids=ids, derive=derive, namespace=namespace, move=move, resource=resource, attributes=attributes, overwrite=overwrite
        )
        self._wanted = Wanted()
        self._alive = []
        self._searches = bool(ids) or derive
        self._namespace = namespace
        self._enriching.overwrites = overwrite
        self._enriching.derives = derive
        self._enriching.moves = move
        self._enriching.derived_key = self._text(reference.DERIVED_KEY.encode())
        self._enriching.derived = self._text(framed(reference.DERIVED_KEY, True))
        self._wanted.reads_items = True  # ids of logs
        self._wanted.reads_body = True
        self._attributes = <Addition*>calloc(len(attributes) + 1, sizeof(Addition))
        self._resource = <Addition*>calloc(len(resource) + 1, sizeof(Addition))
        if self._attributes is NULL or self._resource is NULL:
            raise MemoryError
        try:
            if reference.DERIVED_KEY in attributes or len(ids) > SOURCES:
                raise Unsupported
            self._enriching.source_count = len(ids)
            for index, source in enumerate(ids):
                self._enriching.sources[<size_t>index] = _SOURCES.index(source)
            for index, (key, value) in enumerate(attributes.items()):
                self._attributes[<size_t>index] = self._addition(key, value, False)
            for index, (key, value) in enumerate(resource.items()):
                self._resource[<size_t>index] = self._addition(key, value, True)
        except Unsupported:
            self._falls_back = True
        self._enriching.attribute_count = len(attributes)
        self._enriching.resource_count = len(resource)

    def __dealloc__(self):
        free(self._attributes)
        free(self._resource)

    cdef Text _text(self, bytes text):
        self._alive.append(text)
        return Text(<Cursor>PyBytes_AS_STRING(text), PyBytes_GET_SIZE(text))

    cdef Addition _addition(self, str key, object value, bint of_resource) except *:
        """Prepare an attribute. Raises `Unsupported` for what only the reference compares, or refuses."""
        cdef Addition addition
        cdef bytes name = plain(key)
        old = reference.OLD_NAMES.get(key, key).encode()
        if not isinstance(value, (str, bool, int, float)) or (isinstance(value, int) and not -(1 << 63) <= value < 1 << 63):
            raise Unsupported
        comparable = plain(value) if isinstance(value, str) else value
        self._alive.append(comparable)
        addition.key = self._text(name)
        addition.value = value_of(comparable)
        addition.encoded = self._text(framed(key, value))
        if of_resource:
            addition.index, addition.old_index = self._wanted.resource_attribute(name), self._wanted.resource_attribute(old)
        else:
            addition.index, addition.old_index = self._wanted.attribute(name), self._wanted.attribute(old)
        return addition

    def enrich(self, bytes payload not None, str signal not None):
        cdef uint32_t message = root(signal)
        cdef bint goes_through_items = self._enriching.attribute_count or (signal == "logs" and self._searches)
        if self._falls_back:
            return self._reference.enrich(payload, signal)
        if not goes_through_items and not self._enriching.resource_count:
            return payload
        enriched = self._enriched(payload, message, goes_through_items, False)
        return self._enriched(payload, message, goes_through_items, True) if enriched is None else enriched

    cdef bytes _enriched(self, bytes payload, uint32_t message, bint goes_through_items, bint has_gil):
        """Return the payload with what was missing; None when a record has to be searched and the GIL is not held."""
        cdef Cursor start = <Cursor>PyBytes_AS_STRING(payload)
        cdef Cursor stop = start + PyBytes_GET_SIZE(payload)
        cdef bint fine
        cdef Walk walk
        cdef Enriching enriching = self._enriching
        cdef list call = [None]
        enriching.attributes = self._attributes
        enriching.resource = self._resource
        enriching.has_gil = has_gil
        enriching.enricher = <PyObject*>self
        enriching.call = <PyObject*>call
        try:
            begin(&walk, self._wanted, judge, &enriching)
            if not goes_through_items:
                walk.judge = NULL
            if enriching.resource_count:
                walk.on_resource = with_resource
            if has_gil:
                fine = walked(&walk, start, stop, message)  # what a first walk came to was sound
            else:
                with nogil:
                    fine = sound(start, stop, message, 0, &walk.fault) and walked(&walk, start, stop, message)
            if enriching.needs_gil:
                return None
            if call[0] is not None:
                raise call[0]
            if not fine:
                raise malformed(&walk.fault, start)
            return edited(payload, &walk.edits)
        finally:
            end(&walk)

    cdef Text _kept(self, Enriching* enriching, bytes text):
        (<list>enriching.call).append(text)
        return Text(<Cursor>PyBytes_AS_STRING(text), PyBytes_GET_SIZE(text))

    cdef int _take(self, Enriching* enriching, Found* found, object ids) except -1:
        """Note ids that Python found, if it found any."""
        if ids is None:
            return 0
        found.any = True
        trace_id, span_id = bytes.fromhex(ids.trace_id), bytes.fromhex(ids.span_id)
        memcpy(found.ids.trace_id, PyBytes_AS_STRING(trace_id), TRACE_ID_BYTES)
        found.ids.has_span = bool(span_id)
        if span_id:
            memcpy(found.ids.span_id, PyBytes_AS_STRING(span_id), SPAN_ID_BYTES)
        found.ids.holders = len(ids.members)
        for index, member in enumerate(ids.members):
            found.ids.holder[<size_t>index] = self._kept(enriching, member.encode())
        return 0

    cdef int _search_record(self, const Walk* walk, Enriching* enriching, Found* found) except -1:
        """Search a log record as the reference does."""
        cdef bytes item = walk.item.visit.value[:walk.item.visit.stop - walk.item.visit.value]
        (record,) = wire.records(delimited(1, delimited(2, delimited(2, item))), "logs")
        ids, found.derived = self._reference.find_ids(record)
        return self._take(enriching, found, ids)

    cdef int _search_text(self, const Walk* walk, Enriching* enriching, Found* found) except -1:
        """Search the text of a body."""
        cdef Text body = walk.item.body.text
        return self._take(enriching, found, ids_in_text(PyUnicode_DecodeUTF8(<const char*>body.at, body.size, "replace")))

    cdef int _derive(self, Found* found, int header, Text value) except -1:
        """Derive a trace id from a request id, which is ASCII."""
        trace_id = bytes.fromhex(trace_id_of_request(_HEADERS[header], value.at[:value.size].decode(), self._namespace))
        memcpy(found.ids.trace_id, PyBytes_AS_STRING(trace_id), TRACE_ID_BYTES)
        found.any = found.derived = True
        return 0


cdef bytes framed(str key, object value):
    """Return an attribute as it stands behind its tag."""
    return delimited(1, key_value(key, value))[1:]


cdef Verdict judge(Walk* walk) noexcept nogil:
    cdef Enriching* enriching = <Enriching*>walk.state
    cdef Found found
    memset(&found, 0, sizeof(Found))
    if walk.item.message == LogRecord and not has_trace_id(walk) and not searched(walk, enriching, &found):
        return FAIL
    if not found.any and not any_missing(
        enriching.attributes, enriching.attribute_count, walk.item.attributes, enriching.overwrites
    ):
        return KEEP
    if taken_out(walk, enriching, &found) and added(walk, enriching, &found):
        return KEEP
    walk.fault.reason = NO_MEMORY
    return FAIL


cdef inline bint has_trace_id(const Walk* walk) noexcept nogil:
    cdef Slice trace_id = walk.item.last[LogRecord_trace_id]
    return (
        trace_id.at is not NULL and trace_id.stop - trace_id.at == TRACE_ID_BYTES and any_bit(trace_id.at, TRACE_ID_BYTES)
    )


cdef bint searched(Walk* walk, Enriching* enriching, Found* found) noexcept nogil:
    """Search a log record, place after place; False when only Python can and the GIL is not held, or when Python failed."""
    cdef const Value* body = &walk.item.body
    cdef Members members
    cdef uint8_t[NUMBER_ROOM] room
    cdef Answer answer
    cdef Text request
    cdef int index, header
    note_members(walk, &members)
    for index in range(enriching.source_count):
        if enriching.sources[index] == ATTRIBUTES:
            answer = find_ids(&members, &found.ids)
            found.any = answer == YES
            if answer == ODD:
                return asked_python(walk, enriching, found, search_record)
        elif enriching.sources[index] == JSON:
            if body.type == MAP or (body.type == TEXT and opens_object(body.text) and may_name_trace(body.text)):
                return asked_python(walk, enriching, found, search_record)
        elif body.type == TEXT and mentions_trace(body.text) and not asked_python(walk, enriching, found, search_text):
            return False
        if found.any:
            return True
    if not enriching.derives:
        return True
    answer = find_request(&members, room, &header, &request)
    if answer == ODD:
        return asked_python(walk, enriching, found, search_record)
    if answer == NO:
        return True
    if not enriching.has_gil:
        enriching.needs_gil = True
        return False
    return derived(enriching, found, header, request)


cdef void note_members(Walk* walk, Members* members) noexcept nogil:
    cdef Cursor at = walk.item.visit.value, stop = walk.item.visit.stop
    cdef Visit visit
    members.there = 0
    members.odd = False
    while at < stop:
        at = next_field(at, stop, &visit, &walk.fault)
        if at is NULL:
            return
        if visit.number == LogRecord_attributes:
            note_member(members, visit.value, visit.stop)


ctypedef bint (*Search)(Walk* walk, Enriching* enriching, Found* found) noexcept nogil


cdef bint asked_python(Walk* walk, Enriching* enriching, Found* found, Search search) noexcept nogil:
    if not enriching.has_gil:
        enriching.needs_gil = True
        return False
    return search(walk, enriching, found)


cdef bint search_record(Walk* walk, Enriching* enriching, Found* found) noexcept with gil:
    try:
        (<Enricher>enriching.enricher)._search_record(walk, enriching, found)
    except BaseException as error:
        (<list>enriching.call)[0] = error
        return False
    return True


cdef bint search_text(Walk* walk, Enriching* enriching, Found* found) noexcept with gil:
    try:
        (<Enricher>enriching.enricher)._search_text(walk, enriching, found)
    except BaseException as error:
        (<list>enriching.call)[0] = error
        return False
    return True


cdef bint derived(Enriching* enriching, Found* found, int header, Text request) noexcept with gil:
    """Derive a trace id; False when that failed, with the error kept for the top."""
    try:
        (<Enricher>enriching.enricher)._derive(found, header, request)
    except BaseException as error:
        (<list>enriching.call)[0] = error
        return False
    return True


cdef bint taken_out(Walk* walk, const Enriching* enriching, const Found* found) noexcept nogil:
    """Take out of an item what is replaced or moved; False without memory."""
    cdef Cursor at = walk.item.visit.value, stop = walk.item.visit.stop
    cdef uint32_t attributes = MESSAGES[walk.item.message].attributes
    cdef Visit visit
    cdef bint goes
    while (found.any or enriching.overwrites) and at < stop:
        at = next_field(at, stop, &visit, &walk.fault)
        if at is NULL:
            return False
        goes = found.any and is_id(walk, found, visit.number)
        if visit.number == attributes:
            goes = loses(walk, enriching, found, key_of(visit.value, visit.stop))
        if goes and not add_edit(&walk.edits, visit.at, visit.stop, NULL, 0):
            return False
    return True


cdef inline bint is_id(const Walk* walk, const Found* found, uint32_t number) noexcept nogil:
    """Tell whether a field of a log record says what is found anew."""
    if number == LogRecord_flags:
        return found.derived and claims(walk)
    return number == LogRecord_trace_id or (number == LogRecord_span_id and found.ids.has_span)


cdef inline uint32_t flags_of(const Walk* walk) noexcept nogil:
    cdef Slice flags = walk.item.last[LogRecord_flags]
    return 0 if flags.at is NULL else fixed32(flags.at)


cdef inline bint claims(const Walk* walk) noexcept nogil:
    """Tell whether a log record claims to be sampled, or to have a random trace id."""
    return flags_of(walk) & _CLAIMS != 0


cdef bint loses(const Walk* walk, const Enriching* enriching, const Found* found, Text key) noexcept nogil:
    """Tell whether an item loses its attributes of a key."""
    cdef int index
    for index in range(found.ids.holders if enriching.moves and found.any else 0):
        if same_text(found.ids.holder[index], key):
            return True
    if found.derived and same_text(enriching.derived_key, key):
        return True
    return is_replaced(key, enriching.attributes, enriching.attribute_count, walk.item.attributes, enriching.overwrites)


cdef bint added(Walk* walk, const Enriching* enriching, const Found* found) noexcept nogil:
    """Add to the end of an item what it lacks; False without memory."""
    cdef size_t size = 5 + 2 + TRACE_ID_BYTES + 2 + SPAN_ID_BYTES + 1 + enriching.derived.size, index
    cdef uint8_t tag = <uint8_t>(MESSAGES[walk.item.message].attributes << 3 | DELIMITED)
    cdef uint32_t flags = flags_of(walk) & ~_CLAIMS if found.any else 0
    cdef uint8_t* start
    cdef uint8_t* to
    for index in range(enriching.attribute_count):
        size += 1 + enriching.attributes[index].encoded.size
    start = to = taken(&walk.edits.arena, size)
    if start is NULL:
        return False
    if found.derived and claims(walk):
        to[0] = LogRecord_flags << 3 | FIXED32
        for index in range(4):
            to[1 + index] = <uint8_t>(flags >> 8 * index)
        to += 5
    if found.any:
        to = put_field(to, LogRecord_trace_id << 3 | DELIMITED, found.ids.trace_id, TRACE_ID_BYTES)
    if found.any and found.ids.has_span:
        to = put_field(to, LogRecord_span_id << 3 | DELIMITED, found.ids.span_id, SPAN_ID_BYTES)
    for index in range(enriching.attribute_count):
        if is_missing(&enriching.attributes[index], walk.item.attributes, enriching.overwrites):
            to = put_attribute(to, tag, enriching.attributes[index].encoded)
    if found.derived:
        to = put_attribute(to, tag, enriching.derived)
    return to == start or add_edit(&walk.edits, walk.item.visit.stop, walk.item.visit.stop, start, to - start)


cdef inline uint8_t* put_field(uint8_t* to, uint8_t tag, const uint8_t* value, uint8_t size) noexcept nogil:
    to[0] = tag
    to[1] = size
    memcpy(to + 2, value, size)
    return to + 2 + size
