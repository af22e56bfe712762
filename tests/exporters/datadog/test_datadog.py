import time
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from exporters.datadog import ROUTES, Config, Datadog, Histograms, MetricSettings
from pipeline import Batch, Busy, ConfigError, Host, Rejected, Request, TooLarge, Unauthorized, wire
from pipeline.net.compression import decompress
from pipeline.telemetry import catalogue
from pipeline.types import Secret, Signal
from pipeline.wire.model import LogRecord, Metric, Point, Resource, Scope
from tests.exporters.datadog.models import is_log, is_metric_payload
from tests.exporters.scripted import RESET, Destination, Reply, destination
from tests.strategies import batches

KEY = "0123456789abcdef" + "0123456789abcdee"
MEANING: dict[int, type[Exception]] = {
    **dict.fromkeys((302, 400, 404, 415), Rejected),
    **dict.fromkeys((401, 403), Unauthorized),
    **dict.fromkeys((408, 429, 500, 502, 503, 504, 507), Busy),
    413: TooLarge,
}
RESOURCE, SCOPE = Resource({"service.name": "cart", "host.name": "web-1"}), Scope()


@pytest.fixture
async def intake() -> AsyncIterator[Destination]:
    async with destination() as found:
        yield found


def exporter(host: Host, **settings: Any) -> Datadog:
    made = Datadog(Config(**{"api_key": Secret(KEY), **settings}))
    made.host = host
    return made


def aimed(host: Host, intake: Destination, **settings: Any) -> Datadog:
    return exporter(host, logs_url=intake.url, metrics_url=intake.url + "/", **settings)


def log_batch(count: int = 1, body: str = "hi") -> Batch:
    records = [
        LogRecord(resource=RESOURCE, scope=SCOPE, time=time.time_ns() + n, body=body, severity_number=9) for n in range(count)
    ]
    return Batch(wire.encode(records, "logs"), "logs", count)


def point_batch(*values: float, metric: Metric | None = None, **fields: Any) -> Batch:
    metric = metric or Metric(name="m", type="gauge")
    now = time.time_ns()
    points = [
        Point(resource=RESOURCE, scope=SCOPE, metric=metric, time=now, attributes={"n": n}, value=value, **fields)
        for n, value in enumerate(values)
    ]
    return Batch(wire.encode(points, "metrics"), "metrics", len(points))


def json_of(request: Request) -> Any:
    raw = decompress(request.body, "gzip", 1 << 30)
    assert len(raw) == request.raw_bytes
    return orjson.loads(raw)


async def test_logs_arrive_as_datadog_wants_them(host: Host, intake: Destination) -> None:
    datadog = aimed(host, intake)
    (request,) = datadog.encode(log_batch(2))
    await datadog.send(request)
    (got,) = intake.received
    assert got.path == "/api/v2/logs"
    assert got.headers["DD-API-KEY"] == KEY
    assert got.headers["DD-EVP-ORIGIN"] == "sluice"
    assert got.headers["User-Agent"].startswith("sluice/")
    assert (got.headers["Content-Type"], got.headers["Content-Encoding"]) == ("application/json", "gzip")
    assert len(got.body) == request.raw_bytes
    logs = orjson.loads(got.body)
    assert [log["message"] for log in logs] == ["hi", "hi"]
    assert all(map(is_log, logs))


async def test_series_arrive_as_datadog_wants_them(host: Host, intake: Destination) -> None:
    datadog = aimed(host, intake)
    (request,) = datadog.encode(point_batch(1.0, 2.5))
    await datadog.send(request)
    (got,) = intake.received
    assert got.path == "/api/v2/series"
    payload = orjson.loads(got.body)
    assert [one["points"][0]["value"] for one in payload["series"]] == [1.0, 2.5]
    assert is_metric_payload(payload)


async def test_the_key_is_in_its_header_and_nowhere_else(host: Host, intake: Destination) -> None:
    datadog = aimed(host, intake)
    intake.replies = [Reply(403)]
    with capture_logs() as logs, pytest.raises(Unauthorized) as refusal:
        await datadog.send(datadog.encode(log_batch())[0])
    (got,) = intake.received
    assert KEY not in f"{refusal.value!r} {logs} {got.path} {got.body!r} {Config(api_key=Secret(KEY))!r}"
    assert [name for name, value in got.headers.items() if KEY in value] == ["DD-API-KEY"]


async def test_sites_have_their_own_hosts(host: Host) -> None:
    datadog = exporter(host, site="us5.datadoghq.com")
    assert datadog._destination("logs") == ("https://http-intake.logs.us5.datadoghq.com", KEY)
    assert datadog._destination("series") == ("https://api.us5.datadoghq.com", KEY)


@pytest.mark.parametrize("key", [None, Secret("")])
async def test_without_a_key_the_local_intake_gets_it(host: Host, intake: Destination, key: Secret | None) -> None:
    host.intake = intake.url
    datadog = exporter(host, api_key=key, without_credentials="intake")
    for batch in (log_batch(), point_batch(1.0)):
        for request in datadog.encode(batch):
            await datadog.send(request)
    assert [got.path for got in intake.received] == ["/api/v2/logs", "/api/v2/series"]


async def test_without_key_and_intake_the_data_waits(host: Host) -> None:
    datadog = exporter(host, api_key=None)
    with pytest.raises(Unauthorized):
        await datadog.send(datadog.encode(log_batch())[0])


def test_zstd_is_refused_when_the_exporter_is_built() -> None:
    with pytest.raises(ConfigError) as refusal:
        Datadog(Config(api_key=Secret(KEY), compression="zstd"))
    assert (refusal.value.code, refusal.value.path) == ("E105", ("compression",))


@pytest.mark.parametrize("site", ["", "datadoghq", "https://datadoghq.com", "datadoghq.com/x", "a@b.c", "a b.c"])
def test_a_site_is_a_host_name(site: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        Datadog(Config(api_key=Secret(KEY), site=site))
    assert (refusal.value.code, refusal.value.path) == ("E111", ("site",))


async def test_uncompressed_bodies_say_so(host: Host, intake: Destination) -> None:
    datadog = aimed(host, intake, compression="none")
    await datadog.send(datadog.encode(log_batch())[0])
    assert "Content-Encoding" not in intake.received[0].headers


@pytest.mark.parametrize(("status", "error"), MEANING.items())
@pytest.mark.parametrize("route", ROUTES)
async def test_each_status_says_what_to_do(
    host: Host, intake: Destination, route: str, status: int, error: type[Exception]
) -> None:
    datadog = aimed(host, intake)
    intake.replies = [Reply(status, {"Location": "/elsewhere"})]
    (request,) = datadog.encode(log_batch() if route == "logs" else point_batch(1.0))
    with pytest.raises(error) as refusal:
        await datadog.send(request)
    assert type(refusal.value) is error
    assert refusal.value.code == str(status)  # type: ignore[attr-defined]
    assert len(intake.received) == 1


@pytest.mark.parametrize("status", [200, 202, 204])
async def test_any_2xx_is_an_acknowledgement(host: Host, intake: Destination, status: int) -> None:
    intake.replies = [Reply(status, body=b"" if status == 204 else b"not json")] * 2
    datadog = aimed(host, intake)
    await datadog.send(datadog.encode(log_batch())[0])
    await datadog.send(datadog.encode(point_batch(1.0))[0])


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry-After": "7"}, 7),
        ({"X-RateLimit-Reset": "9"}, 9),
        ({"X-RateLimit-Reset": "99999"}, 600),
        ({"X-RateLimit-Reset": "soon"}, None),
        ({}, None),
    ],
)
async def test_the_intake_says_how_long_to_wait(
    host: Host, intake: Destination, headers: dict[str, str], wait: float | None
) -> None:
    datadog = aimed(host, intake)
    intake.replies = [Reply(429, headers)]
    with pytest.raises(Busy) as busy:
        await datadog.send(datadog.encode(log_batch())[0])
    assert busy.value.retry_after == wait


async def test_a_reset_is_tried_again(host: Host, intake: Destination) -> None:
    datadog = aimed(host, intake)
    intake.replies = [RESET]
    (request,) = datadog.encode(log_batch())
    with pytest.raises(Busy) as busy:
        await datadog.send(request)
    assert busy.value.code == "reset"
    await datadog.send(request)
    assert intake.received[0].body == intake.received[1].body


async def test_errors_of_a_series_answer_are_logged_by_count_and_the_request_stays_sent(host: Host, intake: Destination) -> None:
    datadog = aimed(host, intake)
    intake.replies = [Reply(202, body=b'{"errors":["canary one","canary two"]}')]
    with capture_logs() as logs:
        await datadog.send(datadog.encode(point_batch(1.0))[0])
    assert [entry["errors"] for entry in logs if "errors" in entry] == [2]
    assert "canary" not in str(logs)


async def test_a_thousand_and_one_logs_are_two_requests(host: Host) -> None:
    batch = log_batch(1001)
    requests = exporter(host).encode(batch)
    assert [len(json_of(request)) for request in requests] == [1000, 1]
    assert [request.items for request in requests] == [1000, 1]
    assert [request.batch.items for request in requests] == [1000, 1]
    assert [len(request.batch.records()) for request in requests] == [1000, 1]


async def test_six_logs_of_900_000_bytes_are_two_requests(host: Host) -> None:
    requests = exporter(host).encode(log_batch(6, "x" * 900_000))
    assert [len(json_of(request)) for request in requests] == [5, 1]


@pytest.mark.parametrize("size", [999_700, 999_780, 999_790, 1_200_000])
async def test_no_array_is_ever_larger_than_the_intake_takes(host: Host, size: int) -> None:
    requests = exporter(host).encode(log_batch(11, "x" * size))
    assert max(request.raw_bytes for request in requests) <= 5_000_000
    assert sum(request.items for request in requests) == 11


async def test_a_log_that_was_cut_is_counted(host: Host) -> None:
    exporter(host).encode(log_batch(2, "x" * 1_200_000))
    assert host.metrics.value(catalogue.EXPORTER_TRUNCATED, exporter="test", signal="logs") == 2


async def test_series_stay_within_both_limits(host: Host) -> None:
    points = [
        Point(
            resource=RESOURCE,
            scope=SCOPE,
            metric=Metric(name=f"m{n}", type="gauge"),
            time=time.time_ns(),
            value=n,
            attributes={f"k{tag}": f"{hash((n, tag)):x}" for tag in range(20)},
        )
        for n in range(3000)
    ]
    requests = exporter(host).encode(Batch(wire.encode(points, "metrics"), "metrics", len(points)))
    assert len(requests) > 1
    assert all(len(request.body) <= 512_000 and request.raw_bytes < 5_242_880 for request in requests)
    assert sum(len(json_of(request)["series"]) for request in requests) == 3000
    assert sum(request.items for request in requests) == sum(request.batch.items for request in requests) == 3000


async def test_halving_keeps_order_and_loses_nothing(host: Host) -> None:
    datadog = exporter(host)
    pending, singles = list(datadog.encode(log_batch(7))), []
    while pending:
        request = pending.pop(0)
        parts = datadog.split(request)
        if len(parts) == 1:
            singles.append(request)
        else:
            pending = [*parts, *pending]
    assert [json_of(single)[0]["otel.timestamp"] for single in singles] == sorted(
        json_of(single)[0]["otel.timestamp"] for single in singles
    )
    assert [single.items for single in singles] == [1] * 7
    assert [single.batch.items for single in singles] == [1] * 7


async def test_halving_series_does_not_count_cumulative_points_again(host: Host) -> None:
    datadog = exporter(host)
    counter = Metric(name="c", type="sum", temporality=2, monotonic=True)
    (request,) = datadog.encode(point_batch(1, 2, 3, metric=counter, start_time=time.time_ns() + 10**9))
    halves = datadog.split(request)
    values = [one["points"][0]["value"] for half in halves for one in json_of(half)["series"]]
    assert values == [1, 2, 3]
    assert [half.items for half in halves] == [2, 1]


async def test_a_histogram_in_two_requests_is_one_item(host: Host) -> None:
    datadog = exporter(host, metrics=MetricSettings(histograms=Histograms(mode="counters")))
    now = time.time_ns()
    metric = Metric(name="h", type="histogram", temporality=1)
    point = Point(resource=RESOURCE, scope=SCOPE, metric=metric, time=now, count=1, sum=2.0, bounds=[1.0], counts=[0, 1])
    (request,) = datadog.encode(Batch(wire.encode([point], "metrics"), "metrics", 1))
    halves = datadog.split(request)
    assert [half.items for half in halves] == [1, 0]
    assert [half.batch.items for half in halves] == [1, 1]


async def test_points_without_a_form_are_in_no_request(host: Host) -> None:
    requests = exporter(host).encode(point_batch(1.0, float("nan")))
    assert [(request.items, request.batch.items) for request in requests] == [(1, 1)]
    assert exporter(host).encode(point_batch(float("nan"))) == []


async def test_an_empty_batch_is_no_request(host: Host) -> None:
    assert exporter(host).encode(Batch(b"", "logs", 0)) == []
    assert exporter(host).encode(Batch(b"", "metrics", 0)) == []


@pytest.mark.parametrize("signal", ["logs", "metrics"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(data=st.data())
async def test_anything_valid_can_be_encoded_and_counts_once(host: Host, signal: Signal, data: st.DataObject) -> None:
    batch = data.draw(batches(signal))
    requests = exporter(host).encode(batch)
    assert sum(request.items for request in requests) <= batch.items
    for request in requests:
        payload = json_of(request)
        assert is_metric_payload(payload) if signal == "metrics" else all(map(is_log, payload))
    if signal == "logs":
        assert sum(request.items for request in requests) == batch.items
