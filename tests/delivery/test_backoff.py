"""Back-off figures (delivery contract §7)."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.delivery.backoff import LONGEST_HINT, SHORTEST, Backoff
from pipeline.settings import Retry, RetryOnFailure


@given(st.integers(1, 10_000), st.sampled_from(["full", "half"]))
def test_a_wait_stays_within_its_figures(failures: int, jitter: str) -> None:
    backoff = Backoff(Retry(initial=1, maximum=30, jitter=jitter), None)
    assert SHORTEST <= backoff.wait(failures) <= 45


@given(st.integers(1, 50), st.floats(0, 1e9))
def test_a_hint_is_a_floor_and_is_cut_at_ten_minutes(failures: int, hint: float) -> None:
    wait = Backoff(Retry(maximum=1), None).wait(failures, hint)
    assert min(hint, LONGEST_HINT) <= wait <= max(LONGEST_HINT, 1.0)


def test_two_exporters_do_not_wait_alike() -> None:
    backoff = Backoff(Retry(initial=30), None)
    assert len({backoff.wait(1) for _ in range(20)}) > 1


def test_the_users_figures_win_over_the_destinations() -> None:
    backoff = Backoff.of(Retry(initial=5, maximum=30), RetryOnFailure(max_interval=0.2, max_elapsed_time=60), durable=True)
    assert backoff.retry.initial == 5
    assert backoff.wait(9) <= 0.2
    assert backoff.give_up_after == 60


def test_only_memory_gives_up_by_default() -> None:
    assert Backoff.of(Retry(), RetryOnFailure(), durable=True).give_up_after is None
    assert Backoff.of(Retry(), RetryOnFailure(), durable=False).give_up_after == 300
    assert Backoff.of(Retry(), RetryOnFailure(max_elapsed_time=0), durable=False).give_up_after is None
