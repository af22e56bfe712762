"""The processor `filter`."""

from typing import Any

import pytest

from pipeline import Batch, ConfigError, Host, wire
from pipeline.telemetry import catalogue
from pipeline.wire.model import LogRecord, Resource, Scope, Span
from processors.filter import Config, Filter, Logs, Traces

SHOP, SCOPE = Resource(), Scope()
LOGS = Batch(wire.encode([LogRecord(resource=SHOP, scope=SCOPE, body=body) for body in "abc"], "logs"), "logs", 3)
SPANS = Batch(wire.encode([Span(resource=SHOP, scope=SCOPE, name=name) for name in "abc"], "traces"), "traces", 3)


def filter_(host: Host, **settings: Any) -> Filter:
    component = Filter(Config(**settings))
    component.host = host
    return component


def test_what_is_dropped_is_counted_by_rule(host: Host) -> None:
    batch = filter_(host, drop=('body == "a"',), keep=('body == "b"',)).process(LOGS)
    assert (batch.items, batch.filtered, batch.sampled_out) == (1, 2, 0)
    assert [record.body for record in batch.records()] == ["b"]  # type: ignore[union-attr]
    for rule in ('body == "a"', "keep"):
        assert host.metrics.value(catalogue.PROCESSOR_FILTERED, processor="test", signal="logs", rule=rule) == 1


def test_a_batch_can_be_dropped_whole(host: Host) -> None:
    batch = filter_(host, drop=("body != nil",)).process(LOGS)
    assert (batch.payload, batch.items, batch.filtered) == (b"", 0, 3)


def test_signals_that_are_not_named_pass(host: Host) -> None:
    component = filter_(host, keep=('name == "b"',), signals=("traces",))
    assert component.process(LOGS) is LOGS
    assert component.process(SPANS).items == 1


def test_a_batch_that_loses_nothing_is_the_same(host: Host) -> None:
    assert filter_(host, drop=('name == "x"',)).process(SPANS) is SPANS


def test_the_collectors_lists_are_for_their_own_signal(host: Host) -> None:
    lists = {"logs": Logs(log_record=('body == "a"',)), "traces": Traces(span=('name in ["a", "b"]',)), "error_mode": "ignore"}
    component = filter_(host, **lists)
    assert component.process(LOGS).items == 2
    assert component.process(SPANS).items == 1


def test_without_a_condition_there_is_nothing_to_do() -> None:
    with pytest.raises(ConfigError) as error:
        Filter(Config())
    assert error.value.help == "give `drop` or `keep` a condition"
