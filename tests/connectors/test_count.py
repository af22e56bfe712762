"""The connector `count` (components contract §3)."""

from typing import Any

import pytest
from msgspec.structs import replace

from connectors.count import MAX_SERIES, Config, Count, CountedMetric
from pipeline import Batch, Host, wire
from pipeline.types import Signal
from pipeline.wire.model import LogRecord, Metric, Point, Record, Resource, Scope, Span

SECOND = 10**9
NOW = 1_700_000_000 * SECOND
SHOP, CART, SCOPE = Resource(attributes={"service.name": "shop"}), Resource(attributes={"service.name": "cart"}), Scope()


@pytest.fixture
def connect(host: Host) -> Any:
    def connect(**settings: Any) -> Count:
        component = Count(Config(**settings))
        component.host = host
        return component

    return connect


def log(severity: int = 9, resource: Resource = SHOP, **fields: Any) -> LogRecord:
    return LogRecord(resource=resource, scope=SCOPE, severity_number=severity, **fields)


def span(**fields: Any) -> Span:
    return Span(resource=SHOP, scope=SCOPE, trace_id="4bf92f3577b34da6a3ce929d0e0e4736", span_id="00f067aa0ba902b7", **fields)


def fold(component: Count, *records: Record, signal: Signal = "logs") -> None:
    component.fold(Batch(wire.encode(records, signal), signal, len(records)))


def flushed(component: Count, now: int = NOW) -> list[Point]:
    return [point for batch in component.flush(now) for point in batch.records()]  # type: ignore[misc]


def counts(component: Count, now: int = NOW) -> list[tuple[str, dict[str, Any], Any]]:
    return [(point.metric.name, point.attributes, point.value) for point in flushed(component, now)]


def test_without_settings_logs_and_spans_are_counted(connect: Any) -> None:
    component = connect()
    fold(component, log(17), log(9), log(9), log(12, CART), log(0), log(99))
    fold(component, span(status_code=2), span(), span(), signal="traces")
    assert counts(component) == [
        ("sluice.logs", {"service.name": "cart", "severity": "INFO"}, 1),
        ("sluice.logs", {"service.name": "shop"}, 2),
        ("sluice.logs", {"service.name": "shop", "severity": "ERROR"}, 1),
        ("sluice.logs", {"service.name": "shop", "severity": "INFO"}, 2),
        ("sluice.spans", {"service.name": "shop", "status.code": "ERROR"}, 1),
        ("sluice.spans", {"service.name": "shop", "status.code": "UNSET"}, 2),
    ]


def test_points_are_monotonic_delta_sums(connect: Any, host: Host) -> None:
    component = connect()
    fold(component, log())
    (batch,) = component.flush(NOW)
    (point,) = batch.records()
    assert (batch.signal, batch.items, batch.context.receiver) == ("metrics", 1, host.id)
    assert point.metric == Metric(
        name="sluice.logs", type="sum", description="Log records that passed.", unit="{log_record}", temporality=1, monotonic=True
    )
    assert (point.start_time, point.time) == (NOW - 10 * SECOND, NOW)


def test_a_flush_forgets_what_it_returned(connect: Any) -> None:
    component = connect()
    fold(component, log())
    assert len(flushed(component)) == 1
    assert component.flush(NOW + SECOND) == []


def test_the_points_of_a_series_are_a_chain_without_gaps(connect: Any) -> None:
    component = connect()
    spans = []
    for step, resource in ((0, SHOP), (1, CART), (2, SHOP), (3, SHOP)):
        fold(component, log(resource=resource))
        (point,) = flushed(component, NOW + step * SECOND)
        spans.append(((point.start_time - NOW) // SECOND, (point.time - NOW) // SECOND))
    assert spans == [(-10, 0), (0, 1), (0, 2), (2, 3)]


def test_a_series_that_rested_for_long_starts_anew(connect: Any) -> None:
    component = connect()
    fold(component, log())
    component.flush(NOW)
    later = NOW + 301 * SECOND
    component.flush(later)
    fold(component, log())
    (point,) = flushed(component, later + SECOND)
    assert point.start_time == later


def test_a_sampled_record_counts_as_many_as_it_stands_for(connect: Any) -> None:
    component = connect()
    fold(component, log(trace_id="4bf92f3577b34da6a3ce929d0e0e4736", attributes={"sampling.threshold": "c"}), log())
    fold(component, span(trace_state="dd=s:1,ot=th:c"), signal="traces")
    assert [value for _, _, value in counts(component)] == [5, 4]


@pytest.mark.parametrize("trace_state", ["ot=th:e666", "ot=th:zz", "ot=th:8,ot=th:8", ""])
def test_a_threshold_that_is_not_true_counts_as_none(connect: Any, trace_state: str) -> None:
    component = connect()
    fold(component, replace(span(trace_state=trace_state), trace_id="0af7651916cd43dd8448eb211c80319c"), signal="traces")
    assert [value for _, _, value in counts(component)] == [1]


def test_absurd_thresholds_do_not_overflow(connect: Any) -> None:
    component = connect()
    boast = log(trace_id="f" * 32, attributes={"sampling.threshold": "f" * 14})
    fold(component, *[boast] * 200)
    assert [value for _, _, value in counts(component)] == [200 * 2.0**56]


def test_fractions_stay(connect: Any) -> None:
    component = connect()
    fold(component, log(trace_id="f" * 32, attributes={"sampling.threshold": "e666"}))
    assert [value for _, _, value in counts(component)] == [pytest.approx(9.99938968568813)]


def test_attributes_are_those_of_the_record_or_else_of_its_resource(connect: Any) -> None:
    metric = CountedMetric(where="severity_number >= WARN", attributes=("route", "service.name", "tags"), description="d")
    component = connect(logs={"failures": metric, "all": CountedMetric()}, spans={})
    fold(component, log(17, attributes={"route": "/a", "service.name": "own", "tags": ["x"]}), log(17), log(9))
    fold(component, span(), signal="traces")
    assert counts(component) == [
        ("all", {}, 3),
        ("failures", {"route": "/a", "service.name": "own"}, 1),
        ("failures", {"service.name": "shop"}, 1),
    ]


def test_true_and_one_are_two_series(connect: Any) -> None:
    component = connect(logs={"n": CountedMetric(attributes=("k",))})
    fold(component, *[log(attributes={"k": value}) for value in (True, 1, 1.0, float("nan"), b"1", None)])
    assert [(attributes, value) for _, attributes, value in counts(component)] == [
        ({}, 3),
        ({"k": True}, 1),
        ({"k": 1.0}, 1),
        ({"k": 1}, 1),
    ]


def test_points_can_be_counted_by_metric(connect: Any) -> None:
    component = connect(points={"points": CountedMetric(attributes=("metric.name",))})
    points = [Point(resource=SHOP, scope=SCOPE, metric=Metric(name=name, type="gauge"), value=1) for name in ("a", "b", "b")]
    fold(component, *points, signal="metrics")
    assert counts(component) == [("points", {"metric.name": "a"}, 1), ("points", {"metric.name": "b"}, 2)]


def test_series_are_bounded(connect: Any) -> None:
    component = connect(logs={"n": CountedMetric(attributes=("k",))})
    fold(component, *[log(attributes={"k": number}) for number in range(MAX_SERIES + 5)], log(attributes={"k": 3}))
    series = {tuple(attributes.items()): value for _, attributes, value in counts(component)}
    assert len(series) == MAX_SERIES + 1
    assert series[("overflow", "true"),] == 5
    assert series[("k", 3),] == 2
    fold(component, log(attributes={"k": "late"}))
    assert counts(component, NOW + SECOND) == [("n", {"overflow": "true"}, 1)]
    component.flush(NOW + 302 * SECOND)
    fold(component, log(attributes={"k": "late"}))
    assert counts(component, NOW + 303 * SECOND) == [("n", {"k": "late"}, 1)]


def test_order_does_not_depend_on_arrival(connect: Any) -> None:
    records = [log(severity, resource) for severity in (1, 5, 9, 13) for resource in (SHOP, CART)]
    one, other = connect(), connect()
    fold(one, *records)
    fold(other, *reversed(records))
    assert [batch.payload for batch in one.flush(NOW)] == [batch.payload for batch in other.flush(NOW)]
