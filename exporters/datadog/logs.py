"""An OTLP log record as a Datadog log (the Datadog Agent's mapping), and the bounds of one log."""

import re
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from math import isfinite
from typing import Final, TypeAlias

from exporters.datadog.origins import Origin
from pipeline.text import json_bytes, shortened, text
from pipeline.trace_ids import to_decimal
from pipeline.types import Value
from pipeline.wire.model import LogRecord

Log: TypeAlias = dict[str, str | bool | int | float]

MAX_LOG_BYTES: Final = 1_000_000
"""Of one log's JSON (Send logs: 1 MB); Datadog would cut what is longer without a mark."""
WORTH_CUTTING: Final = 1024
"""A log that is too large though no text in it is longer than this has too many attributes."""
MAX_DEPTH: Final = 10
"""Maps below this depth become JSON text."""

MESSAGE_KEYS: Final = frozenset({"msg", "message", "log"})
STATUS_KEYS: Final = frozenset({"status", "severity", "level", "syslog.severity"})
TRACE_KEYS: Final = frozenset({"traceid", "trace_id", "contextmap.traceid", "oteltraceid"})
SPAN_KEYS: Final = frozenset({"spanid", "span_id", "contextmap.spanid", "otelspanid"})
RESERVED_OF_RESOURCE: Final = {"hostname": "otel.hostname", "service": "otel.service"}
ERROR_TRACKING: Final = {
    "exception.type": "error.kind",
    "exception.message": "error.message",
    "exception.stacktrace": "error.stack",
}
STATUSES: Final = ("trace", "debug", "info", "warn", "error", "fatal")

OWN_FIELDS: Final = frozenset(
    {"message", "hostname", "service", "ddsource", "ddtags", "status", "@timestamp", "dd.trace_id", "dd.span_id"}
) | {"otel.timestamp", "otel.severity_number", "otel.trace_id", "otel.span_id"}
"""What is left of a log whose attributes alone are too large."""

ID_DIGITS: Final = {"trace_id": 32, "span_id": 16}

_HEX: Final = re.compile(r"[0-9A-Fa-f]+")


def log_of(record: LogRecord, origin: Origin, bad_ids: Counter[str]) -> Log:
    """Return the Datadog log of a record: message, reserved attributes, and everything else as attributes.

    Later wins where keys clash: the record's attributes, those of the resource, of the scope, what the mapping itself says. An
    attribute that should be a trace or span id but has no such form is left out, and counted in `bad_ids`.
    """
    log: Log = {}
    tags = [*origin.tags, "otel_source:sluice"]
    for key, value in record.attributes.items():
        _take(log, tags, bad_ids, key, value)
    message, status = log.pop("message", ""), log.pop("status", "")
    for key, value in origin.attributes.items():
        log[RESERVED_OF_RESOURCE.get(key, key)] = value
    for key, value in record.scope.attributes.items():
        log[key] = text(value)
    for key, field in ERROR_TRACKING.items():
        if key in record.attributes:
            log.setdefault(field, text(record.attributes[key]))
    for field, value in (("trace_id", record.trace_id), ("span_id", record.span_id)):
        if value:
            _put_id(log, field, value, bad_ids)
    _date(log, record)
    if record.severity_text:
        log["otel.severity_text"] = record.severity_text
    if record.severity_number:
        log["otel.severity_number"] = str(record.severity_number)
    if record.event_name:
        log["otel.event_name"] = record.event_name
    log["message"] = message or text(record.body)
    log["status"] = status or record.severity_text or _status(record.severity_number)
    log["ddtags"] = ",".join(tags)
    log["ddsource"] = origin.attributes.get("datadog.log.source") or origin.attributes.get("telemetry.sdk.language") or "otlp"
    if service := origin.attributes.get("service.name") or text(record.attributes.get("service.name")):
        log["service"] = service
    if origin.hostname:
        log["hostname"] = origin.hostname
    return log


def encoded(log: Log) -> tuple[bytes, bool]:
    """Return the JSON of a log, at most `MAX_LOG_BYTES`, and whether it had to be shortened for that.

    The message is cut, or the longest attribute where that helps more; as the last resort attributes are left out.
    """
    body = json_bytes(log)
    if len(body) <= MAX_LOG_BYTES:
        return body, False
    log = {**log, "sluice.truncated": True}
    while (excess := len(body := json_bytes(log)) - MAX_LOG_BYTES) > 0:
        sizes = {key: len(json_bytes(value)) for key, value in log.items() if isinstance(value, str)}
        longest = "message" if sizes["message"] > excess + 2 else max(sizes, key=sizes.__getitem__)
        if sizes[longest] < WORTH_CUTTING:
            log = {key: value for key, value in log.items() if key in OWN_FIELDS or key == "sluice.truncated"}
        else:
            log[longest] = shortened(str(log[longest]), max(sizes[longest] - excess, 2))
    return body, True


def _take(log: Log, tags: list[str], bad_ids: Counter[str], key: str, value: Value) -> None:
    """Put one attribute of a record where it belongs."""
    name = key.lower()
    if name in MESSAGE_KEYS:
        log["message"] = text(value)
    elif name in STATUS_KEYS:
        log["status"] = text(value)
    elif name in TRACE_KEYS:
        _put_id(log, "trace_id", text(value), bad_ids)
    elif name in SPAN_KEYS:
        _put_id(log, "span_id", text(value), bad_ids)
    elif name == "ddtags":
        tags.append(text(value))
    else:
        _flatten(log, key, value, 1)


def _put_id(log: Log, field: str, value: str, bad_ids: Counter[str]) -> None:
    """Link the log by a hex id. The decimal form is text: readers of JSON lose integers beyond 2^53."""
    if len(value) == ID_DIGITS[field] and _HEX.fullmatch(value):
        log[f"otel.{field}"] = value
        log[f"dd.{field}"] = to_decimal(value) or "0"
    else:
        bad_ids[field] += 1


def _flatten(log: Log, key: str, value: Value, depth: int) -> None:
    if isinstance(value, Mapping) and value and depth < MAX_DEPTH:
        for inner, inner_value in value.items():
            _flatten(log, f"{key}.{inner}", inner_value, depth + 1)
    elif isinstance(value, bool | int) or (isinstance(value, float) and isfinite(value)):
        log[key] = value
    else:
        log[key] = text(value)


def _date(log: Log, record: LogRecord) -> None:
    if time := record.time or record.observed_time:
        log["otel.timestamp"] = str(time)
        seconds, rest = divmod(time, 1_000_000_000)
        log["@timestamp"] = f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest // 1_000_000:03d}Z"


def _status(severity_number: int) -> str:
    if severity_number <= 0:
        return ""
    return STATUSES[(severity_number - 1) // 4] if severity_number <= 24 else "error"
