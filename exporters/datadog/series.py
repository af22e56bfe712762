"""OTLP data points as Datadog series: which metric, of which type, with which value at which second."""

import re
from collections.abc import Iterable, Sequence
from math import inf, isfinite
from typing import Final, Literal, NamedTuple

from exporters.datadog.deltas import Deltas, FirstPoint
from exporters.datadog.origins import Origin, Origins
from exporters.datadog.tags import normalised, tag
from pipeline.packing import Entry
from pipeline.text import json_bytes
from pipeline.wire.model import Point

COUNT: Final = 1
GAUGE: Final = 3
"""Types of a series (metrics intake v2)."""
DELTA: Final = 1
CUMULATIVE: Final = 2
"""OTLP temporalities."""
NO_RECORDED_VALUE: Final = 1
"""Bit of `Point.flags`."""
PAST_SECONDS: Final = 3600
FUTURE_SECONDS: Final = 600
"""How far a point's time may lie from now; the intake forgets others without a word."""
MAX_NAME: Final = 200

_REFUSED: Final = re.compile(r"[^A-Za-z0-9_.]")
_NO_LETTERS: Final = re.compile(r"^[^A-Za-z]+")


class Series(NamedTuple):
    """What tells one series from another."""

    metric: str
    type: int
    tags: tuple[str, ...]
    host: str


class Line(NamedTuple):
    """One value of a series."""

    series: Series
    value: float


class PointMapping:
    """Maps data points one after the other; remembers the cumulative ones, which become differences."""

    def __init__(self, deltas: Deltas, histograms: Literal["counters", "nobuckets"], first: FirstPoint) -> None:
        self._deltas = deltas
        self._buckets = histograms == "counters"
        self._first = first

    def lines(self, point: Point, origin: Origin, now: float) -> list[Line]:
        """Return the lines of a point, none when it has no value that Datadog can take. `now` is in seconds, wall clock."""
        seconds = point.time // 1_000_000_000
        if point.flags & NO_RECORDED_VALUE or not now - PAST_SECONDS <= seconds <= now + FUTURE_SECONDS:
            return []
        if not metric_name(point.metric.name):
            return []
        tags = [*(tag(key, value) for key, value in point.attributes.items()), *origin.tags]
        map_point = self._number if point.metric.type in ("gauge", "sum") else self._distribution
        return [line for line in map_point(point, tags, origin.hostname, now) if isfinite(line.value)]

    def _number(self, point: Point, tags: Sequence[str], host: str, now: float) -> Iterable[Line]:
        metric, value = point.metric, point.value
        if value is None or not isfinite(value):
            return
        if metric.type == "gauge" or (metric.temporality != DELTA and not _growing(point)):
            yield _line(point, "", GAUGE, tags, host, value)
            return
        if metric.temporality == CUMULATIVE:
            key = (metric.name, tuple(sorted(tags)), host)
            grown = self._deltas.step(key, start=point.start_time, time=point.time, counts=[value], first=self._first, now=now)
            if grown is None:
                return
            value = grown[0][0]
        yield _line(point, "", COUNT, tags, host, value)

    def _distribution(self, point: Point, tags: Sequence[str], host: str, now: float) -> Iterable[Line]:
        """Return `.count` and `.sum`, of deltas also `.min` and `.max`, and `.bucket` where buckets are wanted."""
        metric, bounds = point.metric, point.bounds
        if sorted(set(bounds)) != bounds or (point.counts and len(point.counts) != len(bounds) + 1):
            return
        counts: Sequence[float] = [point.count, *(point.counts if self._buckets else ())]
        total = point.sum if point.sum is not None and isfinite(point.sum) else None
        if metric.temporality == CUMULATIVE or metric.type == "summary":
            key = (metric.name, tuple(sorted(tags)), host, tuple(bounds) if self._buckets else ())
            grown = self._deltas.step(
                key, start=point.start_time, time=point.time, counts=counts, total=total or 0.0, first="drop", now=now
            )
            if grown is None:
                return
            counts, total = grown[0], None if total is None else grown[1]
        else:
            for suffix, extreme in ((".min", point.min), (".max", point.max)):
                if extreme is not None:
                    yield _line(point, suffix, GAUGE, tags, host, extreme)
        yield _line(point, ".count", COUNT, tags, host, counts[0])
        if total is not None:
            yield _line(point, ".sum", COUNT, tags, host, total)
        edges = [-inf, *bounds, inf]
        for count, lower, upper in zip(counts[1:], edges, edges[1:], strict=False):
            limits = (f"lower_bound:{bound_text(lower)}", f"upper_bound:{bound_text(upper)}")
            yield _line(point, ".bucket", COUNT, [*tags, *limits], host, count)


def series(points: Sequence[Point], mapping: PointMapping, origins: Origins, now: float) -> list[Entry]:
    """Return the series of a batch as JSON, each with the points behind it.

    Values of one series in the same second become one, since the intake keeps the last only: counts add up, a gauge keeps the
    latest. A point counts as an item of the first series that it is in.
    """
    values: dict[Series, dict[int, float]] = {}
    behind: dict[Series, dict[int, Point]] = {}
    items: dict[Series, int] = {}
    for point in sorted(points, key=lambda point: point.time):
        second = point.time // 1_000_000_000
        for position, (line, value) in enumerate(mapping.lines(point, origins.of(point.resource), now)):
            at = values.setdefault(line, {})
            at[second] = value + (at.get(second, 0) if line.type == COUNT else 0)
            behind.setdefault(line, {})[id(point)] = point
            items[line] = items.get(line, 0) + (position == 0)
    return [Entry(_json(line, at), list(behind[line].values()), items[line]) for line, at in values.items()]


def metric_name(name: str, suffix: str = "") -> str:
    """Return a name as Datadog takes it, from its first letter on, other characters as `_`; empty when it has no letter."""
    return _NO_LETTERS.sub("", _REFUSED.sub("_", name))[: MAX_NAME - len(suffix)] + suffix


def bound_text(bound: float) -> str:
    """Return a bucket bound as the bucket tags write it: `inf`, `0`, `1.0`, `0.25`."""
    return "0" if bound == 0 else repr(float(bound))


def _growing(point: Point) -> bool:
    return point.metric.monotonic and point.metric.temporality == CUMULATIVE


def _line(point: Point, suffix: str, kind: int, tags: Sequence[str], host: str, value: float) -> Line:
    return Line(Series(metric_name(point.metric.name, suffix), kind, tuple(sorted(normalised(tags))), host), value)


def _json(line: Series, values: dict[int, float]) -> bytes:
    body = {
        "metric": line.metric,
        "type": line.type,
        "points": [{"timestamp": second, "value": value} for second, value in values.items()],
        "tags": line.tags,
    }
    if line.host:
        body["resources"] = [{"type": "host", "name": line.host}]
    return json_bytes(body)
