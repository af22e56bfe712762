"""The whole daemon under load, as a process of its own on a core of its own, between a load generator and a sink on loopback.

OTLP/HTTP logs of 600 bytes, 100 and 1,000 a request, redacted with all defaults, enriched and sampled, through the journal to
OTLP/HTTP. CPU is all that the process took until the last record had arrived, a record; each one's arrival is checked. Any other
daemon can stand in the same place: `python -m benchmarks pipeline --command "…" --port 4318 --sink-port 4319`.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import uvloop

from benchmarks.daemon import Daemon, Peak, free_ports, running, scratch, sluice
from benchmarks.http import serving
from benchmarks.load import Load, Sink, Template, templates
from benchmarks.measure import Figure, Scale

CONFIG: Final = Path(__file__).with_name("sluice.yaml")
SIZES: Final = (100, 1000)
"""Records in a request."""
CLIENTS: Final = 32
MOST: Final = 400_000
"""Records of one stretch of load: the sink keeps them all."""


def run(scale: Scale) -> Iterator[Figure]:
    """Measure sluice, with each journal and each size of request."""
    for journal in ("disk", "memory"):
        for size in SIZES:
            with scratch(scale) as directory:
                port, sink, metrics = free_ports(3)
                ports = {"OTLP_PORT": str(port), "SINK_PORT": str(sink), "METRICS_PORT": str(metrics)}
                with running(sluice(CONFIG), port, directory, {**ports, "JOURNAL_TYPE": journal}, pinned=True) as daemon:
                    yield from _measure(f"{journal} journal, {size} a request", daemon, sink, size, scale)


def run_peer(scale: Scale, command: Sequence[str], port: int, sink: int) -> Iterator[Figure]:
    """Measure another daemon that takes OTLP/HTTP on `port` and sends OTLP/HTTP to `sink`."""
    for size in SIZES:
        with scratch(scale) as directory, running(command, port, directory, pinned=True) as daemon:
            yield from _measure(f"peer, {size} a request", daemon, sink, size, scale)


def _measure(name: str, daemon: Daemon, sink: int, size: int, scale: Scale) -> Iterator[Figure]:
    daemon.until_accepts("/v1/logs", b"")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        found = runner.run(_loaded(daemon, sink, templates(scale.of(size), scale), scale))
    yield from (figure._replace(name=f"{name}, {figure.name}") for figure in found)


async def _loaded(daemon: Daemon, port: int, requests: Sequence[Template], scale: Scale) -> list[Figure]:
    sink, load = Sink(), Load(daemon.port, requests, CLIENTS)
    async with serving(port, sink.connection):
        await load.run(scale.load_seconds / 10, scale.of(MOST // 10))
        await load.arrived(sink)
        async with Peak(daemon) as peak:
            daemon_cpu, own_cpu = daemon.cpu(), time.process_time()
            sent = await load.run(scale.load_seconds, scale.of(MOST))
            own_cpu = time.process_time() - own_cpu
            await load.arrived(sink)
            daemon_cpu = daemon.cpu() - daemon_cpu
    return [
        Figure("CPU", daemon_cpu / sent.records * 1e6, "us/record"),
        Figure("CPU of load and sink", own_cpu / sent.records * 1e6, "us/record"),
        Figure("rate", sent.records / sent.seconds, "records/s"),
        Figure("anonymous memory", peak.anonymous, "MiB"),
        Figure("RSS", peak.resident, "MiB"),
        Figure("requests refused for now", sent.refused, "requests"),
        Figure("records that came twice", load.duplicates(sink), "records"),
    ]
