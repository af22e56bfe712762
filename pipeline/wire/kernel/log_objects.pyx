"""`reference/log_objects.py`, compiled: one walk over a record, whose attributes are written as they come.

What the layout names, and what a group shares, is known before: an attribute that clashes with it is left out, or comes last. The
reference writes whatever is not plain: names that come twice, values in pieces, objects that are too large.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.math cimport isfinite
from libc.stddef cimport size_t
from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t
from libc.stdlib cimport free
from libc.string cimport memcpy

cimport cython

from pipeline.wire.kernel.buffer cimport Buffer, close_message, opened, put_delimited, reserved
from pipeline.wire.kernel.hex_ids cimport Id, low_bits, take_id, take_own_id
from pipeline.wire.kernel.json_write cimport (
    put_bytes, put_json_characters, put_json_double, put_json_integer, put_json_text,
)
from pipeline.wire.kernel.member_names cimport MOST_NAMES, Name, Names
from pipeline.wire.kernel.plain_values cimport Plain, has_pairs, read_member, read_pair
from pipeline.wire.kernel.tables cimport (
    AnyValue_bool_value, AnyValue_double_value, AnyValue_int_value, AnyValue_kvlist_value, AnyValue_string_value,
    KeyValueList_values,
    LogRecord_attributes, LogRecord_body, LogRecord_event_name, LogRecord_observed_time_unix_nano,
    LogRecord_severity_number, LogRecord_severity_text, LogRecord_span_id, LogRecord_time_unix_nano, LogRecord_trace_id,
    LogsData_resource_logs, ResourceLogs_resource, ResourceLogs_scope_logs, ScopeLogs_log_records, ScopeLogs_scope,
)
from pipeline.wire.kernel.times cimport put_timestamp
from pipeline.wire.kernel.values cimport Text
from pipeline.wire.kernel.walk cimport Cursor, Fault, Visit, fixed64, following, root, sound, varint

from pipeline.text import text as as_text
from pipeline.wire.kernel.records import records
from pipeline.wire.layout import LogObjects
from pipeline.wire.reference.log_objects import log_objects as reference

cdef enum:
    UNKNOWN  # not asked yet
    PLAIN
    MESSAGE
    STATUS
    TRACE_ID
    SPAN_ID
    TAGS
    UNUSUAL

cdef enum:
    # What the layout names, in the order of `LogLayout.own`; behind them its `fields`.
    OWN_TRACE_ID
    OWN_TRACE_ID_DECIMAL
    OWN_SPAN_ID
    OWN_SPAN_ID_DECIMAL
    OWN_NANOSECONDS
    OWN_TIMESTAMP
    OWN_SEVERITY_TEXT
    OWN_SEVERITY_NUMBER
    OWN_EVENT_NAME
    OWN_MESSAGE
    OWN_STATUS
    OWN_TAGS
    OWN_SERVICE
    OWN_FIELDS

cdef enum:
    MOST_OWN = 64
    MOST_COPIES = 16
    MOST_DEFERRED = 16
    MOST_SHARED = 256
    TURN = 512  # records
    PATIENCE = 4  # times the payload may go to the reference in pieces, each with its resource; more would be slower than all at once
    LITTLE = 64 * 1024

_ROLES = {"message": MESSAGE, "status": STATUS, "trace_id": TRACE_ID, "span_id": SPAN_ID, "tags": TAGS}


def log_objects(bytes payload not None, layout):
    cdef Cursor start = <Cursor>PyBytes_AS_STRING(payload)
    cdef Cursor end = start + PyBytes_GET_SIZE(payload)
    cdef uint32_t message = root("logs")
    cdef Fault fault
    cdef bint fine
    with nogil:
        fine = sound(start, end, message, 0, &fault)
    if not fine or not writable(layout):
        return reference(payload, layout)
    try:
        return Writer(layout, end - start).written(start, end)
    except Unusual:
        return reference(payload, layout)


class Unusual(Exception):
    """A payload of which so much is left to the reference that all of it may be."""


cdef bint writable(layout):
    """Tell whether a layout is one of those that come: few names, none of them with two meanings."""
    own = set(layout.own()) | layout.fields
    return (
        len(own) == OWN_FIELDS + len(layout.fields) <= MOST_OWN
        and len(layout.copies) < MOST_COPIES
        and layout.service_attribute not in layout.copies
        and len(set(layout.copies.values())) == len(layout.copies)
        and own.isdisjoint(layout.copies.values())
    )


cdef struct Deferred:
    # An attribute with a name of the layout's: written where the layout has nothing for it.
    Name* name
    Plain value

cdef struct Record:
    uint64_t time
    uint64_t observed_time
    int32_t severity_number
    Text severity_text
    Text event_name
    Text message
    Text status
    Plain body
    Plain[MOST_COPIES] copied  # of the attributes that are; behind them the service
    Id trace_id
    Id span_id
    int bad_trace_ids
    int bad_span_ids
    Deferred deferred[MOST_DEFERRED]
    int deferred_count
    uint64_t own  # bits of the names that are written


@cython.final
cdef class Writer:
    cdef object layout, found, shared
    cdef list ends
    cdef Names names
    cdef Name* own[MOST_OWN]
    cdef Name* copies[MOST_COPIES]
    cdef int copy_count
    cdef dict places  # by own name its index
    cdef uint64_t group, record_number
    cdef bint unusual, unusual_group
    cdef Buffer out
    cdef size_t begin  # of the object that is being written
    cdef Buffer path  # the name of the member that is being flattened
    cdef Buffer tags  # of the record
    cdef Buffer around, fields, group_tags, service  # of the group, as JSON
    cdef uint64_t group_own
    cdef bytes resource, scope  # fields of the group, as they came
    cdef size_t patience  # bytes that the reference may still be asked about, piece by piece
    cdef list kept  # what texts of the record point into
    cdef Record record
    cdef int max_depth
    cdef size_t max_bytes

    def __cinit__(self, layout, size_t size):
        self.layout = layout
        self.patience = size * PATIENCE + LITTLE
        self.found = LogObjects(b"", [])
        self.ends = self.found.ends
        self.names = Names()
        self.places = {name: index for index, name in enumerate((*layout.own(), *sorted(layout.fields)))}
        self.max_depth, self.max_bytes = layout.max_depth, layout.max_bytes
        self.kept = []

    def __dealloc__(self):
        free(self.out.data)
        free(self.path.data)
        free(self.tags.data)
        free(self.around.data)
        free(self.fields.data)
        free(self.group_tags.data)
        free(self.service.data)

    cdef object written(self, Cursor at, Cursor end):
        cdef Visit visit
        reserved(&self.out, 2 * (end - at))  # what records share stands in each object
        while at < end:
            at = following(at, end, &visit)
            if visit.number == LogsData_resource_logs:
                self.resource = fields(visit.value, visit.stop, ResourceLogs_resource)
                self.shared = None
                self.scopes(visit.value, visit.stop)
        put_bytes(&self.out, b"]" if self.out.size else b"[]", 1 if self.out.size else 2)
        self.out.data[0] = b"["  # in place of the first comma
        self.found.text = PyBytes_FromStringAndSize(<const char*>self.out.data, self.out.size)
        return self.found

    cdef int scopes(self, Cursor at, Cursor end) except -1:
        cdef Visit visit
        while at < end:
            at = following(at, end, &visit)
            if visit.number == ResourceLogs_scope_logs:
                self.scope = fields(visit.value, visit.stop, ScopeLogs_scope)
                self.records(visit.value, visit.stop)
        return 0

    cdef int records(self, Cursor at, Cursor end) except -1:
        cdef Visit visit
        cdef bint begun = False
        while at < end:
            at = following(at, end, &visit)
            if visit.number != ScopeLogs_log_records:
                continue
            if not begun or self.names.count > MOST_NAMES * 3 // 4:
                self.begin_group()
                begun = True
            self.unusual = self.unusual_group
            self.begin = self.out.size
            put_bytes(&self.out, b",", 1)
            if not self.unusual:
                self.write(visit.value, visit.stop)
            if self.unusual:
                self.out.size = self.begin + 1
                self.ask_reference(visit.value, visit.stop)
            self.ends.append(self.out.size)
            self.kept.clear()
            if len(self.ends) & (TURN - 1) == 0:
                with nogil:  # others may run
                    pass
        return 0

    cdef int ask_reference(self, Cursor at, Cursor end) except -1:
        cdef bytes text
        found = reference(self.alone(at, end), self.layout)
        text = found.text
        put_bytes(&self.out, start_of(text) + 1, PyBytes_GET_SIZE(text) - 2)
        self.found.shortened += found.shortened
        self.found.bad_trace_ids += found.bad_trace_ids
        self.found.bad_span_ids += found.bad_span_ids
        return 0

    cdef bytes alone(self, Cursor at, Cursor end):
        """Return a payload of one record of the group."""
        cdef Buffer payload = Buffer(NULL, 0, 0)
        cdef size_t group, scope
        try:
            self.spend(PyBytes_GET_SIZE(self.resource) + PyBytes_GET_SIZE(self.scope) + (end - at))
            group = opened(&payload, LogsData_resource_logs)
            put_bytes(&payload, PyBytes_AS_STRING(self.resource), PyBytes_GET_SIZE(self.resource))
            scope = opened(&payload, ResourceLogs_scope_logs)
            put_bytes(&payload, PyBytes_AS_STRING(self.scope), PyBytes_GET_SIZE(self.scope))
            put_delimited(&payload, ScopeLogs_log_records, at, end - at)
            close_message(&payload, scope)
            close_message(&payload, group)
            return PyBytes_FromStringAndSize(<const char*>payload.data, payload.size)
        finally:
            free(payload.data)

    cdef int spend(self, size_t size) except -1:
        if size > self.patience:
            raise Unusual
        self.patience -= size
        return 0

    # ---- what a group shares ----

    cdef int begin_group(self) except -1:
        """Look at resource and scope, and write what they give to each object."""
        if self.names.count > MOST_NAMES // 2 or self.names.count == 0:
            self.names.forget()
            self.learn()
        self.group += 1
        (record,) = records(self.alone(NULL, NULL), "logs")
        if self.shared is None:
            self.shared = self.layout.shared(record.resource.attributes)
        around = {**self.shared.attributes, **{key: as_text(value) for key, value in record.scope.attributes.items()}}
        self.around.size = self.fields.size = self.group_tags.size = self.service.size = 0
        self.unusual_group = len(around) > MOST_SHARED
        if self.unusual_group:
            return 0
        for key, value in around.items():
            self.share(key, value)
        self.group_own = 0
        for key, value in self.shared.fields.items():
            put_member(&self.fields, self.own[<int>self.places[key]], self.names, value)
            self.group_own |= <uint64_t>1 << <int>self.places[key]
        tags = self.shared.tags.encode()
        put_json_characters(&self.group_tags, start_of(tags), end_of(tags))
        if self.shared.service:
            put_member(&self.service, self.own[OWN_SERVICE], self.names, self.shared.service)
        return 0

    cdef int share(self, key, value) except -1:
        cdef bytes name = key.encode()
        cdef Name* known = self.names.name(start_of(name), PyBytes_GET_SIZE(name))
        if known is NULL or known.own >= 0:
            self.unusual_group = True
            return 0
        known.shared = self.group
        return put_member(&self.around, known, self.names, value)

    cdef int learn(self) except -1:
        """Remember the names that mean something."""
        cdef bytes name
        cdef int index
        cdef Name* known
        for key, index in self.places.items():
            name = key.encode()
            self.own[index] = known = self.names.name(start_of(name), PyBytes_GET_SIZE(name))
            known.own = index
        self.copy_count = 0
        for key, copy in (*self.layout.copies.items(), (self.layout.service_attribute, "")):
            name = copy.encode()
            self.copies[self.copy_count] = self.names.name(start_of(name), PyBytes_GET_SIZE(name))
            name = key.encode()
            self.names.name(start_of(name), PyBytes_GET_SIZE(name)).copy = self.copy_count
            self.copy_count += 1
        self.copy_count -= 1  # the service's is no copy
        return 0

    cdef int32_t role(self, Name* name) except -1:
        """Find out what an attribute is taken for."""
        cdef bytes written = PyBytes_FromStringAndSize(<const char*>self.names.texts.data + name.text, name.size)
        try:
            name.role = _ROLES.get(self.layout.taken.get(written.decode().lower()), PLAIN)
        except UnicodeDecodeError:
            name.role = UNUSUAL  # another may look the same once it is text
        return name.role

    # ---- one record ----

    cdef int write(self, Cursor at, Cursor end) except -1:
        """Add the object of a record, or find it unusual."""
        cdef Visit visit
        cdef Record* record = &self.record
        cdef uint64_t bits = 0
        cdef Fault fault
        cdef int index
        record.time = record.observed_time = 0
        record.severity_number = 0
        record.severity_text = record.event_name = record.message = record.status = Text(NULL, 0)
        record.body = Plain(NULL, NULL)
        record.trace_id.given = record.span_id.given = False
        record.bad_trace_ids = record.bad_span_ids = record.deferred_count = 0
        record.own = self.group_own
        for index in range(self.copy_count + 1):
            record.copied[index] = Plain(NULL, NULL)
        self.record_number += 1
        self.tags.size = 0
        cdef Visit trace_id = Visit(NULL, NULL, NULL, 0, 0), span_id = trace_id
        while at < end:
            at = following(at, end, &visit)
            if visit.number == LogRecord_attributes:
                self.attribute(visit.value, visit.stop)
            elif visit.number == LogRecord_time_unix_nano:
                record.time = fixed64(visit.value)
            elif visit.number == LogRecord_observed_time_unix_nano:
                record.observed_time = fixed64(visit.value)
            elif visit.number == LogRecord_severity_number:
                varint(visit.value, visit.stop, &bits, &fault)
                record.severity_number = <int32_t>bits
            elif visit.number == LogRecord_severity_text:
                record.severity_text = Text(visit.value, visit.stop - visit.value)
            elif visit.number == LogRecord_event_name:
                record.event_name = Text(visit.value, visit.stop - visit.value)
            elif visit.number == LogRecord_trace_id:
                trace_id = visit
            elif visit.number == LogRecord_span_id:
                span_id = visit
            elif visit.number == LogRecord_body:
                self.unusual |= record.body.at is not NULL
                record.body = Plain(visit.value, visit.stop)
            if self.unusual:
                return 0
        record.bad_trace_ids += take_own_id(&record.trace_id, 16, &trace_id)
        record.bad_span_ids += take_own_id(&record.span_id, 8, &span_id)
        self.put(&self.around)
        self.put_own(record)
        self.put_last(record)
        put_bytes(&self.out, b"}", 1)
        self.out.data[self.begin + 1] = b"{"  # in place of the first member's comma
        if self.out.size - self.begin - 1 > self.max_bytes:
            self.unusual = True
            return 0
        if record.bad_trace_ids or record.bad_span_ids:
            self.found.bad_trace_ids += record.bad_trace_ids
            self.found.bad_span_ids += record.bad_span_ids
        return 0

    cdef int attribute(self, Cursor at, Cursor end) except -1:
        """Write an attribute, or put it where it belongs."""
        cdef Text key, text
        cdef Plain value
        cdef Name* name
        cdef Record* record = &self.record
        cdef int32_t role
        if not read_pair(at, end, &key, &value):
            self.unusual = True
            return 0
        name = self.known(key.at, key.size)
        if name is NULL:
            return 0
        role = name.role if name.role else self.role(name)
        if name.copy >= 0:
            record.copied[name.copy] = value
        if role == PLAIN:
            return self.flatten(name, value, 1)
        if role == UNUSUAL:
            self.unusual = True
            return 0
        text = self.text(value)
        if role == MESSAGE:
            record.message = text
        elif role == STATUS:
            record.status = text
        elif role == TAGS:
            put_bytes(&self.tags, b",", 1)
            put_json_characters(&self.tags, text.at, text.at + text.size)
        elif role == TRACE_ID:
            record.bad_trace_ids += take_id(&record.trace_id, 32, text)
        else:
            record.bad_span_ids += take_id(&record.span_id, 16, text)
        return 0

    cdef Name* known(self, Cursor at, size_t size) except? NULL:
        """Return a name that the record did not have yet; NULL where it did, which is unusual."""
        cdef Name* name = self.names.name(at, size)
        if name is NULL or name.seen == self.record_number:
            self.unusual = True
            return NULL
        name.seen = self.record_number
        return name

    cdef int flatten(self, Name* name, Plain value, int depth) except -1:
        cdef Visit member, visit
        cdef Text key
        cdef Plain below
        cdef Name* inner
        cdef Cursor at
        cdef size_t size
        if not read_member(value, &member):
            self.unusual = True
            return 0
        if member.number == AnyValue_kvlist_value and depth < self.max_depth and has_pairs(&member):
            if depth == 1:
                self.path.size = 0
                put_bytes(&self.path, self.names.texts.data + name.text, name.size)
            size = self.path.size
            at = member.value
            while at < member.stop and not self.unusual:
                at = following(at, member.stop, &visit)
                if visit.number != KeyValueList_values:
                    continue
                if not read_pair(visit.value, visit.stop, &key, &below):
                    self.unusual = True
                    break
                put_bytes(&self.path, b".", 1)
                put_bytes(&self.path, key.at, key.size)
                inner = self.known(self.path.data, self.path.size)
                if inner is not NULL:
                    self.unusual |= (inner.role if inner.role else self.role(inner)) == UNUSUAL
                    self.flatten(inner, below, depth + 1)
                self.path.size = size
            return 0
        if name.shared == self.group:
            return 0
        name.put = self.record_number
        if name.own >= 0:
            if self.record.deferred_count == MOST_DEFERRED:
                self.unusual = True
                return 0
            self.record.deferred[self.record.deferred_count] = Deferred(name, value)
            self.record.deferred_count += 1
            return 0
        return self.put_value(name, value, &member)

    cdef int put_value(self, Name* name, Plain value, const Visit* member) except -1:
        """Write a member of the kind that its value has in JSON, where it has one, else as text."""
        cdef uint64_t bits = 0
        cdef double real
        cdef Fault fault
        cdef Text text
        self.names.put(&self.out, name)
        if member.number == AnyValue_string_value:
            return put_json_text(&self.out, member.value, member.stop)
        if member.number == AnyValue_int_value:
            varint(member.value, member.stop, &bits, &fault)
            return put_json_integer(&self.out, bits, <int64_t>bits < 0, False)
        if member.number == AnyValue_bool_value:
            varint(member.value, member.stop, &bits, &fault)
            return put_bytes(&self.out, b"true", 4) if bits else put_bytes(&self.out, b"false", 5)
        if member.number == AnyValue_double_value:
            bits = fixed64(member.value)
            memcpy(&real, &bits, 8)
            if isfinite(real):
                return put_json_double(&self.out, real)
        text = self.text(value)
        return put_json_text(&self.out, text.at, text.at + text.size)

    cdef int put_own(self, Record* record) except -1:
        """Write what the layout names."""
        cdef uint64_t time = record.time if record.time else record.observed_time
        cdef Text text
        self.put_id(&record.trace_id, 32, OWN_TRACE_ID, OWN_TRACE_ID_DECIMAL)
        self.put_id(&record.span_id, 16, OWN_SPAN_ID, OWN_SPAN_ID_DECIMAL)
        if time:
            self.put_name(OWN_NANOSECONDS)
            put_json_integer(&self.out, time, False, True)
            self.put_name(OWN_TIMESTAMP)
            put_timestamp(&self.out, time)
        if record.severity_text.size:
            self.put_text(OWN_SEVERITY_TEXT, record.severity_text)
        if record.severity_number:
            self.put_name(OWN_SEVERITY_NUMBER)
            put_json_integer(&self.out, <uint64_t><int64_t>record.severity_number, record.severity_number < 0, True)
        if record.event_name.size:
            self.put_text(OWN_EVENT_NAME, record.event_name)
        self.put_text(OWN_MESSAGE, record.message if record.message.size else self.text(record.body))
        if record.status.size:
            text = record.status
        elif record.severity_text.size:
            text = record.severity_text
        else:
            text = self.status(record.severity_number)
        self.put_text(OWN_STATUS, text)
        self.put_name(OWN_TAGS)
        put_bytes(&self.out, b'"', 1)
        self.put(&self.group_tags)
        self.put(&self.tags)
        put_bytes(&self.out, b'"', 1)
        if self.service.size:
            record.own |= <uint64_t>1 << OWN_SERVICE
            self.put(&self.service)
        elif record.copied[self.copy_count].at is not NULL:
            text = self.text(record.copied[self.copy_count])
            if text.size:
                self.put_text(OWN_SERVICE, text)
        return self.put(&self.fields)

    cdef int put_last(self, Record* record) except -1:
        """Write attributes with names of the layout's that it has nothing for, and copies."""
        cdef Deferred* deferred
        cdef Visit member
        cdef Text text
        cdef int index
        for index in range(record.deferred_count):
            deferred = &record.deferred[index]
            if not record.own >> deferred.name.own & 1:
                read_member(deferred.value, &member)
                self.put_value(deferred.name, deferred.value, &member)
        for index in range(self.copy_count):
            if record.copied[index].at is NULL:
                continue
            if self.copies[index].put != self.record_number and self.copies[index].shared != self.group:
                text = self.text(record.copied[index])
                self.names.put(&self.out, self.copies[index])
                put_json_text(&self.out, text.at, text.at + text.size)
        return 0

    cdef inline int put(self, const Buffer* written) except -1:
        return put_bytes(&self.out, written.data, written.size) if written.size else 0

    cdef inline int put_name(self, int own) except -1:
        self.record.own |= <uint64_t>1 << own
        return self.names.put(&self.out, self.own[own])

    cdef inline int put_text(self, int own, Text text) except -1:
        self.put_name(own)
        return put_json_text(&self.out, text.at, text.at + text.size)

    cdef int put_id(self, const Id* id, int size, int hexadecimal, int decimal) except -1:
        if not id.given:
            return 0
        self.put_text(hexadecimal, Text(<Cursor>&id.digits[0], size))
        self.put_name(decimal)
        return put_json_integer(&self.out, low_bits(id, size), False, True)

    cdef Text status(self, int32_t number) except *:
        if number <= 0:
            return Text(NULL, 0)
        return self.keep(self.layout.statuses[(number - 1) // 4] if number <= 24 else self.layout.beyond)

    cdef Text text(self, Plain value) except *:
        """Return a value as text, that lives as long as its record is written."""
        cdef Visit member
        cdef Buffer record = Buffer(NULL, 0, 0)
        if value.at is NULL:
            return Text(NULL, 0)
        if read_member(value, &member):
            if member.number == AnyValue_string_value:
                return Text(member.value, member.stop - member.value)
            if member.number == 0:
                return Text(NULL, 0)
        cdef size_t group, scope, item
        try:
            group = opened(&record, LogsData_resource_logs)
            scope = opened(&record, ResourceLogs_scope_logs)
            item = opened(&record, ScopeLogs_log_records)
            put_delimited(&record, LogRecord_body, value.at, value.stop - value.at)
            close_message(&record, item)
            close_message(&record, scope)
            close_message(&record, group)
            (decoded,) = records(PyBytes_FromStringAndSize(<const char*>record.data, record.size), "logs")
        finally:
            free(record.data)
        return self.keep(as_text(decoded.body))

    cdef Text keep(self, text) except *:
        cdef bytes encoded = text.encode()
        self.kept.append(encoded)
        return Text(start_of(encoded), PyBytes_GET_SIZE(encoded))


cdef inline Cursor start_of(bytes text) noexcept:
    return <Cursor>PyBytes_AS_STRING(text)


cdef inline Cursor end_of(bytes text) noexcept:
    return start_of(text) + PyBytes_GET_SIZE(text)


cdef int put_member(Buffer* to, const Name* name, Names names, value) except -1:
    """Write a member whose value is text."""
    cdef bytes text = value.encode()
    names.put(to, name)
    return put_json_text(to, start_of(text), end_of(text))


cdef bytes fields(Cursor at, Cursor end, uint32_t number):
    """Return the fields of a message that have a number, as they came."""
    cdef Visit visit
    found = []
    while at < end:
        at = following(at, end, &visit)
        if visit.number == number:
            found.append(PyBytes_FromStringAndSize(<const char*>visit.at, visit.stop - visit.at))
    return b"".join(found)
