"""A service that is instrumented with the OpenTelemetry Python SDK."""

import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import grpc
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as GrpcLogs
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter as GrpcMetrics
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcSpans
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as HttpLogs
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter as HttpMetrics
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpSpans
from opentelemetry.metrics import Meter
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Tracer

Transport = Literal["http", "grpc"]


@dataclass
class Providers:
    """The SDK's providers of the three signals."""

    loggers: LoggerProvider
    tracers: TracerProvider
    meters: MeterProvider

    def shutdown(self) -> None:
        """Send what is left."""
        for provider in (self.loggers, self.tracers, self.meters):
            provider.shutdown()


@dataclass
class Service:
    """What the code of a service holds in its hands."""

    logger: logging.Logger
    tracer: Tracer
    meter: Meter
    export_metrics: Callable[[], bool]


def exporters(transport: Transport, port: int, *, packed: bool, headers: Mapping[str, str]) -> tuple[Any, Any, Any]:
    """Return the SDK's own exporters of logs, traces and metrics."""
    if transport == "grpc":
        common: dict[str, Any] = {
            "endpoint": f"http://127.0.0.1:{port}",
            "insecure": True,
            "headers": dict(headers),
            "compression": grpc.Compression.Gzip if packed else grpc.Compression.NoCompression,
            "timeout": 10,
        }
        return GrpcLogs(**common), GrpcSpans(**common), GrpcMetrics(**common)
    options: dict[str, Any] = {
        "headers": dict(headers),
        "compression": Compression.Gzip if packed else Compression.NoCompression,
        "timeout": 10,
    }
    base = f"http://127.0.0.1:{port}/v1"
    return (
        HttpLogs(endpoint=f"{base}/logs", **options),
        HttpSpans(endpoint=f"{base}/traces", **options),
        HttpMetrics(endpoint=f"{base}/metrics", **options),
    )


def providers(
    transport: Transport, port: int, resource: Resource, *, packed: bool = False, headers: Mapping[str, str] | None = None
) -> Providers:
    """Return providers that send to a port."""
    logs, spans, metrics = exporters(transport, port, packed=packed, headers=headers or {})
    loggers = LoggerProvider(resource, shutdown_on_exit=False)
    loggers.add_log_record_processor(BatchLogRecordProcessor(logs))
    tracers = TracerProvider(resource=resource, shutdown_on_exit=False)
    tracers.add_span_processor(BatchSpanProcessor(spans))
    return Providers(loggers, tracers, MeterProvider([PeriodicExportingMetricReader(metrics)], resource, shutdown_on_exit=False))


@contextmanager
def instrumented(transport: Transport, port: int, name: str, resource: Mapping[str, str]) -> Iterator[Service]:
    """Run a service; all its telemetry has been sent when it is left."""
    sdk = providers(transport, port, Resource.create({"service.name": name, **resource}), packed=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # it moved to a package of its own, unchanged
        handler = LoggingHandler(logger_provider=sdk.loggers)
    logger = logging.Logger(f"{name}.web")  # noqa: LOG001  # of this service alone, not of the process
    logger.addHandler(handler)
    tracer, meter = sdk.tracers.get_tracer(f"{name}.web", "0.3"), sdk.meters.get_meter(f"{name}.web")
    yield Service(logger, tracer, meter, sdk.meters.force_flush)
    sdk.shutdown()
