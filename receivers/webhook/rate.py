"""A limit on how many a second."""

from typing import Final

BURST_SECONDS: Final = 1.0


class RateLimit:
    """A token bucket that holds what one second allows, at least one."""

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._size = max(1.0, per_second * BURST_SECONDS)
        self._tokens = self._size
        self._filled_at = 0.0

    def wait(self, now: float) -> float:
        """Take one, and return 0; or return in how many seconds there is one. `now` is any monotonic clock."""
        self._tokens = min(self._size, self._tokens + (now - self._filled_at) * self._per_second)
        self._filled_at = now
        if self._tokens >= 1.0:
            self._tokens -= 1.0
            return 0.0
        return (1.0 - self._tokens) / self._per_second
