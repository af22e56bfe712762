"""json-logs contract §6, row by row, over a socket."""

import gzip
import hashlib
import json
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
import zstandard

import pipeline.json_logs
from pipeline import Busy, ConfigError, Host, Rejected
from pipeline.settings import BasicLogin, BearerToken, HeaderToken, ListenerAuth
from pipeline.telemetry import catalogue
from pipeline.types import Secret
from receivers.json_logs import Config, JsonLogs
from tests.raw_http import Answer, RawConnection
from tests.receivers.serving import Sink, serving

Serve = Callable[..., AbstractAsyncContextManager[tuple[RawConnection, Sink]]]
NDJSON = "application/x-ndjson"


@pytest.fixture
def serve(host: Host, free_port: int) -> Serve:
    @asynccontextmanager
    async def serve(**settings: Any) -> AsyncIterator[tuple[RawConnection, Sink]]:
        config = Config(endpoint=f"127.0.0.1:{free_port}", **settings)
        async with serving(JsonLogs(config), host, "json_logs") as sink, RawConnection.to(config.endpoint) as connection:
            yield connection, sink

    return serve


def told(answer: Answer) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/json"
    found: dict[str, Any] = json.loads(answer.body)
    return found


def letters(host: Host) -> list[tuple[str, str, str]]:
    return [(letter.reason, letter.message, letter.sha256) for letter in host.dead_letters.letters()]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b'[{"msg":"a"},{"msg":"b"}]'),
        ("application/json", b'{"msg":"a"}{"msg":"b"}'),
        ("application/json; charset=UTF-8", b'\xef\xbb\xbf{"msg":"a"}\n{"msg":"b"}'),
        ("application/x-ndjson", b'{"msg":"a"}\n\n{"msg":"b"}\n'),
        ("application/ndjson", b'{"msg":"a"}\r\n{"msg":"b"}'),
        ('application/jsonl;charset="utf-8"', b'{"msg":"a"}\n{"msg":"b"}'),
        ("text/plain", b'a\n{"msg":"b"}\n'),
        ("", b'[{"msg":"a"},{"msg":"b"}]'),
        ("", b'{"msg":"a"}\n{"msg":"b"}'),
        ("", b"a\nb"),
    ],
)
async def test_every_content_type_is_taken(serve: Serve, host: Host, content_type: str, body: bytes) -> None:
    async with serve() as (connection, sink):
        headers = {"Content-Type": content_type} if content_type else {}
        answer = await connection.post("/logs", body, **headers)
    assert (answer.status, told(answer)) == (200, {"accepted": 2, "rejected": 0})
    assert [record.body for record in sink.records()] == ["a", "b"]
    assert [(batch.signal, batch.items, batch.context.receiver, batch.context.transport) for batch in sink.batches] == [
        ("logs", 2, "json_logs", "http")
    ]
    assert sink.records()[0].observed_time == sink.batches[0].context.received_at


@pytest.mark.parametrize("content_type", ["application/xml", "application/x-protobuf", "application/json; charset=utf-16"])
async def test_other_types_and_charsets_are_415(serve: Serve, content_type: str) -> None:
    async with serve() as (connection, sink):
        answer = await connection.post("/logs", b"[]", Content_Type=content_type)
    assert (answer.status, list(told(answer))) == (415, ["error"])
    assert not sink.batches


@pytest.mark.parametrize(
    ("encoding", "compress"),
    [("gzip", gzip.compress), ("deflate", zlib.compress), ("zstd", zstandard.compress), ("identity", bytes)],
)
async def test_every_encoding_is_taken(serve: Serve, encoding: str, compress: Callable[[bytes], bytes]) -> None:
    async with serve() as (connection, sink):
        answer = await connection.post("/logs", compress(b'{"msg":"a"}\n' * 1000), Content_Type=NDJSON, Content_Encoding=encoding)
        assert told(answer) == {"accepted": 1000, "rejected": 0}
    assert len(sink.records()) == 1000


async def test_broken_unknown_and_exploding_encodings_are_refused(serve: Serve) -> None:
    async with serve() as (connection, sink):
        bomb = gzip.compress(b" " * (20 * 1024 * 1024 + 1))
        for status, encoding, body in [
            (415, "br", b"x"),
            (400, "gzip", b"no gzip"),
            (400, "gzip", gzip.compress(b'{"msg":"a"}\n' * 100)[:-9]),
            (413, "gzip", bomb),
        ]:
            async with RawConnection.to("127.0.0.1:" + str(connection.writer.get_extra_info("peername")[1])) as other:
                answer = await other.post("/logs", body, Content_Type=NDJSON, Content_Encoding=encoding)
            assert (answer.status, list(told(answer))) == (status, ["error"])
            if status == 415:
                assert all(name in answer.body.decode() for name in ("gzip", "deflate", "zstd"))
        assert not sink.batches


async def test_the_path_names_the_service_of_records_that_name_none(serve: Serve) -> None:
    async with serve() as (connection, sink):
        await connection.post("/logs/my%20shop", b'{"msg":"a"}\n{"msg":"b","service":"own"}', Content_Type=NDJSON)
    assert [record.resource.attributes for record in sink.records()] == [{"service.name": "my shop"}, {"service.name": "own"}]


async def test_paths_are_configurable(serve: Serve) -> None:
    async with serve(paths=("/in/{service}/logs",)) as (connection, sink):
        assert (await connection.post("/logs", b"x")).status == 404
        assert (await connection.post("/in/shop/logs", b"x")).status == 200
    assert sink.records()[0].resource.attributes == {"service.name": "shop"}


async def test_bad_lines_are_refused_alone_and_leave_only_their_hash(serve: Serve, host: Host) -> None:
    bad = [
        b'{"password":"hunter2" "x":1}',
        b'{"a":"\xff"}',
        b'{"a":NaN}',
        b"[" * 65 + b"]" * 65,
        b'{"a":' * 65 + b"1" + b"}" * 65,
    ]
    good = [b'{"msg":"%d"}' % n for n in range(6)]
    body = b"\n".join(line for pair in zip(good, [*bad, b""], strict=True) for line in pair)
    async with serve() as (connection, sink):
        answer = await connection.post("/logs", body, Content_Type=NDJSON)
    assert (answer.status, told(answer)) == (
        200,
        {
            "accepted": 6,
            "rejected": 5,
            "errors": [
                {"line": 2, "error": "invalid JSON at column 23: expected ','"},
                {"line": 4, "error": "invalid UTF-8 at byte 7"},
                {"line": 6, "error": "NaN and Infinity are no JSON"},
                {"line": 8, "error": "expected a JSON object"},
                {"line": 10, "error": "nested deeper than 64"},
            ],
        },
    )
    assert [record.body for record in sink.records()] == list("012345")
    assert letters(host) == [
        ("bad_line", f"line {error['line']}: {error['error']}", hashlib.sha256(line).hexdigest())
        for error, line in zip(told(answer)["errors"], bad, strict=True)
    ]
    assert all(letter.payload is None for letter in host.dead_letters.letters())  # type: ignore[attr-defined]
    assert host.metrics.value(catalogue.RECEIVER_FAILED["logs"], receiver="json_logs", reason="bad_line") == 5


async def test_what_was_taken_is_told_so_though_the_store_of_bad_lines_fails(serve: Serve, host: Host) -> None:
    store = host.dead_letters
    await store._call(lambda: store._file._database.execute("DROP TABLE letters"))
    async with serve() as (connection, sink):
        answer = await connection.post("/logs", b'{"msg":"good"}\n{"msg":\n', Content_Type=NDJSON)
    assert (answer.status, told(answer)["accepted"], told(answer)["rejected"]) == (200, 1, 1)
    assert len(sink.records()) == 1
    assert host.metrics.value(catalogue.DLQ_LOST, reason="bad_line") == 1
    assert host.metrics.value(catalogue.RECEIVER_FAILED["logs"], receiver="json_logs", reason="bad_line") == 1


@pytest.mark.parametrize("place", [0, 2])
async def test_a_bad_line_may_be_the_first_or_the_last(serve: Serve, place: int) -> None:
    lines = [b'{"msg":"a"}', b'{"msg":"b"}']
    lines.insert(place, b'{"msg"')
    async with serve() as (connection, sink):
        answer = await connection.post("/logs", b"\n".join(lines), Content_Type=NDJSON)
        assert (told(answer)["accepted"], told(answer)["errors"][0]["line"]) == (2, place + 1)
    assert [record.body for record in sink.records()] == ["a", "b"]


async def test_when_all_is_bad_the_answer_is_400(serve: Serve, host: Host) -> None:
    async with serve() as (connection, sink):
        answer = await connection.post("/logs", b"{\n" * 30, Content_Type=NDJSON)
    assert answer.status == 400
    assert (told(answer)["accepted"], told(answer)["rejected"], len(told(answer)["errors"])) == (0, 30, 20)
    assert len(letters(host)) == 30
    assert not sink.batches


@pytest.mark.parametrize("content_type", ["application/json", NDJSON, "text/plain", ""])
async def test_an_empty_body_is_accepted(serve: Serve, content_type: str) -> None:
    async with serve() as (connection, sink):
        answer = await connection.post("/logs", b"", **({"Content-Type": content_type} if content_type else {}))
    assert (answer.status, told(answer)) == (200, {"accepted": 0, "rejected": 0})
    assert not sink.batches


async def test_a_long_line_is_refused_alone(serve: Serve, host: Host) -> None:
    long = b'{"msg":"' + b"x" * 10_000_000 + b'"}'
    async with serve() as (connection, sink):
        answer = await connection.post("/logs", b'{"msg":"a"}\n' + long + b'\n{"msg":"b"}', Content_Type=NDJSON)
    assert told(answer) == {"accepted": 2, "rejected": 1, "errors": [{"line": 2, "error": "longer than 1048576 bytes"}]}
    assert letters(host) == [("line_too_long", "line 2: longer than 1048576 bytes", hashlib.sha256(long).hexdigest())]
    assert host.metrics.value(catalogue.RECEIVER_FAILED["logs"], reason="line_too_long") == 1
    assert len(sink.records()) == 2


async def test_bodies_up_to_the_limit_are_taken(serve: Serve) -> None:
    async with serve(max_request_body_size=100) as (connection, _):
        for size, status in [(99, 200), (100, 200), (101, 413)]:
            assert (await connection.post("/logs", b"x" * size, Content_Type="text/plain")).status == status


async def test_a_chunked_body_is_taken(serve: Serve) -> None:
    async with serve(max_request_body_size=100) as (connection, sink):
        await connection.send(
            b'POST /logs HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n{"msg"\r\n5\r\n:"a"}\r\n0\r\n\r\n'
        )
        assert (await connection.answer()).status == 200
        await connection.send(
            b"POST /logs HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n" + b"x" * 101 + b"\r\n0\r\n\r\n"
        )
        assert (await connection.answer()).status == 413
    assert [record.body for record in sink.records()] == ["a"]


async def test_expect_100_continue_is_answered(serve: Serve) -> None:
    async with serve() as (connection, sink):
        await connection.send(b"POST /logs HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n")
        assert (await connection.answer()).status == 100
        await connection.send(b"x")
        assert (await connection.answer()).status == 200
    assert len(sink.records()) == 1


async def test_too_many_records_are_refused_whole(serve: Serve, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    assert pipeline.json_logs.MAX_RECORDS == 100_000
    monkeypatch.setattr(pipeline.json_logs, "MAX_RECORDS", 1000)
    async with serve() as (connection, sink):
        answer = await connection.post("/logs", b"{}\n" * 999 + b"{\n", Content_Type=NDJSON)
        assert (answer.status, told(answer)["accepted"], told(answer)["rejected"]) == (200, 999, 1)
        answer = await connection.post("/logs", b"{}\n" * 1000 + b"{\n", Content_Type=NDJSON)
        assert (answer.status, told(answer)) == (413, {"error": "more than 1000 records"})
    assert [batch.items for batch in sink.batches] == [999]
    assert len(letters(host)) == 1


@pytest.mark.parametrize(
    ("failure", "status", "retry_after"),
    [(Busy("the queue is full", 7), 503, "7"), (Rejected("poison", "refused"), 400, None), (RuntimeError("x"), 500, None)],
)
async def test_nothing_is_kept_of_a_request_that_the_pipeline_refuses(
    serve: Serve, host: Host, failure: Exception, status: int, retry_after: str | None
) -> None:
    async with serve() as (connection, sink):
        sink.failures.append(failure)
        body = b'{"msg":"a"}\n{"msg"'
        answer = await connection.post("/logs", body, Content_Type=NDJSON)
        assert (answer.status, answer.headers.get("retry-after")) == (status, retry_after)
        assert letters(host) == []
        assert host.metrics.value(catalogue.JSON_RECORDS) == 0
        assert (await connection.post("/logs", body, Content_Type=NDJSON)).status == 200
    assert len(letters(host)) == len(sink.records()) == 1


@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD", "DELETE"])
async def test_other_methods_are_405(serve: Serve, method: str) -> None:
    async with serve() as (connection, _):
        await connection.send(f"{method} /logs HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n".encode())
        head = await connection.reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 405 ")
        assert b"allow: post\r\n" in head.lower()


@pytest.mark.parametrize(
    ("auth", "good", "bad"),
    [
        (ListenerAuth(bearer=BearerToken(token=Secret("tok"))), {"Authorization": "Bearer tok"}, {"Authorization": "Bearer no"}),
        (
            ListenerAuth(basic=BasicLogin(username="u", password=Secret("p"))),
            {"Authorization": "Basic dTpw"},
            {"Authorization": "Basic dTpx"},
        ),
        (ListenerAuth(header=HeaderToken(name="X-Key", token=Secret("tok"))), {"X-Key": "tok"}, {}),
    ],
)
async def test_credentials_are_asked_for(serve: Serve, auth: ListenerAuth, good: dict[str, str], bad: dict[str, str]) -> None:
    async with serve(auth=auth) as (connection, sink):
        answer = await connection.post("/logs", b"x", **bad)
        assert (answer.status, "www-authenticate" in answer.headers) == (401, True)
        assert (await connection.post("/logs", b"x", **good)).status == 200
    assert len(sink.records()) == 1


async def test_the_requests_trace_is_lent_only_when_asked_for(serve: Serve) -> None:
    trace, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    for lend in (False, True):
        async with serve(trace_from_request=lend) as (connection, sink):
            await connection.post("/logs", b"x", traceparent=f"00-{trace}-{span}-01")
        assert [(record.trace_id, record.span_id) for record in sink.records()] == [(trace, span) if lend else ("", "")]


async def test_the_same_lines_in_any_shape_give_the_same_records(serve: Serve) -> None:
    members = [{"level": 30, "time": 1772600767123, "msg": f"n {n}", "n": n, "service": f"s{n % 3}"} for n in range(2_000)]
    lines = "\n".join(map(json.dumps, members)).encode()
    async with serve() as (connection, sink):
        await connection.post("/logs", json.dumps(members).encode(), Content_Type="application/json")
        await connection.post("/logs", lines, Content_Type=NDJSON)
        await connection.post("/logs", gzip.compress(lines), Content_Type=NDJSON, Content_Encoding="gzip")
    sets = []
    for batch in sink.batches:
        shown = [(record.body, record.time, record.attributes, record.resource.attributes) for record in batch.records()]  # type: ignore[union-attr]
        sets.append(sorted(shown, key=str))
    assert len(sets[0]) == 2_000
    assert sets[0] == sets[1] == sets[2]


async def test_what_was_noticed_is_counted(serve: Serve, host: Host) -> None:
    async with serve() as (connection, _):
        body = b'{"msg":"a","time":1,"msg":"b","trace_id":"x"}\n{"event":"a","level":"info"}\n{"level":30,"time":1,"msg":"x"}\nx'
        await connection.post("/logs", body)
    value = host.metrics.value
    assert [value(catalogue.JSON_RECORDS, format=name) for name in ("generic", "structlog", "pino", "text")] == [1, 1, 1, 0]
    assert value(catalogue.JSON_BAD_TIMESTAMPS) == 2
    assert value(catalogue.JSON_BAD_IDS) == 1
    assert value(catalogue.JSON_DUPLICATE_KEYS) == 1


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ({"paths": ("/logs", "logs")}, ("paths", 1)),
        ({"paths": ("/{tenant}",)}, ("paths", 0)),
        ({"paths": ("/{service",)}, ("paths", 0)),
        ({"timezone": "Mars/Olympus"}, ("timezone",)),
        ({"timezone": "../x"}, ("timezone",)),
    ],
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, Any], path: tuple[str | int, ...]) -> None:
    with pytest.raises(ConfigError) as caught:
        JsonLogs(Config(**settings))
    assert caught.value.path == path


def test_it_listens_where_the_contract_says() -> None:
    config = Config()
    assert (config.endpoint, config.paths, config.max_request_body_size, config.max_line_size) == (
        "127.0.0.1:8088",
        ("/logs", "/logs/{service}"),
        20 << 20,
        1 << 20,
    )
