"""Decode a payload into records."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from pipeline.types import Signal, Value
from pipeline.wire.model import (
    Attributes,
    Buckets,
    EntityRef,
    Event,
    Exemplar,
    Link,
    LogRecord,
    Metric,
    MetricType,
    Point,
    Record,
    Resource,
    Scope,
    Span,
)
from pipeline.wire.reference.message import Values, parse
from pipeline.wire.reference.tables import root

METRIC_TYPES: Final[tuple[MetricType, ...]] = ("gauge", "sum", "histogram", "exponential_histogram", "summary")


def records(payload: bytes, signal: Signal) -> Sequence[Record]:
    """Return the log records, spans or points of a payload, in wire order; those of one group share its objects.

    Strings that are not UTF-8 hold U+FFFD for each bad sequence; unknown fields are left out. Raises `Malformed`.
    """
    return list(_DECODERS[signal](parse(payload, 0, len(payload), root(signal))))


def _logs(payload: Values) -> Iterator[LogRecord]:
    for group in payload.get("resource_logs", ()):
        resource = _resource(group)
        for part in group.get("scope_logs", ()):
            scope = _scope(part)
            for record in part.get("log_records", ()):
                yield LogRecord(
                    resource=resource,
                    scope=scope,
                    time=record.get("time_unix_nano", 0),
                    observed_time=record.get("observed_time_unix_nano", 0),
                    severity_number=record.get("severity_number", 0),
                    severity_text=record.get("severity_text", ""),
                    body=_value(record.get("body", {})),
                    attributes=attributes_of(record),
                    dropped_attributes_count=record.get("dropped_attributes_count", 0),
                    flags=record.get("flags", 0),
                    trace_id=record.get("trace_id", b"").hex(),
                    span_id=record.get("span_id", b"").hex(),
                    event_name=record.get("event_name", ""),
                )


def _spans(payload: Values) -> Iterator[Span]:
    for group in payload.get("resource_spans", ()):
        resource = _resource(group)
        for part in group.get("scope_spans", ()):
            scope = _scope(part)
            for span in part.get("spans", ()):
                status = span.get("status", {})
                yield Span(
                    resource=resource,
                    scope=scope,
                    trace_id=span.get("trace_id", b"").hex(),
                    span_id=span.get("span_id", b"").hex(),
                    parent_span_id=span.get("parent_span_id", b"").hex(),
                    trace_state=span.get("trace_state", ""),
                    flags=span.get("flags", 0),
                    name=span.get("name", ""),
                    kind=span.get("kind", 0),
                    start_time=span.get("start_time_unix_nano", 0),
                    end_time=span.get("end_time_unix_nano", 0),
                    attributes=attributes_of(span),
                    dropped_attributes_count=span.get("dropped_attributes_count", 0),
                    events=[_event(event) for event in span.get("events", ())],
                    dropped_events_count=span.get("dropped_events_count", 0),
                    links=[_link(link) for link in span.get("links", ())],
                    dropped_links_count=span.get("dropped_links_count", 0),
                    status_code=status.get("code", 0),
                    status_message=status.get("message", ""),
                )


def _points(payload: Values) -> Iterator[Point]:
    for group in payload.get("resource_metrics", ()):
        resource = _resource(group)
        for part in group.get("scope_metrics", ()):
            scope = _scope(part)
            for metric in part.get("metrics", ()):
                for kind in METRIC_TYPES:
                    if kind in metric:
                        shared = _metric(metric, kind)
                        for point in metric[kind].get("data_points", ()):
                            yield _point(resource, scope, shared, point)


def _metric(metric: Values, kind: MetricType) -> Metric:
    return Metric(
        name=metric.get("name", ""),
        type=kind,
        description=metric.get("description", ""),
        unit=metric.get("unit", ""),
        metadata=attributes_of(metric, "metadata"),
        temporality=metric[kind].get("aggregation_temporality", 0),
        monotonic=metric[kind].get("is_monotonic", False),
    )


def _point(resource: Resource, scope: Scope, metric: Metric, point: Values) -> Point:
    return Point(
        resource=resource,
        scope=scope,
        metric=metric,
        attributes=attributes_of(point),
        start_time=point.get("start_time_unix_nano", 0),
        time=point.get("time_unix_nano", 0),
        flags=point.get("flags", 0),
        value=point.get("as_int", point.get("as_double")),
        count=point.get("count", 0),
        sum=point.get("sum", 0.0 if metric.type == "summary" else None),
        min=point.get("min"),
        max=point.get("max"),
        bounds=point.get("explicit_bounds", []),
        counts=point.get("bucket_counts", []),
        scale=point.get("scale", 0),
        zero_count=point.get("zero_count", 0),
        zero_threshold=point.get("zero_threshold", 0.0),
        positive=_buckets(point.get("positive")),
        negative=_buckets(point.get("negative")),
        quantiles=[(each.get("quantile", 0.0), each.get("value", 0.0)) for each in point.get("quantile_values", ())],
        exemplars=[_exemplar(each) for each in point.get("exemplars", ())],
    )


def _resource(group: Values) -> Resource:
    resource = group.get("resource", {})
    return Resource(
        attributes=attributes_of(resource),
        schema_url=group.get("schema_url", ""),
        dropped_attributes_count=resource.get("dropped_attributes_count", 0),
        entity_refs=[
            EntityRef(
                schema_url=each.get("schema_url", ""),
                type=each.get("type", ""),
                id_keys=each.get("id_keys", []),
                description_keys=each.get("description_keys", []),
            )
            for each in resource.get("entity_refs", ())
        ],
    )


def _scope(part: Values) -> Scope:
    scope = part.get("scope", {})
    return Scope(
        name=scope.get("name", ""),
        version=scope.get("version", ""),
        attributes=attributes_of(scope),
        schema_url=part.get("schema_url", ""),
        dropped_attributes_count=scope.get("dropped_attributes_count", 0),
    )


def _event(event: Values) -> Event:
    return Event(
        time=event.get("time_unix_nano", 0),
        name=event.get("name", ""),
        attributes=attributes_of(event),
        dropped_attributes_count=event.get("dropped_attributes_count", 0),
    )


def _link(link: Values) -> Link:
    return Link(
        trace_id=link.get("trace_id", b"").hex(),
        span_id=link.get("span_id", b"").hex(),
        trace_state=link.get("trace_state", ""),
        attributes=attributes_of(link),
        dropped_attributes_count=link.get("dropped_attributes_count", 0),
        flags=link.get("flags", 0),
    )


def _exemplar(exemplar: Values) -> Exemplar:
    return Exemplar(
        time=exemplar.get("time_unix_nano", 0),
        value=exemplar.get("as_int", exemplar.get("as_double")),
        trace_id=exemplar.get("trace_id", b"").hex(),
        span_id=exemplar.get("span_id", b"").hex(),
        attributes=attributes_of(exemplar, "filtered_attributes"),
    )


def _buckets(buckets: Values | None) -> Buckets | None:
    if buckets is None:
        return None
    return Buckets(offset=buckets.get("offset", 0), counts=buckets.get("bucket_counts", []))


def attributes_of(values: Values, name: str = "attributes") -> Attributes:
    """Return the attributes that a parsed message holds."""
    return {pair.get("key", ""): _value(pair.get("value", {})) for pair in values.get(name, ())}


def _value(value: Values) -> Value:
    for kind, content in value.items():
        if kind == "array_value":
            return [_value(each) for each in content.get("values", ())]
        if kind == "kvlist_value":
            return attributes_of(content, "values")
        scalar: Value = content
        return scalar
    return None


_DECODERS: Final[Mapping[Signal, Callable[[Values], Iterator[Record]]]] = {"logs": _logs, "traces": _spans, "metrics": _points}
