"""Telemetry that every component has a use for."""

import time
from collections.abc import Sequence

from pipeline import Batch, Context, wire
from pipeline.types import Signal
from pipeline.wire.model import Attributes, Event, LogRecord, Metric, Point, Record, Resource, Scope, Span


def sample(signal: Signal, items: int = 1) -> Batch:
    """Return a fresh batch of errors of a shop: log records, spans that recorded an exception, or points of a gauge."""
    payload = wire.encode(_records(signal, items), signal)
    return Batch(payload, signal, items, Context("test", "http", time.time_ns()))


def _records(signal: Signal, items: int) -> Sequence[Record]:
    resource, scope, now = Resource(attributes={"service.name": "shop"}), Scope(name="contracts"), time.time_ns()
    match signal:
        case "logs":
            return [
                LogRecord(
                    resource=resource,
                    scope=scope,
                    time=now,
                    severity_number=17,
                    severity_text="ERROR",
                    body=f"payment {n} failed",
                )
                for n in range(items)
            ]
        case "traces":
            return [
                Span(
                    resource=resource,
                    scope=scope,
                    trace_id=f"{n + 1:032x}",
                    span_id=f"{n + 1:016x}",
                    name="pay",
                    start_time=now,
                    end_time=now + 10**6,
                    status_code=2,
                    events=[Event(time=now, name="exception", attributes=_exception(n))],
                )
                for n in range(items)
            ]
        case "metrics":
            return [
                Point(resource=resource, scope=scope, metric=Metric(name=f"queue.{n}", type="gauge"), time=now, value=float(n))
                for n in range(items)
            ]


def _exception(number: int) -> Attributes:
    return {"exception.type": "ValueError", "exception.message": f"payment {number}"}
