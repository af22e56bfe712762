import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporters import sentry
from exporters.sentry import Config, Sentry
from exporters.sentry.rate_limits import HEADER
from pipeline import Batch, Busy, ConfigError, Context, Host, Rejected, Request, TooLarge, Unauthorized, wire
from pipeline.telemetry import catalogue
from pipeline.types import Secret, Signal, Value
from pipeline.wire.model import Event, LogRecord, Resource, Scope, Span
from tests.exporters.scripted import RESET, Destination, Received, Reply, destination
from tests.exporters.sentry.relay import complaints, read_envelope
from tests.strategies import batches

KEY, SECRET = "abc" + "123", "def" + "456"
TRACE, SPAN = "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174"
RESOURCE, SCOPE = Resource({"service.name": "cart", "service.version": "1"}), Scope("cart.views")
EXCEPTION: dict[str, Value] = {"exception.type": "KeyError", "exception.message": "'k'"}
MEANING: dict[int, type[Exception]] = {
    **dict.fromkeys((302, 400, 404, 415, 429), Rejected),
    **dict.fromkeys((401, 403), Unauthorized),
    **dict.fromkeys((408, 500, 502, 503, 504), Busy),
    413: TooLarge,
}


@pytest.fixture
async def server() -> AsyncIterator[Destination]:
    async with destination() as found:
        yield found


def exporter(host: Host, server: Destination | None = None, **settings: Any) -> Sentry:
    url = server.url if server is not None else "http://127.0.0.1:9"
    made = Sentry(Config(**{"dsn": Secret(url.replace("://", f"://{KEY}:{SECRET}@") + "/42"), **settings}))
    made.host = host
    return made


def log_batch(*records: dict[str, Any]) -> Batch:
    common: dict[str, Any] = {"resource": RESOURCE, "scope": SCOPE, "time": time.time_ns(), "trace_id": TRACE, "span_id": SPAN}
    logs = [LogRecord(**{**common, **record}) for record in records]
    return Batch(wire.encode(logs, "logs"), "logs", len(logs), Context("in", "http", time.time_ns()))


def info(count: int = 1, **fields: Any) -> Batch:
    return log_batch(*({"severity_number": 9, "body": "é hi", **fields} for _ in range(count)))


def error(**fields: Any) -> dict[str, Any]:
    return {"severity_number": 17, "body": "failed", **fields}


def span_batch(*exceptions: Sequence[dict[str, Value]]) -> Batch:
    spans = [
        Span(
            resource=RESOURCE,
            scope=SCOPE,
            trace_id=TRACE,
            span_id=SPAN[:-1] + str(number),
            name="GET /",
            kind=2,
            end_time=time.time_ns(),
            events=[
                Event(time=time.time_ns(), name="started"),
                *(Event(time=time.time_ns(), name="exception", attributes=attributes) for attributes in found),
            ],
        )
        for number, found in enumerate(exceptions)
    ]
    return Batch(wire.encode(spans, "traces"), "traces", len(spans), Context("in", "http", time.time_ns()))


def payload(got: Received) -> Any:
    _, ((_, found),) = read_envelope(got.body)
    return orjson.loads(found)


def routes(requests: Sequence[Request]) -> list[tuple[str, int, int]]:
    return [(request.route, request.items, request.batch.items) for request in requests]


async def test_an_exception_of_a_span_arrives_as_an_issue(host: Host, server: Destination) -> None:
    made = exporter(host, server)
    (request,) = made.encode(span_batch([EXCEPTION]))
    await made.send(request)
    (got,) = server.received
    assert got.path == "/api/42/envelope/"
    version = got.headers["User-Agent"].removeprefix("sluice/")
    assert got.headers["X-Sentry-Auth"] == (
        f"Sentry sentry_version=7, sentry_client=sluice/{version}, sentry_key={KEY}, sentry_secret={SECRET}"
    )
    assert (got.headers["Content-Type"], got.headers["Content-Encoding"]) == ("application/x-sentry-envelope", "gzip")
    header, ((about, body),) = read_envelope(got.body)
    event = orjson.loads(body)
    assert header["event_id"] == event["event_id"]
    assert (about["type"], event["transaction"], event["release"]) == ("event", "GET /", "cart@1")
    assert event["contexts"]["trace"]["trace_id"] == TRACE
    assert not complaints(event)


async def test_logs_arrive_as_logs(host: Host, server: Destination) -> None:
    made = exporter(host, server)
    (request,) = made.encode(info(2))
    await made.send(request)
    header, ((about, body),) = read_envelope(server.received[0].body)
    assert list(header) == ["sent_at"]
    assert (about["type"], about["item_count"], about["length"]) == ("log", 2, len(body))
    found = orjson.loads(body)
    assert found["version"] == 2
    assert [(log["body"], log["level"], log["trace_id"]) for log in found["items"]] == [("é hi", "info", TRACE)] * 2


@pytest.mark.parametrize("dsn", [None, Secret("")])
async def test_without_a_dsn_the_local_intake_gets_it(host: Host, server: Destination, dsn: Secret | None) -> None:
    host.intake = server.url
    made = exporter(host, dsn=dsn, without_credentials="intake")
    await made.send(made.encode(info())[0])
    assert server.received[0].path == "/api/1/envelope/"
    assert "sentry_key=intake" in server.received[0].headers["X-Sentry-Auth"]


async def test_without_dsn_and_intake_the_data_waits(host: Host) -> None:
    made = exporter(host, dsn=None)
    with pytest.raises(Unauthorized):
        await made.send(made.encode(info())[0])


def test_a_faulty_dsn_is_refused_when_the_exporter_is_built() -> None:
    with pytest.raises(ConfigError):
        Sentry(Config(dsn=Secret("nonsense")))


async def test_each_attempt_has_one_sent_at_and_the_same_event_id(
    host: Host, server: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = exporter(host, server)
    (request,) = made.encode(span_batch([EXCEPTION]))
    server.replies = [Reply(500)]
    monkeypatch.setattr(time, "time", lambda: 1_800_000_000.0)
    with pytest.raises(Busy):
        await made.send(request)
    monkeypatch.setattr(time, "time", lambda: 1_800_003_600.0)
    await made.send(request)
    first, second = (read_envelope(got.body)[0] for got in server.received)
    assert (first["sent_at"], second["sent_at"]) == ("2027-01-15T08:00:00.000Z", "2027-01-15T09:00:00.000Z")
    assert first["event_id"] == second["event_id"]
    assert all(got.body.count(b"sent_at") == 1 for got in server.received)


@pytest.mark.parametrize(("status", "meaning"), MEANING.items())
async def test_each_status_says_what_to_do(host: Host, server: Destination, status: int, meaning: type[Exception]) -> None:
    made = exporter(host, server)
    server.replies = [Reply(status, {"Location": "/elsewhere"})]
    with pytest.raises(meaning) as refusal:
        await made.send(made.encode(info())[0])
    assert type(refusal.value) is meaning
    assert refusal.value.code == str(status)  # type: ignore[attr-defined]
    assert KEY not in str(refusal.value)
    assert len(server.received) == 1


@pytest.mark.parametrize("body", [b"", b'{"id":"x"}', b"nonsense"])
async def test_any_2xx_is_an_acknowledgement(host: Host, server: Destination, body: bytes) -> None:
    server.replies = [Reply(200, body=body)]
    made = exporter(host, server)
    await made.send(made.encode(info())[0])


async def test_a_reset_and_a_503_are_tried_again(host: Host, server: Destination) -> None:
    made = exporter(host, server)
    server.replies = [RESET, Reply(503, {"Retry-After": "20"})]
    (request,) = made.encode(info())
    waits = []
    for _ in range(2):
        with pytest.raises(Busy) as busy:
            await made.send(request)
        waits.append((busy.value.code, busy.value.retry_after))
    assert waits == [("reset", None), ("503", 20)]
    await made.send(request)


async def test_after_a_429_only_the_limited_category_waits(host: Host, server: Destination) -> None:
    made = exporter(host, server)
    server.replies = [Reply(429, {HEADER: "60:log_item:organization"})]
    (logs,), (event,) = made.encode(info()), made.encode(span_batch([EXCEPTION]))
    with pytest.raises(Rejected) as refusal:
        await made.send(logs)
    assert (refusal.value.reason, refusal.value.code) == ("ratelimit_backoff", "429")
    with pytest.raises(Busy) as busy:
        await made.send(made.encode(info())[0])
    assert (busy.value.code, busy.value.retry_after) == ("rate_limited", None)
    await made.send(event)
    assert len(server.received) == 2


async def test_a_limit_on_a_2xx_counts_for_what_follows(host: Host, server: Destination) -> None:
    made = exporter(host, server, on_rate_limit="drop")
    server.replies = [Reply(200, {HEADER: "60:log_byte:organization"})]
    await made.send(made.encode(info())[0])
    with pytest.raises(Rejected) as refusal:
        await made.send(made.encode(info())[0])
    assert refusal.value.reason == "ratelimit_backoff"
    assert len(server.received) == 1


async def test_what_is_held_goes_when_the_limit_ends_and_not_after_an_hour(
    host: Host, server: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = exporter(host, server)
    held, later = made.encode(info())[0], made.encode(info())[0]
    made._limits.note(429, {HEADER: "7200:log_item:key"}, time.monotonic())
    with pytest.raises(Busy):
        await made.send(held)
    monkeypatch.setattr(sentry, "HOLD_SECONDS", -1.0)
    with pytest.raises(Rejected):
        await made.send(held)
    made._limits.until.clear()
    await made.send(later)
    assert len(server.received) == 1


async def test_a_limit_ends_in_time_though_the_clock_is_set_back(
    host: Host, server: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = exporter(host, server)
    server.replies = [Reply(429, {HEADER: "0.05:log_item:key"})]
    first, second = made.encode(info())[0], made.encode(info())[0]
    with pytest.raises(Rejected):
        await made.send(first)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() - 86_400)
    await asyncio.sleep(0.06)
    await made.send(second)
    assert len(server.received) == 2


async def test_an_event_that_is_too_large_is_trimmed_once(host: Host, server: Destination) -> None:
    frames = "".join(f'  File "/app/{"x" * 900}/{n}.py", line {n}, in f\n' for n in range(1, 240))
    stack = f"Traceback (most recent call last):\n{frames}KeyError: 'k'"
    made = exporter(host, server)
    server.replies = [Reply(413), Reply(413)]
    (request,) = made.encode(span_batch([{**EXCEPTION, "exception.stacktrace": stack}]))
    with pytest.raises(TooLarge):
        await made.send(request)
    large, small = server.received
    assert len(small.body) < 160_000 < len(large.body)
    assert payload(small)["event_id"] == payload(large)["event_id"]
    assert payload(small)["tags"]["sluice.trimmed"] == "true"
    await made.send(request)


async def test_a_hundred_and_one_logs_are_two_requests(host: Host) -> None:
    assert routes(exporter(host).encode(info(101))) == [("log", 100, 100), ("log", 1, 1)]


async def test_no_item_is_larger_than_sentry_takes(host: Host) -> None:
    requests = exporter(host).encode(info(5, body="x" * 400_000))
    assert [request.items for request in requests] == [2, 2, 1]
    assert all(len(request.body) < 1024 * 1024 + 200 for request in requests)


async def test_a_log_that_was_cut_is_counted(host: Host) -> None:
    (request,) = exporter(host).encode(info(1, body="x" * 1_200_000))
    assert len(request.body) < 1024 * 1024 + 200
    assert host.metrics.value(catalogue.EXPORTER_TRUNCATED, exporter="test", signal="logs") == 1


async def test_halving_logs_keeps_order_and_makes_no_event_again(host: Host) -> None:
    made = exporter(host, error_logs="both")
    *_, logs = made.encode(log_batch({"body": "a"}, error(body="b"), {"body": "c"}))
    halves = made.split(logs)
    assert routes(halves) == [("log", 1, 2), ("log", 1, 1)]
    bodies = [log["body"] for half in halves for log in orjson.loads(half.body.split(b"\n")[1])["items"]]
    assert bodies == ["a", "b", "c"]


async def test_an_event_is_not_halved(host: Host) -> None:
    made = exporter(host)
    (request,) = made.encode(span_batch([EXCEPTION]))
    assert made.split(request) == [request]


async def test_each_item_counts_once(host: Host) -> None:
    made = exporter(host)
    requests = made.encode(span_batch([EXCEPTION, {"exception.type": "Other"}], [], [EXCEPTION]))
    assert routes(requests) == [("event", 1, 1), ("event", 0, 1), ("event", 1, 1)]


@pytest.mark.parametrize(
    ("error_logs", "expected"),
    [("log", [("log", 2, 2)]), ("event", [("event", 1, 1), ("log", 1, 1)]), ("both", [("event", 1, 1), ("log", 1, 2)])],
)
async def test_error_logs_become_what_the_setting_says(host: Host, error_logs: str, expected: list[tuple[str, int, int]]) -> None:
    assert routes(exporter(host, error_logs=error_logs).encode(log_batch({"severity_number": 9}, error()))) == expected


@pytest.mark.parametrize(
    ("log_exceptions", "severity", "events"), [("error", 17, 1), ("error", 16, 0), ("all", 9, 1), ("all", 0, 1)]
)
async def test_logged_exceptions_become_events(host: Host, log_exceptions: str, severity: int, events: int) -> None:
    made = exporter(host, log_exceptions=log_exceptions)
    requests = made.encode(log_batch({"severity_number": severity, "attributes": EXCEPTION}))
    assert [request.route for request in requests] == ["event"] * events + ["log"]


@pytest.mark.parametrize(("exceptions", "events"), [("all", 2), ("unhandled", 1), ("none", 0)])
async def test_exceptions_of_spans_become_what_the_setting_says(host: Host, exceptions: str, events: int) -> None:
    batch = span_batch([EXCEPTION, {"exception.type": "Escaped", "exception.escaped": True}])
    assert len(exporter(host, exceptions=exceptions).encode(batch)) == events


@pytest.mark.parametrize("error_logs", ["event", "both", "log"])
async def test_an_exception_that_was_recorded_and_logged_is_one_event(host: Host, error_logs: str) -> None:
    made = exporter(host, error_logs=error_logs)
    spans = span_batch([EXCEPTION])
    logs = log_batch(error(attributes=EXCEPTION, span_id=SPAN[:-1] + "0"))
    assert [request.route for request in made.encode(spans)] == ["event"]
    assert routes(made.encode(logs)) == [("log", 1, 1)]
    assert [request.route for request in made.encode(spans)] == ["event"]  # encoded again, as after a failure


async def test_an_exception_that_was_logged_first_is_one_event_too(host: Host) -> None:
    made = exporter(host)
    assert routes(made.encode(log_batch(error(attributes=EXCEPTION, span_id=SPAN[:-1] + "0"))))[0] == ("event", 1, 1)
    assert made.encode(span_batch([EXCEPTION])) == []


async def test_a_type_with_its_module_on_the_span_is_the_same_exception(host: Host) -> None:
    made = exporter(host)
    assert len(made.encode(span_batch([{**EXCEPTION, "exception.type": "shop.errors.KeyError"}]))) == 1
    assert routes(made.encode(log_batch(error(attributes=EXCEPTION, span_id=SPAN[:-1] + "0")))) == [("log", 1, 1)]


async def test_exceptions_far_apart_are_two_events(host: Host) -> None:
    made = exporter(host)
    made.encode(log_batch(error(attributes=EXCEPTION, span_id=SPAN[:-1] + "0", time=time.time_ns() - 6 * 10**9)))
    assert len(made.encode(span_batch([EXCEPTION]))) == 1


async def test_a_stack_without_a_known_form_is_counted(host: Host) -> None:
    exporter(host).encode(span_batch([{**EXCEPTION, "exception.stacktrace": "no stack here"}]))
    assert host.metrics.value(catalogue.EXPORTER_STACKS_UNPARSED, exporter="test", language="other") == 1


CANARY = "canary-7f3a"
PLACES: dict[str, Value] = {
    "http.request.header.authorization": CANARY,
    "http.request.header.x-forwarded-for": [CANARY],
    "http.response.header.set-cookie": CANARY,
    "db.password": CANARY,
    "api_key": {"inner": CANARY},
    "nested": {"card_number": CANARY, "list": [{"ssn": CANARY}]},
    "url.full": f"https://u:{CANARY}@shop.test/a?b={CANARY}",
    "url.query": CANARY,
    "other.url": f"https://{CANARY}:p@shop.test/?{CANARY}",
    "user.email": CANARY,
    "user.name": CANARY,
    "client.address": CANARY,
}


@pytest.mark.parametrize("place", PLACES)
async def test_a_canary_is_not_sent(host: Host, server: Destination, place: str) -> None:
    resource, attributes = Resource({place: PLACES[place]}), {**EXCEPTION, place: PLACES[place]}
    scope = Scope("s", attributes={place: PLACES[place]})
    made = exporter(host, server, error_logs="both")
    for request in made.encode(log_batch(error(resource=resource, scope=scope, attributes=attributes))):
        await made.send(request)
    for request in made.encode(span_batch([{**attributes, "exception.type": "Other"}])):
        await made.send(request)
    assert len(server.received) == 3
    assert not [got.path for got in server.received if CANARY.encode() in got.body]


async def test_an_empty_batch_is_no_request(host: Host) -> None:
    assert exporter(host).encode(Batch(b"", "logs", 0)) == []
    assert exporter(host).encode(Batch(b"", "traces", 0)) == []


@pytest.mark.parametrize("signal", ["logs", "traces"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(data=st.data())
async def test_anything_valid_can_be_encoded_and_counts_once(host: Host, signal: Signal, data: st.DataObject) -> None:
    batch = data.draw(batches(signal))
    requests = exporter(host, error_logs="both", log_exceptions="all").encode(batch)
    items = sum(request.items for request in requests)
    assert items == batch.items if signal == "logs" else items <= batch.items
    for request in requests:
        assert len(read_envelope(b"{}\n" + request.body)[1]) == 1
