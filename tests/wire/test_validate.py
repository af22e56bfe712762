"""`wire.validate`: what comes in from outside is checked, counted, and rid of bad ids."""

from typing import Any

import pytest
from hypothesis import given

from pipeline import Batch, wire
from pipeline.types import SIGNALS, Signal
from pipeline.wire.reference.walk import MAX_DEPTH, delimited, encode_varint
from tests import stock
from tests.strategies import batches

TRACE, SPAN = bytes(range(1, 17)), bytes(range(1, 9))
UNKNOWN = encode_varint(77 << 3) + b"\x85\x00"


def payload_of(*items: bytes) -> bytes:
    return delimited(1, delimited(2, b"".join(delimited(2, item) for item in items)))


def span(trace_id: bytes | None = TRACE, span_id: bytes | None = SPAN, rest: bytes = b"") -> bytes:
    return (b"" if trace_id is None else delimited(1, trace_id)) + (b"" if span_id is None else delimited(2, span_id)) + rest


def nested(levels: int, array: bool) -> bytes:
    value = delimited(1, b"deep")
    for _ in range(levels):
        value = (
            delimited(5, delimited(1, value)) if array else delimited(6, delimited(1, delimited(1, b"k") + delimited(2, value)))
        )
    return value


@pytest.mark.parametrize("signal", SIGNALS)
def test_good_payloads_pass_as_the_same_object(signal: Signal) -> None:
    @given(batches(signal))
    def check(batch: Batch) -> None:
        payload, items, rejected = wire.validate(batch.payload, signal)
        assert payload is batch.payload
        assert (items, rejected) == (batch.items, 0)

    check()


@pytest.mark.parametrize("signal", SIGNALS)
def test_nothing_is_a_payload_of_nothing(signal: Signal) -> None:
    assert wire.validate(b"", signal) == (b"", 0, 0)
    assert wire.validate(b"\x0a\x00", signal) == (b"\x0a\x00", 0, 0)


@pytest.mark.parametrize("bad", [None, b"", bytes(16), bytes(8), TRACE[:15], TRACE + b"\x01"])
def test_a_span_without_a_valid_trace_id_is_rejected_and_the_others_stay(bad: bytes | None) -> None:
    good = span(rest=delimited(5, b"checkout") + UNKNOWN)
    assert wire.validate(payload_of(span(bad), good, span(bad)), "traces") == (payload_of(good), 1, 2)


@pytest.mark.parametrize("bad", [None, b"", bytes(8), SPAN[:7], TRACE])
def test_a_span_without_a_valid_span_id_is_rejected(bad: bytes | None) -> None:
    assert wire.validate(payload_of(span(span_id=bad)), "traces") == (b"", 0, 1)


def test_shells_go_with_their_last_span_and_unknown_fields_beside_them_stay() -> None:
    kept = delimited(1, delimited(2, delimited(2, span()) + UNKNOWN)) + UNKNOWN
    assert wire.validate(payload_of(span(TRACE[:3])) + kept, "traces") == (kept, 1, 1)


def test_the_last_of_two_ids_counts() -> None:
    assert wire.validate(payload_of(delimited(1, b"short") + span()), "traces")[1:] == (1, 0)
    assert wire.validate(payload_of(span() + delimited(1, b"short")), "traces")[1:] == (0, 1)
    assert wire.validate(payload_of(span() + delimited(1, b"")), "traces")[1:] == (0, 1)


@pytest.mark.parametrize("bad", [bytes(8), b"seven b"])
def test_a_bad_parent_or_linked_id_is_cleared(bad: bytes) -> None:
    link = delimited(3, b"state")
    given_span = span(rest=delimited(4, bad) + delimited(13, delimited(1, TRACE) + delimited(2, bad) + link) + UNKNOWN)
    wanted = span(rest=delimited(13, delimited(1, TRACE) + link) + UNKNOWN)
    assert wire.validate(payload_of(given_span), "traces") == (payload_of(wanted), 1, 0)


@pytest.mark.parametrize("bad", [bytes(16), b"short"])
def test_bad_ids_of_a_log_record_are_cleared_and_the_record_stays(bad: bytes) -> None:
    body = delimited(5, delimited(1, b"hello"))
    given_record = delimited(9, bad) + UNKNOWN + delimited(10, SPAN) + body
    assert wire.validate(payload_of(given_record), "logs") == (payload_of(UNKNOWN + delimited(10, SPAN) + body), 1, 0)


def test_bad_ids_of_an_exemplar_are_cleared_and_the_point_stays() -> None:
    def payload(exemplar: bytes) -> bytes:
        return payload_of(delimited(1, b"requests") + delimited(5, delimited(1, delimited(5, exemplar) + UNKNOWN)))

    value = b"\x19" + bytes(8)
    assert wire.validate(payload(delimited(4, b"x") + value + delimited(5, TRACE)), "metrics") == (
        payload(value + delimited(5, TRACE)),
        1,
        0,
    )


def test_points_count_those_of_the_last_type_only() -> None:
    gauge, total, empty = delimited(5, delimited(1, b"") * 2), delimited(7, delimited(1, b"") * 3), delimited(9, b"")
    for metric in (gauge, total, gauge + total, total + gauge, gauge + gauge, gauge + total + gauge, gauge + empty, b""):
        payload = payload_of(metric)
        _, items, _ = wire.validate(payload, "metrics")
        assert items == len(list(stock.items(stock.parsed(payload, "metrics")))) == len(wire.records(payload, "metrics"))


@pytest.mark.parametrize("array", [True, False])
def test_values_may_nest_to_the_limit_and_no_further(array: bool) -> None:
    def record(levels: int) -> bytes:
        return payload_of(delimited(5, nested(levels, array)))

    payload = record(MAX_DEPTH)
    assert wire.validate(payload, "logs")[0] is payload
    assert wire.encode(wire.records(payload, "logs"), "logs") == payload
    for too_deep in (record(MAX_DEPTH + 1), payload_of(delimited(6, delimited(2, nested(20_000, array))))):
        for read in (wire.validate, wire.records):
            with pytest.raises(wire.Malformed, match="deeper than 100 levels"):
                read(too_deep, "logs")


@pytest.mark.parametrize("signal", SIGNALS)
def test_every_known_field_is_refused_with_a_wire_type_that_it_cannot_have(signal: Signal) -> None:
    refused = 0
    for path in stock.paths(signal):
        for wire_type, value in ((0, b"\x01"), (1, bytes(8)), (2, b"\x00"), (5, bytes(4))):
            field = encode_varint(path[-1].number << 3 | wire_type) + value
            for parent in reversed(path[:-1]):
                field = delimited(parent.number, field)
            try:
                wire.validate(field, signal)
            except wire.Malformed:
                refused += 1
            else:
                stock.parsed(field, signal)
                assert wire_type in accepted(path[-1])
    assert refused


def accepted(field: Any) -> set[int]:
    by_type = {1: 1, 6: 1, 16: 1, 7: 5, 15: 5, 9: 2, 12: 2}
    return {by_type.get(field.type, 0)} | ({2} if field.is_repeated else set())


def test_invalid_utf8_stays_as_it_is() -> None:
    payload = payload_of(delimited(3, b"\xff\xfe"))
    assert wire.validate(payload, "logs")[0] is payload


@pytest.mark.parametrize("at", range(1, 95))
def test_a_request_cut_short_is_malformed(at: int) -> None:
    whole = bytes.fromhex(
        "0a5d0a180a160a0c736572766963652e6e616d6512060a04636172741241123f0901002a36fe9c971710111a054552524f522a0f0a0d"
        "63617264206465636c696e65644a100102030405060708090a0b0c0d0e0f1052081112131415161718"
    )
    assert wire.validate(whole, "logs")[1:] == (1, 0)
    with pytest.raises(wire.Malformed):
        wire.validate(whole[:at], "logs")
