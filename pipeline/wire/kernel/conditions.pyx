"""Compiling conditions, and what they say of an item."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.math cimport isfinite
from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t
from libc.stdlib cimport free, realloc
from libc.string cimport strlen

from pipeline.wire.kernel.items cimport Slice
from pipeline.wire.kernel.tables cimport (
    LogRecord, LogRecord_event_name, LogRecord_severity_number, LogRecord_severity_text, LogRecord_span_id,
    LogRecord_trace_id, MESSAGES, Metric, Span, Span_end_time_unix_nano, Span_kind, Span_name, Span_span_id,
    Span_start_time_unix_nano, Span_trace_id,
)
from pipeline.wire.kernel.values cimport (
    BOOLEAN, NOTHING, REAL, TEXT, UNORDERED, Text, alike, equal, integer, nothing, order, signed, textual,
)
from pipeline.wire.kernel.walk cimport Cursor, Fault, fixed64, varint

import re

from pipeline.conditions.expression import All, AnyOf, Compare, Match, Not, OneOf

cdef dict _PLACES = {
    "attributes": ATTRIBUTE,
    "resource.attributes": RESOURCE_ATTRIBUTE,
    "body": BODY,
    "severity_number": SEVERITY_NUMBER,
    "severity_text": SEVERITY_TEXT,
    "event_name": EVENT_NAME,
    "name": NAME,
    "kind": KIND,
    "status.code": STATUS_CODE,
    "duration": DURATION,
    "trace_id": TRACE_ID,
    "span_id": SPAN_ID,
    "scope.name": SCOPE_NAME,
    "metric.name": METRIC_NAME,
    "metric.type": METRIC_TYPE,
}
cdef dict _OPERATIONS = {
    "==": ONE_OF, "!=": NOT_EQUAL, "<": LESS, "<=": LESS_OR_EQUAL, ">": GREATER, ">=": GREATER_OR_EQUAL
}
_HEX = re.compile("(?:[0-9a-f]{2})*")


class Unsupported(Exception):
    """Only the reference can tell what this means of text that is not UTF-8, or of numbers that large."""


cdef class Conditions:
    """Conditions that are asked of the same items; `wanted` comes to hold what they look at."""

    def __cinit__(self, Wanted wanted not None):
        self.wanted = wanted
        self.alive = []
        self.node(ALL)  # node 0 is none

    def __dealloc__(self):
        free(self.nodes)
        free(self.literals)

    cdef size_t add(self, object condition) except 0:
        """Compile a condition; return what `holds` takes for it. Raises `Unsupported`."""
        return self.expression(condition.expression)

    cdef size_t expression(self, object expression) except 0:
        cdef size_t index
        if isinstance(expression, (All, AnyOf)):
            index = self.node(ALL if isinstance(expression, All) else ANY)
            return self.chained(index, expression.terms)
        if isinstance(expression, Not):
            index = self.node(NOT)
            return self.chained(index, (expression.term,))
        if isinstance(expression, Match):
            index = self.node(MATCHES)
            self.alive.append(expression.regex)
            self.nodes[index].regex = <PyObject*>expression.regex
            self.nodes[index].negated = expression.negated
            self.needs_python = True
        elif isinstance(expression, Compare):
            if isinstance(expression.literal, str) and expression.operator not in ("==", "!="):
                raise Unsupported
            index = self.node(_OPERATIONS[expression.operator])
            self.literal(index, expression.path, expression.literal)
        elif isinstance(expression, OneOf):
            index = self.node(ONE_OF)
            for literal in expression.literals:
                self.literal(index, expression.path, literal)
        else:
            raise Unsupported
        self.place(index, expression.path)
        return index

    cdef size_t chained(self, size_t index, object terms) except 0:
        cdef size_t term, last = 0
        for each in terms:
            term = self.expression(each)
            if last:
                self.nodes[last].next = term
            else:
                self.nodes[index].first = term
            last = term
        return index

    cdef size_t node(self, Operation operation) except? 0:
        cdef Node* more = <Node*>realloc(self.nodes, (self.node_count + 1) * sizeof(Node))
        if more is NULL:
            raise MemoryError
        self.nodes = more
        more[self.node_count] = Node(operation, False, 0, 0, ATTRIBUTE, 0, self.literal_count, 0, NULL)
        self.node_count += 1
        return self.node_count - 1

    cdef int place(self, size_t index, object path) except -1:
        cdef Place place = _PLACES[path.name]
        self.nodes[index].place = place
        if place == ATTRIBUTE:
            self.nodes[index].key = self.wanted.attribute(plain(path.key))
        elif place == RESOURCE_ATTRIBUTE:
            self.nodes[index].key = self.wanted.resource_attribute(plain(path.key))
        elif place == SCOPE_NAME:
            self.wanted.reads_scope = True
        elif place != METRIC_NAME and place != METRIC_TYPE:
            self.wanted.reads_items = True
            self.wanted.reads_body |= place == BODY
        return 0

    cdef int literal(self, size_t index, object path, object literal) except -1:
        cdef Value* more = <Value*>realloc(self.literals, (self.literal_count + 1) * sizeof(Value))
        cdef bytes text
        if more is NULL:
            raise MemoryError
        self.literals = more
        if isinstance(literal, str) and path.name in ("trace_id", "span_id"):
            if _HEX.fullmatch(literal) is None:
                more[self.literal_count] = textual(Text(NULL, <size_t>-1))  # no id is written like this
            else:
                text = bytes.fromhex(literal)
                self.alive.append(text)
                more[self.literal_count] = value_of(text)
        else:
            value = plain(literal) if isinstance(literal, str) else literal
            self.alive.append(value)
            more[self.literal_count] = value_of(value)
        self.literal_count += 1
        self.nodes[index].literals += 1
        return 0


cdef bytes plain(str text):
    """Return text as UTF-8. Raises `Unsupported` for text that a value with bad UTF-8 may equal, once it is decoded."""
    if "\ufffd" in text or not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        raise Unsupported
    return text.encode()


cdef Value value_of(object value) except *:
    """Return a configured scalar as a struct; text, given as bytes, has to be kept alive. Raises `Unsupported`."""
    if value is None:
        return nothing()
    if isinstance(value, bytes):
        return textual(Text(<Cursor>PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value)))
    if isinstance(value, bool):
        return Value(BOOLEAN, True, False, value, 0, Text(NULL, 0))
    if isinstance(value, int):
        if not -(1 << 64) < value < 1 << 64:
            raise Unsupported
        return integer(abs(value), value < 0)
    if isinstance(value, float) and isfinite(value):
        return Value(REAL, True, False, 0, value, Text(NULL, 0))
    raise Unsupported


cdef bint holds(const Node* nodes, const Value* literals, size_t index, const Item* item) noexcept nogil:
    """Tell whether a condition is true of an item."""
    cdef const Node* node = &nodes[index]
    cdef size_t term = node.first
    cdef Value value
    if node.operation == NOT:
        return not holds(nodes, literals, term, item)
    if node.operation == ALL or node.operation == ANY:
        while term:
            if holds(nodes, literals, term, item) == (node.operation == ANY):
                return node.operation == ANY
            term = nodes[term].next
        return node.operation == ALL
    value = read(node, item)
    if node.operation == MATCHES:
        return value.type == TEXT and matches(node, &value) != node.negated
    literals += node.first_literal
    if node.operation == ONE_OF:
        return one_of(&value, literals, node.literals)
    if literals.type == NOTHING:  # only == and != take nil
        return value.type != NOTHING
    return alike(&value, literals) and compares(node.operation, &value, literals)


cdef bint one_of(const Value* value, const Value* literals, size_t count) noexcept nogil:
    cdef size_t index
    for index in range(count):
        if literals[index].type == NOTHING:
            if value.type == NOTHING:
                return True
        elif alike(value, &literals[index]) and equal(value, &literals[index]):
            return True
    return False


cdef bint compares(Operation operation, const Value* value, const Value* literal) noexcept nogil:
    cdef int found
    if operation == NOT_EQUAL:
        return not equal(value, literal)
    found = order(value, literal)
    if found == UNORDERED:
        return False
    if operation == LESS:
        return found < 0
    if operation == LESS_OR_EQUAL:
        return found <= 0
    if operation == GREATER:
        return found > 0
    return found >= 0


cdef bint matches(const Node* node, const Value* value) noexcept with gil:
    """Search a text, as Python decodes it, with RE2's Python binding."""
    cdef object text
    if node.place == TRACE_ID or node.place == SPAN_ID:
        text = value.text.at[:value.text.size].hex()
    else:
        text = PyUnicode_DecodeUTF8(<const char*>value.text.at, value.text.size, "replace")
    return (<object>node.regex).search(text) is not None


cdef Value read(const Node* node, const Item* item) noexcept nogil:
    """Return the value of a path."""
    if node.place == ATTRIBUTE:
        return item.attributes[node.key]
    if node.place == RESOURCE_ATTRIBUTE:
        return item.resource[node.key]
    if node.place == SCOPE_NAME:
        return text_of(item.scope_name)
    if item.message == LogRecord:
        return read_log(node.place, item)
    if item.message == Span:
        return read_span(node.place, item)
    if node.place == METRIC_NAME:
        return text_of(item.metric_name)
    if node.place == METRIC_TYPE:
        return text_of(name_of_type(item.metric_type))
    return nothing()


cdef Value read_log(Place place, const Item* item) noexcept nogil:
    cdef int32_t severity
    if place == BODY:
        return item.body
    if place == SEVERITY_NUMBER:
        severity = enumeration(item.last[LogRecord_severity_number])
        return signed(<uint64_t><int64_t>severity) if severity else nothing()
    if place == SEVERITY_TEXT:
        return text_in(item.last[LogRecord_severity_text])
    if place == EVENT_NAME:
        return text_in(item.last[LogRecord_event_name])
    if place == TRACE_ID:
        return text_in(item.last[LogRecord_trace_id])
    if place == SPAN_ID:
        return text_in(item.last[LogRecord_span_id])
    return nothing()


cdef Value read_span(Place place, const Item* item) noexcept nogil:
    cdef uint64_t start, end
    if place == NAME:
        return text_in(item.last[Span_name])
    if place == KIND:
        return signed(<uint64_t><int64_t>enumeration(item.last[Span_kind]))
    if place == STATUS_CODE:
        return signed(<uint64_t><int64_t>item.status_code)
    if place == DURATION:
        start, end = time(item.last[Span_start_time_unix_nano]), time(item.last[Span_end_time_unix_nano])
        if start and end:
            return integer(end - start if end >= start else start - end, end < start)
    elif place == TRACE_ID:
        return text_in(item.last[Span_trace_id])
    elif place == SPAN_ID:
        return text_in(item.last[Span_span_id])
    return nothing()


cdef inline Value text_of(Text text) noexcept nogil:
    """Return text as a value; no text is nothing."""
    return textual(text) if text.size else nothing()


cdef inline Value text_in(Slice value) noexcept nogil:
    return text_of(Text(value.at, value.stop - value.at if value.at is not NULL else 0))


cdef inline Text name_of_type(uint32_t number) noexcept nogil:
    cdef const char* name = MESSAGES[Metric].names[number]
    return Text(<Cursor>name, strlen(name))


cdef inline int32_t enumeration(Slice value) noexcept nogil:
    cdef uint64_t number = 0
    cdef Fault fault
    if value.at is not NULL:
        varint(value.at, value.stop, &number, &fault)
    return <int32_t><uint32_t>number


cdef inline uint64_t time(Slice value) noexcept nogil:
    return 0 if value.at is NULL else fixed64(value.at)
