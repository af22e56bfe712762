"""An event as an OTLP log record: what all senders share (webhooks contract §5, §6)."""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from pipeline.trace_ids import derive_span_id, derive_trace_id, parse_traceparent
from pipeline.types import Value
from pipeline.wire.model import LogRecord, Resource, Scope
from receivers.webhook.delivery import Delivery
from receivers.webhook.event import Event


class Style(Struct, frozen=True, kw_only=True):
    """What the settings say about records."""

    type: str
    endpoint: str
    payload: Literal["attributes", "string", "none"]
    trace: Literal["derive", "payload", "none"]
    trust_traceparent: bool
    headers: tuple[str, ...]


def records(events: Sequence[Event], delivery: Delivery, body: bytes, id: str, dedup_id: str, style: Style) -> list[LogRecord]:
    """Return the records of a delivery. `body` is its text, `id` the sender's own id, `dedup_id` the one it is known by here."""
    resource, scope = Resource(attributes={"service.name": style.endpoint}), Scope()
    common: dict[str, Value] = {"webhook.type": style.type, "webhook.endpoint": style.endpoint}
    if id:
        common["webhook.delivery_id"] = id
    for name in style.headers:
        if text := delivery.text(name):
            common[f"http.request.header.{name.lower()}"] = text
    return [
        _record(event, delivery, body, dedup_id, style, common, LogRecord(resource=resource, scope=scope)) for event in events
    ]


def _record(
    event: Event, delivery: Delivery, body: bytes, dedup_id: str, style: Style, common: dict[str, Value], record: LogRecord
) -> LogRecord:
    record.time = event.time
    record.observed_time = delivery.received_at
    record.severity_number, record.severity_text = event.level
    record.event_name = event.name
    record.body = event.body
    record.attributes = {**common, **event.attributes}
    if style.payload == "attributes":
        record.attributes["webhook.payload"] = event.payload
    elif style.payload == "string":
        record.attributes["webhook.payload"] = body.decode(errors="replace")
    _trace(record, event, delivery, dedup_id, style)
    return record


def _trace(record: LogRecord, event: Event, delivery: Delivery, dedup_id: str, style: Style) -> None:
    if style.trace == "none":
        return
    given = delivery.headers.getall("traceparent", [])
    context = parse_traceparent(given[0]) if style.trust_traceparent and len(given) == 1 else None
    if context is not None:
        record.trace_id, record.span_id, record.flags = context
        return
    correlation = event.correlation or dedup_id
    if style.trace == "derive" and correlation:
        record.trace_id = derive_trace_id(f"webhook:{style.type}", correlation)
        record.span_id = derive_span_id(record.trace_id, dedup_id) if dedup_id else ""
        record.attributes["trace.derived"] = True
