"""The attempts of the last hour."""

from pipeline.delivery.error_rate import Attempts, ErrorRate, total


def test_what_is_older_than_an_hour_is_forgotten() -> None:
    now = 0.0
    errors = ErrorRate(lambda: now)
    for minute in range(180):
        now = minute * 60.0
        errors.count(failed=minute % 2 == 0)
        held = errors.last_hour()
        assert min(minute + 1, 60) <= held.total <= 61
        assert abs(held.failed - held.total / 2) <= 0.5
    now += 2 * 3600
    assert errors.last_hour() == (0, 0)
    errors.count(failed=True)
    assert errors.last_hour() == (1, 1)


def test_a_busy_hour_takes_no_more_room_than_an_idle_one() -> None:
    now = 0.0
    errors = ErrorRate(lambda: now)
    for second in range(3 * 3600):
        now = float(second)
        errors.count(failed=False)
    assert len(errors._minutes) <= 62
    assert 3540 <= errors.last_hour().total <= 3660


def test_nothing_tried_is_no_error() -> None:
    assert ErrorRate().last_hour().error_rate == 0
    assert total([Attempts(1, 4), Attempts(0, 6)]) == (1, 10)
