"""One batch as it stands in a segment file: a header that checks, the receiver's name, the payload.

A record says where it belongs: its lane, its position there, its offset in the file. Positions are never used twice, so what
a recycled file still holds from an earlier life never passes for a record of this one. A record also says how many items and
bytes its lane held before it: when records are damaged, the next good one tells exactly what is missing.
"""

import errno
import os
import struct
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Final

import zstandard
from isal.isal_zlib import crc32
from msgspec import Struct

from pipeline.batch import Batch, Context
from pipeline.journal import Entry
from pipeline.journal.blocks import BLOCK
from pipeline.journal.progress import Stored, Totals
from pipeline.types import Signal

MAGIC: Final = b"\xabSLJ"
_VERSION: Final = 1
_HEAD: Final = struct.Struct("<4sBBBBIIQQQqIII")
"""magic, version, signal, compression, length of context, lane, offset, position, items and bytes before it, received_at,
items, length of payload, checksum of payload; then the checksum of this and of the context."""
_WHOLE: Final = struct.Struct(_HEAD.format + "I")
HEADER_BYTES: Final = _WHOLE.size

_SIGNALS: Final[Mapping[Signal, int]] = {"logs": 1, "traces": 2, "metrics": 3}
_SIGNAL_OF: Final[Mapping[int, Signal]] = {number: signal for signal, number in _SIGNALS.items()}
_PLAIN: Final = 0
_ZSTD: Final = 1
_WINDOW: Final = 1024 * 1024


def lane_tag(lane: str) -> int:
    """Return the number that stands for a lane in its records."""
    return crc32(lane.encode())


class Packed:
    """A batch ready to be written, but for its place."""

    __slots__ = ("_compression", "_context", "batch", "payload", "size")

    def __init__(self, batch: Batch, compressor: zstandard.ZstdCompressor | None) -> None:
        self.batch = batch
        context = f"{batch.context.receiver}\0{batch.context.transport}".encode()
        self._context = context if len(context) < 256 else b""
        self._compression = _PLAIN if compressor is None else _ZSTD
        self.payload = batch.payload if compressor is None else compressor.compress(batch.payload)
        self.size = HEADER_BYTES + len(self._context) + len(self.payload)

    def header(self, lane: int, offset: int, before: Totals) -> bytes:
        """Return what precedes the payload, for the place that the record gets."""
        batch, context = self.batch, self._context
        kind = (MAGIC, _VERSION, _SIGNALS[batch.signal], self._compression, len(context))
        what = (batch.context.received_at, batch.items, len(self.payload), crc32(self.payload))
        head = _HEAD.pack(*kind, lane, offset, *before, *what)
        return head + crc32(context, crc32(head)).to_bytes(4, "little") + context


class Record(Struct):
    """A record that checks. `context` and `payload` are as stored; `end` is the offset behind it."""

    signal: int
    compression: int
    before: Totals
    received_at: int
    items: int
    context: memoryview | bytes
    payload: memoryview
    end: int

    def after(self) -> Totals:
        """Return the place behind it."""
        return Totals(self.before.batches + 1, self.before.items + self.items, self.before.bytes + len(self._plain()))

    def stored(self, segment: int) -> Stored:
        """Return it as an entry of its lane."""
        receiver, _, transport = str(self.context, "utf-8").partition("\0")
        batch = Batch(self._plain(), _SIGNAL_OF[self.signal], self.items, Context(receiver, transport, self.received_at))
        return Stored(Entry(self.before.batches, batch), self.before, self.before.after(batch), segment, self.end)

    def _plain(self) -> bytes:
        return bytes(self.payload) if self.compression == _PLAIN else zstandard.decompress(self.payload)


class Scan:
    """The records of a lane in an open file, in order, from an offset and a position on; damaged ones are passed over.

    To `salvage` passes over sectors that can't be read, too.

    After it is through, `end` is the offset behind the last record, and `torn` tells that another one was begun behind it.
    """

    def __init__(self, file: int, lane: int, position: int, offset: int = 0, *, salvage: bool = False) -> None:
        self._file = file
        self._salvage = salvage
        self._size = os.fstat(file).st_size
        self._lane = lane
        self._position = position
        self._base = 0
        self._bytes = b""
        self._window = memoryview(self._bytes)
        self.end = offset
        self.torn = False

    def __iter__(self) -> Iterator[Record]:
        offset = self.end
        while offset < self._size:
            record = self._record(offset)
            if record is None:
                offset = self._next_magic(offset + 1)
            else:
                offset = self.end = record.end
                self._position = record.before.batches + 1
                self.torn = False
                yield record

    def _record(self, offset: int) -> Record | None:
        head = self._view(offset, HEADER_BYTES)
        if head[:4] != MAGIC[: len(head)]:
            return None
        if len(head) < HEADER_BYTES:
            self.torn = self.torn or offset == self.end
            return None
        _, version, signal, compression, named, lane, own, *before, received_at, items, length, crc, own_crc = _WHOLE.unpack(head)
        start = offset + HEADER_BYTES + named
        context = self._view(offset, HEADER_BYTES + named)[HEADER_BYTES:] if named else b""
        if version != _VERSION or own_crc != crc32(context, crc32(head[: _HEAD.size])):
            self.torn = self.torn or offset == self.end
            return None
        if lane != self._lane or own != offset or before[0] < self._position:
            return None
        payload = self._view(start, length)
        if len(payload) < length or crc32(payload) != crc:
            self.torn = True
            return None
        return Record(signal, compression, Totals(*before), received_at, items, context, payload, start + length)

    def _view(self, offset: int, length: int) -> memoryview:
        """Return bytes of the file, fewer at its end."""
        start = offset - self._base
        if start < 0 or start + length > len(self._window):
            self._bytes = self._read(max(length, _WINDOW), offset)
            self._window = memoryview(self._bytes)
            self._base = offset
            start = 0
        return self._window[start : start + length]

    def _read(self, length: int, offset: int) -> bytes:
        try:
            return os.pread(self._file, length, offset)
        except OSError as error:
            if not self._salvage or error.errno != errno.EIO:
                raise
        end = min(offset + length, self._size)
        borders = [offset, *range(offset - offset % BLOCK + BLOCK, end, BLOCK), end]
        return b"".join(self._block(start, stop - start) for start, stop in pairwise(borders))

    def _block(self, offset: int, length: int) -> bytes:
        try:
            return os.pread(self._file, length, offset)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            return bytes(length)

    def _next_magic(self, offset: int) -> int:
        while offset + len(MAGIC) <= self._size:
            self._view(offset, len(MAGIC))
            found = self._bytes.find(MAGIC, offset - self._base)
            if found >= 0:
                return self._base + found
            offset = max(offset + 1, self._base + len(self._window) - len(MAGIC) + 1)
        return self._size
