from typing import Any

import pytest

from exporters.sentry.events import Labels
from exporters.sentry.logs import Logs, typed
from exporters.sentry.trim import log_bytes
from pipeline import Batch, Context
from pipeline.types import Value
from pipeline.wire.model import LogRecord, Resource, Scope

TRACE, SPAN = "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174"


def mapped(
    labels: Labels | None = None, resource: dict[str, Value] | None = None, scope: Scope | None = None, **fields: Any
) -> dict[str, Any]:
    batch = Batch(b"payload", "logs", 1, Context(received_at=5_000_000_000))
    record = LogRecord(resource=Resource(resource or {}), scope=scope or Scope(), **fields)
    return Logs(labels or Labels(), batch).of(record)


def plain(log: dict[str, Any]) -> dict[str, Any]:
    return {key: value["value"] for key, value in log["attributes"].items()}


def test_a_record_is_a_log() -> None:
    log = mapped(
        time=1_700_000_000_500_000_000,
        trace_id=TRACE,
        span_id=SPAN,
        severity_number=13,
        body="low stock",
        attributes={"sku": "A1"},
    )
    assert log["attributes"].pop("sku") == {"value": "A1", "type": "string"}
    del log["attributes"]
    assert log == {
        "timestamp": 1700000000.5,
        "trace_id": TRACE,
        "span_id": SPAN,
        "level": "warn",
        "body": "low stock",
        "severity_number": 13,
    }


@pytest.mark.parametrize(
    ("value", "out"),
    [
        ("a", {"value": "a", "type": "string"}),
        ("", {"value": "", "type": "string"}),
        (10, {"value": 10, "type": "integer"}),
        (2**53, {"value": 2**53, "type": "integer"}),
        (2**53 + 1, {"value": "9007199254740993", "type": "string"}),
        (-(2**53) - 1, {"value": "-9007199254740993", "type": "string"}),
        (2.5, {"value": 2.5, "type": "double"}),
        (True, {"value": True, "type": "boolean"}),
        (["red", "blue"], {"value": '["red","blue"]', "type": "string"}),
        ({"k": "v"}, {"value": '{"k":"v"}', "type": "string"}),
        (b"\x00\xff", {"value": "AP8=", "type": "string"}),
        (None, None),
        (float("nan"), None),
        (float("inf"), None),
    ],
)
def test_attributes_carry_their_type(value: Value, out: dict[str, Any] | None) -> None:
    assert typed({"k": value}).get("k") == out


@pytest.mark.parametrize(
    ("number", "level"),
    [(1, "trace"), (4, "trace"), (5, "debug"), (8, "debug"), (9, "info"), (16, "warn"), (17, "error"), (24, "fatal")],
)
def test_levels_by_number(number: int, level: str) -> None:
    log = mapped(severity_number=number, severity_text="trace")
    assert (log["level"], log["severity_number"]) == (level, number)


@pytest.mark.parametrize(
    ("words", "level"), [("Warning", "warn"), ("Information", "info"), ("ERROR", "error"), ("odd", "info"), ("", "info")]
)
@pytest.mark.parametrize("number", [0, 25, -1])
def test_levels_by_text(number: int, words: str, level: str) -> None:
    log = mapped(severity_number=number, severity_text=words)
    assert log["level"] == level
    assert "severity_number" not in log


@pytest.mark.parametrize(("body", "out"), [("t", "t"), ({"a": 1}, '{"a":1}'), (["a"], '["a"]'), (None, ""), (True, "true")])
def test_bodies_are_text(body: Value, out: str) -> None:
    assert mapped(body=body)["body"] == out


def test_attributes_of_resource_and_scope_are_named_so() -> None:
    scope = Scope("shop.cart", "2.0", {"k": 1})
    resource: dict[str, Value] = {"service.name": "cart", "host.name": "web-1"}
    attributes = plain(mapped(resource=resource, scope=scope, attributes={"k": "v"}))
    assert attributes["resource.service.name"] == "cart"
    assert attributes["instrumentation.name"] == "shop.cart"
    assert attributes["instrumentation.version"] == "2.0"
    assert attributes["instrumentation.k"] == 1
    assert attributes["k"] == "v"
    assert attributes["server.address"] == "web-1"
    assert attributes["sentry.origin"] == "auto.otlp.logs"
    assert attributes["sentry.sdk.name"] == "sluice"


def test_what_the_record_says_wins() -> None:
    assert plain(mapped(resource={"host.name": "web-1"}, attributes={"server.address": "db-1"}))["server.address"] == "db-1"


@pytest.mark.parametrize(
    ("resource", "attributes", "release", "environment"),
    [
        ({"service.name": "cart", "service.version": "1.4.2"}, {}, "cart@1.4.2", None),
        ({"service.version": "1.4.2"}, {}, "1.4.2", None),
        ({"service.name": "cart"}, {}, None, None),
        ({"service.version": "1.4.2"}, {"sentry.release": "own"}, "own", None),
        ({"deployment.environment.name": "test", "deployment.environment": "old"}, {}, None, "test"),
        ({"deployment.environment": "old"}, {}, None, "old"),
        ({"service.version": "a/b\\c\nd"}, {}, "a-b-c-d", None),
        ({"service.version": "latest"}, {}, None, None),
        ({"deployment.environment": "None"}, {}, None, None),
        ({"service.version": "v" * 300, "deployment.environment": "e" * 100}, {}, "v" * 200, "e" * 64),
    ],
)
def test_release_and_environment(
    resource: dict[str, Value], attributes: dict[str, Value], release: str | None, environment: str | None
) -> None:
    found = plain(mapped(resource=resource, attributes=attributes))
    assert (found.get("sentry.release"), found.get("sentry.environment")) == (release, environment)


def test_settings_stand_in_where_the_telemetry_names_none() -> None:
    labels = Labels(environment="prod", release="r1")
    assert plain(mapped(labels, resource={"service.version": "1"}))["sentry.release"] == "r1"
    assert plain(mapped(labels))["sentry.environment"] == "prod"
    assert plain(mapped(labels, resource={"deployment.environment": "test"}))["sentry.environment"] == "test"


def test_logs_without_a_trace_share_one_by_resource_and_batch() -> None:
    scope, one, other = Scope(), Resource({"service.name": "a"}), Resource({"service.name": "b"})

    def trace_ids(payload: bytes) -> list[str]:
        logs = Logs(Labels(), Batch(payload, "logs", 3))
        return [logs.of(LogRecord(resource=resource, scope=scope))["trace_id"] for resource in (one, other, one)]

    first, second, third = trace_ids(b"x")
    assert first == third != second
    assert (len(first), trace_ids(b"x")) == (32, [first, second, third])
    assert trace_ids(b"y")[0] != first


def test_times_fall_back_to_when_it_was_observed_and_received() -> None:
    assert mapped(observed_time=3_000_000_000)["timestamp"] == 3.0
    assert mapped()["timestamp"] == 5.0


def test_a_log_over_the_limit_loses_its_largest_attributes_first() -> None:
    log = mapped(body="short", attributes={"large": "x" * 2000, "larger": "x" * 3000, "small": "v"})
    body, cut = log_bytes(log, 3500)
    assert cut
    assert b"larger" not in body
    assert b'"large"' in body
    assert b'"sluice.trimmed":{"value":true,"type":"boolean"}' in body


@pytest.mark.parametrize(
    ("body", "attributes"), [("é" * 3000, {}), ("é" * 3000, {"k": "x" * 3000}), ("s", {f"k{n}": n for n in range(500)})]
)
def test_a_log_always_fits(body: str, attributes: dict[str, Value]) -> None:
    encoded, cut = log_bytes(mapped(body=body, attributes=attributes), 2500)
    assert cut
    assert len(encoded) <= 2500
