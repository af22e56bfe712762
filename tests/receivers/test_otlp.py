import asyncio
import gzip
import json
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import grpc
import orjson
import pytest
import zstandard
from google.protobuf.json_format import Parse
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.proto.metrics.v1.metrics_pb2 import Gauge, Metric, MetricsData, NumberDataPoint, ResourceMetrics, ScopeMetrics
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, TracesData

from pipeline import Busy, ConfigError, Host, Rejected, TooLarge
from pipeline.net import protobuf
from pipeline.settings import BearerToken, Cors, ListenerAuth
from pipeline.telemetry import catalogue
from pipeline.types import SIGNALS, Secret, Signal
from receivers.otlp import Config, GrpcProtocol, HttpProtocol, Otlp, Protocols
from tests.raw_http import Answer, RawConnection, request
from tests.receivers.serving import Sink, serving

LIMIT = 100_000
PROTOBUF, JSON = "application/x-protobuf", "application/json"
RESPONSES: Mapping[Signal, type[Message]] = {
    "logs": ExportLogsServiceResponse,
    "traces": ExportTraceServiceResponse,
    "metrics": ExportMetricsServiceResponse,
}
SERVICES = {"logs": "logs.v1.LogsService", "traces": "trace.v1.TraceService", "metrics": "metrics.v1.MetricsService"}

# The minimal request of OTLP contract §4, in both encodings.
LOG = bytes.fromhex(
    "0a5d0a180a160a0c736572766963652e6e616d6512060a04636172741241123f0901002a36fe9c971710111a054552524f522a0f0a0d63617264206465636c"
    "696e65644a100102030405060708090a0b0c0d0e0f1052081112131415161718"
)
LOG_JSON = b"""{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"cart"}}]},"scopeLogs":[{
 "logRecords":[{"timeUnixNano":"1700000000000000001","severityNumber":17,"severityText":"ERROR",
 "body":{"stringValue":"card declined"},
 "traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"1112131415161718"}]}]}]}"""


def spans(*trace_ids: bytes) -> bytes:
    made = [Span(trace_id=trace_id, span_id=b"\1" * 8, name="s") for trace_id in trace_ids]
    return TracesData(resource_spans=[ResourceSpans(scope_spans=[ScopeSpans(spans=made)])]).SerializeToString()


def points(count: int) -> bytes:
    metric = Metric(name="m", gauge=Gauge(data_points=[NumberDataPoint(as_int=n) for n in range(count)]))
    return MetricsData(resource_metrics=[ResourceMetrics(scope_metrics=[ScopeMetrics(metrics=[metric])])]).SerializeToString()


GOOD_ID, BAD_ID = b"\1" * 16, b"\0" * 16
PAYLOADS: Mapping[Signal, bytes] = {"logs": LOG, "traces": spans(GOOD_ID, GOOD_ID), "metrics": points(3)}
ITEMS: Mapping[Signal, int] = {"logs": 1, "traces": 2, "metrics": 3}


def http_only(port: int, **settings: Any) -> Otlp:
    http = HttpProtocol(endpoint=f"127.0.0.1:{port}", **{"max_request_body_size": LIMIT, **settings})
    return Otlp(Config(protocols=Protocols(http=http)))


@asynccontextmanager
async def connected(receiver: Otlp, host: Host, port: int) -> AsyncIterator[RawConnection]:
    async with serving(receiver, host, "test"), RawConnection.to(f"127.0.0.1:{port}") as connection:
        yield connection


@pytest.fixture
async def sink(host: Host, free_port: int) -> AsyncIterator[Sink]:
    async with serving(http_only(free_port), host, "test") as sink:
        yield sink


@pytest.fixture
async def http(sink: Sink, free_port: int) -> AsyncIterator[RawConnection]:
    """A connection to the receiver that feeds `sink`."""
    async with RawConnection.to(f"127.0.0.1:{free_port}") as connection:
        yield connection


async def post(http: RawConnection, body: bytes, signal: Signal = "logs", content_type: str = PROTOBUF, **headers: str) -> Answer:
    return await http.post(f"/v1/{signal}", body, Content_Type=content_type, **headers)


def status_of(answer: Answer) -> Status:
    """Read the error body as its content type says."""
    if answer.headers["content-type"] == PROTOBUF:
        return Status.FromString(answer.body)
    assert answer.headers["content-type"] == JSON
    return Parse(answer.body, Status())


# ---- the decision table, §2 ----


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/profiles", "/v1development/profiles", "/v2/logs", "/v1/logs/x", "/V1/logs"])
@pytest.mark.parametrize("content_type", [PROTOBUF, JSON])
async def test_row_1_unknown_path(http: RawConnection, path: str, content_type: str) -> None:
    answer = await http.post(path, LOG, Content_Type=content_type)
    assert (answer.status, answer.headers["content-type"]) == (404, content_type)
    assert status_of(answer).message


async def test_row_2_cors_preflight(host: Host, free_port: int) -> None:
    receiver = http_only(free_port, cors=Cors(allowed_origins=("https://app.example",)))
    async with connected(receiver, host, free_port) as http:
        ask = {"method": "OPTIONS", "Access_Control_Request_Method": "POST"}
        answer = await http.post("/v1/traces", Origin="https://app.example", **ask)
        assert (answer.status, answer.body) == (204, b"")
        assert answer.headers["access-control-allow-origin"] == "https://app.example"
        assert (await http.post("/v1/traces", Origin="https://other.example", **ask)).status == 405
        posted = await post(http, b"junk", Origin="https://app.example")
        assert (posted.status, posted.headers["access-control-allow-origin"]) == (400, "https://app.example")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_row_3_method(http: RawConnection, method: str) -> None:
    answer = await http.post("/v1/logs", LOG, method=method, Content_Type=PROTOBUF)
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert status_of(answer).message


async def test_row_3_head_has_no_body(http: RawConnection) -> None:
    await http.send(request("/v1/logs", method="HEAD"))
    head = await http.reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 405 ")
    assert (await post(http, LOG)).status == 200


async def test_row_4_credentials(host: Host, free_port: int) -> None:
    token = "tok" + "en"
    receiver = http_only(free_port, auth=ListenerAuth(bearer=BearerToken(token=Secret(token))))
    async with connected(receiver, host, free_port) as http:
        answer = await post(http, LOG)
        assert (answer.status, "www-authenticate" in answer.headers) == (401, True)
        assert status_of(answer).code == 16
        assert (await post(http, LOG, Authorization=f"Bearer {token}")).status == 200


@pytest.mark.parametrize("content_type", [None, "", "text/plain", "application/xml", "application/grpc", "application/protobuf"])
async def test_row_5_content_type(http: RawConnection, content_type: str | None) -> None:
    answer = await http.post("/v1/logs", LOG, **({} if content_type is None else {"Content_Type": content_type}))
    assert (answer.status, answer.headers["content-type"]) == (415, JSON)
    assert answer.headers["accept"] == "application/x-protobuf, application/json"
    assert status_of(answer).message


@pytest.mark.parametrize("content_type", ["Application/X-Protobuf", "application/x-protobuf; charset=utf-8"])
async def test_row_5_parameters_and_case_do_not_matter(http: RawConnection, content_type: str) -> None:
    assert (await post(http, LOG, content_type=content_type)).status == 200


@pytest.mark.parametrize("encoding", ["br", "snappy", "lz4", "gzip, gzip", "gzip,deflate", "unknown"])
async def test_row_6_content_encoding(http: RawConnection, encoding: str) -> None:
    answer = await post(http, LOG, Content_Encoding=encoding)
    assert (answer.status, answer.headers["accept-encoding"]) == (415, "gzip, deflate, zstd")
    assert answer.headers["content-type"] == PROTOBUF
    assert status_of(answer).message


async def test_row_7_declared_length(http: RawConnection) -> None:
    answer = await post(http, b"", Content_Length=str(LIMIT + 1))
    assert (answer.status, answer.headers["connection"]) == (413, "close")
    assert status_of(answer).message


async def test_row_8_no_memory(http: RawConnection, host: Host) -> None:
    async with host.admission.lease(host.admission.limit_bytes):
        answer = await post(http, LOG)
    assert answer.status == 503
    assert 1 <= int(answer.headers["retry-after"]) <= 30
    retry = RetryInfo()
    assert status_of(answer).details[0].Unpack(retry)
    assert retry.retry_delay.seconds == int(answer.headers["retry-after"])
    assert (await post(http, LOG)).status == 200


async def test_row_9_bytes_past_the_limit(http: RawConnection, sink: Sink) -> None:
    packed = gzip.compress(bytes(LIMIT + 1))
    answer = await post(http, packed, Content_Encoding="gzip")
    assert answer.status == 413
    assert status_of(answer).message
    await http.send(request("/v1/logs", Content_Type=PROTOBUF, Transfer_Encoding="chunked"))
    await http.send(b"%x\r\n" % (LIMIT + 1) + bytes(LIMIT + 1))
    assert (await http.answer()).status == 413
    assert sink.batches == []


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"junk", "gzip"),
        (gzip.compress(LOG)[:-3], "gzip"),
        (gzip.compress(LOG) + b"x", "gzip"),
        (zlib.compress(LOG)[:-1], "deflate"),
        (zstandard.compress(LOG)[:-1], "zstd"),
    ],
)
async def test_row_10_compressed_stream(http: RawConnection, body: bytes, encoding: str) -> None:
    answer = await post(http, body, Content_Encoding=encoding)
    assert answer.status == 400
    assert status_of(answer).message


BROKEN_JSON = [
    b"",
    b"{",
    b"[]",
    b"1",
    b'"x"',
    b"{}x",
    b"\xef\xbb\xbf{}",
    b'{"resourceLogs":5}',
    b'{"resourceLogs":[{"schemaUrl":5}]}',
    LOG_JSON.replace(b"17,", b'"SEVERITY_NUMBER_ERROR",'),
    LOG_JSON.replace(b"1112131415161718", b"11121314"),
    LOG_JSON.replace(b"card", b"\xff"),
    b'{"resourceLogs":' + b"[" * 5000,
]


@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize("body", [b"\xff", b"\x0a\x7f", LOG[:-1], b"\x07", b"hello there"])
async def test_row_11_broken_protobuf(http: RawConnection, sink: Sink, signal: Signal, body: bytes) -> None:
    answer = await post(http, body, signal)
    assert (answer.status, answer.headers["content-type"]) == (400, PROTOBUF)
    bad = BadRequest()
    assert status_of(answer).details[0].Unpack(bad)
    assert bad.field_violations[0].description
    assert sink.batches == []


@pytest.mark.parametrize("body", BROKEN_JSON)
async def test_row_11_broken_json(http: RawConnection, sink: Sink, body: bytes) -> None:
    answer = await post(http, body, content_type=JSON)
    assert (answer.status, answer.headers["content-type"]) == (400, JSON)
    assert orjson.loads(answer.body)["details"][0]["@type"] == "type.googleapis.com/google.rpc.BadRequest"
    assert b"card" not in answer.body
    assert sink.batches == []


@pytest.mark.parametrize(
    ("body", "content_type"),
    [(b"", PROTOBUF), (b"\x0a\x00", PROTOBUF), (LOG[:2] + b"", PROTOBUF), (b"{}", JSON), (b'{"resourceLogs":[{}]}', JSON)],
)
async def test_row_12_nothing_in_it(http: RawConnection, sink: Sink, body: bytes, content_type: str) -> None:
    if body == LOG[:2]:
        body = b"\x0a\x1a" + LOG[2:28]  # a resource without records
    answer = await post(http, body, content_type=content_type)
    assert (answer.status, answer.body) == (200, b"{}" if content_type == JSON else b"")
    assert sink.batches == []


@pytest.mark.parametrize("signal", SIGNALS)
async def test_row_13_all_accepted(http: RawConnection, sink: Sink, signal: Signal) -> None:
    answer = await post(http, PAYLOADS[signal], signal)
    assert (answer.status, answer.body, answer.headers["content-type"]) == (200, b"", PROTOBUF)
    assert RESPONSES[signal].FromString(answer.body) == RESPONSES[signal]()
    [batch] = sink.batches
    assert (batch.payload, batch.signal, batch.items) == (PAYLOADS[signal], signal, ITEMS[signal])
    assert (batch.context.receiver, batch.context.transport) == ("test", "http")
    assert batch.context.received_at > 1.7e18


async def test_row_13_json(http: RawConnection, sink: Sink) -> None:
    answer = await post(http, LOG_JSON, content_type=JSON)
    assert (answer.status, answer.body, answer.headers["content-type"]) == (200, b"{}", JSON)
    assert sink.batches[0].payload == LOG


async def test_row_14_some_rejected(http: RawConnection, sink: Sink, host: Host) -> None:
    answer = await post(http, spans(GOOD_ID, BAD_ID, b"short"), "traces")
    assert answer.status == 200
    partial = ExportTraceServiceResponse.FromString(answer.body).partial_success
    assert (partial.rejected_spans, bool(partial.error_message)) == (2, True)
    assert [(batch.payload, batch.items) for batch in sink.batches] == [(spans(GOOD_ID), 1)]
    assert host.metrics.value(catalogue.RECEIVER_FAILED["traces"], receiver="test", reason="malformed") == 2


async def test_row_14_json(http: RawConnection) -> None:
    zeros = json.dumps(
        {"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": id_ * 16, "spanId": "01" * 8} for id_ in ("00", "01")]}]}]}
    )
    answer = await post(http, zeros.encode(), "traces", JSON)
    partial = orjson.loads(answer.body)["partialSuccess"]
    assert (partial["rejectedSpans"], bool(partial["errorMessage"])) == ("1", True)


async def test_row_15_every_record_rejected(http: RawConnection, sink: Sink) -> None:
    answer = await post(http, spans(BAD_ID), "traces")
    assert answer.status == 400
    assert status_of(answer).code == 3
    assert sink.batches == []


@pytest.mark.parametrize(
    ("error", "status", "code", "retry"),
    [
        (Busy("full", 7), 503, 14, "7"),
        (Busy("full"), 503, 14, "1"),
        (Rejected("processor_error", "no"), 400, 3, None),
        (TooLarge("no"), 413, 8, None),
        (ValueError("card declined"), 500, 13, None),
    ],
)
@pytest.mark.parametrize("content_type", [PROTOBUF, JSON])
async def test_rows_16_and_17_what_consume_raises(
    http: RawConnection, sink: Sink, error: Exception, status: int, code: int, retry: str | None, content_type: str
) -> None:
    sink.failures.append(error)
    answer = await post(http, LOG if content_type == PROTOBUF else LOG_JSON, content_type=content_type)
    assert (answer.status, answer.headers.get("retry-after"), answer.headers["content-type"]) == (status, retry, content_type)
    assert status_of(answer).code == code
    assert b"declined" not in answer.body
    assert (await post(http, LOG)).status == 200


# ---- sizes and encodings ----


def padded(size: int) -> bytes:
    """A request of exactly `size` bytes: an unknown field of the right length."""
    content = size - 5
    return b"\xfa\x01" + bytes([content & 0x7F | 0x80, content >> 7 & 0x7F | 0x80, content >> 14]) + bytes(content)


async def test_the_limit_is_exact_on_the_wire_and_decompressed(http: RawConnection) -> None:
    for body, status in ((padded(LIMIT), 200), (padded(LIMIT + 1), 413)):
        assert (await post(http, gzip.compress(body), Content_Encoding="gzip")).status == status
        assert (await post(http, body)).status == status


async def test_the_64_mib_bomb_is_413_and_costs_little_memory(host: Host, free_port: int) -> None:
    limit = 64 << 20
    bomb = gzip.compress(bytes(limit + 1), 9)
    assert len(bomb) == 65_250
    receiver = http_only(free_port, max_request_body_size=limit)
    async with connected(receiver, host, free_port) as http:
        tracemalloc.start()
        try:
            answer = await post(http, bomb, Content_Encoding="gzip")
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        exact = await post(http, gzip.compress(bytes(limit)), Content_Encoding="gzip")
    assert answer.status == 413
    assert peak < limit * 1.2
    assert exact.status == 400, "zeros are no message, but there are not too many of them"
    assert host.admission.used_bytes == 0


PACKED = {
    "identity": LOG,
    "none": LOG,
    "gzip": gzip.compress(LOG),
    "x-gzip": gzip.compress(LOG[:40]) + gzip.compress(LOG[40:]),
    "deflate": zlib.compress(LOG),
    "Deflate": zlib.compress(LOG)[2:-4],
    "zstd": zstandard.compress(LOG),
}


@pytest.mark.parametrize("encoding", PACKED)
async def test_encodings(http: RawConnection, sink: Sink, encoding: str) -> None:
    assert (await post(http, PACKED[encoding], Content_Encoding=encoding)).status == 200
    assert sink.batches[0].payload == LOG


async def test_a_success_is_never_compressed(http: RawConnection) -> None:
    answer = await post(http, LOG, Accept_Encoding="gzip")
    assert "content-encoding" not in answer.headers


async def test_unknown_fields_survive(http: RawConnection, sink: Sink) -> None:
    unknown = LOG + b"\xfa\x01\x03new"
    assert (await post(http, unknown)).status == 200
    assert sink.batches[0].payload == unknown


async def test_unknown_json_keys_are_ignored(http: RawConnection, sink: Sink) -> None:
    more = LOG_JSON.replace(b'"severityText"', b'"new":{"deep":[1,{"x":null}]},"dropped_attributes_count":9,"severityText"')
    assert (await post(http, more, content_type=JSON)).status == 200
    assert sink.batches[0].payload == LOG


@pytest.mark.parametrize("signal", SIGNALS)
async def test_a_trailing_slash_is_accepted(http: RawConnection, signal: Signal) -> None:
    assert (await http.post(f"/v1/{signal}/", PAYLOADS[signal], Content_Type=PROTOBUF)).status == 200


async def test_both_encodings_share_a_connection(http: RawConnection, sink: Sink) -> None:
    for _ in range(3):
        assert (await post(http, LOG)).status == 200
        assert (await post(http, LOG_JSON, content_type=JSON)).status == 200
    assert len(sink.batches) == 6


# ---- the parts of the receiver ----


async def test_paths_of_ones_own(host: Host, free_port: int) -> None:
    receiver = http_only(free_port, logs_url_path="/tenant/logs")
    async with connected(receiver, host, free_port) as http:
        assert (await http.post("/tenant/logs", LOG, Content_Type=PROTOBUF)).status == 200
        assert (await http.post("/v1/logs", LOG, Content_Type=PROTOBUF)).status == 404


async def test_a_signal_without_a_pipeline_is_unknown(host: Host, free_port: int) -> None:
    host.signals = frozenset({"logs"})
    async with connected(http_only(free_port), host, free_port) as http:
        assert (await post(http, LOG)).status == 200
        assert (await post(http, PAYLOADS["traces"], "traces")).status == 404


async def test_one_blocked_pipeline_does_not_stop_another_signal(sink: Sink, http: RawConnection, free_port: int) -> None:
    sink.gate = asyncio.Event()
    await http.send(request("/v1/logs", LOG, Content_Type=PROTOBUF))
    async with asyncio.timeout(5):
        while not sink.waiting:
            await asyncio.sleep(0.001)
    blocked, sink.gate = sink.gate, None
    async with RawConnection.to(f"127.0.0.1:{free_port}") as other:
        assert (await post(other, PAYLOADS["traces"], "traces")).status == 200
    blocked.set()
    assert (await http.answer()).status == 200


def test_no_protocol_is_a_config_error() -> None:
    with pytest.raises(ConfigError):
        Otlp(Config(protocols=Protocols()))


async def test_the_defaults_are_the_ports_of_the_specification() -> None:
    assert (HttpProtocol().endpoint, GrpcProtocol().endpoint) == ("127.0.0.1:4318", "127.0.0.1:4317")
    assert HttpProtocol().max_request_body_size == GrpcProtocol().max_request_body_size == 64 << 20


# ---- gRPC, §5 ----


@pytest.fixture
async def grpc_sink(host: Host, free_port: int) -> AsyncIterator[Sink]:
    protocol = GrpcProtocol(endpoint=f"127.0.0.1:{free_port}", max_request_body_size=LIMIT)
    async with serving(Otlp(Config(protocols=Protocols(grpc=protocol))), host, "test") as sink:
        yield sink


@pytest.fixture
async def channel(grpc_sink: Sink, free_port: int) -> AsyncIterator[Any]:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{free_port}") as open_:
        yield open_


async def export(channel: Any, signal: Signal, body: bytes, **options: Any) -> bytes:
    reply: bytes = await channel.unary_unary(f"/opentelemetry.proto.collector.{SERVICES[signal]}/Export")(
        body, timeout=10, **options
    )
    return reply


async def failure(channel: Any, body: bytes, signal: Signal = "logs", **options: Any) -> Any:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await export(channel, signal, body, **options)
    return raised.value


@pytest.mark.parametrize("signal", SIGNALS)
async def test_grpc_accepts_each_signal(channel: Any, grpc_sink: Sink, signal: Signal) -> None:
    assert await export(channel, signal, PAYLOADS[signal]) == b""
    assert await export(channel, signal, PAYLOADS[signal], compression=grpc.Compression.Gzip) == b""
    assert await export(channel, signal, b"") == b""
    assert [(batch.payload, batch.items, batch.context.transport) for batch in grpc_sink.batches] == (
        [(PAYLOADS[signal], ITEMS[signal], "grpc")] * 2
    )


async def test_grpc_partial_success(channel: Any, grpc_sink: Sink) -> None:
    reply = ExportTraceServiceResponse.FromString(await export(channel, "traces", spans(BAD_ID, GOOD_ID)))
    assert reply.partial_success.rejected_spans == 1
    assert reply.partial_success.error_message
    assert grpc_sink.batches[0].items == 1


async def test_grpc_bad_data_is_invalid_argument(channel: Any) -> None:
    for body, signal in ((b"\xff", "logs"), (spans(BAD_ID), "traces")):
        error = await failure(channel, body, signal)
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
        details = dict(error.trailing_metadata())["grpc-status-details-bin"]
        bad = BadRequest()
        assert Status.FromString(details).details[0].Unpack(bad)


async def test_grpc_too_big_is_resource_exhausted_without_retry_info(channel: Any) -> None:
    assert await export(channel, "logs", padded(LIMIT)) == b""
    for compression in (grpc.Compression.NoCompression, grpc.Compression.Gzip):
        error = await failure(channel, padded(LIMIT + 1), compression=compression)
        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "grpc-status-details-bin" not in dict(error.trailing_metadata())


async def test_grpc_pressure_is_unavailable_with_retry_info(channel: Any, grpc_sink: Sink) -> None:
    grpc_sink.failures.append(Busy("full", 5))
    error = await failure(channel, LOG)
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    retry = RetryInfo()
    assert Status.FromString(dict(error.trailing_metadata())["grpc-status-details-bin"]).details[0].Unpack(retry)
    assert retry.retry_delay.seconds == 5


async def test_grpc_other_services_are_unimplemented(channel: Any) -> None:
    profiles = "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export"
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await channel.unary_unary(profiles)(b"", timeout=10)
    assert raised.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_the_wire_vector_of_a_partial_success() -> None:
    written = protobuf.message(1, protobuf.integer(1, 2) + protobuf.message(2, b"no body"))
    assert written == bytes.fromhex("0a 0b 08 02 12 07 6e 6f 20 62 6f 64 79")
