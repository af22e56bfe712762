"""The filter (components contract §2)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import wire
from pipeline.conditions import parse
from pipeline.types import SIGNALS, Signal
from pipeline.wire.model import LogRecord, Metric, Point, Record, Resource, Scope
from pipeline.wire.reference.walk import delimited
from tests.strategies import odd_payloads

SHOP, CART, SCOPE = Resource(attributes={"service.name": "shop"}), Resource(attributes={"service.name": "cart"}), Scope()


def log(body: str, resource: Resource = SHOP, **fields: Any) -> LogRecord:
    return LogRecord(resource=resource, scope=SCOPE, body=body, **fields)


def filtered(*records: Record, signal: Signal = "logs", drop: tuple[str, ...] = (), keep: tuple[str, ...] = ()) -> Any:
    by = wire.Filter([parse(text) for text in drop], [parse(text) for text in keep])
    payload, dropped = by.keep(wire.encode(records, signal), signal)
    return wire.records(payload, signal), dropped


LOGS = [log("a", severity_number=5), log("b", severity_number=17), log("c")]


@pytest.mark.parametrize(
    ("drop", "keep", "left", "counted"),
    [
        (("severity_number < INFO",), (), ["b", "c"], {"severity_number < INFO": 1}),
        (('body == "a"', 'body in ["a", "c"]'), (), ["b"], {'body == "a"': 1, 'body in ["a", "c"]': 1}),
        ((), ("severity_number >= ERROR",), ["b"], {"keep": 2}),
        ((), ("severity_number >= ERROR", "severity_number == nil"), ["b", "c"], {"keep": 1}),
        (('body == "b"',), ("severity_number != nil",), ["a"], {'body == "b"': 1, "keep": 1}),
        (("severity_number != 1000",), (), ["c"], {"severity_number != 1000": 2}),
    ],
)
def test_drop_wins_and_keep_is_needed(drop: Any, keep: Any, left: list[str], counted: dict[str, int]) -> None:
    records, dropped = filtered(*LOGS, drop=drop, keep=keep)
    assert [record.body for record in records] == left
    assert dropped == counted


def test_same_object_when_nothing_was_dropped() -> None:
    payload = wire.encode(LOGS, "logs")
    kept, dropped = wire.Filter([parse('name == "x"')], [parse("kind == nil")]).keep(payload, "logs")
    assert kept is payload
    assert not dropped


def test_points_go_with_their_empty_metric() -> None:
    http, jobs = Metric(name="http", type="sum"), Metric(name="jobs", type="histogram")
    points = [
        Point(resource=SHOP, scope=SCOPE, metric=http, attributes={"route": "/"}, value=1),
        Point(resource=SHOP, scope=SCOPE, metric=http, attributes={"route": "/health"}, value=2),
        Point(resource=SHOP, scope=SCOPE, metric=jobs, count=3),
        Point(resource=CART, scope=SCOPE, metric=jobs, count=4),
    ]
    by = wire.Filter([parse('metric.type == "histogram" or attributes["route"] == "/health"')])
    payload, dropped = by.keep(wire.encode(points, "metrics"), "metrics")
    assert sum(dropped.values()) == 3
    assert b"jobs" not in payload
    assert b"cart" not in payload
    assert wire.records(payload, "metrics") == points[:1]


def test_shells_that_were_empty_before_stay() -> None:
    shell = delimited(1, delimited(1, b""))
    payload = shell + wire.encode([log("a"), log("b", CART)], "logs")
    kept, _ = wire.Filter([parse('body == "b"')]).keep(payload, "logs")
    assert kept == shell + wire.encode([log("a")], "logs")


CONDITIONS = ['attributes["k"] == nil', "severity_number >= WARN", 'metric.type in ["sum", "gauge"]', 'name =~ "[a-m]"']


@given(
    st.sampled_from(SIGNALS).flatmap(lambda signal: st.tuples(st.just(signal), odd_payloads(signal))), st.sampled_from(CONDITIONS)
)
def test_exactly_what_matches_is_gone(drawn: tuple[Signal, bytes], text: str) -> None:
    signal, payload = drawn
    condition = parse(text)
    before = wire.records(payload, signal)
    kept, dropped = wire.Filter([condition]).keep(payload, signal)
    assert wire.records(kept, signal) == [record for record in before if not condition.matches(record)]
    rest, others = wire.Filter((), [condition]).keep(payload, signal)
    assert wire.records(rest, signal) == [record for record in before if condition.matches(record)]
    assert sum(dropped.values()) + sum(others.values()) == len(before)
    if not dropped:
        assert kept is payload
