"""The processor `sample`."""

from typing import Any

import pytest
from msgspec.structs import replace

from pipeline import Batch, ConfigError, Host, wire
from pipeline.telemetry import catalogue
from pipeline.wire.model import LogRecord, Resource, Scope, Span
from processors.sample import Config, Rule, Sample

SHOP, CART, SCOPE = Resource(attributes={"service.name": "shop"}), Resource(attributes={"service.name": "cart"}), Scope()
A, B = "4bf92f3577b34da6a3ce929d0e0e4736", "0af7651916cd43dd8448eb211c80319c"


def traces(*spans: Span) -> Batch:
    return Batch(wire.encode(spans, "traces"), "traces", len(spans))


def span(trace_id: str, **fields: Any) -> Span:
    return Span(resource=fields.pop("resource", SHOP), scope=SCOPE, trace_id=trace_id, span_id="00f067aa0ba902b7", **fields)


def sample(host: Host, **settings: Any) -> Sample:
    component = Sample(Config(**settings))
    component.host = host
    return component


def test_what_is_dropped_is_counted_as_sampled_out(host: Host) -> None:
    batch = sample(host, probability=0.5).process(traces(span(A), span(B), span(B)))
    assert (batch.items, batch.sampled_out, batch.filtered) == (1, 2, 0)
    assert [record.trace_id for record in batch.records()] == [A]  # type: ignore[union-attr]
    decisions = catalogue.SAMPLING_DECISIONS
    assert host.metrics.value(decisions, processor="test", signal="traces", decision="keep", reason="probability") == 1
    assert host.metrics.value(decisions, processor="test", signal="traces", decision="drop", reason="probability") == 2


def test_a_batch_can_be_dropped_whole(host: Host) -> None:
    batch = sample(host, probability=0.0).process(traces(span(A), span(B)))
    assert (batch.payload, batch.items, batch.sampled_out) == (b"", 0, 2)


def test_a_batch_that_stays_as_it_is_is_the_same(host: Host) -> None:
    once = sample(host, probability=0.25).process(traces(span(A)))
    assert sample(host, probability=0.25).process(once) is once


def test_false_thresholds_are_counted(host: Host) -> None:
    sample(host, probability=0.5).process(traces(span(B, trace_state="ot=th:c"), span(A, trace_state="ot=th:8")))
    assert host.metrics.value(catalogue.SAMPLING_INCONSISTENT, processor="test") == 1


def test_services_can_have_a_share_of_their_own(host: Host) -> None:
    rule = Rule(where='resource.attributes["service.name"] == "cart"', probability=1.0)
    batch = sample(host, probability=0.25, per=(rule,)).process(traces(span(B), span(B, resource=CART)))
    assert [record.resource for record in batch.records()] == [CART]


def test_errors_can_be_kept(host: Host) -> None:
    batch = sample(host, probability=0.01, keep_errors=True).process(traces(span(B, status_code=2), span(B)))
    assert [record.status_code for record in batch.records()] == [2]  # type: ignore[union-attr]


def test_shares_multiply_exactly(host: Host) -> None:
    batch = sample(host, probability=0.1, mode="proportional").process(traces(span("f" * 32, trace_state="ot=th:8")))
    assert [record.trace_state for record in batch.records()] == ["ot=th:f3333"]  # type: ignore[union-attr]


@pytest.mark.parametrize(("logs", "left"), [("follow", 1), ("all", 2)])
def test_logs_follow_or_stay(host: Host, logs: Any, left: int) -> None:
    record = LogRecord(resource=SHOP, scope=SCOPE, trace_id=A, body="x")
    batch = Batch(wire.encode([record, replace(record, trace_id=B)], "logs"), "logs", 2)
    assert sample(host, probability=0.5, logs=logs).process(batch).items == left


def test_a_rule_must_not_look_at_what_decides() -> None:
    with pytest.raises(ConfigError) as error:
        Sample(Config(probability=0.5, per=(Rule(where='trace_id =~ "^0"', probability=1.0),)))
    assert error.value.path == ("per", 0, "where")


def test_a_share_too_small_to_hold_is_refused() -> None:
    with pytest.raises(ConfigError) as error:
        Sample(Config(probability=0.5, per=(Rule(where="status.code == 2", probability=1e-20),)))
    assert (error.value.code, error.value.path) == ("E104", ("per", 0, "probability"))
