"""`partition`: kernel and reference."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.types import SIGNALS, Signal
from tests.differential import both, mutants, outcome, signals_and_inputs

KERNEL, REFERENCE = both("partition", "partition")


def check(payload: bytes, signal: Signal, n: int) -> None:
    wanted = outcome(lambda: REFERENCE(payload, signal, n))
    given = outcome(lambda: KERNEL(payload, signal, n))
    assert given == wanted
    assert [part is payload for part in given] == [part is payload for part in wanted]


@given(signals_and_inputs(), st.integers(1, 40))
def test_the_same_of_all_inputs(drawn: tuple[Signal, bytes], n: int) -> None:
    check(drawn[1], drawn[0], n)
    check(drawn[1] * 3, drawn[0], n)


@pytest.mark.parametrize("signal", SIGNALS)
def test_the_same_of_mutants(signal: Signal) -> None:
    for number, mutant in enumerate(mutants(signal, 5_000)):
        check(mutant, signal, 1 + number % 7)


def test_none_among_none() -> None:
    for partition in (KERNEL, REFERENCE):
        with pytest.raises(ValueError, match="no partition"):
            partition(b"", "logs", 0)
