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
    """Only grows. `action` says what an operator does when it moves."""

    name: str
    labels: tuple[str, ...]
    help: str
    action: str = ""


class Gauge(Struct, frozen=True):
    """Goes up and down."""

    name: str
    labels: tuple[str, ...]
    help: str
    action: str = ""


class Histogram(Struct, frozen=True):
    """Counts observations in buckets."""

    name: str
    labels: tuple[str, ...]
    help: str
    action: str = ""
    buckets: tuple[float, ...] = SECONDS


Metric: TypeAlias = Counter | Gauge | Histogram


def per_signal(template: str, labels: tuple[str, ...], help: str, action: str = "") -> Mapping[Signal, Counter]:
    """Return one counter a signal: `{}` in the name becomes `log_records`, `spans` or `metric_points`."""
    return {signal: Counter(template.format(ITEMS[signal]), labels, help, action) for signal in SIGNALS}


class Metrics:
    """The process's metrics. Safe to use from any thread."""

    def __init__(self) -> None:
        self._registry = prometheus.CollectorRegistry()
        prometheus.ProcessCollector(registry=self._registry)
        self._families: dict[str, Any] = {}
        self._series: dict[tuple[str, ...], Any] = {}
        self._sizes: dict[str, int] = {}
        self._creating = threading.Lock()

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
                child = self._series.get(key)
                if child is None:
                    child = self._series[key] = self._new_child(metric, key[1:])
        return child

    def _new_child(self, metric: Metric, values: tuple[str, ...]) -> Any:
        family = self._families.get(metric.name)
        if family is None:
            family = self._families[metric.name] = self._new_family(metric)
        if not metric.labels:
            return family
        size = self._sizes[metric.name] = self._sizes.get(metric.name, 0) + 1
        if size > MAX_SERIES:
            values = ("other",) * len(values)
        return family.labels(*values)

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
