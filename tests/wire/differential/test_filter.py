"""`Filter`: kernel and reference."""

import math
from typing import Any, Final

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from pipeline.conditions import Condition, parse
from pipeline.conditions.expression import All, AnyOf, Compare, Expression, Match, Not, OneOf, Operator
from pipeline.conditions.paths import KEYED, PATHS, Path
from pipeline.types import SIGNALS, Signal
from pipeline.wire.reference.walk import delimited, encode_varint
from tests.differential import both, mutants, outcome, signals_and_inputs

KERNEL, REFERENCE = both("filter", "Filter")

NUMBERS = [
    0,
    1,
    -1,
    2,
    9,
    2**53,
    2**53 + 1,
    2**63 - 1,
    -(2**63),
    2**64 - 1,
    2**64,
    10**25,
    0.0,
    0.5,
    -0.5,
    1e300,
    -1e300,
    2.0**63,
    2.0**64,
]
TEXTS = ["", "a", "0", "\ufffd", "é", "gauge", "sum", "histogram", "summary", "00", "0102", "0g", "ABCDEF"]
OPERATORS: Final[tuple[Operator, ...]] = ("==", "!=", "<", "<=", ">", ">=")
KEYS = ["service.name", "user.email", "", "\ufffd", "a"]

paths = st.one_of(
    st.builds(Path, st.sampled_from(KEYED), st.sampled_from(KEYS)),
    st.builds(Path, st.sampled_from(sorted(PATHS))),
)
literals: st.SearchStrategy[Any] = st.sampled_from([None, True, False, *NUMBERS, *TEXTS]) | st.floats() | st.integers()


def _compare(path: Path, operator: Any, literal: Any) -> Expression:
    return Compare(path, "==" if literal is None or isinstance(literal, bool) else operator, literal)


comparisons = st.builds(_compare, paths, st.sampled_from(OPERATORS), literals)
matches = st.builds(
    lambda path, pattern, negated: Match(path, pattern, negated, re2.compile(pattern)),
    paths,
    st.sampled_from(["", "a", "^[0-9a-f]+$", "\ufffd", ".{3}", "sum"]),
    st.booleans(),
)
lists = st.builds(lambda path, some: OneOf(path, tuple(some)), paths, st.lists(literals, min_size=1, max_size=3))
expressions: st.SearchStrategy[Expression] = st.recursive(
    comparisons | matches | lists,
    lambda inner: st.one_of(
        st.builds(lambda terms: All(tuple(terms)), st.lists(inner, min_size=2, max_size=3)),
        st.builds(lambda terms: AnyOf(tuple(terms)), st.lists(inner, min_size=2, max_size=3)),
        st.builds(Not, inner),
    ),
    max_leaves=4,
)
conditions = st.lists(st.builds(Condition, st.sampled_from(["one", "other", "keep"]), expressions), max_size=2)


def check(payload: bytes, signal: Signal, drop: list[Condition], keep: list[Condition]) -> None:
    kernel, reference = KERNEL(drop, keep), REFERENCE(drop, keep)
    wanted, given = outcome(lambda: reference.keep(payload, signal)), outcome(lambda: kernel.keep(payload, signal))
    assert given == wanted
    assert (given[0] is payload) is (wanted[0] is payload)


@given(signals_and_inputs(), conditions, conditions)
def test_the_same_of_all_inputs(drawn: tuple[Signal, bytes], drop: list[Condition], keep: list[Condition]) -> None:
    check(drawn[1], drawn[0], drop, keep)


@pytest.mark.parametrize("signal", SIGNALS)
def test_the_same_of_mutants(signal: Signal) -> None:
    drop = [parse('severity_number < 13 or kind == 2 or attributes["k"] == "v"'), parse("duration > 1s")]
    keep = [parse('resource.attributes["k"] != 3'), parse("metric.type != nil"), parse('name =~ "a"')]
    for mutant in mutants(signal, 1_500):
        check(mutant, signal, drop, [])
        check(mutant, signal, [], keep)


def values(number: float) -> bytes:
    import struct

    if isinstance(number, int) and -(2**63) <= number < 2**63:
        return b"\x18" + encode_varint(number & 2**64 - 1)
    return b"\x21" + struct.pack("<d", number)


@pytest.mark.parametrize("number", [*NUMBERS, math.nan, math.inf, -math.inf])
def test_numbers_compare_as_python_compares_them(number: float) -> None:
    attribute = delimited(1, b"k") + delimited(2, values(number))
    payload = delimited(1, delimited(2, delimited(2, delimited(6, attribute))))
    for literal in [*NUMBERS, True, False]:
        for operator in OPERATORS[:2] if isinstance(literal, bool) else OPERATORS:
            expression = Compare(Path("attributes", "k"), operator, literal)
            check(payload, "logs", [Condition("c", expression)], [])
    for start, end in ((1, 2**64 - 1), (2**64 - 1, 1), (5, 5), (0, 9)):
        times = b"\x39" + start.to_bytes(8, "little") + b"\x41" + end.to_bytes(8, "little")
        for operator in OPERATORS:
            duration = Compare(Path("duration"), operator, number)
            check(delimited(1, delimited(2, delimited(2, times))), "traces", [Condition("c", duration)], [])
