"""Count logs, spans and data points, and pass the counts on as metrics.

    connectors:
      count:
        logs:
          checkout.failures:
            description: Failed checkouts.
            where: severity_number >= ERROR and resource.attributes["service.name"] == "checkout"
            attributes: [http.route]
    service:
      pipelines:
        logs: {receivers: [otlp], exporters: [count]}
        metrics: {receivers: [count], exporters: [prometheus]}

Without settings it counts `sluice.logs` by `service.name` and `severity`, and `sluice.spans` by `service.name` and
`status.code`. A sampled record counts as many as it stands for. Every `interval` the counts go out as delta sums; a metric has
at most 1,000 series at a time, and what comes on top is counted together, with `overflow="true"`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Final, TypeAlias

from msgspec import Meta, field

from pipeline import Batch, Connector, Context, wire
from pipeline.conditions import parse
from pipeline.conditions.paths import SEVERITIES, STATUS_CODES
from pipeline.settings import Settings, about
from pipeline.types import ConditionText, Duration, Signal, Value
from pipeline.wire.model import LogRecord, Metric, Point, Record, Resource, Scope, Span
from pipeline.wire.sampling import weight

MAX_SERIES: Final = 1000
"""Of one metric, the one with `overflow` not counted."""
IDLE: Final = 300 * 10**9
"""Nanoseconds after which a series that did not move is forgotten, as scrapers do (prometheus contract §4)."""
EXACT: Final = 2.0**53
"""From here on a double no longer counts by one, and above 2^63 an integer has no room."""
DELTA: Final = 1
"""`AGGREGATION_TEMPORALITY_DELTA`."""

Scalar: TypeAlias = str | bool | int | float
Key: TypeAlias = tuple[tuple[str, str, Scalar], ...]
"""Attributes of a series: name, type (`true` and 1 are two series) and value."""

_OVERFLOW: Final[Key] = (("overflow", "str", "true"),)
_STATUS: Final = {number: name for name, number in STATUS_CODES.items()}


class CountedMetric(Settings, frozen=True, kw_only=True):
    """One metric."""

    description: Annotated[str, about("What the metric says about itself.")] = ""
    where: Annotated[ConditionText | None, about("Count only what matches.")] = None
    attributes: Annotated[
        tuple[str, ...],
        about(
            "A series for each set of values of these attributes, of the record or else of its resource; "
            "also `severity` of logs, `status.code` of spans, `metric.name` of points."
        ),
    ] = ()


class Config(Settings, frozen=True, kw_only=True):
    """Settings of `count`."""

    logs: Annotated[Mapping[str, CountedMetric], about("Metrics that count log records, by name.")] = field(
        default_factory=lambda: {
            "sluice.logs": CountedMetric(description="Log records that passed.", attributes=("service.name", "severity"))
        }
    )
    spans: Annotated[Mapping[str, CountedMetric], about("Metrics that count spans, by name.")] = field(
        default_factory=lambda: {
            "sluice.spans": CountedMetric(description="Spans that passed.", attributes=("service.name", "status.code"))
        }
    )
    points: Annotated[Mapping[str, CountedMetric], about("Metrics that count data points, by name.")] = {}
    interval: Annotated[Duration, Meta(gt=0), about("How often the counts go out.")] = 10.0


class Count(Connector):
    """Counts what it reads."""

    produces = frozenset({"metrics"})

    def __init__(self, config: Config) -> None:
        self.interval = config.interval
        self._began = 0
        self._counters: Mapping[Signal, Sequence[_Counter]] = {
            "logs": [_Counter(name, metric, "{log_record}") for name, metric in sorted(config.logs.items())],
            "traces": [_Counter(name, metric, "{span}") for name, metric in sorted(config.spans.items())],
            "metrics": [_Counter(name, metric, "{point}") for name, metric in sorted(config.points.items())],
        }

    def fold(self, batch: Batch) -> None:
        """Count the records of the batch."""
        for counter in self._counters[batch.signal]:
            for record in batch.records():
                counter.add(record)

    def flush(self, now: int) -> Sequence[Batch]:
        """Return one batch with a point for each series that moved, ordered by metric and attributes."""
        began = self._began or max(0, now - int(self.interval * 1e9))
        self._began = now
        points = [point for counters in self._counters.values() for counter in counters for point in counter.flush(began, now)]
        if not points:
            return []
        return [Batch(wire.encode(points, "metrics"), "metrics", len(points), Context(self.host.id, "connector", now))]


class _Series:
    __slots__ = ("end", "total")

    def __init__(self) -> None:
        self.total = 0.0
        self.end = 0
        """Where its last point ended and its next one starts: chains without a gap add up to a counter again."""


class _Counter:
    def __init__(self, name: str, settings: CountedMetric, unit: str) -> None:
        self._metric = Metric(
            name=name, type="sum", description=settings.description, unit=unit, temporality=DELTA, monotonic=True
        )
        self._where = None if settings.where is None else parse(settings.where)
        self._names = settings.attributes
        self._series: dict[Key, _Series] = {}

    def add(self, record: Record) -> None:
        if self._where is not None and not self._where.matches(record):
            return
        key = tuple((name, type(value).__name__, value) for name in self._names if (value := _read(record, name)) is not None)
        series = self._series.get(key)
        if series is None:
            if len(self._series) >= MAX_SERIES:
                key = _OVERFLOW
            series = self._series.setdefault(key, _Series())
        series.total += weight(record)

    def flush(self, began: int, now: int) -> list[Point]:
        points = []
        for key, series in sorted(self._series.items(), key=lambda each: each[0]):
            if series.total:
                points.append(self._point(key, series.end or began, now, series.total))
                series.total, series.end = 0.0, now
            elif series.end + IDLE <= now:
                del self._series[key]
        return points

    def _point(self, key: Key, start: int, now: int, total: float) -> Point:
        return Point(
            resource=_NOWHERE,
            scope=_NO_SCOPE,
            metric=self._metric,
            attributes={name: value for name, _, value in key},
            start_time=start,
            time=now,
            value=int(total) if total.is_integer() and total < EXACT else total,
        )


_NOWHERE: Final = Resource()
_NO_SCOPE: Final = Scope()


def _severity(record: Record) -> Value:
    number = record.severity_number if isinstance(record, LogRecord) else 0
    return SEVERITIES[(number - 1) // 4] if 0 < number <= 4 * len(SEVERITIES) else None


def _status(record: Record) -> Value:
    return _STATUS.get(record.status_code) if isinstance(record, Span) else None


def _metric_name(record: Record) -> Value:
    return record.metric.name if isinstance(record, Point) else None


_WORDS: Final[Mapping[str, Callable[[Record], Value]]] = {
    "severity": _severity,
    "status.code": _status,
    "metric.name": _metric_name,
}


def _read(record: Record, name: str) -> Scalar | None:
    """Return what a record is counted by; None when it has no such thing, or one that is no single value."""
    value = _WORDS[name](record) if name in _WORDS else None
    if value is None:
        value = record.attributes.get(name)
    if value is None:
        value = record.resource.attributes.get(name)
    return value if isinstance(value, str | bool | int | float) and value == value else None
