"""What a span tells an error event about the operation in which it happened."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pipeline.text import text
from pipeline.wire.model import Span

ERROR: Final = 2
SERVER, CLIENT, PRODUCER, CONSUMER = 2, 3, 4, 5
"""Span kinds and the status code ERROR of OTLP."""
REMOTE_PARENT: Final = 0x300
"""Bits of `Span.flags`: it is known whether the parent is remote, and it is."""

HTTP_STATUS: Final = {
    400: "invalid_argument",
    401: "unauthenticated",
    403: "permission_denied",
    404: "not_found",
    409: "already_exists",
    413: "failed_precondition",
    429: "resource_exhausted",
    499: "cancelled",
    500: "internal_error",
    501: "unimplemented",
    503: "unavailable",
    504: "deadline_exceeded",
}
GRPC_STATUS: Final = (
    *("ok", "cancelled", "unknown", "invalid_argument", "deadline_exceeded", "not_found", "already_exists", "permission_denied"),
    *("resource_exhausted", "failed_precondition", "aborted", "out_of_range", "unimplemented", "internal_error", "unavailable"),
    *("data_loss", "unauthenticated"),
)


def trace_context(span: Span) -> dict[str, Any]:
    """Return the context `trace` of an event in this span."""
    context = {"trace_id": span.trace_id, "span_id": span.span_id, "op": operation(span), "status": status(span)}
    if span.parent_span_id:
        context["parent_span_id"] = span.parent_span_id
    return context


def operation(span: Span) -> str:
    """Return what kind of work the span is."""
    attributes = span.attributes
    if "http.request.method" in attributes or "http.method" in attributes:
        return {SERVER: "http.server", CLIENT: "http.client"}.get(span.kind, "function")
    if "db.system" in attributes or "db.system.name" in attributes:
        return "db"
    if "messaging.system" in attributes:
        return "queue.publish" if span.kind == PRODUCER else "queue.process"
    return "rpc" if "rpc.system" in attributes else "function"


def status(span: Span) -> str:
    """Return the span's status as one of Sentry's names."""
    if span.status_code != ERROR:
        return "ok"
    code = _number(span, "http.response.status_code", "http.status_code")
    if code in HTTP_STATUS:
        return HTTP_STATUS[code]
    grpc = _number(span, "rpc.grpc.status_code", "rpc.response.status_code")
    return GRPC_STATUS[grpc] if 0 < grpc < len(GRPC_STATUS) else "internal_error"


def transactions(spans: Sequence[Span]) -> Mapping[tuple[str, str], str]:
    """Return, by trace and span id, the name of each span's local root: the highest of its ancestors that is among the spans.

    The way up ends where a span is called from another process.
    """
    known = {(span.trace_id, span.span_id): span for span in spans}
    names: dict[tuple[str, str], str] = {}
    for key, span in known.items():
        way, top = {key}, span
        while not _is_local_root(top):
            above = known.get((top.trace_id, top.parent_span_id))
            if above is None or (above.trace_id, above.span_id) in way:
                break
            top = above
            way.add((top.trace_id, top.span_id))
            if (top.trace_id, top.span_id) in names:
                break
        name = names.get((top.trace_id, top.span_id), top.name)
        names.update(dict.fromkeys(way, name))
    return names


def _is_local_root(span: Span) -> bool:
    return not span.parent_span_id or span.flags & REMOTE_PARENT == REMOTE_PARENT or span.kind in (SERVER, CONSUMER)


def _number(span: Span, *keys: str) -> int:
    for key in keys:
        value = text(span.attributes.get(key))
        if value.isascii() and value.isdecimal() and len(value) < 10:
            return int(value)
    return -1
