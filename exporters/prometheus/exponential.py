"""Exponential histograms: adding them up, and the classic histogram that says the same (prometheus contract §4)."""

import math
from typing import Final, NamedTuple

from pipeline.wire.model import Buckets

MAX_BOUNDS: Final = 160
MAX_SCALE: Final = 20
MIN_SCALE: Final = -10
"""Finer buckets are merged; in coarser ones all doubles share four."""

_LEAST: Final = -2048
_GREATEST: Final = 2048
"""Exponents of two that bounds of doubles stay between, with the rounding of the coarsest scale."""


class Side(NamedTuple):
    """Buckets on one side of zero: bucket i holds magnitudes in (base^(offset+i), base^(offset+i+1)]."""

    offset: int = 0
    counts: tuple[int, ...] = ()

    def shrunk(self, shift: int) -> "Side":
        """Return the buckets at a scale lower by `shift`, so 2^shift of them become one."""
        if not shift or not self.counts:
            return Side(self.offset >> shift, self.counts)
        first = self.offset >> shift
        counts = [0] * (((self.offset + len(self.counts) - 1) >> shift) - first + 1)
        for at, count in enumerate(self.counts, self.offset):
            counts[(at >> shift) - first] += count
        return Side(first, tuple(counts))

    def plus(self, other: "Side") -> "Side":
        """Return both at once."""
        if not self.counts or not other.counts:
            return self if self.counts else other
        first = min(self.offset, other.offset)
        counts = [0] * (max(self.offset + len(self.counts), other.offset + len(other.counts)) - first)
        for side in (self, other):
            for at, count in enumerate(side.counts, side.offset - first):
                counts[at] += count
        return Side(first, tuple(counts))

    def trimmed(self) -> "Side":
        """Return the buckets without empty ones at the ends."""
        filled = [at for at, count in enumerate(self.counts) if count]
        return Side(self.offset + filled[0], self.counts[filled[0] : filled[-1] + 1]) if filled else Side()


class Exponential(NamedTuple):
    """The buckets of an exponential histogram."""

    scale: int
    zero_count: int
    zero_threshold: float
    positive: Side
    negative: Side

    def plus(self, other: "Exponential") -> "Exponential":
        """Return both at once, at a scale that fits both."""
        scale = min(self.scale, other.scale)
        while scale > MIN_SCALE and _width(self.at_scale(scale), other.at_scale(scale)) > MAX_BOUNDS:
            scale -= 1
        one, two = self.at_scale(scale), other.at_scale(scale)
        return Exponential(
            scale,
            self.zero_count + other.zero_count,
            max(self.zero_threshold, other.zero_threshold),
            one.positive.plus(two.positive),
            one.negative.plus(two.negative),
        )

    def at_scale(self, scale: int) -> "Exponential":
        """Return the same at a scale that is not higher."""
        shift = self.scale - scale
        return self._replace(scale=scale, positive=self.positive.shrunk(shift), negative=self.negative.shrunk(shift))

    def fitted(self) -> "Exponential":
        """Return the same with so few buckets that a classic histogram can show them."""
        fit = self._replace(positive=self.positive.trimmed(), negative=self.negative.trimmed())
        while fit.scale > MIN_SCALE and _width(fit) > MAX_BOUNDS:
            fit = fit.at_scale(fit.scale - 1)
        return fit


def _width(*wholes: Exponential) -> int:
    """Return how many bounds a classic histogram of all of them has at most."""
    width = 3
    for sides in ([each.positive for each in wholes], [each.negative for each in wholes]):
        filled = [side for side in sides if side.counts]
        if filled:
            width += max(side.offset + len(side.counts) for side in filled) - min(side.offset for side in filled)
    return width


def exponential(
    scale: int, zero_count: int, zero_threshold: float, positive: Buckets | None, negative: Buckets | None
) -> Exponential | None:
    """Return the buckets of a point, so few that a classic histogram can show them; None when no double is in them."""
    if scale < MIN_SCALE or not 0 <= zero_threshold < math.inf:
        return None
    shift = max(scale - MAX_SCALE, 0)
    sides = []
    for each in (positive, negative):
        side = (Side(each.offset, tuple(each.counts)) if each else Side()).trimmed().shrunk(shift)
        top = side.offset + len(side.counts)
        if side.counts and not (side.offset * 2.0 ** (shift - scale) >= _LEAST and top * 2.0 ** (shift - scale) <= _GREATEST):
            return None
        sides.append(side)
    return Exponential(scale - shift, zero_count, zero_threshold, *sides).fitted()


def classic(whole: Exponential) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """Return bounds and counts of a classic histogram, one count more than bounds."""
    bounds: list[float] = []
    counts: list[int] = []

    def add(bound: float, count: int) -> None:
        if bounds and bound <= bounds[-1]:
            counts[-1] += count
        else:
            bounds.append(bound)
            counts.append(count)

    negative = whole.negative.counts
    if negative:
        top = whole.negative.offset + len(negative)
        add(-_power(top, whole.scale), 0)
        for at, count in enumerate(reversed(negative), 1):
            add(-_power(top - at, whole.scale), count)
    if whole.zero_count or negative:
        add(whole.zero_threshold, whole.zero_count)
    if whole.positive.counts:
        add(_power(whole.positive.offset, whole.scale), 0)
        for at, count in enumerate(whole.positive.counts, whole.positive.offset + 1):
            add(_power(at, whole.scale), count)
    inside: list[float] = []
    counted: list[int] = []
    pending = 0
    for bound, count in zip(bounds, counts, strict=True):
        pending += count
        if math.isfinite(bound):
            inside.append(bound)
            counted.append(pending)
            pending = 0
    return tuple(inside), (*counted, pending)


def _power(index: int, scale: int) -> float:
    """Return base^index, where base is 2^(2^-scale)."""
    try:
        return float(2.0 ** (index * 2.0**-scale))
    except OverflowError:
        return math.inf
