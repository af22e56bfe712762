"""Journals under test: small, in a directory of the test, closed at its end."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pipeline import Batch, Context
from pipeline.journal import Cursor, CursorSpec, Entry, Journal, Reason, ages, lanes
from pipeline.journal.disk import DiskJournal
from pipeline.journal.memory import MemoryJournal
from pipeline.settings import JournalSettings, SendingQueue
from pipeline.telemetry.metrics import Metrics

A = Cursor("logs", "a")
B = Cursor("logs", "b")
SEGMENT = 32 * 1024


def logs(number: int, size: int = 100, received_at: int | None = None) -> Batch:
    """Return a batch whose payload tells its number; journals never look inside."""
    payload = f"{number}:".encode().ljust(size, bytes([number % 251]))
    return Batch(payload, "logs", number % 7 + 1, Context("otlp", "http", time.time_ns() if received_at is None else received_at))


def numbers(entries: Sequence[Entry]) -> list[int]:
    """Return the numbers of the batches."""
    return [int(entry.batch.payload.partition(b":")[0]) for entry in entries]


def cursors(*exporters: str, **queue: Any) -> Mapping[str, Sequence[CursorSpec]]:
    """Return one lane, `logs`, with these cursors, which share their queue settings."""
    return {"logs": [CursorSpec(name, SendingQueue(**queue)) for name in exporters]}


@dataclass
class Overflow:
    """What the journal handed over when cursors moved on without their readers."""

    calls: list[tuple[Cursor, list[Entry], Reason]] = field(default_factory=list)
    error: Exception | None = None

    async def __call__(self, cursor: Cursor, entries: Sequence[Entry], reason: Reason) -> None:
        if self.error is not None:
            raise self.error
        self.calls.append((cursor, list(entries), reason))

    def items(self, cursor: Cursor) -> int:
        return sum(entry.batch.items for owner, entries, _ in self.calls for entry in entries if owner == cursor)


@pytest.fixture
def overflow() -> Overflow:
    return Overflow()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "journal"


DiskMaker = Callable[..., Awaitable[DiskJournal]]


@pytest.fixture
async def disk(directory: Path, metrics: Metrics, overflow: Overflow) -> AsyncIterator[DiskMaker]:
    """Return a maker of open disk journals with small segments; in `directory` unless told."""
    opened: list[DiskJournal] = []

    async def make(
        lanes: Mapping[str, Sequence[CursorSpec]] | None = None,
        *,
        where: Path = directory,
        tail_bytes: int = 1 << 20,
        **settings: Any,
    ) -> DiskJournal:
        configured = JournalSettings(dir=str(where), **settings)
        lanes = cursors("a") if lanes is None else lanes
        journal = DiskJournal(configured, lanes, metrics, overflow, segment_bytes=SEGMENT, tail_bytes=tail_bytes)
        await journal.open()
        opened.append(journal)
        return journal

    yield make
    for journal in opened:
        await journal.aclose()


JournalMaker = Callable[..., Awaitable[Journal]]


@pytest.fixture(params=["memory", "disk", "disk without tail"])
async def make(
    request: pytest.FixtureRequest, disk: DiskMaker, metrics: Metrics, overflow: Overflow
) -> AsyncIterator[JournalMaker]:
    """Return a maker of open journals of each kind; the memory journal answers at once."""
    opened: list[Journal] = []

    async def make_one(lanes: Mapping[str, Sequence[CursorSpec]] | None = None) -> Journal:
        if request.param != "memory":
            return await disk(lanes, tail_bytes=0 if request.param == "disk without tail" else 1 << 20)
        journal = MemoryJournal(JournalSettings(ack="queued"), lanes or cursors("a"), metrics, overflow)
        await journal.open()
        opened.append(journal)
        return journal

    yield make_one
    for journal in opened:
        await journal.aclose()


class Clock:
    """The monotonic clock by which entries age, in the test's hands."""

    def __init__(self) -> None:
        self.now = 1000.0

    async def passes(self, seconds: float) -> None:
        """Let time pass, with the ticks that come with it."""
        for _ in range(2):
            await asyncio.sleep(0.05)
            self.now += seconds / 2
        await asyncio.sleep(0.05)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Take over the clock; ticks come fast."""
    clock = Clock()
    monkeypatch.setattr(ages, "monotonic", lambda: clock.now)
    monkeypatch.setattr(lanes, "TICK", 0.01)
    return clock


def crashed(directory: Path) -> Path:
    """Return a copy of a journal's files as they are now, which is what a killed process leaves behind."""
    copy = Path(tempfile.mkdtemp(dir=directory.parent))
    shutil.copytree(directory, copy, dirs_exist_ok=True)
    return copy


async def read_all(journal: Journal, cursor: Cursor, max_bytes: int = 1 << 20) -> list[Entry]:
    """Return all that a cursor has not read, as far as it can still be read."""
    entries: list[Entry] = []
    before = journal.backlog(cursor).batches
    async with asyncio.timeout(30):
        while len(entries) < before:
            entries += await journal.read(cursor, max_bytes)
    return entries
