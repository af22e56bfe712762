"""Which categories of data Sentry does not take for now, as its answers said."""

import math
from collections.abc import Iterable, Mapping
from typing import Final

from pipeline.net.retry_after import retry_after

HEADER: Final = "X-Sentry-Rate-Limits"
ALL: Final = ""
"""The category that stands for every other."""
CATEGORIES: Final = frozenset(
    {"default", "error", "security", "transaction", "span", "log_item", "log_byte", "monitor", "session", "attachment"}
    | {"trace_metric", "trace_metric_byte", "internal", "profile", "replay"}
)
CAP_SECONDS: Final = 86_400.0
UNSAID_SECONDS: Final = 60.0
"""How long a 429 without any header lasts."""


class RateLimits:
    """The limits of one DSN: until when each category is blocked, in seconds on a clock that does not jump."""

    def __init__(self) -> None:
        self.until: dict[str, float] = {}

    def note(self, status: int, headers: Mapping[str, str], now: float, *, wall: float | None = None) -> None:
        """Remember what an answer says. `X-Sentry-Rate-Limits` counts with any status, `Retry-After` with 429 alone.

        `wall` is what a date in `Retry-After` is compared with, seconds since the epoch; the time of day when it is not given.
        """
        detailed = headers.get(HEADER)
        if detailed is not None:
            for part in detailed.split(","):
                self._note_part(part, now)
        elif status == 429:
            wait = retry_after(headers, wall)
            self._block([ALL], UNSAID_SECONDS if wait is None else wait, now)

    def wait(self, categories: Iterable[str], now: float) -> float:
        """Return for how many seconds data of these categories is still blocked; 0 when it may go."""
        return max(0.0, *(self.until.get(category, 0.0) - now for category in (ALL, *categories)))

    def _note_part(self, part: str, now: float) -> None:
        seconds, _, rest = part.partition(":")
        try:
            wait = float(seconds)
        except ValueError:
            return
        if not math.isfinite(wait) or wait < 0:
            return
        named = [category.strip() for category in rest.partition(":")[0].split(";")]
        self._block([ALL] if named == [""] else CATEGORIES.intersection(named), wait, now)

    def _block(self, categories: Iterable[str], wait: float, now: float) -> None:
        for category in categories:
            self.until[category] = max(self.until.get(category, 0.0), now + min(wait, CAP_SECONDS))
