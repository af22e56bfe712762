"""The cursors file: how far each cursor has come, in two slots that are written in turn.

It is written once a second and at a stop. A crash costs what was settled since: that is sent again, nothing is lost.
"""

import errno
import os
import struct
from pathlib import Path
from typing import Final

import msgspec
from isal.isal_zlib import crc32
from msgspec import Struct

from pipeline.journal.progress import Range, Totals

_MAGIC: Final = b"\xabSLC"
_HEAD: Final = struct.Struct("<4sQII")
"""magic, generation, length of the state, checksum of generation and state."""
_ALLOCATED: Final = 64 * 1024
"""Of each slot, from the beginning: on a disk that is full by then, the cursors can still be saved, which is what makes room."""
_SLOT: Final = 4 * 1024 * 1024
"""Bytes of a slot; the file is sparse. Room for 100 cursors that remember 1,024 ranges each."""


class CursorState(Struct, frozen=True):
    """Where a cursor stands: settled up to `low`, and in `ranges` beyond it."""

    lane: str
    exporter: str
    low: Totals
    ranges: tuple[Range, ...] = ()
    stop: Totals | None = None
    """Of an orphan: where its part of the lane ends."""
    oldest: int = 0

    def covers(self, start: int, end: int) -> bool:
        """Tell whether it owes nothing from position `start` to before `end`."""
        if end <= self.low.batches or (self.stop is not None and start >= self.stop.batches):
            return True
        return any(first.batches <= start and end <= last.batches for first, last in self.ranges)


class State(Struct, frozen=True):
    """All cursors, and how far their lanes reached."""

    heads: dict[str, Totals]
    cursors: tuple[CursorState, ...]
    ends: dict[str, tuple[int, int]] = {}
    """Of lanes: the segment and the offset in it where the head is."""

    def floor(self, lane: str) -> Totals:
        """Return the place in a lane before which no position may be given out again."""
        places = [self.heads.get(lane, Totals())]
        for cursor in self.cursors:
            if cursor.lane == lane:
                places += [cursor.low, *(end for _, end in cursor.ranges)]
        return max(places)


class CursorsFile:
    """The file, open. `damaged` tells that it held something and nothing of it checked."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o640)
        slots = [slot for slot in (self._read(0), self._read(1)) if slot is not None]
        self._generation, state = max(slots, key=lambda slot: slot[0], default=(0, b""))
        self.damaged = not slots and any(self._pread(_HEAD.size, slot * _SLOT).strip(b"\0") for slot in (0, 1))
        self.state = msgspec.msgpack.decode(state, type=State) if slots else None
        """What was written last, None when there is nothing."""
        for slot in (0, 1):
            os.posix_fallocate(self._file, slot * _SLOT, _ALLOCATED)

    def write(self, state: State) -> None:
        """Write the next slot and sync it."""
        generation = self._generation + 1
        body = msgspec.msgpack.encode(state)
        head = _HEAD.pack(_MAGIC, generation, len(body), crc32(body, generation & 0xFFFFFFFF))
        if len(head) + len(body) > _SLOT:
            raise OSError("the cursors have more settled ranges than their file holds")
        os.pwrite(self._file, head + body, generation % 2 * _SLOT)
        os.fdatasync(self._file)
        self._generation = generation

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _read(self, slot: int) -> tuple[int, bytes] | None:
        head = self._pread(_HEAD.size, slot * _SLOT)
        if len(head) < _HEAD.size:
            return None
        magic, generation, length, crc = _HEAD.unpack(head)
        body = self._pread(min(length, _SLOT), slot * _SLOT + _HEAD.size)
        if magic != _MAGIC or generation % 2 != slot or len(body) < length or crc32(body, generation & 0xFFFFFFFF) != crc:
            return None
        return generation, body

    def _pread(self, length: int, offset: int) -> bytes:
        """Return bytes of the file; none where it can't be read, so that one bad sector leaves the other slot."""
        try:
            return os.pread(self._file, length, offset)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            return b""
