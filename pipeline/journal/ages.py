"""How old the entries of a lane are, by a clock that does not jump (delivery contract §6)."""

import time
from bisect import bisect_right
from time import monotonic
from typing import Final

_NOTES: Final = 4096
"""Enough to tell an hour in seconds, and a week in steps of five minutes."""


class Ages:
    """Entries that were appended since the lane was opened are dated by when they came, in steps of a tick.

    Those that it held then are dated by wall time, once, at the opening: one that comes from the future is new.
    """

    def __init__(self, opened: int = 0) -> None:
        """`opened` is the position of the first entry to come."""
        self._opened = opened
        self._opened_wall = time.time()
        self._opened_at = monotonic()
        self._times: list[float] = []
        self._places: list[int] = []

    def note(self, place: int) -> None:
        """Remember that all entries before a place have come by now; due at each tick."""
        if place == (self._places[-1] if self._places else self._opened):
            return
        if len(self._times) == _NOTES:
            del self._times[::2], self._places[::2]
        self._times.append(monotonic())
        self._places.append(place)

    def older(self, position: int, received_at: int, seconds: float) -> bool:
        """Tell whether an entry has been there for longer than that; a tick late rather than early."""
        now = monotonic()
        if position < self._opened:
            return max(self._opened_wall - received_at / 1e9, 0.0) + now - self._opened_at > seconds
        noted = bisect_right(self._times, now - seconds)
        return noted > 0 and position < self._places[noted - 1]
