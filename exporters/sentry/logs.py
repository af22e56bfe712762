"""An OTLP log record as a Sentry log (sentry contract §7.1)."""

import hashlib
from collections.abc import Mapping
from math import isfinite
from typing import Any, Final

from exporters.sentry import origins, strip
from exporters.sentry.events import SDK, Labels
from pipeline.batch import Batch
from pipeline.text import json_bytes, text
from pipeline.trace_ids import derive_trace_id
from pipeline.types import Value
from pipeline.wire.model import LogRecord, Resource

LEVELS: Final = ("trace", "debug", "info", "warn", "error", "fatal")
BY_TEXT: Final = {**{level: level for level in LEVELS}, "warning": "warn", "information": "info"}
MAX_INTEGER: Final = 2**53
"""Readers of JSON lose integers beyond it."""


class Logs:
    """Makes the logs of one batch."""

    def __init__(self, labels: Labels, batch: Batch) -> None:
        self._labels = labels
        self._batch = batch
        self._trace_ids: dict[int, str] = {}
        self._shared: dict[int, dict[str, Value]] = {}

    def of(self, record: LogRecord) -> dict[str, Any]:
        """Return the log of a record. One without a trace id gets an id that its resource shares in this batch."""
        time = record.time or record.observed_time or self._batch.context.received_at
        log: dict[str, Any] = {"timestamp": time // 1000 / 1e6, "trace_id": record.trace_id or self._trace_id(record.resource)}
        if record.span_id:
            log["span_id"] = record.span_id
        log["level"] = level(record.severity_number, record.severity_text)
        log["body"] = text(record.body)
        if 1 <= record.severity_number <= 24:
            log["severity_number"] = record.severity_number
        log["attributes"] = typed(self._attributes(record))
        return log

    def _attributes(self, record: LogRecord) -> Mapping[str, Value]:
        """Return everything else that is known, what the record says itself before what is said about it."""
        scope, about, labels = record.scope, record.resource.attributes, self._labels
        found: dict[str, Value] = dict(self._of_resource(record.resource))
        found |= {"instrumentation.name": scope.name or None, "instrumentation.version": scope.version or None}
        found |= {f"instrumentation.{key}": value for key, value in strip.attributes(scope.attributes, pii=labels.pii).items()}
        found["sentry.release"] = origins.release(about, record.attributes, labels.release) or None
        return found | strip.attributes(record.attributes, pii=labels.pii)

    def _of_resource(self, resource: Resource) -> Mapping[str, Value]:
        """Return what all logs of a resource say."""
        found = self._shared.get(id(resource))
        if found is None:
            about, labels = resource.attributes, self._labels
            found = {f"resource.{key}": value for key, value in strip.attributes(about, pii=labels.pii).items()}
            found |= {
                "sentry.origin": "auto.otlp.logs",
                "sentry.environment": origins.environment(about, labels.environment) or None,
                "server.address": origins.server_name(about) or None,
                "sentry.sdk.name": SDK["name"],
                "sentry.sdk.version": SDK["version"],
            }
            self._shared[id(resource)] = found
        return found

    def _trace_id(self, resource: Resource) -> str:
        found = self._trace_ids.get(id(resource))
        if found is None:
            batch = hashlib.sha256(self._batch.payload).hexdigest()
            value = batch + json_bytes(resource.attributes).decode()
            found = self._trace_ids[id(resource)] = derive_trace_id("sentry", value)
        return found


def level(number: int, words: str) -> str:
    """Return the level of a log by severity number, or by text where there is none."""
    if 1 <= number <= 24:
        return LEVELS[(number - 1) // 4]
    return BY_TEXT.get(words.lower(), "info")


def typed(attributes: Mapping[str, Value]) -> dict[str, dict[str, Any]]:
    """Return attributes as Sentry takes them, each with its type; nothing, NaN and infinities are left out."""
    found = {}
    for key, value in attributes.items():
        match value:
            case None:
                continue
            case bool():
                found[key] = {"value": value, "type": "boolean"}
            case int() if abs(value) <= MAX_INTEGER:
                found[key] = {"value": value, "type": "integer"}
            case float():
                if isfinite(value):
                    found[key] = {"value": value, "type": "double"}
            case _:
                found[key] = {"value": text(value), "type": "string"}
    return found
