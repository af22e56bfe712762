"""`wire.records` and `wire.encode`: structs and back, judged by stock protobuf."""

from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import wire
from pipeline.types import SIGNALS, Signal
from pipeline.wire.model import LogRecord, Metric, Point, Record, Resource, Scope
from pipeline.wire.reference.walk import delimited, encode_varint
from tests import stock
from tests.strategies import odd_payloads, oddly, records_of

PATHS = [(signal, path) for signal in SIGNALS for path in stock.paths(signal)]


@pytest.mark.parametrize("signal", SIGNALS)
def test_records_encode_to_what_stock_protobuf_would_write(signal: Signal) -> None:
    @given(records_of(signal))
    def check(records: Sequence[Record]) -> None:
        payload = wire.encode(records, signal)
        message = stock.parsed(payload, signal)
        assert message.SerializeToString() == payload
        assert len(list(stock.items(message))) == len(records)
        assert sorted(map(repr, wire.records(payload, signal))) == sorted(map(repr, records))

    check()


@pytest.mark.parametrize("signal", SIGNALS)
def test_odd_wire_forms_mean_what_stock_protobuf_reads(signal: Signal) -> None:
    @given(records_of(signal), st.randoms(use_true_random=True))
    def check(records: Sequence[Record], random: Random) -> None:
        plain = wire.encode(records, signal)
        odd = oddly(plain, signal, random, unknown=False)
        assert stock.parsed(odd, signal) == stock.parsed(plain, signal)
        assert wire.records(odd, signal) == wire.records(plain, signal)

    check()


@pytest.mark.parametrize("signal", SIGNALS)
def test_unknown_fields_do_not_disturb(signal: Signal) -> None:
    @given(odd_payloads(signal))
    def check(odd: bytes) -> None:
        records = wire.records(odd, signal)
        plain = wire.encode(records, signal)
        assert len(list(stock.items(stock.parsed(odd, signal)))) == len(records)
        assert wire.encode(wire.records(plain, signal), signal) == plain

    check()


@pytest.mark.parametrize(("signal", "path"), PATHS, ids=[stock.name_of(path) for _, path in PATHS])
def test_every_field_survives(signal: Signal, path: stock.Path) -> None:
    planted = stock.planted(signal, path)
    value = stock.found(planted, signal, path)
    assert value == stock.found(wire.encode(wire.records(planted, signal), signal), signal, path)
    assert value == ([stock.sample(path[-1])] * 2 if path[-1].is_repeated else stock.sample(path[-1]))


def log(resource: Resource | None = None, scope: Scope | None = None, **fields: Any) -> LogRecord:
    return LogRecord(resource=resource or Resource(), scope=scope or Scope(), **fields)


def body_of(value: bytes) -> object:
    payload = delimited(1, delimited(2, delimited(2, delimited(5, value))))
    (record,) = wire.records(payload, "logs")
    assert isinstance(record, LogRecord)
    return record.body


def test_invalid_utf8_becomes_replacement_characters() -> None:
    assert body_of(delimited(1, b"caf\xe9 \xf0\x9f\x98 ok \xed\xa0\x80")) == "caf\ufffd \ufffd ok \ufffd\ufffd\ufffd"


def test_the_last_of_a_oneof_and_the_last_of_equal_keys_win() -> None:
    assert body_of(delimited(1, b"text") + b"\x18\x05") == 5
    assert body_of(b"\x18\x05" + delimited(1, b"text")) == "text"
    pairs = [delimited(1, delimited(1, b"k") + delimited(2, delimited(1, value))) for value in (b"one", b"two")]
    assert body_of(delimited(6, b"".join(pairs))) == {"k": "two"}


def test_two_halves_of_a_singular_message_are_one() -> None:
    first, second = delimited(5, delimited(1, delimited(1, b"a"))), delimited(5, delimited(1, delimited(1, b"b")))
    assert body_of(first + second) == ["a", "b"]


def test_fields_of_profiles_count_as_absent() -> None:
    assert body_of(delimited(1, b"text") + b"\x40\x05") == "text"


def test_an_empty_value_is_none() -> None:
    assert body_of(b"") is None
    assert wire.records(wire.encode([log(attributes={"k": None})], "logs"), "logs") == [log(attributes={"k": None})]


def test_records_of_one_group_share_its_objects() -> None:
    one, two = wire.records(wire.encode([log(), log()], "logs"), "logs")
    assert one.resource is two.resource
    assert one.scope is two.scope


def test_records_are_grouped_by_identity_then_by_content_in_order_of_arrival() -> None:
    cart, cart_again, web = (Resource(attributes={"service.name": name}) for name in ("cart", "cart", "web"))
    scope = Scope(name="lib")
    of = [(cart, "1"), (web, "2"), (cart_again, "3"), (cart, "4")]
    payload = wire.encode([log(resource=each, scope=scope, event_name=name) for each, name in of], "logs")
    groups = [[record.event_name for record in stock.items(group)] for group in stock.parsed(payload, "logs").resource_logs]
    assert groups == [["1", "3", "4"], ["2"]]


def test_values_that_python_calls_equal_are_not_the_same_resource() -> None:
    records = [log(resource=Resource(attributes={"k": value})) for value in (1, True, 1.0, "1")]
    assert [repr(record) for record in wire.records(wire.encode(records, "logs"), "logs")] == [repr(each) for each in records]


def test_points_are_grouped_by_metric_and_type() -> None:
    gauge, total = Metric(name="m", type="gauge"), Metric(name="m", type="sum", temporality=2, monotonic=True)
    points = [Point(resource=Resource(), scope=Scope(), metric=metric, value=1) for metric in (gauge, total, gauge)]
    message = stock.parsed(wire.encode(points, "metrics"), "metrics")
    metrics = message.resource_metrics[0].scope_metrics[0].metrics
    assert [(each.WhichOneof("data"), len(list(stock.items(each)))) for each in metrics] == [("gauge", 2), ("sum", 1)]
    assert metrics[1].sum.is_monotonic


@pytest.mark.parametrize(("number", "kept"), [(2**63 - 1, True), (-(2**63), True), (2**63, False), (-(2**63) - 1, False)])
def test_integers_beyond_int64_become_strings(number: int, kept: bool) -> None:
    (record,) = wire.records(wire.encode([log(body=number)], "logs"), "logs")
    assert isinstance(record, LogRecord)
    assert record.body == (number if kept else str(number))


def test_a_lone_surrogate_becomes_a_replacement_character() -> None:
    (record,) = wire.records(wire.encode([log(body="a\ud800b")], "logs"), "logs")
    assert isinstance(record, LogRecord)
    assert record.body == "a\ufffdb"


def test_nothing_encodes_to_nothing() -> None:
    assert wire.encode([], "logs") == b""
    assert wire.records(b"", "logs") == []


@pytest.mark.parametrize("record", [log(time=-1), log(time=2**64), log(severity_number=2**31), log(flags=2**32)])
def test_numbers_that_their_field_cannot_hold_are_refused(record: LogRecord) -> None:
    with pytest.raises(OverflowError):
        wire.encode([record], "logs")


def test_ids_that_are_not_hex_and_values_nested_too_deep_are_refused() -> None:
    with pytest.raises(ValueError, match="hexadecimal"):
        wire.encode([log(trace_id="xyz")], "logs")
    deep: list[object] = []
    for _ in range(100):
        deep = [deep]
    with pytest.raises(ValueError, match="deeper than 100"):
        wire.encode([log(body=deep)], "logs")


def test_a_payload_is_malformed_where_validate_says_so() -> None:
    with pytest.raises(wire.Malformed):
        wire.records(encode_varint(1 << 3), "logs")
