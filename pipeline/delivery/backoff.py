"""When to try again: a destination's own figures, what the user set, and what the destination asked for."""

import random
from dataclasses import dataclass

from pipeline.settings import Retry, RetryOnFailure

SHORTEST = 0.1
"""No retry comes sooner (delivery contract §7)."""
LONGEST_HINT = 600.0
"""A Retry-After beyond ten minutes is cut (delivery contract §7)."""


@dataclass(frozen=True)
class Backoff:
    """How long to wait before attempt `n`, and how long to go on at all (`None`: for ever)."""

    retry: Retry
    give_up_after: float | None

    @classmethod
    def of(cls, retry: Retry, settings: RetryOnFailure, *, durable: bool) -> "Backoff":
        """Merge a destination's figures with the user's; without a durable journal the default gives up after five minutes."""
        own = Retry(
            initial=retry.initial if settings.initial_interval is None else settings.initial_interval,
            maximum=retry.maximum if settings.max_interval is None else settings.max_interval,
            multiplier=retry.multiplier,
            jitter=retry.jitter,
        )
        limit = settings.max_elapsed_time
        if limit is None:
            limit = 0.0 if durable else 300.0
        return cls(own, limit or None)

    def wait(self, failures: int, hint: float | None = None) -> float:
        """Return the seconds to wait after the given number of failures (1 is the first)."""
        width = min(self.retry.maximum, self.retry.initial * self.retry.multiplier ** min(failures - 1, 64))
        low, high = (0.0, width) if self.retry.jitter == "full" else (0.5 * width, 1.5 * width)
        own = max(SHORTEST, random.uniform(low, high))  # noqa: S311  # jitter, not a secret
        return max(own, min(hint or 0.0, LONGEST_HINT))
