"""Trace and span ids: how other systems write them, and ids that are derived (trace-context contract §1-§3).

Everywhere else in the process an id is lower-case hex: 32 digits for a trace, 16 for a span, never all zero.
"""

import hashlib
import re
from typing import Final, NamedTuple

TRACE_ID: Final = re.compile(r"(?!0{32})[0-9a-f]{32}", re.ASCII)
SPAN_ID: Final = re.compile(r"(?!0{16})[0-9a-f]{16}", re.ASCII)

_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)
_XRAY: Final = re.compile(r"1-[0-9a-f]{8}-[0-9a-f]{24}", re.ASCII)
_DECIMAL: Final = re.compile(r"[0-9]{1,20}", re.ASCII)
_TRACEPARENT: Final = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.ASCII | re.DOTALL)

SAMPLED: Final = 1
RANDOM: Final = 2


class TraceContext(NamedTuple):
    """What a `traceparent` says; `flags` holds the bits `SAMPLED` and `RANDOM` only."""

    trace_id: str
    span_id: str
    flags: int


def parse_trace_id(text: str) -> str | None:
    """Return the trace id that `text` writes, or None when it writes none.

    Taken, in any case of letters: 32 hex digits, a UUID, `1-<8 hex>-<24 hex>`, 16 hex digits with a letter among them, and an
    unsigned 64-bit decimal number; 64-bit ids are padded with zeros on the left (json-logs contract §4.3).
    """
    text = text.lower()
    if _UUID.fullmatch(text):
        text = text.replace("-", "")
    elif _XRAY.fullmatch(text):
        text = text[2:].replace("-", "")
    elif _DECIMAL.fullmatch(text):
        return trace_id_from_decimal(text)
    elif SPAN_ID.fullmatch(text):
        text = text.rjust(32, "0")
    return text if TRACE_ID.fullmatch(text) else None


def parse_span_id(text: str) -> str | None:
    """Return the span id that `text` writes, as 16 hex digits or as an unsigned 64-bit decimal number, or None."""
    text = text.lower()
    if len(text) == 16:
        return text if SPAN_ID.fullmatch(text) else None
    return span_id_from_decimal(text)


def parse_traceparent(text: str) -> TraceContext | None:
    """Return what a W3C `traceparent` header says, or None when it is invalid (W3C Trace Context Level 2, §3.2)."""
    match = _TRACEPARENT.fullmatch(text)
    if match is None:
        return None
    version, trace_id, span_id, flags, rest = match.groups()
    if version == "ff" or (version == "00" and rest is not None):
        return None
    if not TRACE_ID.fullmatch(trace_id) or not SPAN_ID.fullmatch(span_id):
        return None
    return TraceContext(trace_id, span_id, int(flags, 16) & (SAMPLED | RANDOM))


def span_id_from_decimal(text: str) -> str | None:
    """Return the 16 hex digits of an unsigned 64-bit decimal number, or None when it is none, or zero."""
    if not _DECIMAL.fullmatch(text):
        return None
    number = int(text)
    return f"{number:016x}" if 0 < number < 1 << 64 else None


def trace_id_from_decimal(text: str, high: str = "") -> str | None:
    """Return the trace id whose low 64 bits are the decimal `text` and whose high 64 bits are the 16 hex digits `high`.

    Without a well-formed `high` the id is padded with zeros.
    """
    low = span_id_from_decimal(text)
    if low is None:
        return None
    return (high if SPAN_ID.fullmatch(high) else "0" * 16) + low


def to_decimal(hex_id: str) -> str | None:
    """Return the low 64 bits of a trace id, or a span id, as an unsigned decimal number; None when they are zero."""
    number = int(hex_id[-16:], 16)
    return str(number) if number else None


def derive_trace_id(source: str, value: str, namespace: str = "") -> str:
    """Return the trace id that follows from `value`: the same in every process, version and language.

    `source` says what the value is, such as the name of its header; `namespace` keeps two tenants with equal values apart.
    """
    parts = ["sluice/trace/v1", *([namespace] if namespace else []), source.lower(), value]
    return _digest("\0".join(parts).encode("utf-8", "surrogatepass"), 16)


def trace_id_of_request(header: str, value: str, namespace: str = "") -> str:
    """Return the trace id of a request id: its own digits when it is a UUID (but the nil one), else derived."""
    text = value.lower()
    if _UUID.fullmatch(text):
        digits = text.replace("-", "")
        if TRACE_ID.fullmatch(digits):
            return digits
    return derive_trace_id(header, value, namespace)


def derive_span_id(trace_id: str, event_id: str) -> str:
    """Return the span id that follows from a trace id and the id of an event in it."""
    return _digest(b"sluice/span/v1\0" + bytes.fromhex(trace_id) + event_id.encode("utf-8", "surrogatepass"), 8)


def _digest(text: bytes, size: int) -> str:
    digest = hashlib.sha256(text).digest()[:size]
    return (digest if any(digest) else digest[:-1] + b"\1").hex()
