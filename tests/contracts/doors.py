"""Every way into every receiver, and what a client is told there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, Protocol

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo  # type: ignore[import-untyped]  # the package has no types
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]  # the package has no types

from pipeline import wire
from tests.contracts.samples import sample
from tests.contracts.settings import SECRET
from tests.raw_http import RawConnection

PLANTED: Final = b"hunter2"
"""In every malformed body; no answer may repeat it."""


class Told(NamedTuple):
    """What a client was told: `taken`, `refused` (never send this again), `busy` (send it again), or `failed` (our fault)."""

    answer: Literal["taken", "refused", "busy", "failed"]
    text: bytes
    retry_after: float | None = None


class Door(Protocol):
    """A way in. `listen` is the variable of its address in the table of settings; `good` is one record."""

    listen: str
    good: bytes
    garbage: bytes

    async def knock(self, address: str, body: bytes) -> Told:
        """Send a body and return what was answered."""


@dataclass
class HttpDoor:
    path: str
    good: bytes
    garbage: bytes
    content_type: str
    headers: Mapping[str, str] = field(default_factory=dict)
    listen: str = "LISTEN"

    async def knock(self, address: str, body: bytes) -> Told:
        async with RawConnection.to(address) as connection:
            answer = await connection.post(self.path, body, Content_Type=self.content_type, **self.headers)
        after = float(answer.headers["retry-after"]) if "retry-after" in answer.headers else None
        match answer.status:
            case 200:
                return Told("taken", answer.body, after)
            case 503:
                return Told("busy", answer.body, after)
            case status:
                return Told("refused" if 400 <= status < 500 and status != 429 else "failed", answer.body, after)


@dataclass
class GrpcDoor:
    method: str
    good: bytes
    garbage: bytes
    listen: str = "LISTEN_TOO"

    async def knock(self, address: str, body: bytes) -> Told:
        async with grpc.aio.insecure_channel(address) as channel:
            try:
                return Told("taken", await channel.unary_unary(self.method)(body))
            except grpc.aio.AioRpcError as error:
                details = dict(error.trailing_metadata() or ()).get("grpc-status-details-bin", b"")
                match error.code():
                    case grpc.StatusCode.INVALID_ARGUMENT:
                        return Told("refused", details)
                    case grpc.StatusCode.UNAVAILABLE:
                        return Told("busy", details, _delay(details))
                    case _:
                        return Told("failed", details)


def _delay(details: bytes) -> float | None:
    delay = RetryInfo()
    for detail in Status.FromString(details).details:
        if detail.Unpack(delay):
            return float(delay.retry_delay.seconds + delay.retry_delay.nanos / 1e9)
    return None


_LOG: Final = sample("logs").payload
_BROKEN_LOG: Final = b"\x0a\xff" + PLANTED
_PROTOBUF: Final = "application/x-protobuf"

DOORS: Final[Mapping[str, Mapping[str, Door]]] = {
    "json_logs": {
        "ndjson": HttpDoor("/logs", b'{"message":"no"}\n', b'{"message":' + PLANTED + b"\n", "application/x-ndjson"),
        "json": HttpDoor("/logs", b'[{"message":"no"}]', b'[{"message":' + PLANTED + b"}]", "application/json"),
    },
    "otlp": {
        "http": HttpDoor("/v1/logs", _LOG, _BROKEN_LOG, _PROTOBUF),
        "json": HttpDoor("/v1/logs", wire.to_json(_LOG, "logs", wire.OTLP), b'{"resourceLogs":' + PLANTED, "application/json"),
        "grpc": GrpcDoor("/opentelemetry.proto.collector.logs.v1.LogsService/Export", _LOG, _BROKEN_LOG),
    },
    "webhook": {
        "http": HttpDoor("/hook", b'{"a":1}', b'{"a":' + PLANTED, "application/json", {"Authorization": f"Bearer {SECRET}"}),
    },
}


def door(receiver: str, name: str) -> Door:
    """Return a way in. Fails for a receiver that is not in the table."""
    if receiver not in DOORS:
        pytest.fail(f"the receiver {receiver} is not under contract yet: give it a line in tests/contracts/doors.py")
    return DOORS[receiver][name]
