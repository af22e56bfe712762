"""Attribute values as text and as JSON, for destinations that know less than OTLP does."""

import base64
import math
from bisect import bisect_right
from collections.abc import Mapping
from typing import Any

import orjson

from pipeline.types import Value


def text(value: Value) -> str:
    """Return a value as text: bytes as base64, lists and maps as JSON, nothing as the empty string."""
    match value:
        case str():
            return value
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return (
                repr(value) if math.isfinite(value) else "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
            )
        case bytes():
            return base64.b64encode(value).decode()
        case _:
            return json_bytes(value).decode()


def json_bytes(value: object) -> bytes:
    """Return compact JSON in UTF-8, nothing escaped that need not be; bytes become base64, NaN and infinities null."""
    return orjson.dumps(value, default=_plain)


def _plain(value: Any) -> object:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Mapping):
        return dict(value)
    return list(value)


def shortened(long: str, limit: int) -> str:
    """Return the longest beginning of a text whose JSON form, quotes included, has at most `limit` bytes."""
    raw = long.encode()

    def size(end: int) -> int:
        return len(orjson.dumps(raw[:end].decode(errors="ignore")))

    return raw[: max(bisect_right(range(len(raw) + 1), limit, key=size) - 1, 0)].decode(errors="ignore")
