"""Two nodes that ingest and two that export, over one broker: all of it, load and sink too, on the cores of one machine."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import uvloop

from benchmarks.daemon import Daemon, free_ports, running, sluice
from benchmarks.http import serving
from benchmarks.load import Load, Sink, templates
from benchmarks.measure import Figure, Scale

CONFIG: Final = Path(__file__).with_name("fleet.yaml")
ROLES: Final = ("ingest", "export", "ingest", "export")
SIZE: Final = 100
"""Records in a request."""
CLIENTS: Final = 16
"""Of each node that ingests."""
MOST: Final = 200_000
"""Records that each of these takes."""
APART: Final = 1 << 24
"""Between the numbers of their requests."""


def fleet(address: str, directory: Path, scale: Scale) -> Iterator[Figure]:
    """Put load on a fleet until it has delivered everything."""
    with ExitStack() as nodes:
        sink = free_ports(1)[0]
        daemons = []
        for number, role in enumerate(ROLES):
            place = directory / f"node-{number}"
            place.mkdir()
            port, metrics = free_ports(2)
            told = {"BROKER": address, "ROLE": role, "OTLP_PORT": str(port), "SINK_PORT": str(sink), "METRICS_PORT": str(metrics)}
            daemons.append(nodes.enter_context(running(sluice(CONFIG), port, place, told)))
            if role == "ingest":
                daemons[-1].until_accepts("/v1/logs", b"")
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            yield from runner.run(_loaded(daemons, sink, scale))


async def _loaded(daemons: Sequence[Daemon], port: int, scale: Scale) -> Sequence[Figure]:
    sink, requests = Sink(), templates(scale.of(SIZE), scale)
    entrances = [daemon.port for daemon, role in zip(daemons, ROLES, strict=True) if role == "ingest"]
    loads = [Load(entrance, requests, CLIENTS, number * APART) for number, entrance in enumerate(entrances)]
    async with serving(port, sink.connection):
        await asyncio.gather(*(load.run(scale.load_seconds / 5, scale.of(MOST // 5)) for load in loads))
        for load in loads:
            await load.arrived(sink)
        before, started = [daemon.cpu() for daemon in daemons], time.perf_counter()
        sent = await asyncio.gather(*(load.run(scale.load_seconds, scale.of(MOST)) for load in loads))
        for load in loads:
            await load.arrived(sink)
        elapsed = time.perf_counter() - started
        spent = [daemon.cpu() - cpu for daemon, cpu in zip(daemons, before, strict=True)]
    records = sum(one.records for one in sent)
    of = {role: sum(cpu for cpu, other in zip(spent, ROLES, strict=True) if other == role) for role in set(ROLES)}
    return [
        Figure("Kafka, two pairs, until delivered, rate", records / elapsed, "records/s"),
        Figure("Kafka, two pairs, ingest CPU", of["ingest"] / records * 1e6, "us/record"),
        Figure("Kafka, two pairs, export CPU", of["export"] / records * 1e6, "us/record"),
        Figure("Kafka, two pairs, records that came twice", loads[0].duplicates(sink), "records"),
    ]
