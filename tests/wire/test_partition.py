"""`wire.partition`: a trace stays together, and nothing gets lost between the partitions."""

from collections import defaultdict
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import Batch, wire
from pipeline.types import SIGNALS, Signal
from pipeline.wire.model import Span
from pipeline.wire.reference.walk import delimited
from tests.strategies import batches


def log(*fields: bytes) -> bytes:
    return delimited(2, delimited(2, b"".join(fields)))


def trace_id(number: int) -> bytes:
    return delimited(9, number.to_bytes(16))


def resource(name: bytes) -> bytes:
    return delimited(1, delimited(1, delimited(1, b"service.name") + delimited(2, delimited(1, name))))


def used(parts: Sequence[bytes | None]) -> list[int]:
    return [number for number, part in enumerate(parts) if part is not None]


@pytest.mark.parametrize("signal", SIGNALS)
def test_the_parts_hold_every_record_once(signal: Signal) -> None:
    @given(batches(signal), st.integers(1, 9))
    def check(batch: Batch, n: int) -> None:
        parts = wire.partition(batch.payload, signal, n)
        assert len(parts) == n
        records = [record for part in parts if part is not None for record in wire.records(part, signal)]
        assert sorted(map(repr, records)) == sorted(map(repr, wire.records(batch.payload, signal)))
        for part in parts:
            if part is not None:
                _, items, rejected = wire.validate(part, signal)
                assert items > 0
                assert rejected == 0

    check()


@given(batches("traces"), batches("traces"), st.integers(2, 9))
def test_a_trace_is_in_one_partition_whatever_it_came_with(one: Batch, other: Batch, n: int) -> None:
    places = defaultdict(set)
    for payload in (one.payload, other.payload, one.payload + other.payload):
        for number, part in enumerate(wire.partition(payload, "traces", n)):
            for span in [] if part is None else wire.records(part, "traces"):
                assert isinstance(span, Span)
                places[span.trace_id].add(number)
    assert all(len(numbers) == 1 for numbers in places.values())


def test_what_has_no_usable_id_goes_with_its_resource() -> None:
    unusable = (b"", delimited(9, bytes(16)), delimited(9, b"short"), trace_id(7) + delimited(9, b""))
    for name in (b"shop", b"cart", b"mail"):
        whole = delimited(1, resource(name) + log(unusable[0]))
        for fields in unusable:
            alone = delimited(1, resource(name) + log(fields))
            assert used(wire.partition(alone, "logs", 64)) == used(wire.partition(whole, "logs", 64))


def places(*fields: bytes) -> list[int]:
    return used(wire.partition(delimited(1, log(*fields)), "logs", 1000))


def test_the_last_id_counts() -> None:
    assert places(trace_id(1), trace_id(2)) == places(trace_id(2)) != places(trace_id(1))


def test_the_hash_is_fnv_1a() -> None:
    # of 16 bytes "a": 64-bit FNV-1a by its published definition (draft-eastlake-fnv)
    value = 0xCBF29CE484222325
    for byte in b"a" * 16:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    parts = wire.partition(delimited(1, log(delimited(9, b"a" * 16))), "logs", 997)
    assert used(parts) == [value % 997]


def test_one_partition_takes_the_payload_itself() -> None:
    payload = delimited(1, resource(b"shop") + log(trace_id(1)) + log())
    (part,) = wire.partition(payload, "logs", 1)
    assert part is payload
    assert wire.partition(b"", "logs", 2) == [None, None]


def test_what_leads_nowhere_is_malformed() -> None:
    with pytest.raises(wire.Malformed):
        wire.partition(b"\x0a\x05", "logs", 2)
