"""All series, by family: what is folded in here is what a scrape shows (prometheus contract §4)."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Final, Literal, NamedTuple

from exporters.prometheus.labels import (
    TooManyLabels,
    block,
    labels_of,
    scope_labels,
    target,
    target_info,
    unusable,
)
from exporters.prometheus.names import Strategy, metric_name
from exporters.prometheus.series import Series
from exporters.prometheus.values import value_of
from pipeline.types import Value
from pipeline.wire.model import Metric, Point, Resource

Type = Literal["counter", "gauge", "unknown", "histogram", "summary", "info"]

MAX_SERIES: Final = 100_000
MAX_SERIES_PER_FAMILY: Final = 10_000
_SWEEP: Final = 10.0
"""Seconds between looks for idle series."""
_MAX_WARNED: Final = 1000
_NO_VALUE: Final = 1
"""`DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK`."""

_SUFFIXES: Final[Mapping[Type, Sequence[str]]] = {
    "counter": ("", "_total", "_created"),
    "histogram": ("", "_bucket", "_count", "_sum", "_created"),
    "summary": ("", "_count", "_sum", "_created"),
    "gauge": ("",),
    "unknown": ("",),
    "info": ("", "_info"),
}
_RESERVED: Final[Mapping[Type, frozenset[str]]] = {"histogram": frozenset({"le"}), "summary": frozenset({"quantile"})}


class Naming(NamedTuple):
    """How names and labels are made."""

    namespace: str = ""
    strategy: Strategy = "UnderscoreEscapingWithSuffixes"
    scope_labels: bool = True
    resource_labels: tuple[str, ...] = ()
    exponential: bool = True
    """Whether exponential histograms are shown, as classic ones."""


class Family:
    """Series of one name. `base` is the name without the `_total` of a counter."""

    __slots__ = ("_order", "base", "help", "name", "series", "type", "unit")

    def __init__(self, name: str, type: Type, help: str, unit: str) -> None:
        self.name = name
        self.base = name.removesuffix("_total") if type == "counter" else name
        self.type = type
        self.help = help
        self.unit = unit
        self.series: dict[str, Series] = {}
        self._order: tuple[Series, ...] | None = None

    def claims(self) -> Iterable[str]:
        """Return every name that its samples and their metadata may have."""
        return {self.name, *(self.base + suffix for suffix in _SUFFIXES[self.type])}

    def ordered(self) -> tuple[Series, ...]:
        """Return the series in the order in which they are shown."""
        if self._order is None:
            self._order = tuple(self.series[labels] for labels in sorted(self.series))
        return self._order

    def put(self, series: Series) -> None:
        """Add a series."""
        self.series[series.labels] = series
        self._order = None

    def remove(self, labels: str) -> bool:
        """Take a series out; tell whether it was there."""
        self._order = None
        return self.series.pop(labels, None) is not None


class Folded(NamedTuple):
    """What became of points."""

    refused: Mapping[str, int]
    """How many were left out, by reason; `label_dropped` counts labels."""
    conflicts: Sequence[str]
    """Names of families that were described in two ways, each said once."""


class Snapshot(NamedTuple):
    """What one scrape shows. `targets` are the label blocks of `target_info`."""

    targets: Sequence[str]
    families: Sequence[tuple[Family, Sequence[Series]]]


class Store:
    """Safe to use from several threads. `clock` is in seconds."""

    def __init__(self, naming: Naming, expiration: float, clock: Callable[[], float]) -> None:
        self._naming = naming
        self._expiration = expiration
        self._clock = clock
        self._lock = threading.Lock()
        self._families: dict[str, Family] = {}
        self._claimed: set[str] = set(Family("target", "info", "", "").claims())
        self._targets: dict[str, tuple[float, str]] = {}
        self._size = 0
        self._swept = clock()
        self._warned: set[str] = set()

    def __len__(self) -> int:
        return self._size

    def fold(self, points: Sequence[Point]) -> Folded:
        """Take points in."""
        refused: Counter[str] = Counter()
        conflicts: list[str] = []
        with self._lock:
            now = self._clock()
            if now - self._swept >= _SWEEP:
                self._sweep(now)
            origins: dict[tuple[int, int], Mapping[str, str]] = {}
            for point in points:
                origin = origins.get((id(point.resource), id(point.scope)))
                if origin is None:
                    origin = origins[id(point.resource), id(point.scope)] = self._origin(point)
                reason = self._write(point, origin, now, refused, conflicts)
                if reason is not None:
                    refused[reason] += 1
            for resource in {id(point.resource): point.resource for point in points}.values():
                self._describe(resource, now)
        return Folded(refused, conflicts)

    def snapshot(self) -> Snapshot:
        """Return all that is shown now, in its order."""
        with self._lock:
            self._sweep(self._clock())
            families = [(family, family.ordered()) for _, family in sorted(self._families.items())]
            return Snapshot(sorted(labels for _, labels in self._targets.values()), families)

    def _write(
        self, point: Point, origin: Mapping[str, str], now: float, refused: Counter[str], conflicts: list[str]
    ) -> str | None:
        family = self._family(point.metric, conflicts)
        if isinstance(family, str):
            return family
        try:
            labels = block(labels_of(self._attributes(point), _RESERVED.get(family.type, ()), origin))
        except TooManyLabels:
            return "label_limit"
        if point.flags & _NO_VALUE:
            self._remove(family, labels)
            return None
        value = value_of(point)
        if isinstance(value, str):
            return value
        series = family.series.get(labels)
        if series is None:
            if self._size >= MAX_SERIES or len(family.series) >= MAX_SERIES_PER_FAMILY:
                return "cardinality_limited"
            series = Series(labels)
            self._add(family, series)
            refused.update(label_dropped=unusable(point.attributes))
        series.touched = now
        return series.write(point, value)

    def _family(self, metric: Metric, conflicts: list[str]) -> Family | str:
        """Return the family of a metric, a new one when there is none; or why it can't have one."""
        counter = metric.type == "sum" and metric.monotonic
        naming = self._naming
        name = metric_name(
            metric.name,
            metric.unit,
            counter=counter,
            gauge=metric.type == "gauge",
            namespace=naming.namespace,
            strategy=naming.strategy,
        )
        if name is None:
            return "bad_name"
        kind = _type(metric)
        if metric.type == "exponential_histogram" and not naming.exponential:
            return "exponential_histogram"
        family = self._families.get(name.text)
        if family is None:
            family = Family(name.text, kind, metric.description, name.unit)
            return family if self._claimed.isdisjoint(family.claims()) else self._conflict(name.text, conflicts, "name_conflict")
        if family.type != kind:
            return self._conflict(name.text, conflicts, "type_conflict")
        if (family.help, family.unit) != (metric.description, name.unit):
            self._conflict(name.text, conflicts, "")
        return family

    def _conflict(self, name: str, conflicts: list[str], reason: str) -> str:
        if name not in self._warned and len(self._warned) < _MAX_WARNED:
            self._warned.add(name)
            conflicts.append(name)
        return reason

    def _add(self, family: Family, series: Series) -> None:
        if not family.series:
            self._families[family.name] = family
            self._claimed.update(family.claims())
        family.put(series)
        self._size += 1

    def _remove(self, family: Family, *labels: str) -> None:
        self._size -= sum(family.remove(each) for each in labels)
        if not family.series and self._families.pop(family.name, None) is not None:
            self._claimed.difference_update(family.claims())

    def _sweep(self, now: float) -> None:
        """Take out what was not written for too long."""
        self._swept = now
        oldest = now - self._expiration
        for family in list(self._families.values()):
            idle = [labels for labels, series in family.series.items() if series.touched < oldest]
            if idle:
                self._remove(family, *idle)
        self._targets = {name: entry for name, entry in self._targets.items() if entry[0] >= oldest}

    def _origin(self, point: Point) -> Mapping[str, str]:
        scope = scope_labels(point.scope) if self._naming.scope_labels else {}
        return target(point.resource) | scope

    def _attributes(self, point: Point) -> Mapping[str, Value]:
        copied = {key: point.resource.attributes[key] for key in self._naming.resource_labels if key in point.resource.attributes}
        return {**copied, **point.attributes} if copied else point.attributes

    def _describe(self, resource: Resource, now: float) -> None:
        """Keep what a resource says beside its name, for `target_info`; one without a name can't be told apart."""
        name = target(resource)
        rest = target_info(resource)
        key = block(name)
        if any(name.values()) and rest and (key in self._targets or len(self._targets) < MAX_SERIES_PER_FAMILY):
            with suppress(TooManyLabels):  # a name that is too long, or attributes that became one label
                self._targets[key] = (now, block(labels_of(rest, (), name)))


def _type(metric: Metric) -> Type:
    if metric.type == "sum":
        return "counter" if metric.monotonic else "gauge"
    if metric.type == "gauge":
        return "unknown" if metric.metadata.get("prometheus.type") == "unknown" else "gauge"
    return "summary" if metric.type == "summary" else "histogram"
