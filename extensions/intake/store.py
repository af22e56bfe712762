"""What the intake remembers: the newest payloads of one kind, bounded in number and in bytes."""

from collections import deque
from collections.abc import Sequence
from typing import Any, Final

import orjson

MOST_PAYLOADS: Final = 1000
MOST_BYTES: Final = 64 * 1024 * 1024


class Payloads:
    """Payloads of one kind, each as JSON, which takes a third of what the objects do. A payload holds one or more entries."""

    def __init__(self) -> None:
        self._payloads: deque[bytes] = deque()
        self._bytes = 0

    def add(self, entries: Sequence[Any]) -> None:
        """Remember a payload; the oldest are forgotten for it."""
        payload = orjson.dumps(entries[::-1])[1:-1]
        if not payload:
            return
        self._payloads.append(payload)
        self._bytes += len(payload)
        while len(self._payloads) > MOST_PAYLOADS or (self._bytes > MOST_BYTES and len(self._payloads) > 1):
            self._bytes -= len(self._payloads.popleft())

    def json(self) -> bytes:
        """Return all entries, newest first, as a JSON array."""
        return b"[" + b",".join(reversed(self._payloads)) + b"]\n"

    def clear(self) -> None:
        """Forget everything."""
        self._payloads.clear()
        self._bytes = 0
