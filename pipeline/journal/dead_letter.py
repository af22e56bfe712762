"""The dead-letter store: what can't be delivered is set aside with its reason, not lost (delivery contract §8).

A SQLite file in the journal's directory; with the memory journal, a small database in memory. When it is full, letters go and are
counted: those without a payload first, so that no flood of bad input drives out what can be sent again; of each the oldest first.
Payloads are redacted OTLP; input that failed before the redactor leaves metadata and a SHA-256 only.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

import structlog
from msgspec import structs

from pipeline.errors import Busy, Reason
from pipeline.journal import JournalError
from pipeline.journal.directory import journal_directory
from pipeline.journal.letter import Count, DeadLetter, Kept, Selection
from pipeline.journal.letter_file import NAME, Gone, LetterFile
from pipeline.journal.sqlite_file import is_damage
from pipeline.settings import DeadLetterSettings, JournalSettings
from pipeline.telemetry import catalogue
from pipeline.telemetry.metrics import Metrics

__all__ = ["Count", "DeadLetter", "DeadLetters", "Kept", "Selection"]

MAX_BYTES: Final = 1024 * 1024 * 1024
MEMORY_BYTES: Final = 16 * 1024 * 1024
EXPIRE_SECONDS: Final = 60.0
"""Between two looks at the age of the oldest letter."""

T = TypeVar("T")

_log = structlog.get_logger("dead_letters")


class DeadLetters:
    """The store. It works on a thread of its own, so that the event loop never waits for the disk."""

    def __init__(self, journal: JournalSettings, metrics: Metrics, settings: DeadLetterSettings | None = None) -> None:
        self._metrics = metrics
        self._on_disk = journal.type != "memory"
        self._path = journal_directory(journal.dir) / NAME if self._on_disk else None
        self._file = LetterFile(self._path, 0, 0.0)
        self.configure(settings or DeadLetterSettings())
        self.generation = 1
        """Number of the configuration that runs."""
        self._expiring: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="dead-letters")

    def configure(self, settings: DeadLetterSettings) -> None:
        """Take over bounds; they count from the next letter on."""
        self._file.max_bytes = settings.max_bytes or (MAX_BYTES if self._on_disk else MEMORY_BYTES)
        self._file.max_age = settings.max_age

    async def open(self) -> None:
        """Open the store, after the journal whose directory it shares. Raises `JournalError`."""
        try:
            set_aside = await self._call(self._file.open)
        except (sqlite3.Error, OSError) as error:
            raise JournalError(f"the dead-letter store {self._path} can't be opened: {error}") from error
        if set_aside is not None:
            self._tell_of_damage(set_aside)
        self._expiring = asyncio.create_task(self._expire())
        self._show()

    async def aclose(self) -> None:
        """Close the store; one that could not be opened, too."""
        if self._expiring is not None:
            self._expiring.cancel()
            with suppress(asyncio.CancelledError):
                await self._expiring
            self._expiring = None
            await self._call(self._file.close)
        self._thread.shutdown()

    # ---- keeping ----

    async def add(self, *letters: DeadLetter) -> None:
        """Keep letters; they are durable when this returns. All or none: raises `Busy` when the store can't be written."""
        known = [self._with_generation(letter) for letter in letters]
        try:
            gone = await self._mending(lambda: self._file.add(known))
        except sqlite3.Error as error:
            raise self._failed(error, len(letters)) from error
        self._count(gone)

    async def note(self, *letters: DeadLetter) -> None:
        """Keep letters about what a client is told in its answer: where they can't be written they are counted, and lost."""
        try:
            await self.add(*letters)
        except Busy:
            for letter in letters:
                self._metrics.add(catalogue.DLQ_LOST, reason=letter.reason)

    async def resolve(self, number: int, *letters: DeadLetter) -> None:
        """Put what could not be delivered of a letter in its place, in one step. Raises `Busy`: then nothing has changed."""
        known = [self._with_generation(letter) for letter in letters]
        try:
            gone = await self._call(lambda: self._file.resolve(number, known))
        except sqlite3.Error as error:
            raise self._failed(error, len(letters)) from error
        self._count(gone)

    async def remove(self, selection: Selection, limit: int) -> Count:
        """Remove letters for good, the oldest first. Raises `Busy` when the store can't be written."""
        try:
            removed = await self._call(lambda: self._file.remove(selection, limit))
        except sqlite3.Error as error:
            raise self._failed(error, 0) from error
        self._show()
        return removed

    # ---- looking ----

    def counts(self) -> Mapping[Reason, Count]:
        """Return what is in the store, by reason."""
        return self._file.counts

    async def sum(self, selection: Selection) -> tuple[Count, int]:
        """Return how much a selection comes to, and its highest id. Raises `Busy`."""
        return await self._look(lambda: self._file.sum(selection))

    async def list(self, selection: Selection, limit: int) -> Sequence[Kept]:
        """Return letters without their payloads, in order. Raises `Busy`."""
        return await self._look(lambda: self._file.list(selection, limit))

    async def read(self, number: int) -> Kept | None:
        """Return one letter, whole. Raises `Busy`."""
        return await self._look(lambda: self._file.read(number))

    # ---- inside ----

    async def _call(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    async def _mending(self, call: Callable[[], T]) -> T:
        """Do something with the file; when that finds it damaged, do it with a fresh one."""
        try:
            return await self._call(call)
        except sqlite3.Error as error:
            if not is_damage(error):
                raise
        try:
            self._tell_of_damage(await self._call(self._file.begin_anew))
        except OSError as error:
            raise sqlite3.OperationalError(error.strerror) from error
        return await self._call(call)

    async def _look(self, call: Callable[[], T]) -> T:
        try:
            return await self._call(call)
        except sqlite3.Error as error:
            raise Busy(f"the dead-letter store can't be read: {error}", 5.0, code="dead_letter") from error

    async def _expire(self) -> None:
        while True:
            try:
                self._count(await self._call(self._file.expire))
            except sqlite3.Error as error:
                self._failed(error, 0)
            await asyncio.sleep(EXPIRE_SECONDS)

    def _with_generation(self, letter: DeadLetter) -> DeadLetter:
        return structs.replace(letter, config_generation=letter.config_generation or self.generation)

    def _failed(self, error: sqlite3.Error, letters: int) -> Busy:
        self._metrics.add(catalogue.JOURNAL_ERRORS, op="dead_letter")
        _log.error("the dead-letter store can't be written", letters=letters, error=type(error).__name__)
        return Busy("the dead-letter store can't be written", 5.0, code="dead_letter")

    def _tell_of_damage(self, set_aside: Path | None) -> None:
        self._metrics.add(catalogue.JOURNAL_ERRORS, op="dead_letter_damaged")
        _log.error("the dead-letter store was damaged: it is set aside and a fresh one begun", set_aside=str(set_aside))
        self._show()

    def _count(self, gone: Gone) -> None:
        for reason, number in gone.items():
            self._metrics.add(catalogue.DLQ_EVICTED, number, reason=reason)
        self._show()

    def _show(self) -> None:
        counts = self._file.counts
        for reason, count in counts.items():
            self._metrics.set(catalogue.DLQ_ITEMS, count.items, reason=reason)
        self._metrics.set(catalogue.DLQ_BYTES, sum(count.bytes for count in counts.values()))
