"""The one thread that writes a journal: it takes all appends that wait, writes and syncs each lane once, and reports.

There is no artificial delay: while one sync runs, the next group collects.
"""

import asyncio
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Final

import structlog
import zstandard

from pipeline.batch import Batch
from pipeline.errors import Busy
from pipeline.journal import Entry
from pipeline.journal.blocks import BlockFile
from pipeline.journal.progress import Stored, Totals, bare
from pipeline.journal.record import Packed, lane_tag
from pipeline.journal.segment import FULL, SCARCE, Segment, SegmentFiles

GROUP_BYTES: Final = 4 * 1024 * 1024
GROUP_BATCHES: Final = 1000
"""Bounds of a group (delivery contract §6)."""

_log = structlog.get_logger("journal")


def full() -> Busy:
    """Return the answer while there is no room."""
    return Busy("the journal is full", 5.0, code="journal_full")


def failed() -> Busy:
    """Return the answer after a write or a sync failed."""
    return Busy("the journal can't be written", 30.0, code="journal_failed")


@dataclass(slots=True, eq=False)
class Append:
    """One call of `append`, waiting for its commit."""

    batches: Sequence[tuple[str, Batch]]
    done: asyncio.Future[None]
    refused: Busy | None = None


@dataclass(slots=True)
class Commit:
    """What became of a group."""

    appends: list[Append]
    stored: list[tuple[str, Stored]] = field(default_factory=list)
    """What reached its lane, in order."""
    opened: list[tuple[str, Segment]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    """Operations that failed: allocate, write, sync."""
    seconds: float = 0.0


class LaneFile:
    """The end of a lane on disk. Records are `put`, then written and synced together by `flush`."""

    def __init__(self, lane: str, head: Totals, files: SegmentFiles, *, sync: bool) -> None:
        self._lane = lane
        self._tag = lane_tag(lane)
        self._files = files
        self._sync = sync
        self._head = self._safe_head = head
        self._buffers: list[bytes] = []
        self._unsafe: list[tuple[Append, Stored]] = []
        self._abandoned = False
        self._scarce = False
        self.segment, file = files.create(lane, head.batches, 0)
        self._file = self._opened(file)
        self._size = os.fstat(file).st_size
        self._offset = self._safe_offset = 0

    def reserve(self, size: int, commit: Commit) -> None:
        """Have room for `size` bytes, in a new segment when this one has not. Raises `Busy`."""
        if self._abandoned:
            raise failed()
        if self._offset + size <= self._size:
            return
        self.flush(commit)
        try:
            if self._offset == 0:
                self._files.grow(self._file.file, size)
            else:
                segment, file = self._files.create(self._lane, self._head.batches, size)
                os.close(self._file.file)
                self.segment.end = self._offset
                self.segment, self._file = segment, self._opened(file)
                self._offset = self._safe_offset = 0
                commit.opened.append((self._lane, segment))
            self._size = os.fstat(self._file.file).st_size
            self._scarce = False
        except OSError as error:
            refusal = self._refusal("allocate", error, commit)
            raise refusal() from error

    def put(self, packed: Packed, append: Append) -> None:
        """Add a record that there is room for."""
        header = packed.header(self._tag, self._offset, self._head)
        self._offset += packed.size
        before, self._head = self._head, self._head.after(packed.batch)
        entry = Entry(before.batches, bare(packed.batch))
        self._unsafe.append((append, Stored(entry, before, self._head, self.segment.first, self._offset)))
        self._buffers += (header, packed.payload)

    def flush(self, commit: Commit) -> None:
        """Write what was put, and sync it. Raises `Busy`, which is then the answer to all the appends concerned."""
        if not self._unsafe:
            return
        unsafe, buffers = self._unsafe, self._buffers
        self._unsafe, self._buffers = [], []
        operation = "write"
        try:
            self._file.write(buffers, self._safe_offset)
            operation = "sync"
            if self._sync:
                os.fdatasync(self._file.file)
        except OSError as error:
            self._head, self._offset = self._safe_head, self._safe_offset
            refusal = self._refusal(operation, error, commit)
            for append, _ in unsafe:
                append.refused = refusal()
            raise refusal() from error
        self._safe_head, self._safe_offset = self._head, self._offset
        commit.stored += ((self._lane, stored) for _, stored in unsafe)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file.file)

    def _opened(self, file: int) -> BlockFile:
        return BlockFile(file, self._files.buffer, cached=not self._sync)

    def _refusal(self, operation: str, error: OSError, commit: Commit) -> Callable[[], Busy]:
        """Return the answer to an error; where it is not plain want of room, nothing is written to the segment any more."""
        commit.errors.append(operation)
        if operation != "sync" and error.errno in FULL:
            return full
        if operation == "allocate" and error.errno in SCARCE:
            if not self._scarce:
                _log.error("journal needs a file and gets none", error=error.strerror)
            self._scarce = True
            return full
        self._abandoned = True
        _log.error("journal failed", operation=operation, error=error.strerror)
        return failed


class Writer:
    """The thread. `on_commit` is called on the event loop, in order, once for each group."""

    def __init__(self, lanes: Mapping[str, LaneFile], compressor: zstandard.ZstdCompressor | None) -> None:
        self._lanes = dict(lanes)
        self._compressor = compressor
        self._jobs: SimpleQueue[Append | Callable[[], None]] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._stopping = False
        self.failed = False
        """A write or a sync failed: nothing is written any more."""

    def start(self, on_commit: Callable[[Commit], None]) -> None:
        """Run the thread, for the running event loop."""
        self._loop = asyncio.get_running_loop()
        self._on_commit = on_commit
        self._thread.start()

    def add(self, name: str, lane: LaneFile) -> None:
        """Write to one lane more; to be called on the thread."""
        self._lanes[name] = lane

    def append(self, append: Append) -> None:
        """Have an append written."""
        self._jobs.put(append)

    async def call(self, job: Callable[[], None]) -> None:
        """Run something on the thread, after the appends that wait. Raises what it raises."""
        await self.submit(job)

    def submit(self, job: Callable[[], None]) -> asyncio.Future[None]:
        """Have something run on the thread, after the appends that wait and before those to come."""
        done: asyncio.Future[None] = self._loop.create_future()

        def run() -> None:
            try:
                job()
            except Exception as error:  # handed to the caller
                self._loop.call_soon_threadsafe(finish, done, error)
            else:
                self._loop.call_soon_threadsafe(finish, done, None)

        self._jobs.put(run)
        return done

    async def stop(self) -> None:
        """End the thread after what waits is written."""
        self._jobs.put(self._stop)
        await asyncio.to_thread(self._thread.join)

    def _stop(self) -> None:
        self._stopping = True

    def _run(self) -> None:
        while not self._stopping:
            self._do(self._jobs.get())

    def _do(self, job: Append | Callable[[], None]) -> None:
        if isinstance(job, Append):
            group, following = self._gather(job)
            self._loop.call_soon_threadsafe(self._on_commit, self._commit(group))
            if following is not None:
                following()
        else:
            job()

    def _gather(self, first: Append) -> tuple[list[Append], Callable[[], None] | None]:
        """Return what waits, up to the bounds of a group, and the other job that ended it."""
        group: list[Append] = []
        batches = size = 0
        job: Append | Callable[[], None] = first
        while isinstance(job, Append):
            group.append(job)
            batches += len(job.batches)
            size += sum(len(batch.payload) for _, batch in job.batches)
            if batches >= GROUP_BATCHES or size >= GROUP_BYTES:
                return group, None
            try:
                job = self._jobs.get_nowait()
            except Empty:
                return group, None
        return group, job

    def _commit(self, group: list[Append]) -> Commit:
        commit = Commit(group)
        begun = time.perf_counter()
        try:
            for append in group:
                self._place(append, commit)
            for lane in self._lanes.values():
                with suppress(Busy):  # the appends concerned know
                    lane.flush(commit)
        except Exception as error:  # a fault of ours: what was written is unknown
            _log.error("journal writer failed", error=type(error).__name__)
            commit.stored.clear()
            for append in group:
                append.refused = append.refused or failed()
        self.failed = self.failed or any(append.refused and append.refused.code == "journal_failed" for append in group)
        commit.seconds = time.perf_counter() - begun
        return commit

    def _place(self, append: Append, commit: Commit) -> None:
        try:
            if self.failed:
                raise failed()
            packed = [(self._lanes[name], Packed(batch, self._compressor)) for name, batch in append.batches]
            sizes: dict[LaneFile, int] = {}
            for lane, record in packed:
                sizes[lane] = sizes.get(lane, 0) + record.size
            for lane, size in sizes.items():
                lane.reserve(size, commit)
        except Busy as busy:
            append.refused = busy
            return
        for lane, record in packed:
            lane.put(record, append)


def finish(done: asyncio.Future[None], error: Exception | None) -> None:
    """Give a waiter its answer, if it still waits."""
    if done.done():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)
