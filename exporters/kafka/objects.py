"""Log records as JSON objects, one a message: flat, in words that log readers know, `json_logs` among them."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from pipeline.timestamps import SECOND
from pipeline.types import Value
from pipeline.wire.model import LogRecord

_LEVELS: Final = ("trace", "debug", "info", "warn", "error", "fatal")
"""Four severity numbers each, from 1 on."""


def log_object(record: LogRecord) -> bytes:
    """Return a record as a JSON object.

    What the record has by itself stands first; an attribute of one of these names is called `attributes.<name>`. The attributes
    of the record win over those of its resource.
    """
    own: dict[str, Value] = {
        "timestamp": _time(record.time or record.observed_time),
        "level": record.severity_text or _level(record.severity_number),
        "message": record.body,
        "trace_id": record.trace_id,
        "span_id": record.span_id,
        "trace_flags": record.flags or None,
        "logger": record.scope.name,
        "event.name": record.event_name,
    }
    own = {name: value for name, value in own.items() if value not in ("", None) or name == "message"}
    others: Mapping[str, Value] = {**record.resource.attributes, **record.attributes}
    whole = own | {f"attributes.{name}" if name in own else name: value for name, value in others.items()}
    try:
        return orjson.dumps(whole, default=_other)
    except TypeError:  # numbers beyond 64 bits, text that is not Unicode, depth
        return json.dumps(whole, default=_other, separators=(",", ":")).encode()


def _time(nanoseconds: int) -> str:
    """Return RFC 3339 in UTC, to the nanosecond; empty for none, and for one that no year has."""
    seconds, rest = divmod(nanoseconds, SECOND)
    if not 0 < seconds < 253_402_300_800:  # the year 10000
        return ""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09}Z"


def _level(number: int) -> str:
    return _LEVELS[(number - 1) // 4] if 0 < number <= 24 else ""


def _other(value: Any) -> Any:
    """Return bytes as OTLP's JSON has them."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"no JSON for {type(value).__name__}")
