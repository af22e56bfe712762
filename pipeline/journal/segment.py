"""Segment files: a lane on disk is a row of them, each named after the position of its first entry.

They are preallocated, so that a write allocates nothing, and recycled. What is free stays allocated
until the next start.
"""

import errno
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote

from pipeline.journal.blocks import BLOCK, write_buffer
from pipeline.journal.directory import sync_directory
from pipeline.journal.progress import Stored, Totals
from pipeline.journal.record import Record, Scan, lane_tag

PAGE: Final = BLOCK
_WRITE_BYTES: Final = 4 * 1024 * 1024
"""Of one write: a whole group, as a rule (delivery contract §6)."""
FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""Errors that say: no room, and room may come back."""
SCARCE: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})
"""Errors of opening a file that say: the process or the machine has too much open for now."""


@dataclass(slots=True)
class Segment:
    """A segment file. `end` is the offset behind its last record once nothing is added to it any more, else 0."""

    first: int
    path: Path
    end: int = 0


class SegmentFiles:
    """The segment files of all lanes in `root`, together at most `max_bytes` (with what else lies in `root`)."""

    def __init__(self, root: Path, segment_bytes: int, max_bytes: int) -> None:
        self._root = root
        self._lanes = root / "lanes"
        self._free = root / "free"
        self._size = segment_bytes
        self._max_bytes = max_bytes
        self._recycled: list[Path] = []
        self.buffer = write_buffer(_WRITE_BYTES)
        """Of whoever writes to a segment: one thread does."""
        self._lanes.mkdir(exist_ok=True)
        self._free.mkdir(exist_ok=True)
        for path in self._free.iterdir():
            path.unlink()
        self.bytes = sum(path.stat().st_size for path in self._lanes.glob("*/*.seg"))
        """Bytes of all segment files, free ones included."""

    def lanes(self) -> list[str]:
        """Return the names of the lanes that have segments."""
        return sorted({unquote(path.parent.name) for path in self._lanes.glob("*/*.seg")})

    def segments(self, lane: str) -> list[Segment]:
        """Return the segments of a lane, oldest first. What somebody else left among them is none."""
        return segments_of(self._root, lane)

    def create(self, lane: str, first: int, least: int) -> tuple[Segment, int]:
        """Return a new segment of at least `least` bytes and its open file; its name is durable.

        One for 0 bytes may be empty until it has to `grow`: a start needs no room. Raises OSError with an errno of `FULL` when
        there is no room for it.
        """
        directory = self._directory(lane)
        if not directory.is_dir():
            directory.mkdir()
            sync_directory(self._lanes)
        path = directory / f"{first:020d}.seg"
        size = self._whole(least)
        recycled = size == self._size and bool(self._recycled)
        if recycled:
            file = os.open(self._recycled[-1], os.O_RDWR)
            self._recycled.pop().rename(path)
        else:
            size = size if least else 0
            file = self._allocate(path, size)
        try:
            if recycled:
                sync_directory(self._free)
            sync_directory(directory)
        except OSError:
            os.close(file)
            path.unlink()
            self.bytes -= size
            raise
        return Segment(first, path), file

    def grow(self, file: int, least: int) -> None:
        """Make an empty segment large enough for `least` bytes. Raises as `create` does."""
        size, held = self._whole(least), os.fstat(file).st_size
        self._give_back()
        self._check_room(size - held)
        os.posix_fallocate(file, 0, size)
        os.fsync(file)
        self.bytes += size - held

    def remove(self, segments: Sequence[Segment]) -> None:
        """Take segments out of their lanes; what they held is gone. They may be taken out twice."""
        for segment in segments:
            if not segment.path.exists():
                continue
            size = segment.path.stat().st_size
            if size == self._size:
                free = self._free / f"{len(self._recycled)}.seg"
                segment.path.rename(free)
                self._recycled.append(free)
            else:
                segment.path.unlink()
                self.bytes -= size

    def _directory(self, lane: str) -> Path:
        return _directory(self._root, lane)

    def _whole(self, least: int) -> int:
        return max(self._size, -(-least // PAGE) * PAGE)

    def _allocate(self, path: Path, size: int) -> int:
        if size:
            self._check_room(size)
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o640)
        try:
            if size:
                os.posix_fallocate(file, 0, size)
            os.fsync(file)
        except OSError:
            os.close(file)
            path.unlink()
            raise
        self.bytes += size
        return file

    def _give_back(self) -> bool:
        """Delete a free file, if there is one."""
        if not self._recycled:
            return False
        self._recycled.pop().unlink()
        self.bytes -= self._size
        return True

    def _check_room(self, size: int) -> None:
        others = sum(path.stat().st_blocks * 512 for path in self._root.iterdir() if path.is_file())
        while self.bytes + others + size > self._max_bytes:
            if self._give_back():
                continue
            raise OSError(errno.EDQUOT, "service.journal.max_bytes is reached")


def segments_of(root: Path, lane: str) -> list[Segment]:
    """Return the segments of a lane in a journal's directory, oldest first."""
    paths = [path for path in _directory(root, lane).glob("*.seg") if path.stem.isdecimal()]
    return sorted((Segment(int(path.stem), path) for path in paths), key=lambda s: s.first)


def _directory(root: Path, lane: str) -> Path:
    return root / "lanes" / quote(lane, safe="")


def last_record(segments: Sequence[Segment], lane: str, offset: int = 0) -> tuple[Record | None, bool]:
    """Return the last record that checks, and whether another was begun behind it. Sets the `end` of the segments it scans.

    Reads the last segment from `offset` on, and earlier ones only when that holds nothing.
    """
    torn = False
    for segment in reversed(segments):
        last = None
        file = os.open(segment.path, os.O_RDONLY)
        try:
            scan = Scan(file, lane_tag(lane), segment.first, offset, salvage=True)
            for last in scan:  # noqa: B007  # the last one is wanted
                pass
        finally:
            os.close(file)
        segment.end = scan.end
        torn = torn or scan.torn
        if last is not None or offset:
            return last, torn
    return None, torn


def first_record(segments: Sequence[Segment], lane: str) -> Record | None:
    """Return the first record that checks."""
    for segment in segments:
        file = os.open(segment.path, os.O_RDONLY)
        try:
            record = next(iter(Scan(file, lane_tag(lane), segment.first, salvage=True)), None)
        finally:
            os.close(file)
        if record is not None:
            return record
    return None


def read(
    segments: Sequence[Segment], lane: str, offset: int, span: tuple[Totals, Totals], max_bytes: int, *, salvage: bool = False
) -> list[Stored]:
    """Return entries of a span of a lane, from `offset` in the first of the segments on, until they have `max_bytes`.

    What does not check is left out; to `salvage` leaves out what can't be read, too.
    """
    (mark, _, _), (limit, _, _) = span
    stored: list[Stored] = []
    for segment in segments:
        try:
            file = os.open(segment.path, os.O_RDONLY)
        except FileNotFoundError:  # settled as a whole, and recycled since
            continue
        try:
            for record in Scan(file, lane_tag(lane), segment.first, offset, salvage=salvage):
                if record.before.batches >= limit or max_bytes <= 0:
                    return stored
                if record.before.batches >= mark:
                    stored.append(record.stored(segment.first))
                    max_bytes -= len(stored[-1].entry.batch.payload)
                if record.end == segment.end:
                    break
        finally:
            os.close(file)
        offset = 0
    return stored
