"""`log_objects`: kernel and reference, with Datadog's layout, which uses all there is."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from exporters.datadog.logs import TAKEN, layout
from pipeline import wire
from pipeline.wire.layout import LogLayout
from pipeline.wire.model import Attributes, LogRecord, Resource, Scope
from pipeline.wire.reference.walk import MAX_DEPTH, delimited
from tests import stock
from tests.differential import both, inputs, mutants, outcome
from tests.strategies import log_records, oddly, resources, scopes, values

KERNEL, REFERENCE = both("log_objects", "log_objects")
LAYOUT = layout("fallback")
LOW = layout("")
KEYS = (
    *TAKEN, *map(str.upper, TAKEN), *LAYOUT.own(), *LAYOUT.fields, *LAYOUT.copies, *LAYOUT.copies.values(), "service.name",
    "k", "k.k", "k.k.k", "otel", "dd", "error", "", "\u017ftatus", "é", "\u212a", "hostname", "a" * 70,
)  # fmt: skip
IDS = (
    "4bf92f3577b34da6a3ce929d0e0e4736", "4BF92F3577B34DA6A3CE929D0E0E4736", "00f067aa0ba902b7", "0" * 16, "0" * 32, "req-1",
    "g" * 32,
)  # fmt: skip


def check(payload: bytes, used: LogLayout = LAYOUT) -> None:
    assert outcome(lambda: KERNEL(payload, used)) == outcome(lambda: REFERENCE(payload, used))


def clashing(leaves: int) -> st.SearchStrategy[Attributes]:
    """Attributes with names that mean something."""
    keys = st.sampled_from(KEYS) | st.text(max_size=3)
    inner = st.recursive(values() | st.sampled_from(IDS), lambda some: st.dictionaries(keys, some, max_size=3), max_leaves=leaves)
    return st.dictionaries(keys, inner, max_size=6)


@st.composite
def clashing_records(draw: st.DrawFn) -> LogRecord:
    """Records with them everywhere."""
    record = draw(log_records())
    record.attributes = draw(clashing(6))
    record.resource = replace(draw(resources()), attributes=draw(clashing(2)))
    record.scope = replace(draw(scopes()), attributes=draw(clashing(1)))
    return record


@given(inputs("logs"))
def test_the_same_of_all_inputs(payload: bytes) -> None:
    check(payload)
    check(payload * 2, LOW)


def test_the_same_of_mutants() -> None:
    for mutant in mutants("logs", 5_000):
        check(mutant)


@given(st.lists(clashing_records(), max_size=4), st.integers())
def test_the_same_where_names_clash(records: list[LogRecord], seed: int) -> None:
    payload = wire.encode(records, "logs")
    check(payload)
    check(oddly(payload, "logs", Random(seed)))


def test_the_same_of_every_field_once_and_over_again() -> None:
    random = Random(7)
    paths = stock.paths("logs")
    for path in paths:
        planted = stock.planted("logs", path)
        check(planted)
        check(oddly(planted + stock.planted("logs", random.choice(paths)), "logs", random))


@pytest.mark.parametrize("digits", [16, 32])
@given(ids=st.lists(st.binary(max_size=17), min_size=1, max_size=3), text=st.text("0123456789abcdefABCDEFg", max_size=33))
def test_the_same_of_ids(digits: int, ids: list[bytes], text: str) -> None:
    fields = b"".join(delimited(number, each) for each in ids for number in (9, 10))
    pair = delimited(1, b"trace_id" if digits == 32 else b"spanId") + delimited(2, delimited(1, text.ljust(digits, "0").encode()))
    check(_payload(fields + delimited(6, pair)))


@given(st.integers(0, 2**64 - 1))
def test_the_same_of_times(time: int) -> None:
    check(_payload(b"\x09" + time.to_bytes(8, "little")))


def test_the_same_of_more_names_than_are_remembered() -> None:
    def record(attributes: Attributes, resource: Attributes) -> LogRecord:
        return LogRecord(resource=Resource(resource), scope=Scope(), attributes=attributes)

    many = [record({f"k{number}.{each}": each for each in range(700)}, {}) for number in range(5)]
    check(wire.encode(many, "logs"))
    for size in (200, 300, 600, 1100):
        shared = record({"k": 1}, {f"r{each}": each for each in range(size)})
        check(wire.encode([shared, shared, *many], "logs"))


def test_the_same_of_records_that_all_need_a_large_resource() -> None:
    """Too many to ask about one by one."""
    attributes = {f"r{number}": "x" * 100 for number in range(300)}
    check(wire.encode([LogRecord(resource=Resource(attributes), scope=Scope(), body=number) for number in range(50)], "logs"))


@pytest.mark.parametrize("levels", [8, 9, 10, 11, MAX_DEPTH - 1, MAX_DEPTH, MAX_DEPTH + 1])
def test_the_same_of_deep_maps(levels: int) -> None:
    value = delimited(1, b"deep")
    for _ in range(levels):
        value = delimited(6, delimited(1, delimited(1, b"k") + delimited(2, value)))
    check(_payload(delimited(6, delimited(1, b"k") + delimited(2, value))))
    check(_payload(delimited(5, value)))


@pytest.mark.parametrize("more", range(-3, 4))
def test_the_same_of_large_objects(more: int) -> None:
    empty = len(REFERENCE(_payload(delimited(5, delimited(1, b""))), LAYOUT).text) - 2
    size = LAYOUT.max_bytes - empty + more
    check(_payload(delimited(5, delimited(1, b"x" * size)), b""))


def _payload(*records: bytes) -> bytes:
    return delimited(1, delimited(2, b"".join(delimited(2, record) for record in records)))
