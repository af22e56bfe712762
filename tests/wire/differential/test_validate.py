"""`validate`: kernel and reference."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.types import SIGNALS, Signal
from pipeline.wire.reference.walk import MAX_DEPTH, delimited
from tests.differential import both, mutants, outcome, signals_and_inputs

KERNEL, REFERENCE = both("validate", "validate")


def check(payload: bytes, signal: Signal) -> None:
    wanted, given = outcome(lambda: REFERENCE(payload, signal)), outcome(lambda: KERNEL(payload, signal))
    assert given == wanted
    assert (given[0] is payload) is (wanted[0] is payload)


@given(signals_and_inputs())
def test_the_same_of_all_inputs(drawn: tuple[Signal, bytes]) -> None:
    check(drawn[1], drawn[0])


@pytest.mark.parametrize("signal", SIGNALS)
def test_the_same_of_mutants(signal: Signal) -> None:
    for mutant in mutants(signal, 5_000):
        check(mutant, signal)


ids = st.sampled_from([b"", bytes(8), bytes(16), b"8" * 8, b"16" * 8, b"odd"])


@given(st.lists(st.lists(st.tuples(st.sampled_from([1, 2, 3, 4, 5, 13, 77]), ids), max_size=5), max_size=5))
def test_the_same_of_spans_with_all_kinds_of_ids(spans: list[list[tuple[int, bytes]]]) -> None:
    def link(number: int, value: bytes) -> bytes:
        return delimited(
            number, b"" if number != 13 or not value else delimited(1, value) + delimited(2, value[:8]) + delimited(1, value)
        )

    items = [
        delimited(2, b"".join(delimited(number, value) if number != 13 else link(number, value) for number, value in fields))
        for fields in spans
    ]
    check(delimited(1, delimited(2, b"".join(items)) + delimited(2, b"".join(items[:1])) + delimited(3, b"url")), "traces")


@pytest.mark.parametrize("levels", [MAX_DEPTH - 1, MAX_DEPTH, MAX_DEPTH + 1, 5_000])
def test_the_same_of_deep_values(levels: int) -> None:
    value = delimited(1, b"deep")
    for level in range(levels):
        value = delimited(5, delimited(1, value)) if level % 2 else delimited(6, delimited(1, delimited(2, value)))
    check(delimited(1, delimited(2, delimited(2, delimited(5, value)))), "logs")
