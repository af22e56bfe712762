"""The health of an exporter (delivery contract §13)."""

import time
from typing import Any

import pytest

from pipeline.delivery.checks import SILENT_SECONDS, error_rate_check, exporter_check
from pipeline.delivery.send import State
from pipeline.errors import Busy, Rejected
from pipeline.journal import Backlog
from tests.delivery.conftest import Destination, MakeRig, logs

LONG_AGO = SILENT_SECONDS + 60


@pytest.mark.parametrize(
    ("silent", "queued", "status"),
    [
        (LONG_AGO, None, "healthy"),
        (LONG_AGO, 1.0, "healthy"),
        (LONG_AGO, LONG_AGO, "unhealthy"),
        (1.0, LONG_AGO, "degraded"),
    ],
    ids=["idle", "busy again after a quiet time", "silent with a queue", "behind"],
)
async def test_silence_is_unhealthy_while_something_waits(
    make_rig: MakeRig, silent: float, queued: float | None, status: str
) -> None:
    sender = (await make_rig(Destination())).sender
    sender.started_at = 0.0
    sender.last_success = time.time() - silent
    held: dict[str, Any] = {} if queued is None else {"bytes": 100, "items": 1, "oldest": int((time.time() - queued) * 1e9)}
    assert exporter_check(sender, [Backlog("logs", capacity=1000, **held)]).status == status


@pytest.mark.parametrize(
    ("failed", "succeeded", "status"),
    [(49, 0, "healthy"), (1, 49, "healthy"), (2, 98, "healthy"), (3, 97, "degraded"), (60, 0, "degraded")],
    ids=["too few to tell", "one of fifty", "2 %", "more than 2 %", "all"],
)
async def test_an_exporter_whose_attempts_fail_is_degraded(make_rig: MakeRig, failed: int, succeeded: int, status: str) -> None:
    sender = (await make_rig(Destination())).sender
    for number in range(failed + succeeded):
        sender.errors.count(failed=number < failed)
    total, rate = failed + succeeded, failed / (failed + succeeded)
    assert exporter_check(sender, []).status == status
    whole = error_rate_check([sender])
    assert (whole.status, whole.required) == (status, False)
    assert whole.details == {"errorRate": f"{rate:.1%}", "errors": failed, "total": total, "period": "last 1 hour"}


async def test_attempts_count_as_they_end(make_rig: MakeRig) -> None:
    ends = [Busy("no", code="503"), Busy("no", code="timeout"), Rejected("rejected_4xx", "no", code="400"), None, None]

    def answer(_: list[str]) -> None:
        if end := ends.pop(0):
            raise end

    rig = await make_rig(Destination(answer))
    await rig.deliver(logs("one", "another"))
    assert rig.sender.errors.last_hour() == (3, 5)
    check = exporter_check(rig.sender, [])
    assert (check.status, check.message) == ("healthy", "ok")
    assert {"responseTime", "queueBytes", "queueFill", "oldest", "lastSuccess"} == check.details.keys()


@pytest.mark.parametrize(
    ("state", "fill", "status", "message"),
    [
        ("auth", 0.1, "unhealthy", "the credential is refused: answered 401"),
        ("backoff", 0.1, "degraded", "backing off: answered 401"),
        ("paused", 0.6, "degraded", "asked to wait: answered 401; the queue is 60% full"),
        ("ok", 0.5, "degraded", "the queue is 50% full"),
        ("ok", 0.9, "unhealthy", "the queue is 90% full"),
        ("ok", 0.49, "healthy", "ok"),
    ],
)
async def test_a_check_says_all_that_is_wrong(make_rig: MakeRig, state: State, fill: float, status: str, message: str) -> None:
    sender = (await make_rig(Destination())).sender
    sender.state, sender.last_error = state, "answered 401"
    check = exporter_check(sender, [Backlog("logs", capacity=1000, bytes=int(fill * 1000))])
    assert (check.status, check.message) == (status, message)
