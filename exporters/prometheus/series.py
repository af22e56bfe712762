"""One series: what it shows now, and how the next point changes that (prometheus contract §4)."""

import math
from bisect import bisect_left
from collections.abc import Sequence
from typing import Final, NamedTuple

from exporters.prometheus.labels import block, label_name
from exporters.prometheus.values import DELTA, ExponentialHistogram, Histogram, Refused, Value, added
from pipeline.text import text
from pipeline.wire.model import Exemplar, Point

_LONGEST: Final = 128
"""Characters of an exemplar's label names and values in all (OpenMetrics 1.0, Exemplars)."""


class Shown(NamedTuple):
    """An exemplar: its value places it in a bucket, its time says which one is newer."""

    time: int
    value: float
    labels: str


class Series:
    """State of a series. What a scrape reads is replaced, never changed, so reading needs no lock."""

    __slots__ = ("exemplars", "labels", "start", "time", "touched", "value")

    def __init__(self, labels: str) -> None:
        self.labels = labels
        """As they stand between the braces."""
        self.value: Value = math.nan
        self.start = 0
        self.time = -1
        """Of its last point; before the first one -1."""
        self.touched = 0.0
        """When it was last written, on the clock of the store."""
        self.exemplars: tuple[Shown, ...] = ()

    def write(self, point: Point, value: Value) -> Refused | None:
        """Take a point in; return why not where it can't be."""
        refused = self._add(point, value) if point.metric.temporality == DELTA else self._replace(point, value)
        if refused is None and point.exemplars:
            self.exemplars = self._newest(point.exemplars)
        return refused

    def _replace(self, point: Point, value: Value) -> Refused | None:
        """The newer start wins, then the newer time; of gauges time alone."""
        start = 0 if point.metric.type == "gauge" else point.start_time
        if (start, point.time) < (self.start, self.time):
            return "duplicate_series"
        self.value, self.start, self.time = value, start, point.time
        return None

    def _add(self, point: Point, value: Value) -> Refused | None:
        """A chain goes on where a point starts at the end of the one before; a gap starts it anew."""
        begun = self.time >= 0
        if begun and point.time <= self.time:
            return "out_of_order"
        start = point.start_time or self.time
        if begun and start < self.time:
            return "overlap"
        total = added(self.value, value) if begun and start == self.time else None
        if total is None:
            self.value, self.start = value, point.start_time
        else:
            self.value = total
        self.time = point.time
        return None

    def _newest(self, exemplars: Sequence[Exemplar]) -> tuple[Shown, ...]:
        """Return the newest exemplar of each bucket; a series without buckets has one."""
        newest = {self._bucket(shown.value): shown for shown in self.exemplars}
        for exemplar in exemplars:
            if exemplar.value is None or math.isnan(exemplar.value):
                continue
            at = self._bucket(exemplar.value)
            if at not in newest or newest[at].time <= exemplar.time:
                newest[at] = Shown(exemplar.time, float(exemplar.value), _labels(exemplar))
        return tuple(newest.values())

    def _bucket(self, value: float) -> int:
        if isinstance(self.value, Histogram):
            return bisect_left(self.value.bounds, value)
        if isinstance(self.value, ExponentialHistogram):
            return int(math.copysign(math.frexp(value)[1] + 2000, value))  # one for each power of two and sign
        return 0


def _labels(exemplar: Exemplar) -> str:
    """Return its ids, then as many of its attributes as there is room for."""
    labels = {name: value for name, value in (("trace_id", exemplar.trace_id), ("span_id", exemplar.span_id)) if value}
    room = _LONGEST - sum(len(name) + len(value) for name, value in labels.items())
    for key, content in sorted(exemplar.attributes.items()):
        name, value = label_name(key), text(content)
        if name is not None and name not in ("trace_id", "span_id", *labels) and len(name) + len(value) <= room:
            labels[name] = value
            room -= len(name) + len(value)
    return block(labels)
