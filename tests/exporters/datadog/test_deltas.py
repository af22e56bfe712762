import pytest

from exporters.datadog import deltas
from exporters.datadog.deltas import Deltas, FirstPoint

STARTED, BORN = 100, 200
"""When the exporter and, later, the series began."""


def steps(points: list[tuple[int, int, float]], first: FirstPoint = "auto", started: int = STARTED) -> list[float | None]:
    """Feed (start, time, value) and return what came out of each."""
    state = Deltas(started)
    out = [state.step("s", start=start, time=time, counts=[value], first=first, now=0.0) for start, time, value in points]
    return [None if grown is None else grown[0][0] for grown in out]


def values(*series: float) -> list[tuple[int, int, float]]:
    return [(BORN, BORN + 10 * (index + 1), value) for index, value in enumerate(series)]


def test_the_worked_series() -> None:
    assert steps(values(10, 15, 15, 4, 9)) == [10, 5, 0, 4, 5]
    assert steps(values(10, 15, 15, 4, 9), "drop") == [None, 5, 0, None, 5]


def test_a_point_that_is_not_newer_is_dropped_and_changes_nothing() -> None:
    assert steps([(BORN, 300, 10), (BORN, 300, 11), (BORN, 290, 50), (BORN, 310, 12)]) == [10, None, None, 2]


@pytest.mark.parametrize(
    ("first", "start", "expected"),
    [("auto", BORN, 10), ("auto", 50, None), ("auto", 300, None), ("auto", 0, None), ("keep", 50, 10), ("drop", BORN, None)],
)
def test_the_first_point(first: FirstPoint, start: int, expected: float | None) -> None:
    assert steps([(start, 300, 10)], first) == [expected]


def test_an_unknown_start_compares_values() -> None:
    assert steps([(0, 300, 10), (0, 310, 12), (0, 320, 3), (0, 330, 4)]) == [None, 2, None, 1]


def test_a_new_start_is_a_reset_even_when_the_value_grew() -> None:
    assert steps([(BORN, 300, 10), (305, 310, 12)]) == [10, 12]


def test_a_start_equal_to_the_time_is_a_reset() -> None:
    assert steps([(BORN, 300, 10), (310, 310, 12), (310, 320, 15)]) == [10, None, 3]


def test_the_total_of_a_histogram_may_fall() -> None:
    state = Deltas(STARTED)
    state.step("s", start=BORN, time=300, counts=[1, 1], total=5.0, first="drop", now=0.0)
    assert state.step("s", start=BORN, time=310, counts=[3, 2], total=2.0, first="drop", now=0.0) == ([2, 1], -3.0)


def test_a_series_that_was_idle_for_an_hour_is_forgotten() -> None:
    state = Deltas(STARTED)
    state.step("old", start=BORN, time=300, counts=[1], first="auto", now=0.0)
    state.step("young", start=BORN, time=300, counts=[1], first="auto", now=1900.0)
    state.sweep(3500.0)
    assert len(state) == 2
    state.sweep(3600.0)  # half an hour has not passed since the last look
    assert len(state) == 2
    state.sweep(5400.0)
    assert len(state) == 1


def test_the_number_of_series_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deltas, "MAX_SERIES", 3)
    state = Deltas(STARTED)
    for name in "abcad":
        state.step(name, start=BORN, time=300 + len(state), counts=[1], first="auto", now=0.0)
    assert len(state) == 3
