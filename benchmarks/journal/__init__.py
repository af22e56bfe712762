"""The journal on disk: appends of 100 records from many clients at once, read and settled by one exporter."""

import asyncio
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import uvloop

from benchmarks.corpus import corpus
from benchmarks.measure import Figure, Scale
from pipeline import Batch, wire
from pipeline.journal import Cursor, CursorSpec, Entry, Journal, Reason, open_journal
from pipeline.settings import JournalSettings
from pipeline.telemetry import catalogue
from pipeline.telemetry.metrics import Metrics

RECORDS: Final = 100
CLIENTS: Final = 32
CURSOR: Final = Cursor("logs", "exporter")


def run(scale: Scale) -> Iterator[Figure]:
    """Append for a while; all of the process is counted: loop, writer thread and reader."""
    scale.scratch.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=scale.scratch) as directory,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        yield from runner.run(_measured(scale, Path(directory)))


async def _measured(scale: Scale, directory: Path) -> Sequence[Figure]:
    size = min(RECORDS, scale.records)
    payloads = corpus("logs", 5, scale).payloads
    parts = [part for payload in payloads for part in wire.split(payload, "logs", max_items=size, max_bytes=1 << 20)]
    batches = [Batch(part, "logs", size) for part in parts]
    metrics = Metrics()
    settings = JournalSettings(dir=str(directory))
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
    records = appended * size
    return [
        Figure("100 records a batch, CPU", cpu / records * 1e6, "us/record"),
        Figure("100 records a batch, rate", records / elapsed, "records/s"),
        Figure("syncs", commits / elapsed, "1/s"),
        Figure("batches a sync", appended / commits, "batches"),
    ]


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
