"""How full the journal's file system is: a health check and a gauge, looked at in the background.

A file system that hangs then holds up no answer of `/health`.
"""

import asyncio
import shutil
from pathlib import Path
from typing import Final

from pipeline.telemetry import catalogue
from pipeline.telemetry.health import Check, Status
from pipeline.telemetry.metrics import Metrics

DEGRADED, UNHEALTHY = 0.75, 0.90
"""Share in use (delivery contract §11, storage fill)."""
INTERVAL_SECONDS: Final = 10.0
"""Between two looks (delivery contract §13)."""


class DiskWatch:
    """Looks at the file system of a directory as long as it runs."""

    def __init__(self, directory: Path, metrics: Metrics) -> None:
        self.check = Check("healthy", "not looked at yet", required=False)
        """What was found last."""
        self._directory = directory
        self._metrics = metrics

    async def run(self) -> None:
        """Look now and every ten seconds until cancelled."""
        while True:
            try:
                usage = await asyncio.to_thread(shutil.disk_usage, self._directory)
            except OSError as error:
                self.check = Check("unhealthy", f"can't be read: {error.strerror}", required=False)
            else:
                used = usage.used / usage.total
                self.check = disk_check(used)
                self._metrics.set(catalogue.JOURNAL_DISK_USED, used)
            await asyncio.sleep(INTERVAL_SECONDS)


def disk_check(used: float) -> Check:
    """Return what a share in use means."""
    status: Status = "unhealthy" if used > UNHEALTHY else "degraded" if used > DEGRADED else "healthy"
    message = "ok" if status == "healthy" else "filling up"
    return Check(status, message, required=False, details={"used": f"{used:.0%}", "threshold": f"{UNHEALTHY:.0%}"})
