"""What the intake remembers: the newest payloads of one kind, bounded in number and in bytes."""

from collections import deque
from collections.abc import Sequence
from typing import Any, Final

import orjson

MOST_PAYLOADS: Final = 1000
MOST_BYTES: Final = 64 * 1024 * 1024


class Payloads:
    """Payloads of one kind. A payload holds one or more entries (logs, series, events)."""

    def __init__(self) -> None:
        self._payloads: deque[tuple[Sequence[Any], int]] = deque()
        self._bytes = 0

    def add(self, entries: Sequence[Any], size: int) -> None:
        """Remember a payload of `size` bytes; the oldest are forgotten for it."""
        self._payloads.append((entries, size))
        self._bytes += size
        while len(self._payloads) > MOST_PAYLOADS or (self._bytes > MOST_BYTES and len(self._payloads) > 1):
            _, forgotten = self._payloads.popleft()
            self._bytes -= forgotten

    def entries(self) -> list[Any]:
        """Return all entries, newest first."""
        return [entry for payload, _ in reversed(self._payloads) for entry in reversed(payload)]

    def json(self) -> bytes:
        """Return `entries` as a JSON array."""
        return orjson.dumps(self.entries(), option=orjson.OPT_APPEND_NEWLINE)

    def clear(self) -> None:
        """Forget everything."""
        self._payloads.clear()
        self._bytes = 0
