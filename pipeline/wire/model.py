"""Decoded records: what `wire.records` returns and `wire.encode` takes.

Names and meaning are those of the OTLP schema. Attributes are plain dicts (the last of equal keys wins). Ids are lower-case
hex, empty when absent; times are nanoseconds since the epoch, 0 when absent. `Resource`, `Scope` and `Metric` objects are
shared by the records below them, so grouping for `encode` goes by identity, then by value.
"""

from typing import Literal, TypeAlias

from msgspec import Struct

from pipeline.types import Value

Attributes: TypeAlias = dict[str, Value]


class EntityRef(Struct, kw_only=True):
    """An entity that a resource is about: which of its attributes identify it, and which describe it."""

    schema_url: str = ""
    type: str = ""
    id_keys: list[str] = []
    description_keys: list[str] = []


class Resource(Struct, eq=True):
    """What produced the records."""

    attributes: Attributes = {}
    schema_url: str = ""
    dropped_attributes_count: int = 0
    entity_refs: list[EntityRef] = []


class Scope(Struct, eq=True):
    """The instrumentation scope."""

    name: str = ""
    version: str = ""
    attributes: Attributes = {}
    schema_url: str = ""
    dropped_attributes_count: int = 0


class LogRecord(Struct, kw_only=True):
    """One log record."""

    resource: Resource
    scope: Scope
    time: int = 0
    observed_time: int = 0
    severity_number: int = 0
    severity_text: str = ""
    body: Value = None
    attributes: Attributes = {}
    dropped_attributes_count: int = 0
    flags: int = 0
    trace_id: str = ""
    span_id: str = ""
    event_name: str = ""


class Event(Struct, kw_only=True):
    """An event of a span."""

    time: int = 0
    name: str = ""
    attributes: Attributes = {}
    dropped_attributes_count: int = 0


class Link(Struct, kw_only=True):
    """A link of a span to another."""

    trace_id: str = ""
    span_id: str = ""
    trace_state: str = ""
    attributes: Attributes = {}
    dropped_attributes_count: int = 0
    flags: int = 0


class Span(Struct, kw_only=True):
    """One span."""

    resource: Resource
    scope: Scope
    trace_id: str = ""
    span_id: str = ""
    parent_span_id: str = ""
    trace_state: str = ""
    flags: int = 0
    name: str = ""
    kind: int = 0
    start_time: int = 0
    end_time: int = 0
    attributes: Attributes = {}
    dropped_attributes_count: int = 0
    events: list[Event] = []
    dropped_events_count: int = 0
    links: list[Link] = []
    dropped_links_count: int = 0
    status_code: int = 0
    status_message: str = ""


MetricType = Literal["gauge", "sum", "histogram", "exponential_histogram", "summary"]


class Metric(Struct, kw_only=True, eq=True):
    """What the points of one metric share."""

    name: str
    type: MetricType
    description: str = ""
    unit: str = ""
    metadata: Attributes = {}
    temporality: int = 0
    """0 unspecified, 1 delta, 2 cumulative."""
    monotonic: bool = False


class Exemplar(Struct, kw_only=True):
    """An example behind a data point."""

    time: int = 0
    value: int | float | None = None
    trace_id: str = ""
    span_id: str = ""
    attributes: Attributes = {}


class Buckets(Struct):
    """Buckets of an exponential histogram on one side of zero."""

    offset: int = 0
    counts: list[int] = []


class Point(Struct, kw_only=True):
    """A data point. Which fields are set follows from `metric.type`.

    gauge, sum: `value`. histogram: `count`, `sum`, `min`, `max`, `bounds`, `counts`. summary: `count`, `sum`, `quantiles`.
    exponential_histogram: `count`, `sum`, `min`, `max`, `scale`, `zero_count`, `zero_threshold`, `positive`, `negative`.
    """

    resource: Resource
    scope: Scope
    metric: Metric
    attributes: Attributes = {}
    start_time: int = 0
    time: int = 0
    flags: int = 0
    value: int | float | None = None
    count: int = 0
    sum: float | None = None
    min: float | None = None
    max: float | None = None
    bounds: list[float] = []
    counts: list[int] = []
    scale: int = 0
    zero_count: int = 0
    zero_threshold: float = 0.0
    positive: Buckets | None = None
    negative: Buckets | None = None
    quantiles: list[tuple[float, float]] = []
    exemplars: list[Exemplar] = []


Record: TypeAlias = LogRecord | Span | Point
