"""How the structs of `pipeline.wire.model` and the messages of the schema fit together: a `Shape` for each pair.

Fields have the name that the schema gives them, or the shorter one of `_RENAMED`. So decoding and encoding are one loop each,
over whatever has a shape; what is special about a signal stands in the tree of shapes at the end of this file.
"""

from cpython.list cimport PyList_New
from cpython.object cimport PyObject, PyTypeObject
from cpython.ref cimport Py_INCREF
from libc.string cimport memset

from pipeline.wire.kernel cimport tables
from pipeline.wire.kernel.tables cimport KIND_message, KIND_none, MESSAGES, NUMBERS

from msgspec import NODEFAULT

from pipeline.wire import model

cdef extern from "Python.h":
    PyTypeObject PyMemberDescr_Type
    PyTypeObject* Py_TYPE(object)
    object PyObject_Vectorcall(object callable, PyObject** arguments, size_t positional, object names)
    dict PyDict_New()

cdef extern from "structmember.h":
    enum: T_OBJECT_EX
    ctypedef struct PyMemberDef:
        int type
        Py_ssize_t offset
    ctypedef struct PyMemberDescrObject:
        PyMemberDef* d_member
    ctypedef struct PyTupleObject:
        PyObject** ob_item

_RENAMED = {
    "time_unix_nano": "time",
    "observed_time_unix_nano": "observed_time",
    "start_time_unix_nano": "start_time",
    "end_time_unix_nano": "end_time",
    "filtered_attributes": "attributes",
    "as_double": "value",
    "as_int": "value",
    "bucket_counts": "counts",
    "explicit_bounds": "bounds",
    "quantile_values": "quantiles",
    "aggregation_temporality": "temporality",
    "is_monotonic": "monotonic",
}


cdef class Shape:
    """How a message and a struct, or a tuple, fit together."""

    def __cinit__(self, uint32_t message, struct, dict children = {}, dict renamed = _RENAMED, dict defaults = {}, int level = 0):
        self.message = message
        self.struct = struct
        self.level = level
        if struct is tuple:
            self.names = tuple(renamed)
            absent = defaults
        else:
            self.names = struct.__struct_fields__
            absent = {**_defaults(struct), **defaults}
        self.fields = len(self.names)
        if self.fields > MOST_FIELDS:
            raise ImportError(f"{struct.__name__} has more fields than the kernel has room for")
        self.required = {name: "" for name in self.names if name not in absent}
        self.defaults = tuple([absent.get(name) for name in self.names])
        for slot, name in enumerate(self.names):
            self.offsets[slot] = _item_offset(slot) if struct is tuple else _slot_offset(struct, name)
        self.children = {}
        memset(self.places, 0, sizeof(self.places))
        cdef int number
        for number in range(1, NUMBERS):
            if MESSAGES[message].fields[number].kind != KIND_none and not MESSAGES[message].fields[number].absent:
                self._place(number, MESSAGES[message].names[number].decode(), children, renamed)
        placed = {self.places[number].slot for number in range(NUMBERS) if self.places[number].how != NOWHERE}
        for slot, name in enumerate(self.names):
            if slot not in placed and name in absent and (absent[name] is None or absent[name] is list):
                self.spares[self.spare] = self.offsets[slot]
                self.spare += 1

    def _place(self, int number, str name, dict children, dict renamed):
        cdef Place* place = &self.places[number]
        cdef Shape child = None
        place.number = number
        place.field = &MESSAGES[self.message].fields[number]
        if name in children:
            how, child = children[name]
            self.children[name] = child
            place.name = <PyObject*>name
            place.shape = <PyObject*>child
        elif place.field.kind != KIND_message:
            how = SCALARS if place.field.repeated else SCALAR
        else:
            how = ATTRIBUTES if place.field.message == tables.KeyValue else VALUE
        place.how = how
        if place.how < FLAT:
            place.slot = self.names.index(renamed.get(name, name))
            place.offset = self.offsets[place.slot]
            place.optional = self.defaults[place.slot] is None
        elif place.how == DATA:
            place.slot = self.names.index("type")
            place.offset = self.offsets[place.slot]

    cdef object created(self, PyObject** values):
        """Return a struct of the values of its fields; those that are NULL get their default, which then belongs to `values`."""
        cdef uint32_t slot
        cdef object default
        for slot in range(self.fields):
            if values[slot] is NULL:
                default = self.defaults[slot]
                if default is list:
                    default = PyList_New(0)
                elif default is dict:
                    default = PyDict_New()
                Py_INCREF(default)
                values[slot] = <PyObject*>default
        if self.struct is tuple:
            return tuple([<object>values[slot] for slot in range(self.fields)])
        return PyObject_Vectorcall(self.struct, values, 0, self.names)

    cdef object blank(self):
        """Return a struct without content."""
        return self.struct(**self.required)


cdef Shape item_shape(Shape group):
    """Return the shape of one of the items below a group."""
    cdef int number
    for number in range(NUMBERS):
        if group.places[number].how == ITEMS:
            return <Shape>group.places[number].shape
        if group.places[number].how == GROUPS or group.places[number].how == DATA:
            return item_shape(<Shape>group.places[number].shape)


def _defaults(struct) -> dict:
    """Return what absent fields are; `list` and `dict` for new ones."""
    given = struct.__struct_defaults__
    optional = [name for name, default in zip(struct.__struct_fields__[-len(given):], given) if default is not NODEFAULT]
    blank = struct(**{name: None for name in struct.__struct_fields__ if name not in optional})
    defaults = {name: getattr(blank, name) for name in optional}
    return {name: type(default) if isinstance(default, (list, dict)) else default for name, default in defaults.items()}


cdef Py_ssize_t _slot_offset(struct, name) except -1:
    """Return where a struct keeps a field: reading it there is ten times as fast as by name."""
    descriptor = struct.__dict__[name]
    if Py_TYPE(descriptor) != &PyMemberDescr_Type or (<PyMemberDescrObject*>descriptor).d_member.type != T_OBJECT_EX:
        raise ImportError("fields of structs are not where the kernel looks for them")
    return (<PyMemberDescrObject*>descriptor).d_member.offset


cdef Py_ssize_t _item_offset(Py_ssize_t index):
    return <char*>&(<PyTupleObject*>NULL).ob_item[index] - <char*>NULL


_entity = Shape(tables.EntityRef, model.EntityRef)
_resource = Shape(tables.Resource, model.Resource, {"entity_refs": (STRUCTS, _entity)})
_scope = Shape(tables.InstrumentationScope, model.Scope)

_status = Shape(tables.Status, model.Span, renamed={"code": "status_code", "message": "status_message"})
_event = Shape(tables.Span_Event, model.Event)
_link = Shape(tables.Span_Link, model.Link)

_buckets = Shape(tables.ExponentialHistogramDataPoint_Buckets, model.Buckets)
_quantile = Shape(
    tables.SummaryDataPoint_ValueAtQuantile,
    tuple,
    renamed={"quantile": "quantile", "value": "value"},
    defaults={"quantile": 0.0, "value": 0.0},
)
_exemplars = {"exemplars": (STRUCTS, Shape(tables.Exemplar, model.Exemplar))}


def _point(uint32_t message, dict children, dict defaults = {}):
    return {"data_points": (ITEMS, Shape(message, model.Point, children, defaults=defaults, level=3))}


_number = _point(tables.NumberDataPoint, _exemplars)
_histogram = _point(tables.HistogramDataPoint, _exemplars)
_exponential = _point(
    tables.ExponentialHistogramDataPoint, {**_exemplars, "positive": (STRUCT, _buckets), "negative": (STRUCT, _buckets)}
)
_summary = _point(tables.SummaryDataPoint, {"quantile_values": (STRUCTS, _quantile)}, {"sum": 0.0})

_log_record = Shape(tables.LogRecord, model.LogRecord, level=2)
_span = Shape(
    tables.Span, model.Span, {"events": (STRUCTS, _event), "links": (STRUCTS, _link), "status": (FLAT, _status)}, level=2
)
_metric = Shape(
    tables.Metric,
    model.Metric,
    {
        "gauge": (DATA, Shape(tables.Gauge, model.Metric, _number)),
        "sum": (DATA, Shape(tables.Sum, model.Metric, _number)),
        "histogram": (DATA, Shape(tables.Histogram, model.Metric, _histogram)),
        "exponential_histogram": (DATA, Shape(tables.ExponentialHistogram, model.Metric, _exponential)),
        "summary": (DATA, Shape(tables.Summary, model.Metric, _summary)),
    },
    level=2,
)


def _root(uint32_t message, str groups, Shape resources):
    return Shape(message, tuple, {groups: (GROUPS, resources)}, renamed={})


def _resources(uint32_t message, str groups, Shape scopes):
    return Shape(message, model.Resource, {"resource": (FLAT, _resource), groups: (GROUPS, scopes)}, level=0)


def _scopes(uint32_t message, str below, how, Shape items):
    return Shape(message, model.Scope, {"scope": (FLAT, _scope), below: (how, items)}, level=1)


_scope_logs = _scopes(tables.ScopeLogs, "log_records", ITEMS, _log_record)
_scope_spans = _scopes(tables.ScopeSpans, "spans", ITEMS, _span)
_scope_metrics = _scopes(tables.ScopeMetrics, "metrics", GROUPS, _metric)

_ROOTS = {
    "logs": _root(tables.LogsData, "resource_logs", _resources(tables.ResourceLogs, "scope_logs", _scope_logs)),
    "traces": _root(tables.TracesData, "resource_spans", _resources(tables.ResourceSpans, "scope_spans", _scope_spans)),
    "metrics": _root(tables.MetricsData, "resource_metrics", _resources(tables.ResourceMetrics, "scope_metrics", _scope_metrics)),
}


cdef Shape root_shape(str signal):
    """Return the shape of a payload."""
    return _ROOTS[signal]
