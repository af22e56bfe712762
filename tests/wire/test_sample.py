"""The sampler (trace-context contract §5, §6, §9)."""

import math
from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import wire
from pipeline.conditions import parse
from pipeline.types import Signal
from pipeline.wire.model import LogRecord, Resource, Scope, Span
from pipeline.wire.sampling import adjusted_count, threshold, weight
from tests.strategies import odd_payloads

A = "4bf92f3577b34da6a3ce929d0e0e4736"
B = "0af7651916cd43dd8448eb211c80319c"
SHOP, CART = Resource(attributes={"service.name": "shop"}), Resource(attributes={"service.name": "cart"})
SCOPE = Scope()


def span(trace_id: str = A, trace_state: str = "", resource: Resource = SHOP, **fields: Any) -> Span:
    return Span(
        resource=resource,
        scope=SCOPE,
        trace_id=trace_id,
        span_id="00f067aa0ba902b7",
        trace_state=trace_state,
        name="GET",
        **fields,
    )


def log(trace_id: str = A, attributes: Any = None, resource: Resource = SHOP) -> LogRecord:
    return LogRecord(resource=resource, scope=SCOPE, trace_id=trace_id, body="started", attributes=attributes or {})


def sampler(probability: float, **settings: Any) -> wire.Sampler:
    precision = 14 if settings.get("mode") == "proportional" else 4
    return wire.Sampler(threshold(probability, precision), **settings)


def spans_kept(by: wire.Sampler, *spans: Span) -> Sequence[Span]:
    return wire.records(by.keep(wire.encode(spans, "traces"), "traces")[0], "traces")  # type: ignore[return-value]


def logs_kept(by: wire.Sampler, *logs: LogRecord) -> Sequence[LogRecord]:
    return wire.records(by.keep(wire.encode(logs, "logs"), "logs")[0], "logs")  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("trace_id", "kept_at"),
    [
        (A, (0.5, 0.25)),
        (B, ()),
        ("5b8efff798038103d269b633813fc60c", ()),
        ("0123456789abcdef00f0000000000001", (0.5, 0.25, 0.1)),
    ],
)
@pytest.mark.parametrize("probability", [0.5, 0.25, 0.1, 0.01])
def test_the_decisions_of_the_contract(trace_id: str, kept_at: tuple[float, ...], probability: float) -> None:
    assert bool(spans_kept(sampler(probability), span(trace_id))) is (probability in kept_at)
    assert bool(logs_kept(sampler(probability), log(trace_id))) is (probability in kept_at)


def test_explicit_randomness_decides_whatever_the_trace_id_is() -> None:
    (kept,) = spans_kept(sampler(0.5), span(B, "ot=rv:9b8233f7e3a151"))
    assert kept.trace_state == "ot=th:8;rv:9b8233f7e3a151"


def test_header_row_8_is_dropped() -> None:
    assert not spans_kept(sampler(0.1), span(A, "ot=th:c;rv:9b8233f7e3a151,dd=s:1"))


def test_header_row_9_is_kept_with_its_threshold_raised() -> None:
    (kept,) = spans_kept(sampler(0.25), span(A, "ot=th:8"))
    assert kept.trace_state == "ot=th:c"


@pytest.mark.parametrize(("probability", "left"), [(0.25, []), (0.5, []), (1.0, ["ot=th:0"])])
def test_header_row_10_loses_its_threshold_and_is_decided_without(probability: float, left: list[str]) -> None:
    payload = wire.encode([span(B, "ot=th:c")], "traces")
    sampled = sampler(probability).sample(payload, "traces")
    assert sampled.inconsistent == 1
    assert [record.trace_state for record in wire.records(sampled.payload, "traces")] == left  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("probability", "before", "after"), [(0.5, "ot=th:c", "ot=th:e"), (0.1, "ot=th:8", "ot=th:f3333"), (0.5, "", "ot=th:8")]
)
def test_proportional_multiplies(probability: float, before: str, after: str) -> None:
    (kept,) = spans_kept(sampler(probability, mode="proportional"), span("0" * 18 + "ff" * 7, before))
    assert kept.trace_state == after


def test_proportional_never_lowers_and_never_raises_beyond_the_last_bit() -> None:
    everything = sampler(1, mode="proportional")
    assert spans_kept(everything, span("0" * 18 + "ff" * 7, "ot=th:8765432109abcd"))[0].trace_state == "ot=th:8765432109abcd"
    assert not spans_kept(sampler(0.5, mode="proportional"), span("0" * 18 + "ff" * 7, "ot=th:ffffffffffffff"))


def test_a_higher_threshold_from_upstream_stays() -> None:
    payload = wire.encode([span("0" * 18 + "ff" * 7, "dd=s:1,ot=th:f")], "traces")
    sampled = sampler(0.5).sample(payload, "traces")
    assert sampled.payload is payload
    assert sampled.decisions == {("keep", "upstream"): 1}


def test_kept_errors_stand_for_as_many_as_when_they_came() -> None:
    kept = spans_kept(
        sampler(0.25, keep_errors=True),
        span(B, "ot=rv:00000000000001;th:0,dd=s:1", status_code=2),
        span(B, "ot=th:0", status_code=1),
        span(A, status_code=2),
    )
    assert [each.trace_state for each in kept] == ["ot=rv:00000000000001;th:0,dd=s:1", ""]


def test_nothing_is_kept_at_zero_but_what_belongs_to_no_trace() -> None:
    payload = wire.encode([span("f" * 32), span(A)], "traces")
    assert sampler(0).keep(payload, "traces") == (b"", 2)
    assert [kept.trace_id for kept in logs_kept(sampler(0), log(A), log(""))] == [""]


def test_logs_say_their_threshold_in_an_attribute() -> None:
    (kept,) = logs_kept(sampler(0.25), log(A, {"k": 1}))
    assert kept.attributes == {"k": 1, "sampling.threshold": "c"}
    (again,) = logs_kept(sampler(0.5), kept)
    assert again.attributes == kept.attributes
    (raised,) = logs_kept(sampler(0.2), kept)
    assert raised.attributes == {"k": 1, "sampling.threshold": "cccd"}
    (explicit,) = logs_kept(sampler(0.5), log(B, {"sampling.randomness": "9b8233f7e3a151"}))
    assert explicit.attributes == {"sampling.randomness": "9b8233f7e3a151", "sampling.threshold": "8"}


def test_a_log_whose_threshold_is_false_loses_it() -> None:
    sampled = sampler(0.25).sample(wire.encode([log(B, {"sampling.threshold": "c"})], "logs"), "logs")
    assert (sampled.inconsistent, sampled.dropped) == (1, 1)


@pytest.mark.parametrize("trace_id", ["", "00" * 16, "12" * 8])
def test_logs_without_a_trace_are_kept_as_they_are(trace_id: str) -> None:
    payload = wire.encode([log(trace_id)], "logs")
    sampled = sampler(0.01).sample(payload, "logs")
    assert sampled.payload is payload
    assert sampled.decisions == {("keep", "no_trace"): 1}


def test_logs_can_be_left_alone() -> None:
    payload = wire.encode([log(A), log(B)], "logs")
    sampled = sampler(0.01, logs="all").sample(payload, "logs")
    assert sampled.payload is payload
    assert sampled.decisions == {("keep", "all_logs"): 2}


def test_metrics_are_never_sampled() -> None:
    payload = b"\x0a\x00"
    assert sampler(0).keep(payload, "metrics")[0] is payload


def test_the_first_rule_that_matches_counts() -> None:
    rules = [
        (parse('resource.attributes["service.name"] == "cart"'), threshold(1)),
        (parse('name == "GET"'), threshold(0)),
    ]
    kept = spans_kept(sampler(0.5, rules=rules), span(B, resource=CART), span(A))
    assert [(each.trace_id, each.trace_state) for each in kept] == [(B, "ot=th:0")]


def test_a_tracestate_without_room_stays_as_it_is() -> None:
    full = ",".join(f"k{n}=v" for n in range(32))
    payload = wire.encode([span(A, full)], "traces")
    sampled = sampler(0.5).sample(payload, "traces")
    assert sampled.payload is payload
    assert sampled.decisions == {("keep", "tracestate_full"): 1}


def test_same_object_when_nothing_changed() -> None:
    sampled_before = sampler(0.5).keep(wire.encode([span(A), span("f" * 32)], "traces"), "traces")[0]
    again, dropped = sampler(0.5).keep(sampled_before, "traces")
    assert again is sampled_before
    assert dropped == 0


def test_empty_shells_go_with_their_items() -> None:
    payload = wire.encode([span(B, resource=CART), span(A, resource=SHOP)], "traces")
    kept, dropped = sampler(0.5).keep(payload, "traces")
    assert dropped == 1
    assert b"cart" not in kept
    assert b"shop" in kept


def random_spans(count: int) -> bytes:
    random = Random(20261121)
    return wire.encode([span(f"{random.getrandbits(128) or 1:032x}") for _ in range(count)], "traces")


MANY = 20_000


@pytest.fixture(scope="module")
def many() -> bytes:
    return random_spans(MANY)


def test_shares_nest_hold_and_add_up_again(many: bytes) -> None:
    larger = {record.trace_id for record in wire.records(many, "traces")}  # type: ignore[union-attr]
    for share in (0.5, 0.25, 0.2, 0.1, 0.05, 0.01, 0.001):
        payload, dropped = sampler(share).keep(many, "traces")
        kept = wire.records(payload, "traces")
        assert len(kept) + dropped == MANY
        assert abs(len(kept) - MANY * share) <= 4 * math.sqrt(MANY * share * (1 - share))
        assert {each.trace_id for each in kept} <= larger  # type: ignore[union-attr]
        larger = {each.trace_id for each in kept}  # type: ignore[union-attr]
        assert {weight(each) for each in kept} == {adjusted_count(threshold(share))}
        deviation = 4 * math.sqrt((1 - share) / (MANY * share))
        assert sum(map(weight, kept)) == pytest.approx(MANY, rel=deviation)


def test_logs_follow_their_trace_on_every_replica(many: bytes) -> None:
    traces: Sequence[Span] = wire.records(many, "traces")[:2000]  # type: ignore[assignment]
    logs = wire.encode([log(each.trace_id) for each in traces], "logs")
    spans = wire.encode(traces, "traces")
    one, other = sampler(0.2), sampler(0.2)
    assert one.keep(spans, "traces") == other.keep(spans, "traces")
    followed = {each.trace_id for each in wire.records(other.keep(logs, "logs")[0], "logs")}  # type: ignore[union-attr]
    assert followed == {each.trace_id for each in wire.records(one.keep(spans, "traces")[0], "traces")}  # type: ignore[union-attr]


SIGNALS: list[Signal] = ["traces", "logs"]


@given(
    st.sampled_from(SIGNALS).flatmap(lambda signal: st.tuples(st.just(signal), odd_payloads(signal))),
    st.sampled_from([0.0, 0.001, 0.3, 1.0]),
    st.booleans(),
)
def test_decisions_add_up_and_hold_when_asked_again(drawn: tuple[Signal, bytes], share: float, keep_errors: bool) -> None:
    signal, payload = drawn
    by = sampler(share, keep_errors=keep_errors)
    before = wire.records(payload, signal)
    sampled = by.sample(payload, signal)
    after = wire.records(sampled.payload, signal)
    assert sum(sampled.decisions.values()) == len(before)
    assert len(after) == len(before) - sampled.dropped
    again = by.sample(sampled.payload, signal)
    assert again.payload is sampled.payload
