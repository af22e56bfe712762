"""Receive OpenTelemetry logs, traces and metrics, over HTTP and gRPC.

    receivers:
      otlp:
        protocols:
          http:                      # 127.0.0.1:4318
          grpc:
            endpoint: 0.0.0.0:4317

A protocol that is not named is off; without `protocols` both are on. HTTP takes protobuf and JSON on one port. A signal that
no pipeline takes from this receiver is answered 404, or UNIMPLEMENTED. The client has its answer once the data is safe;
spans without a proper trace and span id are taken out and named in the answer, the rest is accepted.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import Annotated, Final

import orjson

from pipeline import Batch, ConfigError, Consume, Context, Receiver, Rejected, wire
from pipeline.net import protobuf
from pipeline.net.http_server import HttpRequest, HttpResponse, Refusal, Route
from pipeline.net.rpc_status import JSON, PROTOBUF, Status, code_of_http
from pipeline.offload import offload
from pipeline.settings import GrpcListener, HttpEntrance, Settings, about
from pipeline.telemetry import catalogue
from pipeline.types import Endpoint, Signal

_METHODS: Final[Mapping[Signal, str]] = {
    "logs": "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
    "traces": "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    "metrics": "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
}
_REJECTED: Final[Mapping[Signal, str]] = {
    "logs": "rejectedLogRecords",
    "traces": "rejectedSpans",
    "metrics": "rejectedDataPoints",
}
_BAD_IDS: Final = "the trace or span id is missing or malformed"


class HttpProtocol(HttpEntrance, frozen=True, kw_only=True):
    """OTLP/HTTP."""

    endpoint: Annotated[Endpoint, about("Address to listen on; loopback unless you say otherwise.")] = "127.0.0.1:4318"
    logs_url_path: Annotated[str, about("Path of logs.")] = "/v1/logs"
    traces_url_path: Annotated[str, about("Path of traces.")] = "/v1/traces"
    metrics_url_path: Annotated[str, about("Path of metrics.")] = "/v1/metrics"

    def paths(self) -> Mapping[Signal, str]:
        """Return the path of each signal."""
        return {"logs": self.logs_url_path, "traces": self.traces_url_path, "metrics": self.metrics_url_path}

    def served(self) -> Sequence[str]:
        """Return the paths."""
        return tuple(self.paths().values())


class GrpcProtocol(GrpcListener, frozen=True, kw_only=True):
    """OTLP/gRPC."""

    endpoint: Annotated[Endpoint, about("Address to listen on; loopback unless you say otherwise.")] = "127.0.0.1:4317"


class Protocols(Settings, frozen=True, kw_only=True):
    """Where to listen."""

    http: Annotated[HttpProtocol | None, about("OTLP/HTTP, with protobuf or JSON.")] = None
    grpc: Annotated[GrpcProtocol | None, about("OTLP/gRPC.")] = None


class Config(Settings, frozen=True, kw_only=True):
    """Settings of `otlp`."""

    protocols: Annotated[Protocols | None, about("What to listen for; `http` and `grpc` when absent.")] = None


class Otlp(Receiver):
    """The receiver."""

    def __init__(self, config: Config) -> None:
        self._protocols = config.protocols or Protocols(http=HttpProtocol(), grpc=GrpcProtocol())
        if self._protocols.http is None and self._protocols.grpc is None:
            raise ConfigError("E103", "name a protocol", path=("protocols",), label="`http`, `grpc` or both")

    async def run(self, consume: Consume) -> None:
        """Serve until cancelled."""
        http, grpc, listeners, name = self._protocols.http, self._protocols.grpc, self.host.listeners, self.host.id
        async with AsyncExitStack() as stack:
            if http is not None:
                await stack.enter_async_context(listeners.http(http, self._routes(http, consume), component=name))
            if grpc is not None:
                methods = {_METHODS[signal]: partial(self._export, consume, signal) for signal in self.host.signals}
                await stack.enter_async_context(listeners.grpc(grpc, methods, component=name))
            self.host.started()
            await asyncio.Event().wait()

    def _routes(self, http: HttpProtocol, consume: Consume) -> list[Route]:
        return [
            Route(
                path,
                partial(self._post, consume, signal),
                refuse=_refuse,
                content_types=(PROTOBUF, JSON),
                max_body=http.max_request_body_size,
                auth=http.auth,
                cors=http.cors,
            )
            for signal, path in http.paths().items()
            if signal in self.host.signals
        ]

    async def _post(self, consume: Consume, signal: Signal, request: HttpRequest) -> HttpResponse:
        """Answer a request of OTLP/HTTP."""
        is_json = request.content_type == JSON
        rejected = await self._take(consume, signal, request.body, "http", is_json=is_json)
        body = _json_success(signal, rejected) if is_json else _protobuf_success(rejected)
        return HttpResponse(200, body, request.content_type)

    async def _export(self, consume: Consume, signal: Signal, message: bytes) -> bytes:
        """Answer a call of OTLP/gRPC."""
        return _protobuf_success(await self._take(consume, signal, message, "grpc", is_json=False))

    async def _take(self, consume: Consume, signal: Signal, body: bytes, transport: str, *, is_json: bool) -> int:
        """See the data safe; return how many items were taken out of it for good. Raises `Busy` and `Rejected`."""
        try:
            payload, items, rejected = await offload(partial(_decode, body, signal, is_json=is_json), len(body))
        except wire.Malformed as error:
            raise Rejected("malformed", str(error)) from None
        if rejected:
            self.host.metrics.add(catalogue.RECEIVER_FAILED[signal], rejected, receiver=self.host.id, reason="malformed")
        if rejected and not items:
            raise Rejected("malformed", f"nothing is left of the request: {_BAD_IDS}")
        if items:
            await consume(Batch(payload, signal, items, Context(self.host.id, transport, time.time_ns())))
        return rejected


def _decode(body: bytes, signal: Signal, *, is_json: bool) -> tuple[bytes, int, int]:
    return wire.validate(wire.from_json(body, signal) if is_json else body, signal)


def _protobuf_success(rejected: int) -> bytes:
    """Return an Export…ServiceResponse; the three are alike on the wire. Full success is no bytes at all."""
    if not rejected:
        return b""
    return protobuf.message(1, protobuf.integer(1, rejected) + protobuf.message(2, _BAD_IDS.encode()))


def _json_success(signal: Signal, rejected: int) -> bytes:
    partial_success = {_REJECTED[signal]: str(rejected), "errorMessage": _BAD_IDS}
    return orjson.dumps({"partialSuccess": partial_success} if rejected else {})


def _refuse(content_type: str, refusal: Refusal) -> HttpResponse:
    """Return the refusal as a `google.rpc.Status` in the encoding of the request."""
    violations = (refusal.message,) if refusal.status == 400 else ()
    status = Status(code_of_http(refusal.status), refusal.message, refusal.retry_after, violations)
    body, error_type = status.in_type(content_type)
    return HttpResponse(refusal.status, body, error_type)
