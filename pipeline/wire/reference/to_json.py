"""Write OTLP/JSON (otlp contract §3)."""

import base64
import json
import math
from typing import Any, Final, Literal

from pipeline.types import Signal
from pipeline.wire.reference.message import Values, is_default, parse
from pipeline.wire.reference.tables import Field, Message, root

Layout = Literal["otlp"]
"""How records look as JSON."""

OTLP: Final[Layout] = "otlp"
"""One OTLP/JSON request."""

_STRINGS: Final = frozenset({"int64", "uint64", "sint64", "fixed64", "sfixed64"})
"""Integers of 64 bits are decimal strings."""


def to_json(payload: bytes, signal: Signal, layout: Layout) -> bytes:
    """Return the payload as compact JSON in UTF-8, without unknown fields; bad UTF-8 becomes U+FFFD. Raises `Malformed`."""
    if layout != OTLP:
        raise ValueError(f"no such layout: {layout}")
    values = _message(root(signal), parse(payload, 0, len(payload), root(signal)))
    return json.dumps(values, ensure_ascii=False, check_circular=False, separators=(",", ":")).encode()


def _message(message: Message, values: Values) -> dict[str, Any]:
    written: dict[str, Any] = {}
    for field in message.fields.values():
        value = values.get(field.name)
        if value is None:
            continue
        below = field.message
        if below is not None:
            written[field.json_name] = [_message(below, each) for each in value] if field.repeated else _message(below, value)
        elif field.repeated:
            written[field.json_name] = [_scalar(field, each) for each in value]
        elif field.presence or not is_default(value):
            written[field.json_name] = _scalar(field, value)
    return written


def _scalar(field: Field, value: Any) -> str | float:
    if field.kind in _STRINGS:
        return str(value)
    if field.kind == "bytes":
        return str(value.hex()) if field.id_bytes else base64.b64encode(value).decode()
    if field.kind == "double" and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    plain: str | float = value
    return plain
