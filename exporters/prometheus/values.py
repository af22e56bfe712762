"""What a series shows: from OTLP points to the values of Prometheus types, and how deltas add up (prometheus contract §4)."""

import math
from itertools import pairwise
from typing import Final, Literal, NamedTuple, TypeAlias

from exporters.prometheus.exponential import Exponential, exponential
from pipeline.wire.model import Point

Refused = Literal[
    "no_value", "negative", "bad_histogram", "bad_summary", "no_temporality", "duplicate_series", "out_of_order", "overlap"
]

DELTA: Final = 1
CUMULATIVE: Final = 2
"""`AggregationTemporality`."""


class Histogram(NamedTuple):
    """Counts by bucket, one more than bounds; `sum` None when it is not known."""

    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    sum: float | None


class ExponentialHistogram(NamedTuple):
    """Counts by exponential bucket; `sum` None when it is not known."""

    buckets: Exponential
    sum: float | None


class Summary(NamedTuple):
    """Values by quantile, ascending."""

    quantiles: tuple[tuple[float, float], ...]
    observations: int
    sum: float


Value: TypeAlias = int | float | Histogram | ExponentialHistogram | Summary


def value_of(point: Point) -> Value | Refused:
    """Return what a point says, or why it can't be shown."""
    metric = point.metric
    if metric.type not in ("gauge", "summary") and metric.temporality not in (DELTA, CUMULATIVE):
        return "no_temporality"
    match metric.type:
        case "histogram":
            return _histogram(point)
        case "exponential_histogram":
            buckets = exponential(point.scale, point.zero_count, point.zero_threshold, point.positive, point.negative)
            return "bad_histogram" if buckets is None else ExponentialHistogram(buckets, point.sum)
        case "summary":
            return _summary(point)
    if point.value is None:
        return "no_value"
    if metric.type == "sum" and metric.monotonic and not point.value >= 0:
        return "negative"
    return point.value


def added(total: Value, delta: Value) -> Value | None:
    """Return both at once, None when they can't be added: then the chain starts anew."""
    match total, delta:
        case (int() | float(), int() | float()):
            return total + delta
        case Histogram(), Histogram() if total.bounds == delta.bounds:
            counts = tuple(one + other for one, other in zip(total.counts, delta.counts, strict=True))
            return Histogram(total.bounds, counts, _both(total.sum, delta.sum))
        case ExponentialHistogram(), ExponentialHistogram():
            return ExponentialHistogram(total.buckets.plus(delta.buckets), _both(total.sum, delta.sum))
    return None


def _both(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one + other


def _histogram(point: Point) -> Value | Refused:
    bounds, counts = tuple(point.bounds), tuple(point.counts or (() if point.bounds else (point.count,)))
    if bounds and bounds[-1] == math.inf and len(counts) > 1:
        bounds, counts = bounds[:-1], (*counts[:-2], sum(counts[-2:]))
    ascending = all(low < high for low, high in pairwise(bounds))
    if len(counts) != len(bounds) + 1 or not ascending or not all(map(math.isfinite, bounds)):
        return "bad_histogram"
    return Histogram(bounds, counts, point.sum)


def _summary(point: Point) -> Value | Refused:
    quantiles = dict(sorted(point.quantiles))
    if not all(0 <= quantile <= 1 for quantile in quantiles):
        return "bad_summary"
    return Summary(tuple(quantiles.items()), point.count, point.sum or 0.0)
