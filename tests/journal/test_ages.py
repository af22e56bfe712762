"""How old entries are: never older than they can be, and little younger."""

import time

import hypothesis.strategies as st
import pytest
from hypothesis import given

from pipeline.journal import ages
from pipeline.journal.ages import Ages

steps = st.lists(st.tuples(st.floats(0.01, 100), st.integers(0, 50)), min_size=1, max_size=60)


@given(steps=steps, seconds=st.floats(0.1, 1000), kept=st.sampled_from([8, 4096]))
def test_nothing_is_called_older_than_it_is(steps: list[tuple[float, int]], seconds: float, kept: int) -> None:
    now, came = 0.0, list[float]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ages, "monotonic", lambda: now)
        patch.setattr(ages, "_NOTES", kept)
        lane = Ages()
        for passed, appended in steps:
            came += [now] * appended
            now += passed
            lane.note(len(came))
        last_note = now
        now += seconds
        older = [lane.older(position, 0, seconds) for position in range(len(came))]
    assert not any(older[at] and now - came[at] < seconds for at in range(len(came)))
    assert older == sorted(older, reverse=True)
    if kept > len(steps):
        assert all(older[at] for at in range(len(came)) if last_note <= now - seconds)


def test_what_was_there_before_is_dated_by_wall_time_and_never_from_the_future(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(ages, "monotonic", lambda: now)
    lane = Ages(opened=2)
    wall = time.time_ns()
    assert lane.older(0, wall - 61 * 10**9, 60)
    assert not lane.older(0, wall - 50 * 10**9, 60)
    assert not lane.older(1, wall + 10**15, 60)
    now = 61.0
    assert lane.older(0, wall - 50 * 10**9, 60)
    assert lane.older(1, wall + 10**15, 60)
    assert not lane.older(2, 0, 60)
