"""Writing to a file past the page cache, in whole blocks from one aligned buffer.

Copying into the page cache costs three times what all the rest of a commit costs, and what is written is next read from
memory anyway, or much later. Where a file system does not take such writes, the same blocks go through its cache.
"""

import errno
import fcntl
import mmap
import os
from collections.abc import Sequence
from typing import Final

BLOCK: Final = 4096
"""No device or file system in use asks for a larger alignment; one that does gets cached writes."""


def write_buffer(size: int) -> mmap.mmap:
    """Return an aligned buffer, which takes memory only as far as it is used."""
    return mmap.mmap(-1, -(-size // BLOCK) * BLOCK)


class BlockFile:
    """An open file that is written from its beginning on. Whoever opened it closes it."""

    def __init__(self, file: int, buffer: mmap.mmap, *, cached: bool) -> None:
        """`buffer` may be shared by files that are written in turn; `cached` goes through the page cache."""
        self.file = file
        self._view = memoryview(buffer)
        self._begun = b""
        """What the last block already holds: it is written again, as it was, with what follows."""
        self._direct = not cached and self._set(direct=True)

    def write(self, buffers: Sequence[bytes], offset: int) -> None:
        """Write all buffers one behind the other at the offset where the write before ended. Raises OSError: nothing counts."""
        view, room = self._view, len(self._view)
        start, filled = offset - len(self._begun), len(self._begun)
        view[:filled] = self._begun
        for buffer in buffers:
            size, taken = len(buffer), 0
            if filled + size < room:
                view[filled : filled + size] = buffer
                filled += size
                continue
            while taken < size:
                part = min(size - taken, room - filled)
                view[filled : filled + part] = memoryview(buffer)[taken : taken + part]
                taken += part
                filled += part
                if filled == room:
                    self._put(room, start)
                    start += room
                    filled = 0
        begun = filled % BLOCK
        end = filled - begun
        rest = bytes(view[end:filled])
        if begun:
            view[filled : end + BLOCK] = bytes(BLOCK - begun)
            end += BLOCK
        self._put(end, start)
        self._begun = rest

    def _put(self, size: int, offset: int) -> None:
        done = 0
        while done < size:
            try:
                written = os.pwrite(self.file, self._view[done:size], offset + done)
            except OSError as error:
                if not self._direct or error.errno != errno.EINVAL:
                    raise
                written = 0
            if self._direct:
                written -= written % BLOCK
                self._direct = bool(written) or self._set(direct=False)
            done += written

    def _set(self, *, direct: bool) -> bool:
        """Write past the cache, or through it; return which of both it is now."""
        flags = fcntl.fcntl(self.file, fcntl.F_GETFL)
        try:
            fcntl.fcntl(self.file, fcntl.F_SETFL, flags | os.O_DIRECT if direct else flags & ~os.O_DIRECT)
        except OSError:  # the file system has no such way
            return False
        return direct
