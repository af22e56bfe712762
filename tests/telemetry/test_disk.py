"""The watch over the journal's file system."""

import asyncio
from pathlib import Path

import pytest

from pipeline.telemetry import catalogue
from pipeline.telemetry.disk import DiskWatch, disk_check
from pipeline.telemetry.metrics import Metrics


@pytest.mark.parametrize(("used", "status"), [(0.75, "healthy"), (0.76, "degraded"), (0.90, "degraded"), (0.91, "unhealthy")])
def test_a_full_disk_is_told_before_it_hurts(used: float, status: str) -> None:
    check = disk_check(used)
    assert (check.status, check.required, check.details["used"]) == (status, False, f"{used:.0%}")


async def looked(directory: Path, metrics: Metrics) -> DiskWatch:
    watch = DiskWatch(directory, metrics)
    before = watch.check
    running = asyncio.create_task(watch.run())
    async with asyncio.timeout(10):
        while watch.check is before:
            await asyncio.sleep(0)
    running.cancel()
    await asyncio.wait([running])
    return watch


async def test_the_share_in_use_is_a_metric_too(tmp_path: Path, metrics: Metrics) -> None:
    watch = await looked(tmp_path, metrics)
    used = metrics.value(catalogue.JOURNAL_DISK_USED)
    assert 0 < used <= 1
    assert watch.check.details["used"] == f"{used:.0%}"


async def test_a_directory_that_is_gone_is_reported(tmp_path: Path, metrics: Metrics) -> None:
    watch = await looked(tmp_path / "gone", metrics)
    assert (watch.check.status, watch.check.message) == ("unhealthy", "can't be read: No such file or directory")
