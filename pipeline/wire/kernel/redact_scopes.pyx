"""`reference/redact_scopes.py`, compiled: which rules hold where (redaction contract §5)."""

from cpython.bytearray cimport PyByteArray_AS_STRING
from cpython.bytes cimport PyBytes_AS_STRING

from pipeline.wire.kernel.redact_names cimport fits_glob
from pipeline.wire.kernel.tables cimport (
    ExponentialHistogramDataPoint, HistogramDataPoint, InstrumentationScope, LogRecord, Metric, NumberDataPoint, Resource, Span,
    Span_Event, Span_Link, SummaryDataPoint,
)

_PARTS = {
    "resource": RESOURCE_PART, "scope": SCOPE_PART, "log.body": LOG_BODY, "log.attributes": LOG_ATTRIBUTES,
    "span.name": SPAN_NAME, "span.attributes": SPAN_ATTRIBUTES, "span.events": SPAN_EVENTS, "span.links": SPAN_LINKS,
    "metric": METRIC, "metric.datapoints": DATAPOINTS,
}


cdef class Scoping:
    def __init__(self, rules):
        cdef size_t index
        self.books = (Rulebook(rules, 0), *(Rulebook(each.rules, number) for number, each in enumerate(rules.scopes, 1)))
        memory = bytearray(max(len(rules.scopes), 1) * sizeof(Scope))
        self._memory = [memory]
        self.scopes.list = <Scope*>PyByteArray_AS_STRING(memory)
        self.scopes.count = len(rules.scopes)
        for index, each in enumerate(rules.scopes):
            names = each.names.encode()
            self._memory.append(names)
            self.scopes.list[index].part = _PARTS[each.place]
            self.scopes.list[index].names = Literal(<Cursor>PyBytes_AS_STRING(names), len(names))
            self.scopes.list[index].book = <PyObject*>self.books[index + 1]


cdef uint32_t part_of(uint32_t message) noexcept nogil:
    """Return the parts that a message is."""
    if message == Resource:
        return RESOURCE_PART
    if message == InstrumentationScope:
        return SCOPE_PART
    if message == Span_Event:
        return SPAN_EVENTS
    if message == Span_Link:
        return SPAN_LINKS
    if message == Metric:
        return METRIC
    if message in (NumberDataPoint, HistogramDataPoint, ExponentialHistogramDataPoint, SummaryDataPoint):
        return METRIC | DATAPOINTS
    return NO_PART


cdef uint32_t attributes_of(uint32_t message) noexcept nogil:
    """Return the part that the attributes of a message are."""
    if message == LogRecord:
        return LOG_ATTRIBUTES
    return SPAN_ATTRIBUTES if message == Span else NO_PART


cdef PyObject* rules_of(const Scopes* scopes, Rulebook around, uint32_t parts, Cursor name, Cursor stop) noexcept nogil:
    """Return the rulebook of what is these parts, or else the one around them. `name` is that of an attribute."""
    cdef size_t index
    cdef const Scope* scope
    for index in range(scopes.count):
        scope = &scopes.list[index]
        if scope.part & parts and fits_glob(scope.names.text, scope.names.text + scope.names.size, name, stop):
            return scope.book
    return <PyObject*>around
