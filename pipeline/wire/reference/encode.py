"""Encode records into a payload."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from pipeline.types import Signal, Value
from pipeline.wire.model import Buckets, EntityRef, Event, Exemplar, Link, LogRecord, Metric, Point, Record, Resource, Scope, Span
from pipeline.wire.reference.message import RANGES, Values, serialise
from pipeline.wire.reference.tables import Message, root
from pipeline.wire.reference.walk import MAX_DEPTH

_LEVELS: Final[Mapping[Signal, tuple[str, str, str]]] = {
    "logs": ("resource_logs", "scope_logs", "log_records"),
    "traces": ("resource_spans", "scope_spans", "spans"),
    "metrics": ("resource_metrics", "scope_metrics", "metrics"),
}


def encode(records: Sequence[Record], signal: Signal) -> bytes:
    """Return the payload of records, grouped by resource, scope and metric; groups and their records in order of arrival.

    Objects that are the same, or whose bytes would be, share a group. An integer in a value that is no int64 becomes a string
    of its digits. Raises `OverflowError` for a number that its field can't hold, `ValueError` for an id that is not hex and
    for a value nested deeper than `MAX_DEPTH`.
    """
    payload: Values = {}
    resource_level, scope_level, item_level = _LEVELS[signal]
    table = root(signal)
    resources = _Groups(table, resource_level, _resource)
    scopes = _Groups(resources.message, scope_level, _scope)
    metrics = _Groups(scopes.message, item_level, _metric)
    for record in records:
        scope = scopes.of(resources.of(payload, record.resource), record.scope)
        match record:
            case Point():
                data = metrics.of(scope, record.metric)[record.metric.type]
                data.setdefault("data_points", []).append(_point(record))
            case LogRecord():
                scope.setdefault(item_level, []).append(_log_record(record))
            case Span():
                scope.setdefault(item_level, []).append(_span(record))
    return serialise(table, payload)


class _Groups:
    """The messages of one level: each shared object has one in its parent, found by identity and else by content."""

    def __init__(self, parent: Message, name: str, describe: Callable[[Any], Values]) -> None:
        field = parent.by_name[name]
        assert field.message is not None  # noqa: S101 -- the levels are messages
        self.message = field.message
        self._name = name
        self._describe = describe
        self._by_identity: dict[tuple[int, int], Values] = {}
        self._by_content: dict[tuple[int, bytes], Values] = {}

    def of(self, parent: Values, shared: Resource | Scope | Metric) -> Values:
        identity = id(parent), id(shared)
        group = self._by_identity.get(identity)
        if group is None:
            new = self._describe(shared)
            content = id(parent), serialise(self.message, new)
            group = self._by_content.get(content)
            if group is None:
                group = self._by_content[content] = new
                parent.setdefault(self._name, []).append(new)
            self._by_identity[identity] = group
        return group


def _resource(resource: Resource) -> Values:
    values = {
        "attributes": _attributes(resource.attributes),
        "dropped_attributes_count": resource.dropped_attributes_count,
        "entity_refs": [_entity_ref(each) for each in resource.entity_refs],
    }
    return {"resource": values if any(values.values()) else None, "schema_url": resource.schema_url}


def _entity_ref(entity: EntityRef) -> Values:
    return {
        "schema_url": entity.schema_url,
        "type": entity.type,
        "id_keys": entity.id_keys,
        "description_keys": entity.description_keys,
    }


def _scope(scope: Scope) -> Values:
    values = {
        "name": scope.name,
        "version": scope.version,
        "attributes": _attributes(scope.attributes),
        "dropped_attributes_count": scope.dropped_attributes_count,
    }
    return {"scope": values if any(values.values()) else None, "schema_url": scope.schema_url}


def _metric(metric: Metric) -> Values:
    return {
        "name": metric.name,
        "description": metric.description,
        "unit": metric.unit,
        "metadata": _attributes(metric.metadata),
        metric.type: {"aggregation_temporality": metric.temporality, "is_monotonic": metric.monotonic},
    }


def _log_record(record: LogRecord) -> Values:
    return {
        "time_unix_nano": record.time,
        "observed_time_unix_nano": record.observed_time,
        "severity_number": record.severity_number,
        "severity_text": record.severity_text,
        "body": None if record.body is None else any_value(record.body),
        "attributes": _attributes(record.attributes),
        "dropped_attributes_count": record.dropped_attributes_count,
        "flags": record.flags,
        "trace_id": bytes.fromhex(record.trace_id),
        "span_id": bytes.fromhex(record.span_id),
        "event_name": record.event_name,
    }


def _span(span: Span) -> Values:
    status = {"message": span.status_message, "code": span.status_code}
    return {
        "trace_id": bytes.fromhex(span.trace_id),
        "span_id": bytes.fromhex(span.span_id),
        "trace_state": span.trace_state,
        "parent_span_id": bytes.fromhex(span.parent_span_id),
        "flags": span.flags,
        "name": span.name,
        "kind": span.kind,
        "start_time_unix_nano": span.start_time,
        "end_time_unix_nano": span.end_time,
        "attributes": _attributes(span.attributes),
        "dropped_attributes_count": span.dropped_attributes_count,
        "events": [_event(each) for each in span.events],
        "dropped_events_count": span.dropped_events_count,
        "links": [_link(each) for each in span.links],
        "dropped_links_count": span.dropped_links_count,
        "status": status if any(status.values()) else None,
    }


def _event(event: Event) -> Values:
    return {
        "time_unix_nano": event.time,
        "name": event.name,
        "attributes": _attributes(event.attributes),
        "dropped_attributes_count": event.dropped_attributes_count,
    }


def _link(link: Link) -> Values:
    return {
        "trace_id": bytes.fromhex(link.trace_id),
        "span_id": bytes.fromhex(link.span_id),
        "trace_state": link.trace_state,
        "attributes": _attributes(link.attributes),
        "dropped_attributes_count": link.dropped_attributes_count,
        "flags": link.flags,
    }


def _point(point: Point) -> Values:
    # Each type of point takes the fields that its message has; `serialise` looks at no other.
    return {
        "attributes": _attributes(point.attributes),
        "start_time_unix_nano": point.start_time,
        "time_unix_nano": point.time,
        "flags": point.flags,
        **_number(point.value),
        "count": point.count,
        "sum": point.sum,
        "min": point.min,
        "max": point.max,
        "explicit_bounds": point.bounds,
        "bucket_counts": point.counts,
        "scale": point.scale,
        "zero_count": point.zero_count,
        "zero_threshold": point.zero_threshold,
        "positive": _buckets(point.positive),
        "negative": _buckets(point.negative),
        "quantile_values": [{"quantile": quantile, "value": value} for quantile, value in point.quantiles],
        "exemplars": [_exemplar(each) for each in point.exemplars],
    }


def _exemplar(exemplar: Exemplar) -> Values:
    return {
        "time_unix_nano": exemplar.time,
        **_number(exemplar.value),
        "trace_id": bytes.fromhex(exemplar.trace_id),
        "span_id": bytes.fromhex(exemplar.span_id),
        "filtered_attributes": _attributes(exemplar.attributes),
    }


def _number(value: float | None) -> Values:
    return {"as_int" if isinstance(value, int) else "as_double": value}


def _buckets(buckets: Buckets | None) -> Values | None:
    return None if buckets is None else {"offset": buckets.offset, "bucket_counts": buckets.counts}


def _attributes(attributes: Mapping[str, Value], depth: int = 0) -> list[Values]:
    return [{"key": key, "value": any_value(value, depth)} for key, value in attributes.items()]


def any_value(value: Value, depth: int = 0) -> Values:
    """Return a value as an `AnyValue`; an integer that is no int64 becomes a string."""
    match value:
        case None:
            return {}
        case str():
            return {"string_value": value}
        case bool():
            return {"bool_value": value}
        case int():
            least, greatest = RANGES["int64"]
            return {"int_value": value} if least <= value <= greatest else {"string_value": str(value)}
        case float():
            return {"double_value": value}
        case bytes():
            return {"bytes_value": value}
    if depth == MAX_DEPTH:
        raise ValueError(f"value nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, Mapping):
        return {"kvlist_value": {"values": _attributes(value, depth + 1)}}
    return {"array_value": {"values": [any_value(each, depth + 1) for each in value]}}
