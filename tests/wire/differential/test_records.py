"""`records`: kernel and reference."""

from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.types import SIGNALS, Signal
from pipeline.wire.model import Record
from pipeline.wire.reference.walk import MAX_DEPTH, delimited, encode_varint
from tests import stock
from tests.differential import both, mutants, outcome, signals_and_inputs
from tests.strategies import oddly

KERNEL, REFERENCE = both("records", "records")


def seen(records: Sequence[Record]) -> Any:
    """Return what can be told of records: type and content of all that is in them, and which objects they share."""
    shared = [getattr(record, name, None) for record in records for name in ("resource", "scope", "metric")]
    order: dict[int, int] = {}
    return repr(records), [order.setdefault(id(each), len(order)) for each in shared]


def check(payload: bytes, signal: Signal) -> None:
    wanted, given = outcome(lambda: REFERENCE(payload, signal)), outcome(lambda: KERNEL(payload, signal))
    assert type(given) is type(wanted)
    assert (given if isinstance(given, tuple) else seen(given)) == (wanted if isinstance(wanted, tuple) else seen(wanted))


@given(signals_and_inputs())
def test_the_same_of_all_inputs(drawn: tuple[Signal, bytes]) -> None:
    check(drawn[1], drawn[0])
    check(drawn[1] * 2, drawn[0])


@pytest.mark.parametrize("signal", SIGNALS)
def test_the_same_of_mutants(signal: Signal) -> None:
    for mutant in mutants(signal, 5_000):
        check(mutant, signal)


@pytest.mark.parametrize("signal", SIGNALS)
def test_the_same_of_every_field_once_and_over_again(signal: Signal) -> None:
    random = Random(11)
    paths = stock.paths(signal)
    for path in paths:
        planted = stock.planted(signal, path)
        check(planted, signal)
        check(oddly(planted + stock.planted(signal, random.choice(paths)), signal, random), signal)


bits = st.integers(0, 2**64 - 1) | st.sampled_from(
    [0x7FF0000000000001, 0xFFF8000000000000, 1 << 63, 0x7FFFFFFF, 0xFFFFFFFF80000000]
)
members = st.one_of(
    st.binary(max_size=6).map(lambda text: delimited(1, text)),
    bits.map(lambda value: b"\x10" + encode_varint(value)),
    bits.map(lambda value: b"\x18" + encode_varint(value)),
    bits.map(lambda value: b"\x21" + value.to_bytes(8, "little")),
    st.binary(max_size=4).map(lambda value: delimited(7, value)),
    st.just(b"\x40\x05"),
)


def _nested(inner: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    pairs = st.lists(
        st.one_of(
            inner.map(lambda value: delimited(2, value)),
            st.sampled_from([b"a", b"b", b"\xff"]).map(lambda key: delimited(1, key)),
        )
    )
    array = st.lists(inner.map(lambda value: delimited(1, value)), max_size=3).map(lambda each: delimited(5, b"".join(each)))
    kvlist = st.lists(pairs.map(lambda each: delimited(1, b"".join(each))), max_size=3).map(
        lambda each: delimited(6, b"".join(each))
    )
    return st.lists(members | array | kvlist, max_size=4).map(b"".join)


any_values = st.recursive(st.lists(members, max_size=2).map(b"".join), _nested, max_leaves=12)


@given(st.lists(any_values, max_size=3), st.lists(any_values, max_size=3))
def test_the_same_of_values_with_several_members_in_several_parts(bodies: list[bytes], attributes: list[bytes]) -> None:
    pairs = [delimited(6, delimited(1, b"k") + b"".join(delimited(2, value) for value in attributes)), delimited(6, b"")]
    check(delimited(1, delimited(2, delimited(2, b"".join([*(delimited(5, body) for body in bodies), *pairs])))), "logs")


@given(st.lists(st.tuples(st.sampled_from([5, 7, 9, 10, 11]), st.booleans()), max_size=5), st.permutations([1, 2, 3, 12]))
def test_the_same_of_metrics_that_change_their_type(types: list[tuple[int, bool]], others: list[int]) -> None:
    """The last type wins; parts of one type are one, unless another came between them."""
    point = delimited(1, b"\x19" + bytes(range(8)))
    kinds = [
        delimited(number, (point if full else b"") + (b"\x10\x02\x18\x01" if number == 7 else b"")) for number, full in types
    ]
    texts = [delimited(number, delimited(1, b"k") if number == 12 else b"text") for number in others]
    for metric in (b"".join(kinds + texts), b"".join(texts + kinds)):
        check(delimited(1, delimited(2, delimited(2, metric) * 2)), "metrics")


@given(st.lists(st.sampled_from([b"\x08\x03", b"\x08\x04", delimited(2, b"\x01\x80\x02"), b"\x10\x07", b""]), max_size=4))
def test_the_same_of_buckets_in_several_parts(parts: list[bytes]) -> None:
    point = b"".join(delimited(8 + index % 2, part) for index, part in enumerate(parts))
    check(delimited(1, delimited(2, delimited(2, delimited(10, delimited(1, point))))), "metrics")


@pytest.mark.parametrize("levels", [MAX_DEPTH - 1, MAX_DEPTH, MAX_DEPTH + 1, 5_000])
def test_the_same_of_deep_values(levels: int) -> None:
    value = delimited(1, b"deep")
    for level in range(levels):
        value = delimited(5, delimited(1, value)) if level % 2 else delimited(6, delimited(1, delimited(2, value)))
    for record in (delimited(5, value), delimited(6, delimited(2, value))):
        check(delimited(1, delimited(2, delimited(2, record))), "logs")


def test_the_same_of_more_names_than_are_remembered() -> None:
    names = [f"{'name' * (number % 12)}{number}".encode() for number in range(3_000)]
    pairs = b"".join(delimited(6, delimited(1, name)) for name in (*names, *names[::-1], "été".encode(), b"\xff", b""))
    check(delimited(1, delimited(2, delimited(2, pairs))), "logs")
