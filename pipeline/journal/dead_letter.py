"""The dead-letter store: what can't be delivered is set aside with its reason, not lost (delivery contract §8).

A SQLite file in the journal's directory; with the memory journal, a small database in memory. When it is full, letters go and are
counted: those without a payload first, so that no flood of bad input drives out what can be sent again; of each the oldest first.
Payloads are redacted OTLP; input that failed before the redactor leaves metadata and a SHA-256 only.
"""

import asyncio
import hashlib
import os
import sqlite3
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import takewhile
from pathlib import Path
from typing import Final, TypeAlias

import structlog
from msgspec import Struct, field, structs

from pipeline.errors import Busy, Reason
from pipeline.journal import JournalError
from pipeline.journal.directory import journal_directory
from pipeline.settings import JournalSettings
from pipeline.telemetry import catalogue
from pipeline.telemetry.metrics import Metrics
from pipeline.types import Signal

Payload: TypeAlias = bytes
Row: TypeAlias = tuple[int, Reason, int, int]
"""Of a letter that may go: id, reason, items, and what it takes of the budget."""

MAX_BYTES: Final = 1024 * 1024 * 1024
MEMORY_BYTES: Final = 16 * 1024 * 1024
MAX_AGE: Final = 14 * 86400.0
MAX_MESSAGE: Final = 512
_OVERHEAD: Final = 512
"""What a letter counts for beside its payload."""

_log = structlog.get_logger("dead_letters")


class DeadLetter(Struct, frozen=True, kw_only=True):
    """One batch that was given up. `message` holds no telemetry that was not redacted; beyond 512 characters it is cut."""

    signal: Signal
    stage: str
    """Where it ended: `receiver`, `processor`, `journal`, `exporter`."""
    component: str
    reason: Reason
    message: str
    items: int
    bytes: int
    """Size of the payload, also where it was not kept."""
    payload: Payload | None = None
    """Redacted OTLP."""
    sha256: str = ""
    """Of a payload that was not kept."""
    code: str = ""
    """HTTP status or gRPC code."""
    attempts: int = 0
    first_seen: int = 0
    """When it was received: nanoseconds since the epoch."""
    config_generation: int = 1
    time: int = field(default_factory=time.time_ns)
    """When it was given up."""


class Count(Struct, frozen=True):
    """How much there is of one reason."""

    letters: int = 0
    items: int = 0
    bytes: int = 0
    """What it takes of the store's budget."""

    def plus(self, letters: int, items: int, size: int) -> "Count":
        """Return it with more, or with less."""
        return Count(self.letters + letters, self.items + items, self.bytes + size)


_COLUMNS: Final = DeadLetter.__struct_fields__
_CREATE: Final = f"CREATE TABLE IF NOT EXISTS letters (id INTEGER PRIMARY KEY AUTOINCREMENT, {', '.join(_COLUMNS)}, size INTEGER)"
_INSERT: Final = f"INSERT INTO letters ({', '.join(_COLUMNS)}, size) VALUES ({', '.join('?' * (len(_COLUMNS) + 1))})"  # noqa: S608
_COUNT: Final = "SELECT reason, count(*), sum(items), sum(size) FROM letters GROUP BY reason"
_INDEX: Final = "CREATE INDEX IF NOT EXISTS by_worth ON letters (payload IS NOT NULL, id)"
_OLDEST: Final = "SELECT id, reason, items, size, time FROM letters ORDER BY id"
_LEAST: Final = "SELECT id, reason, items, size FROM letters ORDER BY payload IS NOT NULL, id"


class DeadLetters:
    """The store. It works on a thread of its own, so that the event loop never waits for the disk."""

    def __init__(
        self, settings: JournalSettings, metrics: Metrics, *, max_bytes: int | None = None, max_age: float = MAX_AGE
    ) -> None:
        self._settings = settings
        self._metrics = metrics
        self._on_disk = settings.type == "disk"
        self._max_bytes = max_bytes or (MAX_BYTES if self._on_disk else MEMORY_BYTES)
        self._max_age = max_age
        self._counts: dict[Reason, Count] = {}
        self._is_open = False
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="dead-letters")

    async def open(self) -> None:
        """Open the store, after the journal whose directory it shares. Raises `JournalError`."""
        path = journal_directory(self._settings.dir) / "dead_letters.db" if self._on_disk else None
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._open, path)
        except (sqlite3.Error, OSError) as error:
            raise JournalError(f"the dead-letter store {path} can't be opened ({error}): mend it or move it away") from error
        self._is_open = True
        self._show(self._counts)

    async def aclose(self) -> None:
        """Close the store; one that could not be opened, too."""
        if self._is_open:
            self._is_open = False
            await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown()

    async def add(self, *letters: DeadLetter) -> None:
        """Keep letters; they are durable when this returns. All or none: raises `Busy` when the store can't be written."""
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._add, letters)
        except sqlite3.Error as error:
            self._metrics.add(catalogue.JOURNAL_ERRORS, op="dead_letter")
            _log.error("dead letters not kept", letters=len(letters), error=type(error).__name__)
            raise Busy("the dead-letter store can't be written", 5.0, code="dead_letter") from error

    def counts(self) -> Mapping[Reason, Count]:
        """Return what is in the store, by reason."""
        return self._counts

    # ---- on the thread ----

    def _open(self, path: Path | None) -> None:
        if path is not None:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o640))  # SQLite would let everybody read it
        self._database = sqlite3.connect(path or ":memory:", isolation_level=None)
        try:
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=FULL")
            self._database.execute(_CREATE)
            self._database.execute(_INDEX)
            self._counts = {reason: Count(*rest) for reason, *rest in self._database.execute(_COUNT)}
        except sqlite3.Error:
            self._database.close()
            raise

    def _close(self) -> None:
        self._database.close()

    def _add(self, letters: Iterable[DeadLetter]) -> None:
        counts = dict(self._counts)
        evicted: dict[Reason, int] = {}
        self._database.execute("BEGIN IMMEDIATE")
        try:
            for letter in letters:
                kept = self._fitting(letter)
                size = _size(kept)
                self._evict(size, counts, evicted)
                self._database.execute(_INSERT, (*structs.astuple(kept), size))
                counts[kept.reason] = counts.get(kept.reason, Count()).plus(1, kept.items, size)
            self._database.execute("COMMIT")
        except sqlite3.Error:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise
        self._show(counts)
        for reason, number in evicted.items():
            self._metrics.add(catalogue.DLQ_EVICTED, number, reason=reason)

    def _fitting(self, letter: DeadLetter) -> DeadLetter:
        """Return the letter as it is kept; without its payload where that alone would fill the store."""
        letter = structs.replace(letter, message=letter.message[:MAX_MESSAGE])
        if letter.payload is None or _size(letter) <= self._max_bytes:
            return letter
        self._metrics.add(catalogue.DLQ_EVICTED, reason=letter.reason)
        return structs.replace(letter, payload=None, sha256=hashlib.sha256(letter.payload).hexdigest())

    def _evict(self, size: int, counts: dict[Reason, Count], evicted: dict[Reason, int]) -> None:
        """Remove letters that are older than `max_age`, and then those worth least, until there is room for `size` bytes."""
        horizon = time.time_ns() - self._max_age * 1e9
        aged = takewhile(lambda letter: letter[-1] < horizon, self._database.execute(_OLDEST))
        self._remove([letter[:-1] for letter in aged], counts, evicted)
        excess = sum(count.bytes for count in counts.values()) + size - self._max_bytes
        gone = []
        for letter in self._database.execute(_LEAST) if excess > 0 else ():
            gone.append(letter)
            excess -= letter[-1]
            if excess <= 0:
                break
        self._remove(gone, counts, evicted)

    def _remove(self, letters: Iterable[Row], counts: dict[Reason, Count], evicted: dict[Reason, int]) -> None:
        for number, reason, items, weight in letters:
            self._database.execute("DELETE FROM letters WHERE id = ?", (number,))
            counts[reason] = counts[reason].plus(-1, -items, -weight)
            evicted[reason] = evicted.get(reason, 0) + 1

    def _show(self, counts: dict[Reason, Count]) -> None:
        self._counts = counts
        for reason, count in counts.items():
            self._metrics.set(catalogue.DLQ_ITEMS, count.items, reason=reason)
        self._metrics.set(catalogue.DLQ_BYTES, sum(count.bytes for count in counts.values()))


def _size(letter: DeadLetter) -> int:
    return len(letter.payload or b"") + _OVERHEAD
