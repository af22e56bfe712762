"""The journal on disk: what was acknowledged survives the process and the power (delivery contract §6).

    service:
      journal:
        type: disk
        dir: /var/lib/sluice

Each lane is a row of segment files. One thread writes: it takes all appends that wait and answers them after one sync. What
was appended last stays in memory, so exporters that keep up never read the disk.
"""

import asyncio
import errno
import os
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import ClassVar, Final

import structlog
import zstandard

from pipeline.batch import Batch
from pipeline.errors import Busy
from pipeline.journal import Backlog, Cursor, CursorSpec, Entry, Health, JournalError, OnOverflow
from pipeline.journal.ages import Ages
from pipeline.journal.at_rest import end_of, owed
from pipeline.journal.checkpoint import CursorsFile, CursorState, State
from pipeline.journal.directory import journal_directory, prepare
from pipeline.journal.lanes import LaneJournal
from pipeline.journal.progress import Lane, Progress, Totals
from pipeline.journal.segment import PAGE, Segment, SegmentFiles, first_record, last_record, read
from pipeline.journal.writer import Append, Commit, LaneFile, Writer, finish
from pipeline.settings import JournalSettings, SendingQueue
from pipeline.telemetry import catalogue
from pipeline.telemetry.metrics import Metrics

CAPACITY: Final = 1024 * 1024 * 1024
"""Default budget of a cursor (delivery contract §4)."""
SEGMENT_BYTES: Final = 64 * 1024 * 1024
TAIL_BYTES: Final = 32 * 1024 * 1024
"""What all lanes together keep in memory for readers (delivery contract §4)."""
_FETCH_BYTES: Final = 1024 * 1024
_READ_ATTEMPTS: Final = 8
"""Failed reads in a row, with their back-off about two minutes, after which a sector is bad and no longer just slow to answer."""

_log = structlog.get_logger("journal")


class DiskJournal(LaneJournal):
    """Lanes in segment files. `segment_bytes` is smaller where `max_bytes` would not hold four segments a lane."""

    durable: ClassVar[bool] = True
    capacity: ClassVar[int] = CAPACITY

    def __init__(
        self,
        settings: JournalSettings,
        lanes: Mapping[str, Sequence[CursorSpec]],
        metrics: Metrics,
        on_overflow: OnOverflow,
        *,
        segment_bytes: int = SEGMENT_BYTES,
        tail_bytes: int = TAIL_BYTES,
    ) -> None:
        super().__init__(lanes, metrics, on_overflow)
        self._settings = settings
        share = settings.max_bytes // (4 * max(len(lanes), 1))
        self._segment_bytes = max(min(segment_bytes, share // PAGE * PAGE), PAGE)
        self._tail_bytes = tail_bytes // max(len(lanes), 1)
        self._segments: dict[str, list[Segment]] = {}
        self._writing: set[str] = set()
        self._damage: set[tuple[str, int]] = set()
        self._unreadable: dict[Cursor, int] = {}
        """How often in a row a cursor could not be read on."""
        self._saved: State | None = None
        self._running = False
        self._full = False

    # ---- opening and closing ----

    async def open(self) -> None:
        """Lock the directory, find the end of each lane, and resume the cursors. Raises `JournalError`."""
        await asyncio.to_thread(self._open_files)
        self._fetchers = ThreadPoolExecutor(max_workers=2, thread_name_prefix="journal-read")
        self._writer.start(self._committed)
        self._metrics.watch(catalogue.JOURNAL_BYTES, lambda: self._files.bytes)
        self._running = True
        self._start_ticking()

    async def aclose(self) -> None:
        """Write what waits, and the cursors."""
        if not self._running:
            return
        self._running = False
        try:
            await self._stop_ticking()
        finally:
            await self._writer.call(lambda: None)
            await self._checkpoint()
            await self._writer.stop()
            await asyncio.to_thread(self._fetchers.shutdown)
            self._resources.close()

    def _open_files(self) -> None:
        directory = journal_directory(self._settings.dir)
        with ExitStack() as resources:
            resources.callback(os.close, prepare(directory, allow_network_fs=self._settings.allow_network_fs))
            try:
                self._files = SegmentFiles(directory, self._segment_bytes, self._settings.max_bytes)
                self._cursors_file = CursorsFile(directory / "cursors")
                resources.callback(self._cursors_file.close)
                if self._cursors_file.damaged:
                    self._count_corrupt(1)
                    _log.warning("journal cursors damaged", consequence="what is in the journal is sent again")
                lanes = {name: self._resume(name, resources) for name in self._names()}
                state, settled = self._snapshot()
                self._save(state, settled)
                self._saved_as(state, settled)
            except OSError as error:
                raise JournalError(
                    f"the journal can't be opened in {directory}: {error.strerror}; see service.journal"
                ) from error
            compressor = zstandard.ZstdCompressor(level=1) if self._settings.compression == "zstd" else None
            self._writer = Writer({name: lane for name, lane in lanes.items() if lane is not None}, compressor)
            self.directory = directory
            self._resources = resources.pop_all()

    def _names(self) -> list[str]:
        """Return the lanes to resume: those of the configuration that have cursors, and those on disk whose cursors are known."""
        configured = {name for name, specs in self._specs.items() if specs}
        return sorted(configured if self._cursors_file.state is None else configured.union(self._files.lanes()))

    def _resume(self, name: str, resources: ExitStack) -> LaneFile | None:
        """Find where a lane ends and where its cursors stand; return the file where it goes on, if it does."""
        segments = self._segments[name] = self._files.segments(name)
        head, torn = end_of(name, segments, self._cursors_file.state)
        if torn:
            self._count_corrupt(1)
            _log.warning("journal torn", lane=name, consequence="a record that was being written is left out")
        lane = self._lanes.setdefault(name, Lane(name))
        lane.head = head
        lane.ages = Ages(head.batches)
        self._resume_cursors(lane)
        passed = self._passed(name, self._states())
        self._files.remove(passed)
        segments[:] = [segment for segment in segments if segment not in passed]
        if not self._specs.get(name):
            return None
        if segments and segments[-1].first == head.batches:
            self._files.remove([segments.pop()])
        file = LaneFile(name, head, self._files, sync=self._settings.fsync == "group")
        resources.callback(file.close)
        segments.append(file.segment)
        lane.end = (file.segment.first, 0)
        self._writing.add(name)
        return file

    def _resume_cursors(self, lane: Lane) -> None:
        state = self._cursors_file.state
        known = {cursor.exporter: cursor for cursor in state.cursors if cursor.lane == lane.name} if state else {}
        begin = lane.head
        if state is None:
            first = first_record(self._segments[lane.name], lane.name)
            begin = first.before if first else lane.head
        for spec in self._specs.get(lane.name, ()):
            then = known.pop(spec.exporter, None) or CursorState(lane.name, spec.exporter, begin)
            gone = ((then.stop, lane.head),) if then.stop is not None and then.stop.batches < lane.head.batches else ()
            progress = self._progress(then, spec.queue, lane.head, then.ranges + gone)
            lane.readers.append(progress)
            self._cursors[progress.cursor] = progress
        for then in known.values():
            stop = lane.head if then.stop is None else then.stop
            progress = self._progress(then, SendingQueue(), stop, then.ranges)
            progress.stop = stop
            if progress.batches:
                self._cursors[progress.cursor] = progress

    def _progress(
        self, then: CursorState, queue: SendingQueue, head: Totals, skip: tuple[tuple[Totals, Totals], ...]
    ) -> Progress:
        progress = Progress(Cursor(then.lane, then.exporter), queue, CAPACITY, then.low, head, skip, durable=True)
        progress.oldest_unread = then.oldest
        return progress

    # ---- another configuration ----

    async def prepare(self, lanes: Mapping[str, Sequence[CursorSpec]]) -> None:
        """Begin a segment in every lane that is not written to yet. A lane that was opened stays open."""
        for name in [name for name, specs in lanes.items() if specs and name not in self._writing]:
            opened: list[tuple[Lane, list[Segment], LaneFile]] = []
            try:
                await self._writer.call(partial(self._begin, name, opened))
            except OSError as error:
                raise JournalError(f"the journal can't open a lane for {name}: {error.strerror}") from error
            lane, segments, file = opened[0]
            self._resources.callback(file.close)
            self._lanes[name] = lane
            lane.ages, lane.end = Ages(lane.head.batches), (file.segment.first, 0)
            self._segments[name] = [*segments, file.segment]
            self._writing.add(name)

    def _begin(self, name: str, opened: list[tuple[Lane, list[Segment], LaneFile]]) -> None:
        """Find a lane, its segments so far, and the file where it goes on. Runs on the writer's thread."""
        lane, segments = self._lanes.get(name), self._segments.get(name)
        if lane is None or segments is None:
            lane, segments = Lane(name), self._files.segments(name)
            last, _ = last_record(segments, name)
            lane.head = last.after() if last else Totals(segments[-1].first if segments else 0)
        if segments and segments[-1].first == lane.head.batches:
            self._files.remove([segments[-1]])
            segments = segments[:-1]
        file = LaneFile(name, lane.head, self._files, sync=self._settings.fsync == "group")
        self._writer.add(name, file)
        opened.append((lane, segments, file))

    def reconfigure(self, lanes: Mapping[str, Sequence[CursorSpec]]) -> None:
        """Take up other lanes and cursors. What is appended from now on is acknowledged when a crash would find them, too."""
        super().reconfigure(lanes)
        state, _ = self._snapshot()
        self._writer.submit(partial(self._save, state, {})).add_done_callback(self._remembered)

    def _remembered(self, done: "asyncio.Future[None]") -> None:
        if (error := done.exception()) is not None:  # the next tick tries again
            self._cursors_not_saved(error)

    # ---- appending ----

    async def append(self, batches: Sequence[tuple[str, Batch]]) -> None:
        """Append to all lanes; return after the sync that covers it (`fsync: os`: after the write)."""
        if not self._running:
            raise Busy("stopping", 1.0, code="stopping")
        kept = [(name, batch) for name, batch in batches if self._lanes[name].readers]
        if not kept:
            return
        await self._reserve(kept)
        append = Append(kept, asyncio.get_running_loop().create_future())
        try:
            self._writer.append(append)
            await append.done
        finally:
            self._release(kept)
            del append  # or a refusal would hold this frame and its batches, and the frame the refusal, until they are collected

    def _committed(self, commit: Commit) -> None:
        for name, segment in commit.opened:
            self._segments[name].append(segment)
        for name, stored in commit.stored:
            lane = self._lanes[name]
            lane.publish(stored)
            lane.bound(self._tail_bytes)
        for append in commit.appends:
            finish(append.done, append.refused)
        self._full = any(append.refused and append.refused.code == "journal_full" for append in commit.appends)
        for operation in commit.errors:
            self._metrics.add(catalogue.JOURNAL_ERRORS, op=operation)
        self._metrics.add(catalogue.JOURNAL_COMMITS)
        self._metrics.observe(catalogue.JOURNAL_COMMIT_SECONDS, commit.seconds)

    # ---- reading what is no longer in memory ----

    async def _fetch(self, progress: Progress, limit: Totals, max_bytes: int) -> bool:
        name = progress.cursor.lane
        segments = self._segments[name]
        index = max(bisect_right(segments, progress.mark.batches, key=lambda segment: segment.first) - 1, 0)
        segment, offset = progress.place
        if segment != segments[index].first:
            offset = 0
        span = (progress.mark, limit)
        call = partial(read, segments[index:], name, offset, span, max(max_bytes, _FETCH_BYTES))
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self._fetchers, call)
        except OSError as error:
            if error.errno != errno.EIO or not await self._beyond_hope(progress.cursor):
                raise
            found = await loop.run_in_executor(self._fetchers, partial(call, salvage=True))
        self._unreadable.pop(progress.cursor, None)
        progress.ready.extend(found)
        return bool(found)

    async def look(self, cursor: Cursor, after: int, max_bytes: int) -> Sequence[Entry]:
        """Return entries that a cursor has not settled, beyond a position, and read nothing for it."""
        progress, lane = self._cursors[cursor], self._lanes[cursor.lane]
        state = CursorState(cursor.lane, cursor.exporter, progress.low(), tuple(progress.settled_ranges()))
        limit = progress.stop or lane.head
        call = partial(owed, list(self._segments[cursor.lane]), state, limit, after, max_bytes)
        return await asyncio.get_running_loop().run_in_executor(self._fetchers, call)

    async def drop(self, cursor: Cursor) -> Backlog:
        """Settle all that a cursor has before it."""
        progress, lane = self._cursors[cursor], self._lanes[cursor.lane]
        async with progress.lock:
            lost = self.backlog(cursor)
            progress.drop(progress.stop or lane.head)
            lane.trim()
            if progress.stop is not None:
                del self._cursors[cursor]
        return lost

    async def save(self) -> None:
        """Write the cursors file."""
        await self._checkpoint()

    async def _beyond_hope(self, cursor: Cursor) -> bool:
        """Return whether sectors are to be given up: they could not be read for a while, and it is not all of the disk.

        Raises OSError while nothing can be written either: a disk that is gone may come back with all that it holds.
        """
        self._unreadable[cursor] = self._unreadable.get(cursor, 0) + 1
        self._metrics.add(catalogue.JOURNAL_ERRORS, op="read")
        if self._unreadable[cursor] < _READ_ATTEMPTS:
            return False
        state, settled = self._snapshot()
        await self._writer.call(partial(self._save, state, settled))
        self._saved_as(state, settled)
        return not self._writer.failed

    def _found_damage(self, progress: Progress, place: Totals, lost: Totals) -> None:
        spot = (progress.cursor.lane, place.batches)
        if spot not in self._damage:
            self._damage.add(spot)
            self._count_corrupt(lost.batches)
            _log.error("journal records damaged", lane=progress.cursor.lane, batches=lost.batches, items=lost.items)

    def _count_corrupt(self, records: int) -> None:
        self._metrics.add(catalogue.JOURNAL_CORRUPT, records)

    # ---- remembering the cursors, giving segments back ----

    async def _each_tick(self) -> None:
        await self._checkpoint()

    async def _checkpoint(self) -> None:
        """Write the cursors file, then take away the segments that no cursor needs any more."""
        state, settled = self._snapshot()
        if state == self._saved and not settled:
            return
        try:
            await self._writer.call(partial(self._save, state, settled))
        except OSError as error:
            self._cursors_not_saved(error)
        else:
            self._saved_as(state, settled)

    def _cursors_not_saved(self, error: BaseException) -> None:
        self._metrics.add(catalogue.JOURNAL_ERRORS, op="cursors")
        _log.error("journal cursors not saved", error=error.strerror if isinstance(error, OSError) else type(error).__name__)

    def _save(self, state: State, settled: Mapping[str, Sequence[Segment]]) -> None:
        self._cursors_file.write(state)
        for segments in settled.values():
            self._files.remove(segments)

    def _saved_as(self, state: State, settled: Mapping[str, Sequence[Segment]]) -> None:
        self._saved = state
        for name, segments in settled.items():
            gone = {segment.first for segment in segments}
            self._segments[name] = [segment for segment in self._segments[name] if segment.first not in gone]

    def _snapshot(self) -> tuple[State, Mapping[str, Sequence[Segment]]]:
        """Return how far the cursors are, and the segments that all of them have passed, by lane."""
        cursors = self._states()
        heads = {name: lane.head for name, lane in self._lanes.items()}
        ends = {name: lane.end for name, lane in self._lanes.items() if lane.end is not None}
        state = State(heads, tuple(cursors), ends)
        return state, {name: passed for name in self._segments if (passed := self._passed(name, cursors))}

    def _states(self) -> list[CursorState]:
        states = []
        for cursor, progress in self._cursors.items():
            oldest = progress.oldest(self._lanes[cursor.lane].tail)
            ranges = tuple(progress.settled_ranges())
            states.append(CursorState(cursor.lane, cursor.exporter, progress.low(), ranges, progress.stop, oldest))
        return states

    def _passed(self, name: str, cursors: Sequence[CursorState]) -> list[Segment]:
        """Return the segments of a lane that no cursor needs; not the one that is being written."""
        segments = self._segments[name]
        ends = [segment.first for segment in segments[1:]]
        if name not in self._writing:
            ends.append(self._lanes[name].head.batches)
        mine = [cursor for cursor in cursors if cursor.lane == name]
        return [s for s, end in zip(segments, ends, strict=False) if all(cursor.covers(s.first, end) for cursor in mine)]

    def health(self) -> Health:
        """Return the state: `unhealthy` once a write or a sync failed, `degraded` while there is no room."""
        if not self._running:
            return Health("unhealthy", "not open")
        size, limit = self._files.bytes, self._settings.max_bytes
        if self._writer.failed:
            return Health("unhealthy", "a write or sync failed, nothing is acknowledged any more: see the log", size, limit)
        if self._unreadable:
            return Health("degraded", "records can't be read: see the log", size, limit)
        if self._full:
            return Health("degraded", "full: clients are answered Busy until there is room", size, limit)
        return Health("healthy", "ok", size, limit)
