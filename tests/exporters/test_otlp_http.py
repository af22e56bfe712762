import gzip
from collections.abc import Mapping
from contextlib import nullcontext

import orjson
import pytest
import zstandard
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsPartialSuccess, ExportLogsServiceResponse
from structlog.testing import capture_logs

from exporters.otlp_http import Config, OtlpHttp
from pipeline import Batch, Busy, Host, Partial, Rejected, Request, TooLarge, Unauthorized, wire
from pipeline.settings import ClientTls
from pipeline.telemetry import catalogue
from pipeline.types import SIGNALS, Secret, Signal
from pipeline.version import VERSION
from tests.scripted_http import HANG, RESET, Received, ScriptedServer, answer

LOG = bytes.fromhex(
    "0a5d0a180a160a0c736572766963652e6e616d6512060a04636172741241123f0901002a36fe9c971710111a054552524f522a0f0a0d63617264206465636c"
    "696e65644a100102030405060708090a0b0c0d0e0f1052081112131415161718"
)
BATCH = Batch(LOG * 4, "logs", 4)
PROTOBUF, JSON = "application/x-protobuf", "application/json"


def made(host: Host, url: str, **settings: object) -> OtlpHttp:
    exporter = OtlpHttp(Config(endpoint=url, **settings))
    exporter.host = host
    return exporter


async def sent(host: Host, reply: bytes, batch: Batch = BATCH, **settings: object) -> Received:
    """Send one batch to a server that gives this reply; return what arrived. Exactly one request may."""
    async with ScriptedServer.running([reply]) as server:
        exporter = made(host, server.url, **settings)
        [request] = exporter.encode(batch)
        try:
            await exporter.send(request)
        finally:
            assert len(server.received) == 1
        return server.received[0]


def partial(rejected: int, message: str = "") -> bytes:
    success = ExportLogsPartialSuccess(rejected_log_records=rejected, error_message=message)
    return ExportLogsServiceResponse(partial_success=success).SerializeToString()


# ---- the request ----


async def test_a_request_as_the_specification_wants_it(host: Host) -> None:
    request = await sent(host, answer(200), headers={"x-tenant": Secret("shop")})
    assert (request.method, request.path) == ("POST", "/v1/logs")
    assert request.headers["content-type"] == PROTOBUF
    assert request.headers["content-encoding"] == "gzip"
    assert request.headers["user-agent"] == f"sluice/{VERSION}"
    assert request.headers["x-tenant"] == "shop"
    assert gzip.decompress(request.body) == BATCH.payload


@pytest.mark.parametrize(("compression", "encoding"), [("none", None), ("gzip", "gzip"), ("zstd", "zstd")])
async def test_compressions(host: Host, compression: str, encoding: str | None) -> None:
    request = await sent(host, answer(200), compression=compression)
    unpack = {"none": bytes, "gzip": gzip.decompress, "zstd": zstandard.ZstdDecompressor().decompress}[compression]
    assert request.headers.get("content-encoding") == encoding
    assert unpack(request.body) == BATCH.payload


async def test_json_writes_enums_as_integers_and_ids_as_hex(host: Host) -> None:
    request = await sent(host, answer(200, b"{}", Content_Type=JSON), encoding="json", compression="none")
    assert request.headers["content-type"] == JSON
    record = orjson.loads(request.body)["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]
    assert record["severityNumber"] == 17
    assert record["timeUnixNano"] == "1700000000000000001"
    assert record["traceId"] == "0102030405060708090a0b0c0d0e0f10"
    assert wire.from_json(request.body, "logs") == BATCH.payload


async def test_unknown_fields_pass_through(host: Host) -> None:
    payload = LOG + b"\xfa\x01\x03new"
    request = await sent(host, answer(200), Batch(payload, "logs", 1), compression="none")
    assert request.body == payload


@pytest.mark.parametrize(
    ("settings", "paths"),
    [
        ({"endpoint": "{}"}, {"logs": "/v1/logs", "traces": "/v1/traces", "metrics": "/v1/metrics"}),
        ({"endpoint": "{}/"}, {"logs": "/v1/logs", "traces": "/v1/traces", "metrics": "/v1/metrics"}),
        ({"endpoint": "{}/tenant/"}, {"logs": "/tenant/v1/logs"}),
        ({"endpoint": "{}/tenant"}, {"logs": "/tenant/v1/logs"}),
        ({"endpoint": "{}/in?key=a%20b"}, {"logs": "/in/v1/logs?key=a%20b"}),
        ({"endpoint": "{}", "logs_endpoint": "{}"}, {"logs": "/", "traces": "/v1/traces"}),
        ({"endpoint": "{}", "traces_endpoint": "{}/exact/"}, {"logs": "/v1/logs", "traces": "/exact/"}),
        ({"endpoint": "{}", "metrics_endpoint": "{}/m?x=1"}, {"metrics": "/m?x=1"}),
    ],
)
async def test_where_each_signal_goes(host: Host, settings: Mapping[str, str], paths: Mapping[Signal, str]) -> None:
    async with ScriptedServer.running() as server:
        urls = {name: template.format(server.url) for name, template in settings.items()}
        exporter = OtlpHttp(Config(**urls))
        exporter.host = host
        for signal in paths:
            for request in exporter.encode(Batch(b"", signal, 1)):
                await exporter.send(request)
    assert [request.path for request in server.received] == list(paths.values())


async def test_one_connection_for_many_requests(host: Host) -> None:
    async with ScriptedServer.running() as server:
        exporter = made(host, server.url)
        for signal in SIGNALS * 3:
            for request in exporter.encode(Batch(b"", signal, 1)):
                await exporter.send(request)
    assert (server.connections, len(server.received)) == (1, 9)


async def test_the_same_bytes_are_sent_again(host: Host) -> None:
    async with ScriptedServer.running([answer(503), RESET]) as server:
        exporter = made(host, server.url)
        [request] = exporter.encode(BATCH)
        for _ in range(2):
            with pytest.raises(Busy):
                await exporter.send(request)
        await exporter.send(request)
    assert len({received.body for received in server.received}) == 1
    assert len(server.received) == 3


async def test_the_payload_is_shared_with_the_batch(host: Host) -> None:
    [request] = made(host, "http://127.0.0.1:1", compression="none").encode(BATCH)
    assert request.body is BATCH.payload


# ---- the result table, §6 ----


@pytest.mark.parametrize("status", [200, 201, 202, 204])
@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", PROTOBUF),
        (b"", ""),
        (b"\x0a\x00", PROTOBUF),
        (b"{}", JSON),
        (b'{"partialSuccess":{}}', "application/json; charset=utf-8"),
    ],
)
async def test_success(host: Host, status: int, body: bytes, content_type: str) -> None:
    body = b"" if status == 204 else body
    await sent(host, answer(status, body, Content_Type=content_type))
    assert host.metrics.value(catalogue.EXPORTER_FAILED_ATTEMPTS) == 0


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (partial(2, "no body"), PROTOBUF),
        (b'{"partialSuccess":{"rejectedLogRecords":"2","errorMessage":"no body"}}', JSON),
        (b'{"partialSuccess":{"rejectedLogRecords":2}}', JSON),
        (b'{"partialSuccess":{"rejectedSpans":"2","future":[1]},"more":{}}', JSON),
        (b'{"partialSuccess":{"rejectedDataPoints":"2"}}', JSON),
    ],
)
async def test_partial_success_names_what_was_rejected(host: Host, body: bytes, content_type: str) -> None:
    with pytest.raises(Partial) as raised:
        await sent(host, answer(200, body, Content_Type=content_type))
    assert raised.value.rejected == 2


@pytest.mark.parametrize(("rejected", "counted"), [(5, 4), (2**62, 4), (-1, 0), (0, 0)])
async def test_a_count_that_makes_no_sense_is_clamped_and_logged(host: Host, rejected: int, counted: int) -> None:
    outcome = pytest.raises(Partial) if counted else nullcontext()
    with capture_logs() as logs, outcome as raised:
        await sent(host, answer(200, partial(rejected, "x" * 2000), Content_Type=PROTOBUF))
    assert raised is None or raised.value.rejected == counted
    assert [(entry["log_level"], len(entry["message"])) for entry in logs] == [("warning", 512)]


async def test_warnings_are_logged_once_a_minute(host: Host) -> None:
    async with ScriptedServer.running([answer(200, partial(0, "slow down"), Content_Type=PROTOBUF)] * 5) as server:
        exporter = made(host, server.url)
        [request] = exporter.encode(BATCH)
        with capture_logs() as logs:
            for _ in range(5):
                await exporter.send(request)
    assert [entry["message"] for entry in logs] == ["slow down"]


@pytest.mark.parametrize(
    ("body", "content_type"),
    [(b"<html>ok</html>", "text/html"), (b"\x0a\x7f", PROTOBUF), (b"{", JSON), (b"[]", JSON), (b'{"partialSuccess":5}', JSON)],
)
async def test_an_answer_that_can_not_be_read_is_success_and_counted(host: Host, body: bytes, content_type: str) -> None:
    await sent(host, answer(200, body, Content_Type=content_type))
    assert host.metrics.value(catalogue.EXPORTER_FAILED_ATTEMPTS, exporter="test", code="unparsable_response") == 1


@pytest.mark.parametrize("status", [429, 502, 503, 504])
async def test_what_is_tried_again(host: Host, status: int) -> None:
    for value, wait in (("7", 7.0), ("soon", None), ("86400", 600.0)):
        with pytest.raises(Busy) as raised:
            await sent(host, answer(status, b"busy", Retry_After=value))
        assert (raised.value.code, raised.value.retry_after) == (str(status), wait)
        assert not isinstance(raised.value, Unauthorized)


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 401, 403, 404, 405, 408, 415, 418, 431, 500, 501, 505, 507])
async def test_what_is_refused_for_good(host: Host, status: int) -> None:
    with pytest.raises(Rejected) as raised:
        await sent(host, answer(status, b"card declined", Retry_After="7", Location="http://127.0.0.1:1/"))
    assert (raised.value.code, raised.value.reason) == (str(status), "rejected_4xx")
    assert "card" not in str(raised.value)


async def test_413_asks_for_smaller_requests(host: Host) -> None:
    with pytest.raises(TooLarge):
        await sent(host, answer(413))
    exporter = made(host, "http://127.0.0.1:1", compression="none")
    halves = exporter.split(exporter.encode(BATCH)[0])
    assert [half.items for half in halves] == [2, 2]
    assert [len(wire.records(half.body, "logs")) for half in halves] == [2, 2]
    [alone] = exporter.encode(Batch(LOG, "logs", 1))
    assert exporter.split(alone) == [alone]


@pytest.mark.parametrize("status", [401, 403])
async def test_pause_on_auth_keeps_the_data(host: Host, status: int) -> None:
    with pytest.raises(Unauthorized):
        await sent(host, answer(status), pause_on_auth=True)


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (RESET, "reset"),
        (HANG, "timeout"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n\x0a", "reset"),
        (b"what?\r\n\r\n", "reset"),
    ],
)
async def test_network_trouble_is_tried_again(host: Host, reply: bytes, code: str) -> None:
    with pytest.raises(Busy) as raised:
        await sent(host, reply, timeout=0.2)
    assert raised.value.code == code


async def test_a_refused_connection_is_tried_again(host: Host, free_port: int) -> None:
    exporter = made(host, f"http://127.0.0.1:{free_port}", tls=ClientTls())
    with pytest.raises(Busy) as raised:
        await exporter.send(exporter.encode(BATCH)[0])
    assert raised.value.code == "connect"


async def test_an_answer_above_4_mib_is_not_tried_again(host: Host) -> None:
    for reply in (
        answer(200, bytes(4 * 1024 * 1024 + 1)),
        answer(503, gzip.compress(bytes(4 * 1024 * 1024 + 1)), Content_Encoding="gzip"),
    ):
        with pytest.raises(Rejected):
            await sent(host, reply)


async def test_a_request_above_the_limit_never_gets_on_the_wire(host: Host) -> None:
    async with ScriptedServer.running() as server:
        exporter = made(host, server.url, max_request_size=len(LOG) * 2)
        [request] = exporter.encode(BATCH)
        with pytest.raises(TooLarge):
            await exporter.send(request)
        assert server.received == []
        queue: list[Request] = list(exporter.split(request))
        for half in queue:
            await exporter.send(half)
    assert sum(len(gzip.decompress(received.body)) for received in server.received) >= len(LOG) * 2


def test_the_back_off_of_the_contract() -> None:
    retry = OtlpHttp.retry
    assert (retry.initial, retry.multiplier, retry.maximum, retry.jitter) == (5.0, 1.5, 30.0, "half")


def test_the_defaults_of_the_contract() -> None:
    config = Config(endpoint="http://x")
    assert (config.compression, config.timeout, config.encoding, config.max_request_size) == ("gzip", 10.0, "proto", 64 << 20)
