"""`google.rpc.Status`, the body of every error that speaks OTLP (OTLP contract §4).

Three small messages of a schema that never changes are written by hand here, which saves a dependency.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import orjson

from pipeline.net.protobuf import integer, message

# google.rpc.Code
INVALID_ARGUMENT: Final = 3
NOT_FOUND: Final = 5
PERMISSION_DENIED: Final = 7
RESOURCE_EXHAUSTED: Final = 8
UNIMPLEMENTED: Final = 12
INTERNAL: Final = 13
UNAVAILABLE: Final = 14
UNAUTHENTICATED: Final = 16

PROTOBUF: Final = "application/x-protobuf"
JSON: Final = "application/json"

_MAX_MESSAGE: Final = 1024
_TYPES: Final = "type.googleapis.com/google.rpc."
_OF_HTTP: Final = {
    400: INVALID_ARGUMENT,
    401: UNAUTHENTICATED,
    403: PERMISSION_DENIED,
    404: NOT_FOUND,
    405: UNIMPLEMENTED,
    413: RESOURCE_EXHAUSTED,
    415: INVALID_ARGUMENT,
    417: INVALID_ARGUMENT,
    429: RESOURCE_EXHAUSTED,
    431: INVALID_ARGUMENT,
    503: UNAVAILABLE,
}


def code_of_http(status: int) -> int:
    """Return the `google.rpc.Code` that says what an HTTP status says."""
    return _OF_HTTP.get(status, INTERNAL)


@dataclass(frozen=True, slots=True)
class Status:
    """An error. `message` is English for developers and holds nothing of the payload; longer than 1,024 characters is cut."""

    code: int
    message: str
    retry_delay: float | None = None
    """Seconds, as `RetryInfo`."""
    violations: Sequence[str] = ()
    """What is wrong with the request, as `BadRequest`."""

    def encode(self) -> bytes:
        """Return the protobuf message."""
        details = b""
        if self.retry_delay is not None:
            seconds, nanos = _duration(self.retry_delay)
            retry_info = message(1, integer(1, seconds) + integer(2, nanos))
            details += message(3, message(1, f"{_TYPES}RetryInfo".encode()) + message(2, retry_info))
        if self.violations:
            bad_request = b"".join(message(1, message(2, what[:_MAX_MESSAGE].encode())) for what in self.violations)
            details += message(3, message(1, f"{_TYPES}BadRequest".encode()) + message(2, bad_request))
        return integer(1, self.code) + message(2, self.message[:_MAX_MESSAGE].encode()) + details

    def to_json(self) -> bytes:
        """Return the ProtoJSON form."""
        body: dict[str, object] = {"code": self.code, "message": self.message[:_MAX_MESSAGE]}
        details: list[dict[str, object]] = []
        if self.retry_delay is not None:
            seconds, nanos = _duration(self.retry_delay)
            fraction = f".{nanos:09}".rstrip("0") if nanos else ""
            details.append({"@type": f"{_TYPES}RetryInfo", "retryDelay": f"{seconds}{fraction}s"})
        if self.violations:
            fields = [{"description": what[:_MAX_MESSAGE]} for what in self.violations]
            details.append({"@type": f"{_TYPES}BadRequest", "fieldViolations": fields})
        if details:
            body["details"] = details
        return orjson.dumps(body)

    def in_type(self, content_type: str) -> tuple[bytes, str]:
        """Return the body and its content type: protobuf to those who sent protobuf, JSON to all others."""
        return (self.encode(), PROTOBUF) if content_type == PROTOBUF else (self.to_json(), JSON)


def _duration(seconds: float) -> tuple[int, int]:
    whole = math.floor(seconds)
    return whole, round((seconds - whole) * 1e9)
