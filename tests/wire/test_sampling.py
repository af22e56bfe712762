"""Thresholds and tracestates (trace-context contract §5)."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.wire.sampling import (
    ALL,
    Sampling,
    adjusted_count,
    decode_threshold,
    encode_threshold,
    of_trace_state,
    probability,
    threshold,
    with_threshold,
)

TABLE = [
    (1.0, "0", 0, 1.0),
    (0.5, "8", 36028797018963968, 2.0),
    (0.25, "c", 54043195528445952, 4.0),
    (0.2, "cccd", 57646295132667904, 5.0000762951094835),
    (0.1, "e666", 64851394829484032, 9.99938968568813),
    (0.05, "f3333", 68454700592136192, 19.999923706345726),
    (0.01, "fd70a", 71337001604874240, 99.99771123402633),
    (0.001, "ffbe77", 71985537371602944, 1000.012874769029),
]


@pytest.mark.parametrize(("share", "th", "number", "count"), TABLE)
def test_the_table_of_the_contract(share: float, th: str, number: int, count: float) -> None:
    assert threshold(share) == number
    assert encode_threshold(number) == th
    assert decode_threshold(th) == number
    assert adjusted_count(number) == pytest.approx(count, rel=1e-15)


def test_thirds_as_the_collector_writes_them() -> None:
    assert encode_threshold(threshold(1 / 3)) == "aaab"
    assert encode_threshold(threshold(2 / 3)) == "5555"
    assert encode_threshold(threshold(1 / 3, 3)) == "aab"


def test_nothing_is_not_a_probability_but_a_bar() -> None:
    assert threshold(0) == ALL
    assert threshold(2**-56) == ALL - 1


@pytest.mark.parametrize("share", [-0.1, 1.1, 2**-57, float("nan"), float("inf")])
def test_what_is_no_probability(share: float) -> None:
    with pytest.raises(ValueError, match="a probability is 0, or from 2\\^-56 to 1"):
        threshold(share)


@given(st.floats(2**-56, 1), st.integers(1, 14))
def test_rounding_stays_close_at_both_ends(share: float, precision: int) -> None:
    number = threshold(share, precision)
    assert 0 <= number < ALL
    error = abs(Fraction(probability(number)) - Fraction(share))
    assert error <= max(min(Fraction(share), 1 - Fraction(share)) / 16 ** (precision - 1), Fraction(1, ALL))


@given(st.integers(0, ALL - 1))
def test_thresholds_survive_their_text(number: int) -> None:
    assert decode_threshold(encode_threshold(number)) == number


@pytest.mark.parametrize("text", ["", "C", "0x1", "1" * 15, "-1", " c", "c\n", "\u0661"])
def test_malformed_thresholds_say_nothing(text: str) -> None:
    assert decode_threshold(text) is None


RV = 0x9B8233F7E3A151


@pytest.mark.parametrize(
    ("trace_state", "said"),
    [
        ("", Sampling()),
        ("dd=s:1", Sampling()),
        ("ot=th:8", Sampling(1 << 55)),
        ("dd=s:1 ,\tot=rv:9b8233f7e3a151;th:c", Sampling(3 << 54, RV)),
        ("ot=th:c;rv:9b8233f7e3a15", Sampling(3 << 54)),
        ("ot=th:zz;rv:9b8233f7e3a151", Sampling(None, RV)),
        ("ot=th:8;th:c", Sampling(1 << 55)),
        ("foot=th:8", Sampling()),
        ("ot=th:8,ot=th:c", Sampling()),
        ("ot=th:8,broken", Sampling()),
        ("ot=th:8,UP=1", Sampling()),
        (",".join(["ot=th:8", *(f"k{n}=v" for n in range(32))]), Sampling()),
        (",".join(["ot=th:8", *(f"k{n}=v" for n in range(31)), "", " "]), Sampling(1 << 55)),
    ],
)
def test_what_a_tracestate_says(trace_state: str, said: Sampling) -> None:
    assert of_trace_state(trace_state) == said


@pytest.mark.parametrize(
    ("before", "number", "after"),
    [
        ("", threshold(0.5), "ot=th:8"),
        ("", None, ""),
        ("ot=rv:9b8233f7e3a151", threshold(0.5), "ot=th:8;rv:9b8233f7e3a151"),
        ("dd=s:1,ot=rv:9b8233f7e3a151;th:8;x:y", threshold(0.25), "ot=th:c;rv:9b8233f7e3a151;x:y,dd=s:1"),
        ("dd=s:1,ot=th:8,es=1", None, "dd=s:1,es=1"),
        ("ot=th:8;rv:9b8233f7e3a151", None, "ot=rv:9b8233f7e3a151"),
        ("ot=th:8;th:c", threshold(0.1), "ot=th:e666"),
        ("a=1,a=2", threshold(0.5), "ot=th:8"),
        ("ot=" + "x" * 240 + ";y:" + "z" * 9, threshold(0.5), None),
        (",".join(f"k{n}=v" for n in range(32)), threshold(0.5), None),
    ],
)
def test_writing_a_threshold_keeps_all_else(before: str, number: int | None, after: str | None) -> None:
    assert with_threshold(before, number) == after


@given(st.text(alphabet="otk=,;:thrvc8 *", max_size=40), st.integers(0, ALL - 1))
def test_what_was_written_is_read_back(before: str, number: int) -> None:
    after = with_threshold(before, number)
    assert after is not None
    assert of_trace_state(after).threshold == number
    assert of_trace_state(after).randomness == of_trace_state(before).randomness
    erased = with_threshold(after, None)
    assert erased is not None
    assert of_trace_state(erased).threshold is None
