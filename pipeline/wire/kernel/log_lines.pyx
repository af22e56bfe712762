"""Lines of JSON as log records: the members of a line are read, its shape says which plan there is for it, and the plan is followed.

A line that is not plain, that has no plan or values which its plan is not for, is not taken: nothing of it is written.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free
from libc.string cimport memchr, memcmp, memcpy, memset

cimport cython

from pipeline.wire.kernel.buffer cimport (
    Buffer, close_message, opened, put_delimited, put_fixed, put_tag, put_varint_bits, reserved,
)
from pipeline.wire.kernel.dates cimport days_until
from pipeline.wire.kernel.json_read cimport digits_end, nibble
from pipeline.wire.kernel.json_write cimport put_bytes, sequence
from pipeline.wire.kernel.line_members cimport (
    ABSENT, BOOLEAN, DIGITS, EMPTY, INTEGER, LIST, MAP, MOST_KNOWN, NONE, NULL_VALUE, REAL, TEXT,
    Kind, KnownNames, LineReader, Member, is_text,
)
from pipeline.wire.kernel.tables cimport (
    AnyValue_array_value, AnyValue_bool_value, AnyValue_double_value, AnyValue_int_value, AnyValue_kvlist_value,
    AnyValue_string_value, KeyValue_key, KeyValue_value,
    LogRecord_attributes, LogRecord_body, LogRecord_flags, LogRecord_observed_time_unix_nano, LogRecord_severity_number,
    LogRecord_severity_text, LogRecord_span_id, LogRecord_time_unix_nano, LogRecord_trace_id,
    LogsData_resource_logs, ResourceLogs_resource, ResourceLogs_scope_logs, Resource_attributes,
    ScopeLogs_log_records, ScopeLogs_scope, InstrumentationScope_name,
)
from pipeline.wire.kernel.walk cimport (
    DELIMITED, FIXED32, FIXED64, VARINT, Cursor, Fault, Visit, next_field, put_varint, varint_bytes,
)

from pipeline.wire.kernel.encode import encode
from pipeline.wire.kernel.unusual import Unusual
from pipeline.wire.reference.message import utf8

cdef enum:
    SHAPES = 1024
    MOST_SHAPES = 400  # more of them are read by who defines the table
    MOST_PLACED = 16
    MOST_LEVELS = 1000
    LONGEST_LEVEL = 32
    LONGEST_TIME = 40
    SECOND = 1_000_000_000

cdef uint64_t EARLIEST = 946_684_800ULL * SECOND  # 2000-01-01T00:00:00Z
cdef uint64_t AHEAD = 86_400ULL * SECOND

_KINDS = {
    TEXT: "text", EMPTY: "empty", DIGITS: "digits", INTEGER: "integer", REAL: "real", BOOLEAN: "boolean", MAP: "map", LIST: "list"
}


cdef struct Place:
    # An attribute and the member that it comes from.
    size_t key  # where its key begins in `keys`
    size_t key_size
    int member
    bint integer


@cython.final
cdef class Route:
    """A plan, by index of the names."""

    cdef uint8_t shape[MOST_KNOWN]
    cdef bint usable
    cdef int time, level, body, trace_id, span_id, flags, scope
    cdef uint8_t kept[MOST_KNOWN]
    cdef Place resource[MOST_PLACED]
    cdef int resource_count
    cdef bint has_service
    cdef Place attributes[MOST_PLACED]
    cdef int attribute_count
    cdef Buffer keys
    cdef int bad_ids
    cdef object severity
    cdef dict severities  # by the level as it stands in the line
    cdef object format
    cdef int format_index

    def __dealloc__(self):
        free(self.keys.data)


@cython.final
cdef class LogLines:
    cdef KnownNames names
    cdef object plan
    cdef bint utc
    cdef list routes
    cdef int shapes[SHAPES]  # indices of routes
    cdef list formats

    def __init__(self, table):
        self.names = KnownNames(table.names)
        self.plan = table.plan
        self.utc = table.utc
        self.routes = []
        self.formats = []
        memset(self.shapes, 0xFF, sizeof(self.shapes))

    def begin(self, *, now, most, service="", context=None):
        return Lines(self, now, most, service, context)

    cdef Route route(self, const uint8_t* shape, uint32_t hash):
        """Return the route of a shape, found once."""
        cdef uint32_t slot = hash & (SHAPES - 1)
        cdef Route route
        while self.shapes[slot] >= 0:
            route = <Route>self.routes[self.shapes[slot]]
            if memcmp(route.shape, shape, MOST_KNOWN) == 0:
                return route
            slot = (slot + 1) & (SHAPES - 1)
        if len(self.routes) == MOST_SHAPES:
            raise Unusual
        route = Route()
        memcpy(route.shape, shape, MOST_KNOWN)
        known = tuple((name, _KINDS[shape[index]]) for index, name in enumerate(self.names.names) if shape[index])
        plan = self.plan(known)
        if plan is not None:
            self.follow(route, plan)
        self.shapes[slot] = len(self.routes)
        self.routes.append(route)
        return route

    cdef int follow(self, Route route, plan) except -1:
        cdef int index
        places = {name: index for index, name in enumerate(self.names.names)}
        places[""] = NONE
        route.usable = True
        route.time, route.level, route.body = places[plan.time], places[plan.level], places[plan.body]
        route.trace_id, route.span_id, route.flags = places[plan.trace_id], places[plan.span_id], places[plan.flags]
        route.scope = places[plan.scope]
        route.bad_ids = plan.bad_ids
        route.severity, route.severities = plan.severity, {}
        route.format = plan.format
        if plan.format not in self.formats:
            self.formats.append(plan.format)
        route.format_index = self.formats.index(plan.format)
        for index in range(MOST_KNOWN):
            route.kept[index] = True
        for index in (route.time, route.level, route.body, route.trace_id, route.span_id, route.flags, route.scope):
            if index >= 0:
                route.kept[index] = False
        route.resource_count = placed(route, route.resource, plan.resource, places)
        route.attribute_count = placed(route, route.attributes, plan.attributes, places)
        route.has_service = any(each.attribute == "service.name" for each in plan.resource)
        return 0


cdef int placed(Route route, Place* into, given, dict places) except -1:
    cdef bytes key
    cdef int count = 0
    if len(given) > MOST_PLACED:
        route.usable = False
        return 0
    for each in given:
        key = each.attribute.encode()
        into[count] = Place(route.keys.size, PyBytes_GET_SIZE(key), places[each.member], each.integer)
        put_bytes(&route.keys, PyBytes_AS_STRING(key), PyBytes_GET_SIZE(key))
        route.kept[into[count].member] = False
        count += 1
    return count


@cython.final
cdef class Scoped:
    """The records of one scope."""

    cdef bytes scope  # the message
    cdef Buffer records

    def __dealloc__(self):
        free(self.records.data)


@cython.final
cdef class Origin:
    """The scopes of one resource."""

    cdef bytes resource  # the message
    cdef list scopes
    cdef dict by_content
    cdef Scoped latest
    cdef size_t size


@cython.final
cdef class Lines(LineReader):
    cdef LogLines table
    cdef public Py_ssize_t count
    cdef public int bad_ids
    cdef uint64_t now
    cdef Py_ssize_t most
    cdef bytes service  # its field of a resource
    cdef bytes context  # the fields of a record without ids
    cdef Member* by_name[MOST_KNOWN]
    cdef uint8_t shape[MOST_KNOWN]
    cdef list origins
    cdef dict by_content
    cdef Origin latest
    cdef Buffer shared  # resource or scope of the line
    cdef uint64_t format_counts[MOST_SHAPES]

    def __init__(self, LogLines table, now, most, service, context):
        cdef bytes name
        self.table = table
        self.names = table.names
        self.now, self.most = now, most
        self.origins, self.by_content = [], {}
        self.service = self.context = b""
        if service:
            name = utf8(service)
            put_text_pair(
                &self.shared, Resource_attributes, b"service.name", 12, <Cursor>PyBytes_AS_STRING(name), PyBytes_GET_SIZE(name)
            )
            self.service = taken(&self.shared)
        if context is not None:
            name = bytes.fromhex(context.trace_id)
            put_flags(&self.shared, context.flags)
            put_delimited(&self.shared, LogRecord_trace_id, PyBytes_AS_STRING(name), PyBytes_GET_SIZE(name))
            name = bytes.fromhex(context.span_id)
            put_delimited(&self.shared, LogRecord_span_id, PyBytes_AS_STRING(name), PyBytes_GET_SIZE(name))
            self.context = taken(&self.shared)

    def __dealloc__(self):
        free(self.shared.data)

    def formats(self):
        return {
            name: self.format_counts[index] for index, name in enumerate(self.table.formats) if self.format_counts[index]
        }

    def take(self, bytes body not None, Py_ssize_t at, Py_ssize_t longest, *, bint elements=False):
        cdef Cursor start = <Cursor>PyBytes_AS_STRING(body)
        cdef Cursor here = start + at, end = start + PyBytes_GET_SIZE(body), stop
        if elements:
            return self.elements(here, end, longest) - start
        while here < end and self.count < self.most:
            stop = <Cursor>memchr(here, 10, end - here)
            if stop is NULL:
                stop = end
            if not self.line(here, stop, longest):
                break
            here = stop + 1
        return min(here, end) - start

    cdef bint line(self, Cursor at, Cursor stop, Py_ssize_t longest) except -1:
        """Take a line; tell whether it was, or is empty."""
        cdef Cursor here
        self.at, self.end = at, stop
        if self.peek() != b"{":
            return self.at == stop
        if stop - at > longest:
            return False
        here = self.at
        try:
            if not is_utf8(here, stop):
                return False
            self.read(here, stop)
            if self.peek() or self.at != stop:
                return False
            self.write()
        except Unusual:
            return False
        return True

    cdef Cursor elements(self, Cursor at, Cursor end, Py_ssize_t longest) except NULL:
        """Take elements of an array, each with what stands behind it; return where the first is that was not taken."""
        cdef Cursor here = at, element, behind
        cdef uint8_t next
        while self.count < self.most:
            self.at, self.end = here, end
            if here != at:
                if self.peek() != b",":
                    break
                self.at += 1
            if self.peek() != b"{":
                break
            element = self.at
            try:
                self.read(element, end)
                behind = self.at
                next = self.peek()
                if behind - element > longest or not is_utf8(element, behind) or (next != b"," and next != b"]"):
                    break
                self.write()
            except Unusual:
                break
            here = behind
        return here

    # ---- one record ----

    cdef int write(self) except -1:
        """Add the record of the line that was read."""
        cdef Route route
        cdef Member* member
        cdef uint32_t hash = 0
        cdef int index
        memset(self.shape, 0, sizeof(self.shape))
        for index in range(self.found):
            member = &self.members[index]
            if member.known >= 0 and member.kind != NULL_VALUE:
                self.by_name[member.known] = member
                self.shape[member.known] = <uint8_t>member.kind
                hash += (member.hash ^ <uint32_t>member.kind) * 0x85EBCA6BU
        route = self.table.route(self.shape, hash ^ hash >> 15)
        if not route.usable:
            raise Unusual
        return self.follow(route)

    cdef int follow(self, Route route) except -1:
        cdef uint64_t time = 0
        cdef uint8_t trace_id[16]
        cdef uint8_t span_id[8]
        cdef int flags = 0, index
        cdef int64_t severity = 0
        cdef bytes text
        cdef Buffer* to
        cdef Member* member
        cdef size_t record, body
        cdef tuple level = None
        cdef Scoped scoped
        # All that may refuse comes first.
        if route.time >= 0:
            time = self.time(self.by_name[route.time])
        if route.trace_id >= 0:
            self.id(self.by_name[route.trace_id], trace_id, 16)
        if route.span_id >= 0:
            self.id(self.by_name[route.span_id], span_id, 8)
        if route.flags >= 0:
            flags = self.flags(self.by_name[route.flags])
        if route.level >= 0:
            level = self.severity(route, self.by_name[route.level])
            severity = level[0]
        scoped = self.scoped(route)
        to = &scoped.records
        record = opened(to, ScopeLogs_log_records)
        if time:
            put_tag(to, LogRecord_time_unix_nano, FIXED64)
            put_fixed(to, time, 8)
        if severity:
            put_tag(to, LogRecord_severity_number, VARINT)
            put_varint_bits(to, <uint64_t>severity)
        if level is not None:
            text = level[1]
            if PyBytes_GET_SIZE(text):
                put_delimited(to, LogRecord_severity_text, PyBytes_AS_STRING(text), PyBytes_GET_SIZE(text))
        body = opened(to, LogRecord_body)
        self.put_any(to, self.by_name[route.body])
        close_message(to, body)
        for index in range(self.found):
            member = &self.members[index]
            if member.kind != NULL_VALUE and (member.known < 0 or route.kept[member.known]):
                self.put_pair(to, LogRecord_attributes, member.key, member.key_size, member, False)
        self.put_placed(to, LogRecord_attributes, route, route.attributes, route.attribute_count)
        if route.trace_id >= 0:
            put_flags(to, flags)
            put_delimited(to, LogRecord_trace_id, trace_id, 16)
            if route.span_id >= 0:
                put_delimited(to, LogRecord_span_id, span_id, 8)
        else:
            put_bytes(to, PyBytes_AS_STRING(self.context), PyBytes_GET_SIZE(self.context))
        if self.now:
            put_tag(to, LogRecord_observed_time_unix_nano, FIXED64)
            put_fixed(to, self.now, 8)
        close_message(to, record)
        self.count += 1
        self.bad_ids += route.bad_ids
        self.format_counts[route.format_index] += 1
        return 0

    cdef Scoped scoped(self, Route route):
        """Return where the record goes."""
        cdef Member* member
        cdef Origin origin
        cdef Scoped scoped
        self.shared.size = 0
        self.put_placed(&self.shared, Resource_attributes, route, route.resource, route.resource_count)
        if not route.has_service:
            put_bytes(&self.shared, PyBytes_AS_STRING(self.service), PyBytes_GET_SIZE(self.service))
        origin = self.latest
        if origin is None or not is_content(&self.shared, origin.resource):
            origin = self.latest = self.origin(taken(&self.shared))
        self.shared.size = 0
        if route.scope >= 0:
            member = self.by_name[route.scope]
            put_delimited(&self.shared, InstrumentationScope_name, self.bytes_of(member), member.size)
        scoped = origin.latest
        if scoped is None or not is_content(&self.shared, scoped.scope):
            scoped = origin.latest = scope_of(origin, taken(&self.shared))
        return scoped

    cdef Origin origin(self, bytes resource):
        cdef Origin origin = self.by_content.get(resource)
        if origin is None:
            origin = Origin()
            origin.resource, origin.scopes, origin.by_content = resource, [], {}
            self.by_content[resource] = origin
            self.origins.append(origin)
        return origin

    cdef int put_placed(self, Buffer* to, uint32_t number, Route route, const Place* places, int count) except -1:
        cdef int index
        for index in range(count):
            self.put_pair(
                to, number, route.keys.data + places[index].key, places[index].key_size, self.by_name[places[index].member],
                places[index].integer,
            )
        return 0

    cdef int put_pair(
        self, Buffer* to, uint32_t number, Cursor key, size_t key_size, const Member* member, bint as_integer
    ) except -1:
        """Write an attribute."""
        cdef size_t pair, value
        if is_text(member.kind) and not as_integer:
            return put_text_pair(to, number, key, key_size, self.bytes_of(member), member.size)
        pair = opened(to, number)
        if key_size:
            put_delimited(to, KeyValue_key, key, key_size)
        value = opened(to, KeyValue_value)
        if as_integer and member.kind == DIGITS:
            put_tag(to, AnyValue_int_value, VARINT)
            put_varint_bits(to, integer_of(self.bytes_of(member), member.size))
        else:
            self.put_any(to, member)
        close_message(to, value)
        return close_message(to, pair)

    cdef int put_any(self, Buffer* to, const Member* member) except -1:
        """Write what an `AnyValue` holds."""
        if is_text(member.kind):
            return put_delimited(to, AnyValue_string_value, self.bytes_of(member), member.size)
        if member.kind == INTEGER:
            put_tag(to, AnyValue_int_value, VARINT)
            return put_varint_bits(to, member.bits)
        if member.kind == REAL:
            put_tag(to, AnyValue_double_value, FIXED64)
            return put_fixed(to, member.bits, 8)
        if member.kind == BOOLEAN:
            put_tag(to, AnyValue_bool_value, VARINT)
            return put_varint_bits(to, member.bits)
        return put_delimited(
            to, AnyValue_kvlist_value if member.kind == MAP else AnyValue_array_value, self.scratch.data + member.offset, member.size
        )

    cdef tuple severity(self, Route route, const Member* member):
        """Return severity number and text (as bytes) of a level."""
        cdef bytes written
        if member.size > LONGEST_LEVEL or not (is_text(member.kind) or member.kind == INTEGER):
            raise Unusual
        written = PyBytes_FromStringAndSize(<const char*>self.bytes_of(member), member.size)
        known = route.severities.get(written)
        if known is None:
            if len(route.severities) == MOST_LEVELS:
                raise Unusual
            known = route.severity(int(written) if member.kind == INTEGER else written.decode())
            known = () if known is None else (known[0], known[1].encode())
            route.severities[written] = known
        if not known:
            raise Unusual
        return known

    cdef int id(self, const Member* member, uint8_t* into, size_t size) except -1:
        """Read an id in hex that is not all zero."""
        cdef Cursor text = self.bytes_of(member)
        cdef size_t byte
        cdef int high, low
        cdef uint8_t every = 0
        if member.kind != TEXT or member.size != 2 * size:
            raise Unusual
        for byte in range(size):
            high, low = nibble(text[2 * byte]), nibble(text[2 * byte + 1])
            if high < 0 or low < 0:
                raise Unusual
            into[byte] = <uint8_t>(high << 4 | low)
            every |= into[byte]
        if not every:
            raise Unusual
        return 0

    cdef int flags(self, const Member* member) except -1:
        cdef Cursor text
        if is_text(member.kind):
            text = self.bytes_of(member)
            if member.size != 2 or nibble(text[0]) < 0 or nibble(text[1]) < 0:
                raise Unusual
            return nibble(text[0]) << 4 | nibble(text[1])
        if (member.kind != INTEGER and member.kind != BOOLEAN) or member.bits > 255:
            raise Unusual
        return <int>member.bits

    cdef uint64_t time(self, const Member* member) except 0:
        """Return the nanoseconds since the epoch that a member says."""
        cdef uint64_t time = 0
        cdef Cursor text = self.bytes_of(member)
        if member.size > LONGEST_TIME:
            raise Unusual
        if member.kind == TEXT:
            time = date_time(text, text + member.size, self.table.utc)
        elif member.kind == INTEGER or member.kind == REAL or member.kind == DIGITS:
            time = number_of_units(text, text + member.size)
        if not EARLIEST <= time <= self.now + AHEAD:
            raise Unusual
        return time

    # ---- all records ----

    def add(self, record):
        cdef bytes payload = encode([record], "logs")
        cdef Visit group = one_field(payload, LogsData_resource_logs), visit
        cdef bytes resource = b""
        cdef Cursor at = group.value
        while at < group.stop:
            at = following(at, group.stop, &visit)
            if visit.number == ResourceLogs_resource:
                resource = slice_of(&visit)
            elif visit.number == ResourceLogs_scope_logs:
                self.add_to(self.origin(resource), visit.value, visit.stop)
        self.count += 1

    cdef int add_to(self, Origin origin, Cursor at, Cursor end) except -1:
        cdef Visit visit
        cdef Scoped scoped
        cdef bytes scope = b""
        while at < end:
            at = following(at, end, &visit)
            if visit.number == ScopeLogs_scope:
                scope = slice_of(&visit)
            elif visit.number == ScopeLogs_log_records:
                scoped = scope_of(origin, scope)
                put_bytes(&scoped.records, visit.at, visit.stop - visit.at)
        return 0

    def payload(self):
        cdef Origin origin
        cdef Scoped scoped
        cdef size_t size = 0, inner
        cdef bytes payload
        cdef uint8_t* to
        for origin in self.origins:
            origin.size = message_size(origin.resource)
            for scoped in origin.scopes:
                origin.size += field_size(message_size(scoped.scope) + scoped.records.size)
            size += field_size(origin.size)
        payload = PyBytes_FromStringAndSize(NULL, size)
        to = <uint8_t*>PyBytes_AS_STRING(payload)
        for origin in self.origins:
            to = put_head(to, LogsData_resource_logs, origin.size)
            to = put_message(to, ResourceLogs_resource, origin.resource)
            for scoped in origin.scopes:
                inner = message_size(scoped.scope) + scoped.records.size
                to = put_head(to, ResourceLogs_scope_logs, inner)
                to = put_message(to, ScopeLogs_scope, scoped.scope)
                memcpy(to, scoped.records.data, scoped.records.size)
                to += scoped.records.size
        return payload


cdef Scoped scope_of(Origin origin, bytes scope):
    cdef Scoped scoped = origin.by_content.get(scope)
    if scoped is None:
        scoped = Scoped()
        scoped.scope = scope
        origin.by_content[scope] = scoped
        origin.scopes.append(scoped)
    return scoped


cdef inline size_t field_size(size_t size) noexcept:
    """Return the length of a delimited field whose number is less than 16."""
    return 1 + varint_bytes(size) + size


cdef inline uint8_t* put_head(uint8_t* to, uint32_t number, size_t size) noexcept:
    return put_varint(put_varint(to, <uint64_t>number << 3 | DELIMITED), size)


cdef inline size_t message_size(bytes content) noexcept:
    """Return the length of a field that is left out where it has no content."""
    return field_size(PyBytes_GET_SIZE(content)) if PyBytes_GET_SIZE(content) else 0


cdef uint8_t* put_message(uint8_t* to, uint32_t number, bytes content) noexcept:
    if PyBytes_GET_SIZE(content) == 0:
        return to
    to = put_head(to, number, PyBytes_GET_SIZE(content))
    memcpy(to, PyBytes_AS_STRING(content), PyBytes_GET_SIZE(content))
    return to + PyBytes_GET_SIZE(content)


cdef inline bytes taken(Buffer* scratch):
    """Return what has been written, and begin anew."""
    cdef bytes written = PyBytes_FromStringAndSize(<const char*>scratch.data, scratch.size)
    scratch.size = 0
    return written


cdef inline bint is_content(const Buffer* written, bytes content) noexcept:
    return written.size == <size_t>PyBytes_GET_SIZE(content) and memcmp(written.data, PyBytes_AS_STRING(content), written.size) == 0


cdef inline Cursor following(Cursor at, Cursor end, Visit* visit) noexcept:
    """Read a field of a message that our encoder wrote."""
    cdef Fault fault
    visit[0] = Visit(end, end, end, 0, 0)
    at = next_field(at, end, visit, &fault)
    return end if at is NULL else at


cdef Visit one_field(bytes payload, uint32_t number) noexcept:
    cdef Visit visit
    cdef Cursor at = <Cursor>PyBytes_AS_STRING(payload)
    following(at, at + PyBytes_GET_SIZE(payload), &visit)
    return visit


cdef inline bytes slice_of(const Visit* visit):
    return PyBytes_FromStringAndSize(<const char*>visit.value, visit.stop - visit.value)


cdef int put_flags(Buffer* to, uint32_t flags) except -1:
    if flags:
        put_tag(to, LogRecord_flags, FIXED32)
        put_fixed(to, flags, 4)
    return 0


cdef int put_text_pair(Buffer* to, uint32_t number, Cursor key, size_t key_size, Cursor text, size_t size) except -1:
    """Write an attribute whose value is text: its length is known before it is written."""
    cdef size_t any_size = field_size(size)
    cdef size_t pair_size = (field_size(key_size) if key_size else 0) + field_size(any_size)
    cdef uint8_t* at = reserved(to, pair_size + 20)
    at = put_head(at, number, pair_size)
    if key_size:
        at = put_head(at, KeyValue_key, key_size)
        memcpy(at, key, key_size)
        at += key_size
    at = put_head(at, KeyValue_value, any_size)
    at = put_head(at, AnyValue_string_value, size)
    if size:
        memcpy(at, text, size)
    to.size = at + size - to.data
    return 0


cdef bint is_utf8(Cursor at, Cursor end) noexcept:
    cdef uint64_t eight
    cdef int size
    while at < end:
        if end - at >= 8:
            memcpy(&eight, at, 8)
            if not eight & <uint64_t>0x8080808080808080:
                at += 8
                continue
        if at[0] < 0x80:
            at += 1
            continue
        size = sequence(at, end)
        if size < 0:
            return False
        at += size
    return True


cdef uint64_t integer_of(Cursor digits, size_t size) noexcept:
    cdef uint64_t value = 0
    cdef size_t index
    for index in range(size):
        value = value * 10 + (digits[index] - 48)
    return value


# ---- points in time, as `pipeline/timestamps.py` reads them; 0 for what it may read otherwise ----


cdef uint64_t number_of_units(Cursor at, Cursor end) noexcept:
    """Read seconds, milliseconds, microseconds or nanoseconds, of which the magnitude tells; fractions are cut."""
    cdef Cursor point = digits_end(at, end)
    cdef uint64_t whole, unit, part
    if point == at or point - at > 18:
        return 0
    whole = integer_of(at, point - at)
    if whole < 100_000_000_000ULL:
        unit = SECOND
    elif whole < 100_000_000_000_000ULL:
        unit = 1_000_000
    elif whole < 100_000_000_000_000_000ULL:
        unit = 1_000
    else:
        unit = 1
    if whole > 10_000_000_000_000_000_000ULL // unit:
        return 0
    whole *= unit
    if point == end:
        return whole
    if point[0] != b"." or digits_end(point + 1, end) != end:
        return 0
    at = point + 1
    part = unit
    while at < end and part > 1:
        part //= 10
        whole += part * (at[0] - 48)
        at += 1
    return whole


cdef uint64_t date_time(Cursor at, Cursor end, bint utc) noexcept:
    """Read RFC 3339, with a space where the T stands, too."""
    cdef int year, month, day, hour, minute, second, hours = 0, minutes = 0
    cdef uint64_t fraction = 0, unit = 100_000_000
    cdef int64_t offset = 0, time
    if end - at < 19 or at[4] != b"-" or at[7] != b"-" or at[13] != b":" or at[16] != b":":
        return 0
    if at[10] != b"T" and at[10] != b" " and at[10] != b"t":
        return 0
    year, month, day = digits(at, 4), digits(at + 5, 2), digits(at + 8, 2)
    hour, minute, second = digits(at + 11, 2), digits(at + 14, 2), digits(at + 17, 2)
    if year < 2000 or not 1 <= month <= 12 or not 1 <= day <= days_of(year, month):
        return 0
    if not 0 <= hour <= 23 or not 0 <= minute <= 59 or not 0 <= second <= 59:
        return 0
    at += 19
    if at < end and (at[0] == b"." or at[0] == b","):
        at += 1
        while at < end and 48 <= at[0] <= 57:
            fraction += unit * (at[0] - 48)
            unit //= 10
            at += 1
    if at == end:
        if not utc:
            return 0
    elif at[0] == b"Z" or at[0] == b"z":
        if at + 1 != end:
            return 0
    elif at[0] == b"+" or at[0] == b"-":
        if end - at == 6 and at[3] == b":":
            hours, minutes = digits(at + 1, 2), digits(at + 4, 2)
        elif end - at == 5:
            hours, minutes = digits(at + 1, 2), digits(at + 3, 2)
        else:
            return 0
        if not 0 <= hours <= 23 or not 0 <= minutes <= 59:
            return 0
        offset = (hours * 3600 + minutes * 60) * (-1 if at[0] == b"-" else 1)
    else:
        return 0
    time = days_until(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset
    return <uint64_t>time * SECOND + fraction if 0 < time < 10_000_000_000LL else 0


cdef inline int digits(Cursor at, int count) noexcept:
    """Return the number of some digits, or -1."""
    cdef int value = 0, index
    for index in range(count):
        if not 48 <= at[index] <= 57:
            return -1
        value = value * 10 + at[index] - 48
    return value


cdef inline int days_of(int year, int month) noexcept:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month == 4 or month == 6 or month == 9 or month == 11 else 31
