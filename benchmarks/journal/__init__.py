"""Journals on disk and in Kafka: appends of 100 records from many clients at once, read and settled by one exporter."""

import asyncio
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import uvloop

from benchmarks.corpus import corpus
from benchmarks.journal.broker import broker
from benchmarks.journal.fleet import fleet
from benchmarks.measure import Figure, Scale
from pipeline import Batch, wire
from pipeline.journal import Cursor, CursorSpec, Entry, Journal, Reason, open_journal
from pipeline.settings import JournalSettings
from pipeline.telemetry import catalogue
from pipeline.telemetry.metrics import Metrics

RECORDS: Final = 100
CLIENTS: Final = 32
CURSOR: Final = Cursor("logs", "exporter")
PARTITIONS: Final = 12


class Run(NamedTuple):
    """What a journal was given, and what it took: CPU of all of the process, loop, threads and reader."""

    batches: int
    records: int
    cpu: float
    elapsed: float
    commits: float

    @property
    def cpu_each(self) -> float:
        """Microseconds a record."""
        return self.cpu / self.records * 1e6


def run(scale: Scale) -> Iterator[Figure]:
    """Append for a while to the disk, and to a broker of our own where its jars are (`make parts`)."""
    scale.scratch.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scale.scratch) as name:
        directory = Path(name)
        disk = _run(JournalSettings(dir=str(directory / "disk")), scale)
        yield Figure("100 records a batch, CPU", disk.cpu_each, "us/record")
        yield Figure("100 records a batch, rate", disk.records / disk.elapsed, "records/s")
        yield Figure("syncs", disk.commits / disk.elapsed, "1/s")
        yield Figure("batches a sync", disk.batches / disk.commits, "batches")
        with broker(directory / "broker") as address:
            if address:
                yield from _kafka(address, directory, scale)
                yield from fleet(address, directory, scale)


def _kafka(address: str, directory: Path, scale: Scale) -> Iterator[Figure]:
    """Each side alone, as in a fleet: ours only, the broker's CPU is not in it."""
    settings = {"type": "kafka", "brokers": (address,), "create": True, "partitions": PARTITIONS, "replication_factor": 1}
    for role in ("ingest", "both"):
        told = JournalSettings(dir=str(directory / role), topic=role, role=role, **settings)  # type: ignore[arg-type]
        found = _run(told, scale)
        what = "Kafka, append" if role == "ingest" else "Kafka, append and read"
        yield Figure(f"{what}, 100 records a batch, CPU", found.cpu_each, "us/record")
        yield Figure(f"{what}, 100 records a batch, rate", found.records / found.elapsed, "records/s")


def _run(settings: JournalSettings, scale: Scale) -> Run:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_measured(settings, scale))


async def _measured(settings: JournalSettings, scale: Scale) -> Run:
    size = min(RECORDS, scale.records)
    payloads = corpus("logs", 5, scale).payloads
    parts = [part for payload in payloads for part in wire.split(payload, "logs", max_items=size, max_bytes=1 << 20)]
    batches = [Batch(part, "logs", size) for part in parts]
    metrics = Metrics()
    journal = open_journal(settings, {CURSOR.lane: [CursorSpec(CURSOR.exporter)]}, metrics, _never)
    await journal.open()
    reader = asyncio.create_task(_read(journal))
    cpu, started = time.process_time(), time.perf_counter()
    ends = started + scale.seconds
    appended = sum(await asyncio.gather(*(_append(journal, batches, client, ends) for client in range(CLIENTS))))
    cpu, elapsed = time.process_time() - cpu, time.perf_counter() - started
    commits = metrics.value(catalogue.JOURNAL_COMMITS)
    reader.cancel()
    await asyncio.wait([reader])
    await journal.aclose()
    return Run(appended, appended * size, cpu, elapsed, commits)


async def _append(journal: Journal, batches: Sequence[Batch], client: int, ends: float) -> int:
    appended = 0
    while not appended or time.perf_counter() < ends:
        await journal.append([(CURSOR.lane, batches[(client + appended) % len(batches)])])
        appended += 1
    return appended


async def _read(journal: Journal) -> None:
    while True:
        entries = await journal.read(CURSOR, 4 << 20)
        journal.settle(CURSOR, [entry.position for entry in entries])


async def _never(cursor: Cursor, entries: Sequence[Entry], reason: Reason) -> None:
    raise RuntimeError(f"the reader does not keep up: {len(entries)} entries of {cursor.exporter}, {reason}")
