"""Where log records carry trace ids under names of their own (trace-context contract §4, json-logs contract §4.3).

find_ids({"otelTraceID": "4bf92f3577b34da6a3ce929d0e0e4736"})     # members of a JSON object, or attributes
ids_in_text("failed trace_id=4bf92f3577b34da6a3ce929d0e0e4736")   # a line of text
find_request({"request_id": "req-000042"})                        # what an id can be derived from
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

import re2

from pipeline.trace_ids import (
    TRACE_ID,
    parse_span_id,
    parse_trace_id,
    parse_traceparent,
    span_id_from_decimal,
    trace_id_from_decimal,
)
from pipeline.types import Value

TRACE_MEMBERS: Final = (
    "trace_id", "traceId", "traceID", "trace.id", "otelTraceID", "otel.trace_id", "TraceId", "@tr",
    "logging.googleapis.com/trace", "contextMap.trace_id", "mdc.traceId", "mdc.trace_id", "_trace_id", "TRACE_ID",
    "dd.trace_id", "xray_trace_id", "AWS-XRAY-TRACE-ID",
)  # fmt: skip
"""Members that hold a trace id; the first valid one wins."""

SPAN_MEMBERS: Final = (
    "span_id", "spanId", "spanID", "span.id", "otelSpanID", "otel.span_id", "SpanId", "@sp", "logging.googleapis.com/spanId",
    "contextMap.span_id", "mdc.spanId", "mdc.span_id", "_span_id", "SPAN_ID", "dd.span_id",
)  # fmt: skip

REQUEST_HEADERS: Final = ("x-request-id", "x-correlation-id", "request-id", "x-amzn-requestid", "cf-ray", "x-vercel-id")
"""Headers that name a request (trace-context contract §1)."""

REQUEST_MEMBERS: Final = {
    **dict.fromkeys(("request_id", "requestId", "request.id", "http.request.id", "x_request_id", "X-Request-ID"), "x-request-id"),
    **dict.fromkeys(("correlation_id", "correlationId", "X-Correlation-ID"), "x-correlation-id"),
    **{name: name for name in REQUEST_HEADERS},
    **{f"http.request.header.{name}": name for name in REQUEST_HEADERS},
}
"""Member names and the header whose value they repeat, so that an id derived from either is the same."""

MAX_REQUEST_ID: Final = 128

_TEXT_TRACES: Final = (
    re2.compile(r"""(?i)\btrace[_.]?id["']?\s{0,4}[=:]\s{0,4}["']?([0-9a-f-]{16,36})\b"""),
    re2.compile(r"""(?i)\btraceparent["']?\s{0,4}[=:]\s{0,4}["']?([0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2})\b"""),
    re2.compile(r"""(?i)\[trace[=:]\s?([0-9a-f-]{16,36})\b"""),
)
_TEXT_SPAN: Final = re2.compile(r"""(?i)(?:\bspan[_.]?id["']?\s{0,4}[=:]\s{0,4}["']?|\bspan=)([0-9a-f]{16,20})\b""")


class Ids(NamedTuple):
    """Ids that were found, and the members that held them."""

    trace_id: str
    span_id: str = ""
    members: tuple[str, ...] = ()


def find_ids(members: Mapping[str, Value]) -> Ids | None:
    """Return the first valid trace id among the members, and the first valid span id; None without a trace id.

    A name with a dot is also looked for one level down: `dd.trace_id` in `{"dd": {"trace_id": …}}`.
    """
    context = parse_traceparent(_text(members, "traceparent"))
    if context is not None:
        return Ids(context.trace_id, context.span_id, ("traceparent",))
    for name in TRACE_MEMBERS:
        trace_id = _trace_id(name, _text(members, name))
        if trace_id is not None:
            break
    else:
        return None
    for span_name in SPAN_MEMBERS:
        text = _text(members, span_name)
        span_id = span_id_from_decimal(text) if span_name.startswith("dd.") else parse_span_id(text)
        if span_id is not None:
            return Ids(trace_id, span_id, (name, span_name))
    return Ids(trace_id, "", (name,))


def ids_in_text(text: str) -> Ids | None:
    """Return the ids that a line of text names, as `trace_id=…`, `traceparent=…` or `[trace=…]`."""
    for pattern in _TEXT_TRACES:
        for found in pattern.finditer(text):
            context = parse_traceparent(found[1].lower())
            if context is not None:
                return Ids(context.trace_id, context.span_id)
            trace_id = parse_trace_id(found[1])
            if trace_id is not None:
                span = _TEXT_SPAN.search(text)
                return Ids(trace_id, (span and parse_span_id(span[1])) or "")
    return None


def find_request(members: Mapping[str, Value]) -> tuple[str, str] | None:
    """Return (header name, request id) of the first member that names a request, or None."""
    for name, header in REQUEST_MEMBERS.items():
        value = _text(members, name)
        if value and len(value) <= MAX_REQUEST_ID and value.isprintable():
            return header, value
    return None


def _trace_id(name: str, text: str) -> str | None:
    if name.startswith("dd."):
        return text.lower() if TRACE_ID.fullmatch(text.lower()) else trace_id_from_decimal(text)
    if name == "logging.googleapis.com/trace":
        text = text.rpartition("/")[2]
    elif text.startswith("Root="):
        text = text.removeprefix("Root=").partition(";")[0]
    return parse_trace_id(text)


def _text(members: Mapping[str, Value], name: str) -> str:
    """Return a member as text: of a list with one value that value, of what is no text or integer nothing."""
    value = members.get(name)
    if value is None and "." in name:
        outer, _, inner = name.partition(".")
        nested = members.get(outer)
        value = nested.get(inner) if isinstance(nested, Mapping) else None
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else ""
