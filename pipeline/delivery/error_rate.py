"""How many attempts failed in the last hour."""

import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

HOUR: Final = 3600.0
BUCKET_SECONDS: Final = 60.0
"""What is forgotten at once."""


class Attempts(NamedTuple):
    """Of some time."""

    failed: int
    total: int

    @property
    def error_rate(self) -> float:
        """The share that failed."""
        return self.failed / self.total if self.total else 0.0


class ErrorRate:
    """Counts attempts and remembers an hour of them, by the minute."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._minutes: deque[tuple[float, Attempts]] = deque()
        """When each minute began, oldest first."""

    def count(self, *, failed: bool) -> None:
        """Add an attempt."""
        now = self._clock()
        if not self._minutes or now - self._minutes[-1][0] >= BUCKET_SECONDS:
            self._forget(now)
            self._minutes.append((now, Attempts(0, 0)))
        begun, so_far = self._minutes[-1]
        self._minutes[-1] = begun, Attempts(so_far.failed + failed, so_far.total + 1)

    def last_hour(self) -> Attempts:
        """Return the attempts of the last hour, a minute more or less."""
        self._forget(self._clock())
        return total(attempts for _, attempts in self._minutes)

    def _forget(self, now: float) -> None:
        while self._minutes and now - self._minutes[0][0] > HOUR:
            self._minutes.popleft()


def total(several: Iterable[Attempts]) -> Attempts:
    """Return all of them together."""
    failed = attempts = 0
    for each in several:
        failed, attempts = failed + each.failed, attempts + each.total
    return Attempts(failed, attempts)
