"""Cumulative counters become differences, since Datadog's counts are per point (the Datadog Agent's rules for OTLP sums)."""

from collections.abc import Hashable, Sequence
from typing import Final, Literal, NamedTuple

FirstPoint = Literal["auto", "keep", "drop"]
"""What comes of the first point of a series, and of the first after a reset.

`auto`: it counts in full when the series began after this exporter did, so that nothing was counted before; otherwise it is
only what later points are compared with.
"""

IDLE_SECONDS: Final = 3600
SWEEP_SECONDS: Final = 1800
MAX_SERIES: Final = 100_000
"""Beyond this the series that was quiet for longest is forgotten; its next point counts as a first one."""


class _Last(NamedTuple):
    start: int
    time: int
    counts: Sequence[float]
    total: float
    seen: float


class Deltas:
    """The last point of every cumulative series. `started` is when the exporter began, nanoseconds since the epoch."""

    def __init__(self, started: int) -> None:
        self._started = started
        self._last: dict[Hashable, _Last] = {}
        self._swept = 0.0

    def __len__(self) -> int:
        return len(self._last)

    def step(
        self,
        series: Hashable,
        *,
        start: int,
        time: int,
        counts: Sequence[float],
        total: float = 0.0,
        first: FirstPoint,
        now: float,
    ) -> tuple[Sequence[float], float] | None:
        """Return by how much the counts and the total grew since the point before, or None when that is not known.

        `counts` only grow while the series lives, so one that fell means a reset; `total` (the sum of a histogram) may fall.
        `start` and `time` are nanoseconds since the epoch, 0 for unknown; `now` is seconds on any clock that does not go back.
        """
        last = self._last.get(series)
        if last is not None and time <= last.time:
            return None
        self._remember(series, _Last(start, time, counts, total, now))
        if last is None or self._reset(last, start, time, counts):
            emitted = first == "keep" or (first == "auto" and start > self._started and start != time)
            return (counts, total) if emitted else None
        return [new - old for new, old in zip(counts, last.counts, strict=True)], total - last.total

    def sweep(self, now: float) -> None:
        """Forget the series that were idle for an hour; looks only every half hour."""
        if now - self._swept < SWEEP_SECONDS:
            return
        self._swept = now
        self._last = {series: last for series, last in self._last.items() if now - last.seen < IDLE_SECONDS}

    @staticmethod
    def _reset(last: _Last, start: int, time: int, counts: Sequence[float]) -> bool:
        if start and (start != last.start or start == time):
            return True
        return len(counts) != len(last.counts) or any(new < old for new, old in zip(counts, last.counts, strict=True))

    def _remember(self, series: Hashable, last: _Last) -> None:
        self._last.pop(series, None)
        self._last[series] = last
        if len(self._last) > MAX_SERIES:
            del self._last[next(iter(self._last))]
