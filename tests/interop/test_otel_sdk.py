"""The OpenTelemetry Python SDK, as a service would use it, against the receiver over both transports."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.sdk.resources import Resource
from opentelemetry.trace import Status, StatusCode

from pipeline import Batch, Busy, Host
from pipeline.settings import BearerToken, ListenerAuth
from pipeline.types import Secret, Signal
from receivers.otlp import Config, GrpcProtocol, HttpProtocol, Otlp, Protocols
from tests.interop.otel import Transport, providers
from tests.receivers.serving import serving

RESOURCE = Resource.create({"service.name": "cart", "deployment.environment.name": "test"})
TOKEN = "tok" + "en"
HEADERS = {"authorization": f"Bearer {TOKEN}"}


def serve_a_customer(transport: Transport, port: int, *, packed: bool = False, records: int = 10) -> None:
    """What an instrumented service does; returns once all is sent."""
    sdk = providers(transport, port, RESOURCE, packed=packed, headers=HEADERS)
    logger, tracer, meter = sdk.loggers.get_logger("shop"), sdk.tracers.get_tracer("shop"), sdk.meters.get_meter("shop")
    orders, waits = meter.create_counter("orders", "1"), meter.create_histogram("wait", "s")
    for number in range(records):
        with tracer.start_as_current_span("checkout", attributes={"order": number}) as span:
            span.add_event("paid")
            span.set_status(Status(StatusCode.ERROR, "declined"))
            logger.emit(
                LogRecord(severity_number=SeverityNumber.ERROR, severity_text="ERROR", body="declined", attributes={"n": number})
            )
            orders.add(1, {"kind": "book"})
            waits.record(number / 10)
    sdk.shutdown()


def receiver(transport: Transport, port: int) -> Otlp:
    auth = ListenerAuth(bearer=BearerToken(token=Secret(TOKEN)))
    if transport == "http":
        return Otlp(Config(protocols=Protocols(http=HttpProtocol(endpoint=f"127.0.0.1:{port}", auth=auth))))
    return Otlp(Config(protocols=Protocols(grpc=GrpcProtocol(endpoint=f"127.0.0.1:{port}", auth=auth))))


def of(batches: Sequence[Batch], signal: Signal) -> list[Any]:
    return [record for batch in batches if batch.signal == signal for record in batch.records()]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("transport", ["http", "grpc"])
async def test_three_signals_arrive_as_they_were_made(host: Host, free_port: int, transport: Transport, packed: bool) -> None:
    async with serving(receiver(transport, free_port), host, "otlp") as sink:
        await asyncio.to_thread(serve_a_customer, transport, free_port, packed=packed)
    got = sink.batches
    logs, spans, points = of(got, "logs"), of(got, "traces"), of(got, "metrics")
    assert {record.resource.attributes["service.name"] for record in (*logs, *spans, *points)} == {"cart"}
    assert [record.attributes["n"] for record in logs] == list(range(10))
    assert {(record.body, record.severity_number, record.severity_text) for record in logs} == {("declined", 17, "ERROR")}
    assert [span.attributes["order"] for span in spans] == list(range(10))
    assert {(span.name, span.status_code, span.events[0].name) for span in spans} == {("checkout", 2, "paid")}
    assert [record.trace_id for record in logs] == [span.trace_id for span in spans]
    assert {(point.metric.name, point.metric.type) for point in points} == {("orders", "sum"), ("wait", "histogram")}
    assert [point.value for point in points if point.metric.name == "orders"] == [10]
    assert sum(point.count for point in points if point.metric.name == "wait") == 10
    assert {batch.context.transport for batch in got} == {transport}
    assert sum(batch.items for batch in got) == len(logs) + len(spans) + len(points)


@pytest.mark.parametrize("transport", ["http", "grpc"])
async def test_the_sdk_comes_again_when_it_is_told_to(host: Host, free_port: int, transport: Transport) -> None:
    async with serving(receiver(transport, free_port), host, "otlp") as sink:
        sink.failures.append(Busy("full", 1))
        sdk = providers(transport, free_port, RESOURCE, packed=True, headers=HEADERS)
        sdk.loggers.get_logger("shop").emit(LogRecord(body="again"))
        await asyncio.to_thread(sdk.shutdown)
    assert [record.body for record in of(sink.batches, "logs")] == ["again"]
