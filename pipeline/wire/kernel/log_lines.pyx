"""Lines of JSON as log records: the members of a line are read, its shape says which plan there is for it, and the plan is followed.

A line that is not plain, that has no plan or values which its plan is not for, is not taken: nothing of it is written.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free
from libc.string cimport memchr, memset

cimport cython

from pipeline.wire.kernel.buffer cimport (
    Buffer, close_message, emptied, opened, put_delimited, put_fixed, put_tag, put_text_pair, put_varint_bits,
)
from pipeline.wire.kernel.json_read cimport nibble
from pipeline.wire.kernel.json_write cimport is_utf8, put_bytes
from pipeline.wire.kernel.line_members cimport (
    BOOLEAN, DIGITS, INTEGER, MAP, MOST_KNOWN, NULL_VALUE, REAL, TEXT, LineReader, Member, is_text,
)
from pipeline.wire.kernel.line_routes cimport MOST_SHAPES, Place, Route, Routes
from pipeline.wire.kernel.record_groups cimport Groups, ScopeGroup
from pipeline.wire.kernel.tables cimport (
    AnyValue_array_value, AnyValue_bool_value, AnyValue_double_value, AnyValue_int_value, AnyValue_kvlist_value,
    AnyValue_string_value, KeyValue_key, KeyValue_value,
    LogRecord_attributes, LogRecord_body, LogRecord_flags, LogRecord_observed_time_unix_nano, LogRecord_severity_number,
    LogRecord_severity_text, LogRecord_span_id, LogRecord_time_unix_nano, LogRecord_trace_id,
    InstrumentationScope_name, Resource_attributes, ScopeLogs_log_records,
)
from pipeline.wire.kernel.times cimport SECOND, date_time, integer_of, number_of_units
from pipeline.wire.kernel.walk cimport FIXED32, FIXED64, VARINT, Cursor

from pipeline.wire.kernel.unusual import Unusual
from pipeline.wire.reference.message import utf8

cdef enum:
    MOST_LEVELS = 64  # remembered of one shape
    LONGEST_LEVEL = 32
    TURN = 512  # records after which others may run
    LONGEST_TIME = 40

cdef uint64_t EARLIEST = 946_684_800ULL * SECOND  # 2000-01-01T00:00:00Z
cdef uint64_t AHEAD = 86_400ULL * SECOND

@cython.final
cdef class LogLines:
    cdef Routes routes

    def __init__(self, table):
        self.routes = Routes(table)

    def begin(self, *, now, most, service="", context=None):
        return Lines(self.routes, now, most, service, context)


@cython.final
cdef class Lines(LineReader):
    cdef Routes table
    cdef public Py_ssize_t count
    cdef public int bad_ids
    cdef uint32_t turn  # lines so far
    cdef uint64_t now
    cdef Py_ssize_t most
    cdef bytes service  # its field of a resource
    cdef bytes context  # the fields of a record without ids
    cdef Member* by_name[MOST_KNOWN]
    cdef uint8_t shape[MOST_KNOWN]
    cdef Groups groups
    cdef Buffer resource, scope  # of the line
    cdef uint64_t format_counts[MOST_SHAPES]

    def __init__(self, Routes table, now, most, service, context):
        cdef bytes name
        self.table = table
        self.names = table.names
        self.now, self.most = now, most
        self.groups = Groups()
        self.service = self.context = b""
        if service:
            name = utf8(service)
            put_text_pair(
                &self.resource, Resource_attributes, b"service.name", 12, <Cursor>PyBytes_AS_STRING(name), PyBytes_GET_SIZE(name)
            )
            self.service = emptied(&self.resource)
        if context is not None:
            name = bytes.fromhex(context.trace_id)
            put_flags(&self.resource, context.flags)
            put_delimited(&self.resource, LogRecord_trace_id, PyBytes_AS_STRING(name), PyBytes_GET_SIZE(name))
            name = bytes.fromhex(context.span_id)
            put_delimited(&self.resource, LogRecord_span_id, PyBytes_AS_STRING(name), PyBytes_GET_SIZE(name))
            self.context = emptied(&self.resource)

    def __dealloc__(self):
        free(self.resource.data)
        free(self.scope.data)

    def formats(self):
        return {
            name: self.format_counts[index] for index, name in enumerate(self.table.formats) if self.format_counts[index]
        }

    def add(self, record):
        self.groups.add(record)
        self.count += 1

    def payload(self):
        return self.groups.payload()

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
            self.let_others_run()
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
            self.let_others_run()
        return here

    cdef inline int let_others_run(self) except -1:
        """Let go of the GIL now and then: a body may have a hundred thousand lines, and more that are empty."""
        self.turn += 1
        if self.turn & (TURN - 1) == 0:
            with nogil:
                pass
        return 0

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
                hash += (member.hash ^ <uint32_t>member.kind) * 0x85EBCA6BU  # of MurmurHash3's finalizer
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
        cdef ScopeGroup scoped
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
        self.format_counts[route.format] += 1
        return 0

    cdef ScopeGroup scoped(self, Route route):
        """Return where the record goes."""
        cdef Member* member
        self.resource.size = self.scope.size = 0
        self.put_placed(&self.resource, Resource_attributes, route, route.resource, route.resource_count)
        if not route.has_service:
            put_bytes(&self.resource, PyBytes_AS_STRING(self.service), PyBytes_GET_SIZE(self.service))
        if route.scope >= 0:
            member = self.by_name[route.scope]
            put_delimited(&self.scope, InstrumentationScope_name, self.bytes_of(member), member.size)
        return self.groups.scoped(&self.resource, &self.scope)

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


cdef int put_flags(Buffer* to, uint32_t flags) except -1:
    if flags:
        put_tag(to, LogRecord_flags, FIXED32)
        put_fixed(to, flags, 4)
    return 0
