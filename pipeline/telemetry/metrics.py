"""sluice's own metrics: one typed catalogue, and the store that counts.

A metric is a constant of `pipeline.telemetry.catalogue`, so a name that is not declared does not type-check, and its labels
are checked where it is used. Labels are bounded: past 1,000 series a metric folds new ones into `other`.
"""

import threading
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

import prometheus_client as prometheus
from msgspec import Struct
from prometheus_client.exposition import choose_encoder

from pipeline.types import ITEMS, SIGNALS, Signal

MAX_SERIES: Final = 1000
SECONDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Counter(Struct, frozen=True):
    """Only grows. `action` tells an operator what to do when it moves."""

    name: str
    labels: tuple[str, ...]
    help: str
    action: str


class Gauge(Struct, frozen=True):
    """Goes up and down."""

    name: str
    labels: tuple[str, ...]
    help: str
    action: str


class Histogram(Struct, frozen=True):
    """Counts observations in buckets."""

    name: str
    labels: tuple[str, ...]
    help: str
    action: str
    buckets: tuple[float, ...] = SECONDS


Metric: TypeAlias = Counter | Gauge | Histogram
UNITS: Final = (
    "timestamp_seconds",
    "seconds",
    "bytes",
    "items",
    "log_records",
    "spans",
    "metric_points",
    "batches",
    "connections",
)


def unit(metric: Metric) -> str:
    """Return the unit of a metric, which its name ends with before `_total`; empty for plain counts and states."""
    name = metric.name.removesuffix("_total")
    return next((unit for unit in UNITS if name.endswith(f"_{unit}")), "")


def per_signal(template: str, labels: tuple[str, ...], help: str, action: str) -> Mapping[Signal, Counter]:
    """Return one counter a signal: `{}` in the name becomes `log_records`, `spans` or `metric_points`."""
    return {signal: Counter(template.format(ITEMS[signal]), labels, help, action) for signal in SIGNALS}


SERIES_DROPPED: Final = Counter(
    "sluice_metrics_series_dropped_total",
    ("metric",),
    "Updates of sluice's own metrics that went to the series `other`, because the metric has 1,000 series already.",
    "The metric's sums still hold; its labels tell less. Hundreds of components in one process: split the configuration.",
)


class Metrics:
    """The process's metrics. Safe to use from any thread."""

    def __init__(self) -> None:
        self._registry = prometheus.CollectorRegistry()
        prometheus.ProcessCollector(registry=self._registry)
        self._families: dict[str, Any] = {}
        self._series: dict[tuple[str, ...], Any] = {}
        self._sizes: dict[str, int] = {}
        self._creating = threading.RLock()  # to create a series may be to count one that found no room

    def add(self, metric: Counter, amount: float = 1, /, **labels: str) -> None:
        """Count."""
        self._child(metric, labels).inc(amount)

    def set(self, metric: Gauge, value: float, /, **labels: str) -> None:
        """Set a gauge."""
        self._child(metric, labels).set(value)

    def watch(self, metric: Gauge, read: Callable[[], float], /, **labels: str) -> None:
        """Let a gauge be read from `read` at every scrape."""
        self._child(metric, labels).set_function(read)

    def remove(self, metric: Metric, /, **labels: str) -> None:
        """Show a series no more: what it told about is gone."""
        key = (metric.name, *(labels[name] for name in metric.labels))
        with self._creating:
            if self._series.pop(key, None) is not None and metric.labels:
                self._families[metric.name].remove(*key[1:])
                self._sizes[metric.name] -= 1

    def observe(self, metric: Histogram, value: float, /, **labels: str) -> None:
        """Add one observation."""
        self._child(metric, labels).observe(value)

    def value(self, metric: Counter | Gauge, /, **labels: str) -> float:
        """Return the sum over all series that have these labels (all series without any)."""
        samples = (sample for family in self._registry.collect() for sample in family.samples if sample.name == metric.name)
        return sum(sample.value for sample in samples if labels.items() <= sample.labels.items())

    def expose(self, accept: str) -> tuple[bytes, str]:
        """Return the exposition that an `Accept` header asks for, and its content type."""
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type

    def _child(self, metric: Metric, labels: Mapping[str, str]) -> Any:
        key = (metric.name, *(labels[name] for name in metric.labels))
        child = self._series.get(key)
        if child is None:
            if len(labels) != len(metric.labels):
                raise ValueError(f"{metric.name} has the labels {metric.labels}, not {tuple(labels)}")
            with self._creating:  # two threads may be the first to use it
                child = self._series.get(key) or self._new_child(metric, key)
        return child

    def _new_child(self, metric: Metric, key: tuple[str, ...]) -> Any:
        family = self._families.get(metric.name)
        if family is None:
            family = self._families[metric.name] = self._new_family(metric)
        if not metric.labels:
            self._series[key] = family
            return family
        size = self._sizes.get(metric.name, 0)
        if size == MAX_SERIES:
            self.add(SERIES_DROPPED, metric=metric.name)
            return family.labels(*("other" for _ in metric.labels))
        self._sizes[metric.name] = size + 1
        child = self._series[key] = family.labels(*key[1:])
        return child

    def _new_family(self, metric: Metric) -> Any:
        common: dict[str, Any] = {
            "name": metric.name,
            "documentation": metric.help,
            "labelnames": metric.labels,
            "registry": self._registry,
        }
        match metric:
            case Counter():
                return prometheus.Counter(**common)
            case Gauge():
                return prometheus.Gauge(**common)
            case Histogram():
                return prometheus.Histogram(**common, buckets=metric.buckets)
