"""`split`: kernel and reference."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.types import SIGNALS, Signal
from tests.differential import both, mutants, outcome, signals_and_inputs

KERNEL, REFERENCE = both("split", "split")

limits = st.sampled_from([-1, 0, 1, 2, 3, sys.maxsize, 2**80]) | st.integers(0, 700)


def check(payload: bytes, signal: Signal, max_items: int, max_bytes: int) -> None:
    wanted = outcome(lambda: REFERENCE(payload, signal, max_items=max_items, max_bytes=max_bytes))
    given = outcome(lambda: KERNEL(payload, signal, max_items=max_items, max_bytes=max_bytes))
    assert given == wanted
    assert [part is payload for part in given] == [part is payload for part in wanted]


@given(signals_and_inputs(), limits, limits)
def test_the_same_of_all_inputs(drawn: tuple[Signal, bytes], max_items: int, max_bytes: int) -> None:
    check(drawn[1], drawn[0], max_items, max_bytes)
    check(drawn[1] * 3, drawn[0], max_items, max_bytes)


@pytest.mark.parametrize("signal", SIGNALS)
def test_the_same_of_mutants(signal: Signal) -> None:
    for number, mutant in enumerate(mutants(signal, 5_000)):
        check(mutant, signal, 1 + number % 3, number % 120)
