"""From the start of the process to the first request answered 200: with an empty journal, and after a crash with a full one."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from statistics import median
from typing import Final

import uvloop

from benchmarks.daemon import Daemon, free_ports, running, scratch, sluice
from benchmarks.load import Load, templates
from benchmarks.measure import Figure, Scale

CONFIG: Final = Path(__file__).with_name("sluice.yaml")
STARTS: Final = 5
JOURNAL_RECORDS: Final = 3_600_000
"""More than 2 GiB."""


def run(scale: Scale) -> Iterator[Figure]:
    """Start a few times each; the median counts."""
    with scratch(scale) as directory:
        port, sink, metrics = free_ports(3)
        ports = {"OTLP_PORT": str(port), "SINK_PORT": str(sink), "METRICS_PORT": str(metrics)}

        def started(at: Path) -> AbstractContextManager[Daemon]:
            return running(sluice(CONFIG), port, at, ports)

        def timed(name: str, directories: Sequence[Path]) -> Iterator[Figure]:
            """Yield the medians of what passed, and of what of it was the daemon's own CPU and no wait for other processes."""
            passed, cpu = [], []
            for at in directories:
                at.mkdir(exist_ok=True)
                begun = time.monotonic()
                with started(at) as daemon:
                    daemon.until_accepts("/v1/logs", b"")
                    passed.append(time.monotonic() - begun)
                    cpu.append(daemon.cpu())
            yield Figure(name, median(passed), "s")
            yield Figure(f"{name}, CPU", median(cpu), "s")

        yield from timed("empty journal", [directory / str(at) for at in range(scale.of(STARTS))])
        full = directory / "full"
        full.mkdir()
        with started(full) as daemon, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            daemon.until_accepts("/v1/logs", b"")
            load = Load(port, templates(scale.of(1000), scale), clients=8)
            runner.run(load.run(seconds=300, most=scale.of(JOURNAL_RECORDS)))
        size = sum(file.stat().st_size for file in full.rglob("*"))
        yield from timed("full journal", [full] * scale.of(STARTS))
        yield Figure("full journal, size", size / 1e6, "MB")
