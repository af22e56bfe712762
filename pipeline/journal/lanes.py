"""What the memory and the disk journal share: reading, settling and budgets over lanes in memory."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import suppress
from typing import ClassVar, Final

import structlog

from pipeline.batch import Batch, Context
from pipeline.errors import Busy
from pipeline.journal import Backlog, Cursor, CursorSpec, Entry, Journal, OnOverflow, Reason
from pipeline.journal.progress import Lane, Progress, Stored, Totals
from pipeline.telemetry import catalogue
from pipeline.telemetry.metrics import Metrics

DROP_BYTES: Final = 1024 * 1024
"""Entries are handed to `on_overflow` in portions of about this."""

TICK: Final = 1.0
"""Seconds between looks at the age of entries; the disk journal writes its cursors file then, too (delivery contract §6)."""

_log = structlog.get_logger("journal")


class LaneJournal(Journal):
    """A journal whose newest entries are in memory."""

    capacity: ClassVar[int]
    """Default budget of a cursor."""

    def __init__(self, lanes: Mapping[str, Sequence[CursorSpec]], metrics: Metrics, on_overflow: OnOverflow) -> None:
        self._specs = lanes
        self._metrics = metrics
        self._on_overflow = on_overflow
        self._lanes = {name: Lane(name) for name in lanes}
        self._cursors: dict[Cursor, Progress] = {}
        self._ticking: asyncio.Task[None] | None = None

    def _start_ticking(self) -> None:
        self._ticking = asyncio.get_running_loop().create_task(self._tick())

    async def _stop_ticking(self) -> None:
        if self._ticking is not None:
            self._ticking.cancel()
            with suppress(asyncio.CancelledError):
                await self._ticking

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            for lane in self._lanes.values():
                lane.ages.note(lane.head.batches)
            for progress in self._cursors.values():
                if progress.stop is None and progress.max_age is not None and progress.on_full != "block":
                    await self._attempted(self._expire_in_turn(progress))
            await self._attempted(self._each_tick())

    async def _attempted(self, work: Awaitable[None]) -> None:
        """Do a part of a tick. One that fails is done at the next tick: without ticks nothing would be freed any more."""
        try:
            await work
        except Busy:  # nothing moved, and who was busy has said so
            pass
        except Exception as error:
            self._metrics.add(catalogue.JOURNAL_ERRORS, op="tick")
            _log.error("journal upkeep failed", error=type(error).__name__)

    async def _expire_in_turn(self, progress: Progress) -> None:
        async with progress.lock:
            await self._expire(progress)

    async def _each_tick(self) -> None:
        """Do what else is done once a second."""

    # ---- reading and settling ----

    async def read(self, cursor: Cursor, max_bytes: int) -> Sequence[Entry]:
        """Return the next unread entries, from memory where the reader keeps up."""
        progress = self._cursors[cursor]
        lane = self._lanes[cursor.lane]
        while True:
            progress.more.clear()
            async with progress.lock:
                if progress.max_age is not None and progress.on_full != "block":
                    await self._expire(progress)
                if await self._advance(progress, max_bytes):
                    taken = self._collect(progress, max_bytes)
                    progress.read_at = lane.head.bytes
                    lane.trim()
                    return [stored.entry for stored in taken]
            await progress.more.wait()

    def settle(self, cursor: Cursor, positions: Sequence[int]) -> None:
        """Be done with entries, in any order."""
        progress = self._cursors[cursor]
        for position in positions:
            if progress.settle(position):
                self._settled(progress, position)

    def _settled(self, progress: Progress, position: int) -> None:
        """An entry of a cursor is done with."""

    def rewind(self, cursor: Cursor) -> None:
        """Give again what was read and not settled."""
        self._cursors[cursor].rewind()

    # ---- another configuration ----

    async def prepare(self, lanes: Mapping[str, Sequence[CursorSpec]]) -> None:
        """Get ready to append to the lanes of another configuration; nothing is to be done in memory."""

    def reconfigure(self, lanes: Mapping[str, Sequence[CursorSpec]]) -> None:
        """Take up the lanes and cursors of another configuration; those that it does not name become orphans."""
        for name, specs in lanes.items():
            lane = self._lanes.setdefault(name, Lane(name))
            for spec in specs:
                self._take_up(lane, spec)
        named = {Cursor(name, spec.exporter) for name, specs in lanes.items() for spec in specs}
        for cursor, progress in self._cursors.items():
            if progress.stop is None and cursor not in named:
                lane = self._lanes[cursor.lane]
                progress.stop = lane.head
                lane.readers.remove(progress)
                lane.leaving.append(progress)
                progress.more.set()
        self._specs = lanes

    def _take_up(self, lane: Lane, spec: CursorSpec) -> None:
        cursor = Cursor(lane.name, spec.exporter)
        progress = self._cursors.get(cursor)
        if progress is None:
            progress = self._cursors[cursor] = Progress(
                cursor, spec.queue, self.capacity, lane.head, lane.head, durable=self.durable
            )
            lane.readers.append(progress)
        progress.configure(spec.queue, self.capacity)
        if progress.stop is not None:
            progress.resume(lane.head)
            lane.readers.append(progress)
            lane.leaving = [one for one in lane.leaving if one is not progress]

    def release(self, cursor: Cursor) -> None:
        """Forget the reader of an orphan."""
        progress, lane = self._cursors[cursor], self._lanes[cursor.lane]
        progress.rewind()
        lane.leaving = [one for one in lane.leaving if one is not progress]
        lane.trim()
        if not progress.batches:
            del self._cursors[cursor]

    def backlog(self, cursor: Cursor) -> Backlog:
        """Return what a cursor has not settled."""
        return self._cursors[cursor].backlog(self._lanes[cursor.lane].tail)

    def cursors(self) -> Sequence[Cursor]:
        """Return the cursors of the configuration."""
        return [cursor for cursor, progress in self._cursors.items() if progress.stop is None]

    def orphans(self) -> Sequence[Cursor]:
        """Return the cursors whose exporter or pipeline is gone."""
        return [cursor for cursor, progress in self._cursors.items() if progress.stop is not None]

    async def _advance(self, progress: Progress, max_bytes: int) -> bool:
        """Bring the mark to the next entry to read, and that entry into memory; False when there is none. Holds the lock."""
        lane = self._lanes[progress.cursor.lane]
        while progress.reaches(progress.mark.batches):
            stored = progress.peek(lane.tail)
            if stored is not None and stored.before.batches > progress.mark.batches:
                await self._lose(progress, stored.before)
            elif stored is not None and (stored.withdrawn or progress.settled_before(stored)):
                progress.pass_over(stored)
            elif stored is not None:
                return True
            elif progress.mark.batches >= lane.head.batches:
                return False
            elif not progress.jump():
                limit = lane.tail[0].before if lane.tail else lane.head
                if progress.stop is not None:
                    limit = min(limit, progress.stop)
                if not await self._fetch(progress, limit, max_bytes):
                    await self._lose(progress, limit)
        return False

    async def _fetch(self, progress: Progress, limit: Totals, max_bytes: int) -> bool:
        """Fill `progress.ready` with entries between its mark and `limit`; False when none of them can be read any more.

        Called when an entry is no longer in memory, which happens only in a journal that keeps it elsewhere.
        """
        raise NotImplementedError

    def _collect(self, progress: Progress, max_bytes: int, older_than: float | None = None) -> list[Stored]:
        """Read what is in memory: at least one entry after `_advance`, unless it is too young."""
        lane = self._lanes[progress.cursor.lane]
        tail = lane.tail
        taken: list[Stored] = []
        room = max_bytes
        while (
            (stored := progress.peek(tail)) is not None
            and stored.before.batches == progress.mark.batches
            and progress.reaches(stored.entry.position)
            and not (stored.withdrawn or progress.settled_before(stored))
            and (older_than is None or lane.ages.older(stored.entry.position, stored.received_at, older_than))
        ):
            room -= len(stored.entry.batch.payload)
            if taken and room < 0:
                break
            progress.hold(stored)
            taken.append(stored)
        return taken

    # ---- moving on without the reader ----

    async def _lose(self, progress: Progress, place: Totals) -> None:
        """Report that what is owed up to `place` can't be read any more, and go on there."""
        lost = progress.missing(place)
        if lost.batches:
            remains = Batch(b"", self._lanes[progress.cursor.lane].signal, lost.items, Context())
            await self._on_overflow(progress.cursor, [Entry(progress.mark.batches, remains)], "corrupt")
            self._found_damage(progress, place, lost)
        progress.lose(place)

    def _found_damage(self, progress: Progress, place: Totals, lost: Totals) -> None:
        """A cursor came upon `lost.batches` records before `place` that do not check."""

    async def _expire(self, progress: Progress) -> None:
        """Move a cursor past the entries that are older than its `max_age`. Holds the lock."""
        while await self._advance(progress, DROP_BYTES):
            taken = self._collect(progress, DROP_BYTES, older_than=progress.max_age)
            if not taken:
                return
            await self._drop(progress, taken, "max_age")

    async def _shrink(self, progress: Progress) -> None:
        """Move a cursor past its oldest unread entries until it is within its budget."""
        lane = self._lanes[progress.cursor.lane]
        async with progress.lock:
            while (excess := progress.bytes + lane.pending - progress.capacity) > 0:
                if not await self._advance(progress, min(excess, DROP_BYTES)):
                    return
                await self._drop(progress, self._collect(progress, min(excess, DROP_BYTES)), "queue_full")

    async def _drop(self, progress: Progress, taken: list[Stored], reason: Reason) -> None:
        try:
            await self._on_overflow(progress.cursor, [stored.entry for stored in taken], reason)
        except BaseException:
            progress.give_back(taken)
            progress.more.set()
            raise
        self.settle(progress.cursor, [stored.entry.position for stored in taken])
        self._lanes[progress.cursor.lane].trim()

    # ---- budgets ----

    async def _reserve(self, batches: Sequence[tuple[str, Batch]]) -> None:
        """Keep room in the budget of every cursor concerned until `_release`. Raises `Busy`, or what `on_overflow` raised."""
        for name, batch in batches:
            self._check(self._lanes[name], batch)
        for name, batch in batches:
            self._lanes[name].pending += len(batch.payload)
        try:
            for name, _ in batches:
                lane = self._lanes[name]
                for progress in lane.readers:
                    if progress.on_full != "block" and progress.bytes + lane.pending > progress.capacity:
                        await self._shrink(progress)
        except OSError as error:
            self._release(batches)
            raise Busy("what has to be moved past can't be read", 5.0, code="journal_failed") from error
        except BaseException:
            self._release(batches)
            raise

    def _release(self, batches: Sequence[tuple[str, Batch]]) -> None:
        """Give back what was reserved: it counts as queued now, or was not taken."""
        for name, batch in batches:
            self._lanes[name].pending -= len(batch.payload)

    def _check(self, lane: Lane, batch: Batch) -> None:
        if batch.signal != lane.signal:
            raise ValueError(f"lane {lane.name} takes {lane.signal}, not {batch.signal}")
        for progress in lane.readers:
            if progress.on_full != "block":
                continue
            queued = progress.bytes + lane.pending
            if queued and queued + len(batch.payload) > progress.capacity:
                raise Busy(f"the queue of {progress.cursor.exporter} is full", 1.0, code="queue_full")
            if progress.max_age is not None and progress.batches:
                oldest = progress.oldest(lane.tail)
                if oldest and lane.ages.older(progress.low().batches, oldest, progress.max_age):
                    raise Busy(f"the queue of {progress.cursor.exporter} is older than max_age", 1.0, code="max_age")
