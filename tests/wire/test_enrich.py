"""The enricher (trace-context contract §3, §4)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import wire
from pipeline.types import SIGNALS, Signal
from pipeline.wire.model import LogRecord, Resource, Scope, Span
from pipeline.wire.reference.walk import delimited
from tests.strategies import odd_payloads

A = "4bf92f3577b34da6a3ce929d0e0e4736"
B = "0af7651916cd43dd8448eb211c80319c"
C = "5b8efff798038103d269b633813fc60c"
SPAN = "00f067aa0ba902b7"
DERIVED = "59e734bd9b3e407c48430654458050d5"
SHOP, SCOPE = Resource(attributes={"service.name": "shop"}), Scope(name="app")


def payload_of(**fields: Any) -> bytes:
    return wire.encode([LogRecord(resource=SHOP, scope=SCOPE, **fields)], "logs")


def enriched(payload: bytes, **settings: Any) -> LogRecord:
    (record,) = wire.records(wire.Enricher(**settings).enrich(payload, "logs"), "logs")
    assert isinstance(record, LogRecord)
    return record


@pytest.mark.parametrize(
    ("attributes", "body", "trace_id", "span_id"),
    [
        ({"traceId": A, "spanId": SPAN}, f'{{"trace_id": "{B}"}}', A, SPAN),
        ({"request_id": "req-000042"}, f'{{"trace_id": "{B}", "msg": "trace_id={C}"}}', B, ""),
        ({"request_id": "req-000042"}, {"trace_id": B, "span_id": SPAN}, B, SPAN),
        ({"request_id": "req-000042"}, f"failed trace_id={C} span_id={SPAN}", C, SPAN),
        ({"request_id": "req-000042"}, "failed", DERIVED, ""),
        ({"request_id": "01HF3Z9QK7V8W2N4X6Y0ABCDEF"}, None, "50a419e201725f5f7ab23b959cec368d", ""),
        ({"x-request-id": "3f2504e0-4f89-11d3-9a0c-0305e82c3301"}, None, "3f2504e04f8911d39a0c0305e82c3301", ""),
        ({"traceId": "none"}, '{"trace_id": "broken"', "", ""),
        ({}, "[" * 2000, "", ""),
        ({}, "{" + '"a":{' * 2000, "", ""),
    ],
)
def test_ids_come_from_the_first_place_that_has_one(attributes: Any, body: Any, trace_id: str, span_id: str) -> None:
    record = enriched(payload_of(attributes=attributes, body=body))
    assert (record.trace_id, record.span_id) == (trace_id, span_id)
    derived = trace_id not in ("", A, B, C)
    assert record.attributes == {**attributes, **({"trace.derived": True} if derived else {})}
    assert record.body == body


def test_the_order_of_places_can_be_chosen() -> None:
    payload = payload_of(attributes={"trace_id": A}, body=f"trace_id={C}")
    assert enriched(payload, ids=["text", "attributes"]).trace_id == C
    assert enriched(payload, ids=["json"], derive=False).trace_id == ""


def test_ids_of_a_record_are_never_replaced() -> None:
    payload = payload_of(trace_id=B, attributes={"trace_id": A, "request_id": "req-000042"}, body=f"trace_id={C}")
    assert wire.Enricher(overwrite=True).enrich(payload, "logs") is payload


def test_spans_are_never_given_ids() -> None:
    payload = wire.encode([Span(resource=SHOP, scope=SCOPE, name="x", attributes={"trace_id": A})], "traces")
    assert wire.Enricher().enrich(payload, "traces") is payload


def test_derived_ids_claim_no_sampling_and_no_randomness() -> None:
    record = enriched(payload_of(attributes={"request_id": "req-000042"}, flags=0x107))
    assert (record.trace_id, record.flags) == (DERIVED, 0x104)


def test_tenants_with_equal_request_ids_can_be_kept_apart() -> None:
    payload = payload_of(attributes={"request_id": "req-000042"})
    ids = {enriched(payload, namespace=name).trace_id for name in ("", "a", "b")}
    assert len(ids) == 3


def test_attributes_that_ids_came_from_go_only_when_told() -> None:
    payload = payload_of(attributes={"trace_id": A, "span_id": SPAN, "k": 1})
    assert set(enriched(payload).attributes) == {"trace_id", "span_id", "k"}
    assert enriched(payload, move=True).attributes == {"k": 1}


def test_environment_and_attributes_are_added_where_they_are_missing() -> None:
    payload = payload_of(attributes={"team": "pay"})
    record = enriched(
        payload, resource={"deployment.environment.name": "test", "service.name": "x"}, attributes={"team": "y", "n": 2}
    )
    assert record.resource.attributes == {"service.name": "shop", "deployment.environment.name": "test"}
    assert record.attributes == {"team": "pay", "n": 2}


def test_only_overwrite_replaces_what_is_there() -> None:
    payload = payload_of(attributes={"team": "pay"})
    record = enriched(payload, resource={"service.name": "x"}, attributes={"team": True}, overwrite=True)
    assert record.resource.attributes == {"service.name": "x"}
    assert record.attributes == {"team": True}
    unchanged = wire.Enricher(resource={"service.name": "shop"}, attributes={"team": "pay"}, overwrite=True)
    assert unchanged.enrich(payload, "logs") is payload


def test_an_environment_under_its_older_name_is_one() -> None:
    old = Resource(attributes={"deployment.environment": "staging"})
    payload = wire.encode([LogRecord(resource=old, scope=SCOPE)], "logs")
    assert wire.Enricher(resource={"deployment.environment.name": "prod"}).enrich(payload, "logs") is payload


def test_a_group_without_a_resource_gets_one() -> None:
    payload = delimited(1, delimited(2, delimited(2, b"")))
    record = enriched(payload, resource={"service.version": "1.2"})
    assert record.resource.attributes == {"service.version": "1.2"}


def test_a_resource_in_two_halves_is_one() -> None:
    halves = [payload_of()[2:], wire.encode([LogRecord(resource=Resource(attributes={"k": 1}), scope=SCOPE)], "logs")[2:]]
    payload = delimited(1, b"".join(halves))
    enricher = wire.Enricher(resource={"service.name": "x", "k": 2, "n": 3}, overwrite=True)
    first, second = wire.records(enricher.enrich(payload, "logs"), "logs")
    assert first.resource.attributes == second.resource.attributes == {"service.name": "x", "k": 2, "n": 3}


@given(st.sampled_from(SIGNALS).flatmap(lambda signal: st.tuples(st.just(signal), odd_payloads(signal))), st.booleans())
def test_what_was_asked_for_is_there_and_nothing_else_changed(drawn: tuple[Signal, bytes], overwrite: bool) -> None:
    signal, payload = drawn
    wanted = {"service.version": "1.2", "n": 3}
    enricher = wire.Enricher(resource=wanted, attributes=wanted, overwrite=overwrite)
    result = enricher.enrich(payload, signal)
    assert enricher.enrich(result, signal) is result
    for before, after in zip(wire.records(payload, signal), wire.records(result, signal), strict=True):
        for had, has in ((before.attributes, after.attributes), (before.resource.attributes, after.resource.attributes)):
            assert has == ({**had, **wanted} if overwrite else {**wanted, **had})
        before.attributes, before.resource = after.attributes, after.resource
        if isinstance(before, LogRecord) and isinstance(after, LogRecord) and not before.trace_id:
            before.trace_id, before.span_id = after.trace_id, after.span_id
        assert before == after
