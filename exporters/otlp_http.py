"""Send OpenTelemetry logs, traces and metrics to any OTLP backend over HTTP.

    exporters:
      otlp_http:
        endpoint: https://collector.example.com:4318
        headers: {x-tenant: shop}

`v1/logs`, `v1/traces` and `v1/metrics` are appended to the endpoint; `logs_endpoint` and its kin are used as they are. What the
backend refuses for good goes to the dead letters; 401 and 403 too, unless `pause_on_auth` says to wait for a better credential.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit, urlunsplit

import msgspec
from google.protobuf.message import DecodeError
from msgspec import Meta, Struct
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse

from pipeline import Batch, Busy, Exporter, Partial, Rejected, Request, TooLarge, Unauthorized, wire
from pipeline.net.compression import compress, content_encoding
from pipeline.net.http_client import HttpAnswer
from pipeline.net.retry_after import retry_after
from pipeline.settings import NetworkExporter, Retry, about
from pipeline.telemetry import catalogue
from pipeline.types import SIGNALS, Secret, Signal, Size, Url

_CONTENT_TYPES: Final = {"proto": "application/x-protobuf", "json": "application/json"}
_RETRYABLE: Final = frozenset((429, 502, 503, 504))
_WARNING_SECONDS: Final = 60.0
_MAX_WARNING: Final = 512


class Config(NetworkExporter, frozen=True, kw_only=True):
    """Settings of `otlp_http`."""

    endpoint: Annotated[Url, about("Base URL of the backend.", env="OTEL_EXPORTER_OTLP_ENDPOINT")]
    logs_endpoint: Annotated[Url | None, about("URL of logs, in place of `v1/logs` below the endpoint.")] = None
    traces_endpoint: Annotated[Url | None, about("URL of traces, in place of `v1/traces` below the endpoint.")] = None
    metrics_endpoint: Annotated[Url | None, about("URL of metrics, in place of `v1/metrics` below the endpoint.")] = None
    headers: Annotated[
        Mapping[str, Secret],
        about("Sent with each request; values never print.", env="OTEL_EXPORTER_OTLP_HEADERS", allow_yaml=True),
    ] = {}
    encoding: Annotated[Literal["proto", "json"], about("How requests are written.")] = "proto"
    max_request_size: Annotated[Size, Meta(gt=0), about("Largest request sent, before compression; a larger one is split.")] = (
        64 * 1024 * 1024
    )
    pause_on_auth: Annotated[bool, about("On 401 and 403 keep the data and probe once a minute, in place of giving it up.")] = (
        False
    )


class OtlpHttp(Exporter):
    """The exporter."""

    max_bytes = 4 * 1024 * 1024  # backends take 64 MiB, the Collector 20; beyond a few MiB nothing is gained
    retry = Retry(initial=5.0, maximum=30.0, multiplier=1.5, jitter="half")  # OTLP contract §6

    def __init__(self, config: Config) -> None:
        self._config = config
        own = {"logs": config.logs_endpoint, "traces": config.traces_endpoint, "metrics": config.metrics_endpoint}
        self._urls = {signal: _as_given(own[signal]) or _below(config.endpoint, signal) for signal in SIGNALS}
        self._warned_at = -_WARNING_SECONDS

    def encode(self, batch: Batch) -> Sequence[Request]:
        """Return the batch as one request."""
        if not batch.items:
            return []
        is_json = self._config.encoding == "json"
        body = wire.to_json(batch.payload, batch.signal, wire.OTLP) if is_json else batch.payload
        return [Request(compress(body, self._config.compression), batch, batch.items, len(body))]

    async def send(self, request: Request) -> None:
        """Post one request; what the answers mean is OTLP contract §6."""
        if request.raw_bytes > self._config.max_request_size:
            raise TooLarge("the request is larger than max_request_size", code="max_request_size")
        answer = await self.host.clients.http(self.host.id, self._config).post(
            self._urls[request.batch.signal],
            request.body,
            content_type=_CONTENT_TYPES[self._config.encoding],
            content_encoding=content_encoding(self._config.compression),
        )
        status, code = answer.status, str(answer.status)
        message = f"the destination answered {status}"
        if 200 <= status < 300:
            self._accepted(request, answer)
        elif status in _RETRYABLE:
            raise Busy(message, retry_after(answer.headers), code=code)
        elif status == 413:
            raise TooLarge(message, code=code)
        elif status in (401, 403) and self._config.pause_on_auth:
            raise Unauthorized(message, code=code)
        else:
            raise Rejected("rejected_4xx", message, code=code)

    def _accepted(self, request: Request, answer: HttpAnswer) -> None:
        """Read what a 2xx says. Raises `Partial` when some items were left out; whatever it says, nothing is sent again."""
        try:
            rejected, warning = _partial_success(answer)
        except (DecodeError, msgspec.DecodeError):
            self.host.metrics.add(catalogue.EXPORTER_FAILED_ATTEMPTS, exporter=self.host.id, code="unparsable_response")
            self._warn("the destination's answer can't be read; what it was sent counts as delivered")
            return
        if rejected or warning:
            self._warn("the destination has something to say", rejected=rejected, message=warning[:_MAX_WARNING])
        left_out = min(max(rejected, 0), request.items)
        if left_out:
            raise Partial(left_out, "the destination took the request in part")

    def _warn(self, event: str, **details: Any) -> None:
        """Log a warning, one a minute at most."""
        now = time.monotonic()
        if now - self._warned_at >= _WARNING_SECONDS:
            self._warned_at = now
            self.host.log.warning(event, exporter=self.host.id, **details)


class _PartialSuccess(Struct, rename="camel"):
    error_message: str = ""
    rejected_log_records: int = 0
    rejected_spans: int = 0
    rejected_data_points: int = 0


class _Answer(Struct, rename="camel"):
    partial_success: _PartialSuccess | None = None


def _partial_success(answer: HttpAnswer) -> tuple[int, str]:
    """Return how many items were rejected, and the destination's message. Raises a decoder's error for nonsense."""
    if not answer.body:
        return 0, ""
    if answer.headers.get("Content-Type", "").partition(";")[0].strip().lower() == _CONTENT_TYPES["json"]:
        # ProtoJSON writes 64-bit integers as text, so they are read without strictness
        partial = msgspec.json.decode(answer.body, type=_Answer, strict=False).partial_success or _PartialSuccess()
        return partial.rejected_log_records + partial.rejected_spans + partial.rejected_data_points, partial.error_message
    # The responses of the three signals are alike on the wire.
    success = ExportLogsServiceResponse.FromString(answer.body).partial_success
    return success.rejected_log_records, success.error_message


def _below(endpoint: Url, signal: Signal) -> str:
    parts = urlsplit(endpoint)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/v1/{signal}"))


def _as_given(endpoint: Url | None) -> str | None:
    parts = urlsplit(endpoint or "")
    return urlunsplit(parts._replace(path=parts.path or "/")) if endpoint else None
