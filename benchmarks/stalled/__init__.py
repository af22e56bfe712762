"""Memory while a destination takes requests and never answers, and clients send as fast as they are let."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import uvloop

from benchmarks.daemon import Daemon, Peak, free_ports, running, scratch, sluice
from benchmarks.http import Stalled, serving
from benchmarks.load import Load, templates
from benchmarks.measure import Figure, Scale

CONFIG: Final = Path(__file__).with_name("sluice.yaml")
INFLIGHT_MIB: Final = 64
"""`service.limits.inflight` of the configuration."""
CLIENTS: Final = 64
RECORDS: Final = 5000
"""In a request, 3 MB: all clients together have several times as much under way as may be."""


def run(scale: Scale) -> Iterator[Figure]:
    """Load the daemon with large requests, with each journal."""
    for journal in ("disk", "memory"):
        with scratch(scale) as directory:
            port, sink, metrics = free_ports(3)
            ports = {"OTLP_PORT": str(port), "SINK_PORT": str(sink), "METRICS_PORT": str(metrics), "JOURNAL_TYPE": journal}
            with running(sluice(CONFIG), port, directory, ports) as daemon:
                daemon.until_accepts("/v1/logs", b"")
                with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                    held = runner.run(_loaded(daemon, sink, scale))
                yield Figure(f"{journal} journal, anonymous memory beyond inflight", held - INFLIGHT_MIB, "MiB")


async def _loaded(daemon: Daemon, port: int, scale: Scale) -> float:
    """Return the most anonymous memory that was held."""
    load = Load(daemon.port, templates(scale.of(RECORDS), scale), CLIENTS)
    async with serving(port, Stalled), Peak(daemon) as peak:
        with suppress(TimeoutError):  # clients would go on sending what was refused
            async with asyncio.timeout(scale.load_seconds):
                await load.run(scale.load_seconds, most=1 << 40)
    return peak.anonymous
