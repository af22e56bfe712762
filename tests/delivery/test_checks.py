"""The health of an exporter (delivery contract §13)."""

import time
from typing import Any

import pytest

from pipeline.delivery.checks import SILENT_SECONDS, exporter_check
from pipeline.journal import Backlog
from tests.delivery.conftest import Destination, MakeRig

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
