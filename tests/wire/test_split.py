"""`wire.split`: parts within the limits that together are the whole."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import Batch, wire
from pipeline.types import SIGNALS, Signal
from pipeline.wire.model import Record
from pipeline.wire.reference.walk import delimited, encode_varint
from tests.strategies import batches

UNKNOWN = encode_varint(77 << 3) + b"\x85\x00"


def records_of(parts: Sequence[bytes], signal: Signal) -> list[Record]:
    return [record for part in parts for record in wire.records(part, signal)]


@pytest.mark.parametrize("signal", SIGNALS)
def test_parts_hold_the_records_of_the_whole_in_order_and_keep_the_limits(signal: Signal) -> None:
    @given(batches(signal), st.integers(1, 4), st.integers(1, 600))
    def check(batch: Batch, max_items: int, max_bytes: int) -> None:
        parts = wire.split(batch.payload, signal, max_items=max_items, max_bytes=max_bytes)
        assert records_of(parts, signal) == wire.records(batch.payload, signal)
        for part in parts:
            _, items, rejected = wire.validate(part, signal)
            assert rejected == 0
            assert items <= max_items
            assert len(part) <= max_bytes or items == 1

    check()


@pytest.mark.parametrize("signal", SIGNALS)
def test_by_items_alone_parts_are_full(signal: Signal) -> None:
    @given(batches(signal), st.integers(1, 3))
    def check(batch: Batch, max_items: int) -> None:
        parts = wire.split(batch.payload, signal, max_items=max_items, max_bytes=len(batch.payload))
        counts = [wire.validate(part, signal)[1] for part in parts]
        assert sum(counts) == batch.items
        assert all(count == max_items for count in counts[:-1])

    check()


def test_a_payload_within_the_limits_is_returned_as_it_is() -> None:
    payload = delimited(1, b"\x92\x00\x00")
    (part,) = wire.split(payload, "logs", max_items=1, max_bytes=len(payload))
    assert part is payload
    assert wire.split(b"", "logs", max_items=1, max_bytes=1) == [b""]


def test_parts_are_as_full_as_the_bytes_allow() -> None:
    def payload(count: int, size: int) -> bytes:
        return delimited(1, delimited(2, delimited(2, delimited(3, b"x" * size)) * count))

    for size in (0, 100, 123, 124, 125, 126, 127, 128, 16_370, 16_384):
        for fit in (1, 2, 3):
            parts = wire.split(payload(6, size), "logs", max_items=100, max_bytes=len(payload(fit, size)))
            assert parts == [payload(fit, size)] * (6 // fit)


def test_an_item_above_the_limit_has_a_part_of_its_own() -> None:
    small, large = delimited(2, delimited(3, b"s")), delimited(2, delimited(3, b"l" * 100))
    whole = delimited(1, delimited(2, small + large + small))
    parts = [delimited(1, delimited(2, each)) for each in (small, large, small)]
    assert wire.split(whole, "logs", max_items=10, max_bytes=20) == parts


def test_each_part_has_all_of_its_shells_unknown_fields_too_and_empty_shells_are_left_out() -> None:
    def resource(*scopes: bytes) -> bytes:
        return delimited(1, delimited(1, delimited(1, b"")) + UNKNOWN + delimited(3, b"url") + b"".join(scopes))

    def scope(*items: bytes) -> bytes:
        return delimited(2, delimited(1, delimited(1, b"lib")) + UNKNOWN + b"".join(items))

    one, two, three = (delimited(2, UNKNOWN + delimited(3, text)) for text in (b"1", b"2", b"3"))
    whole = resource(scope(one, two), scope()) + resource(scope()) + resource(scope(three)) + UNKNOWN
    parts = [UNKNOWN + resource(scope(each)) for each in (one, two, three)]
    assert wire.split(whole, "logs", max_items=1, max_bytes=10_000) == parts
    both = UNKNOWN + resource(scope(one, two))
    assert wire.split(whole, "logs", max_items=2, max_bytes=10_000) == [both, parts[2]]


def test_metrics_are_split_by_points_and_each_part_knows_the_whole_metric() -> None:
    def payload(*points: bytes) -> bytes:
        total = b"\x10\x02" + b"\x18\x01" + UNKNOWN + b"".join(delimited(1, each) for each in points)
        return delimited(1, delimited(2, delimited(2, delimited(1, b"requests") + delimited(3, b"1") + delimited(7, total))))

    one, two = b"\x31" + bytes(8), b"\x31\x01" + bytes(7)
    assert wire.split(payload(one, two), "metrics", max_items=1, max_bytes=1000) == [payload(one), payload(two)]


def test_what_is_written_about_a_metric_in_two_pieces_is_in_every_part() -> None:
    temporality, points = delimited(7, b"\x10\x02"), delimited(7, delimited(1, b"") * 2)
    overruled = delimited(5, delimited(1, b"") * 5)
    whole = delimited(1, delimited(2, delimited(2, overruled + temporality + delimited(1, b"requests") + points)))
    parts = wire.split(whole, "metrics", max_items=1, max_bytes=1000)
    assert [record.metric.temporality for record in records_of(parts, "metrics")] == [2, 2]  # type: ignore[union-attr]
    assert records_of(parts, "metrics") == wire.records(whole, "metrics")


def test_malformed_payloads_are_refused() -> None:
    with pytest.raises(wire.Malformed):
        wire.split(b"\x0a\x05", "logs", max_items=1, max_bytes=1)
