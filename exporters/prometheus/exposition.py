"""The text that a scrape gets: text format 0.0.4 and OpenMetrics 1.0 (prometheus contract §2)."""

import math
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import accumulate
from typing import Final, NamedTuple

from exporters.prometheus.exponential import classic
from exporters.prometheus.series import Series, Shown
from exporters.prometheus.store import Family, Snapshot
from exporters.prometheus.values import ExponentialHistogram, Histogram, Summary

_HELP: Final = str.maketrans({"\\": "\\\\", "\n": "\\n"})
_HELP_QUOTED: Final = str.maketrans({"\\": "\\\\", "\n": "\\n", '"': '\\"'})
_SERIES_AT_ONCE: Final = 1000
_TARGET_HELP: Final = "What the resources say about themselves."


class Form(NamedTuple):
    """How the text is written."""

    openmetrics: bool
    timestamps: bool = False
    created: bool = False
    """Show start times as `_created`; OpenMetrics only."""


def expose(snapshot: Snapshot, form: Form, check: Callable[[], None]) -> bytes:
    """Return the exposition. `check` is called every now and then; what it raises ends the work."""
    chunks = [_target_info(snapshot.targets, form)]
    for family, series in snapshot.families:
        chunks.append(_metadata(family, form))
        lines = _LINES[family.type]
        for at in range(0, len(series), _SERIES_AT_ONCE):
            check()
            part = series[at : at + _SERIES_AT_ONCE]
            chunks.append("".join(line for each in part for line in lines(family, each, form)).encode())
    if form.openmetrics:
        chunks.append(b"# EOF\n")
    return b"".join(chunks)


def _target_info(targets: Sequence[str], form: Form) -> bytes:
    if not targets:
        return b""
    name, kind = ("target", "info") if form.openmetrics else ("target_info", "gauge")
    lines = [f"# TYPE {name} {kind}\n", f"# HELP {name} {_TARGET_HELP}\n"]
    return "".join([*lines, *(f"target_info{{{labels}}} 1\n" for labels in targets)]).encode()


def _metadata(family: Family, form: Form) -> bytes:
    name = family.base if form.openmetrics else family.name
    kind = "untyped" if family.type == "unknown" and not form.openmetrics else family.type
    lines = [f"# TYPE {name} {kind}\n"]
    if form.openmetrics and family.unit:
        lines.append(f"# UNIT {name} {family.unit}\n")
    if family.help:
        lines.append(f"# HELP {name} {family.help.translate(_HELP_QUOTED if form.openmetrics else _HELP)}\n")
    return "".join(lines).encode()


def _single(family: Family, series: Series, form: Form) -> Iterator[str]:
    value = series.value
    assert isinstance(value, int | float)  # noqa: S101  # the family's type says so
    name, end = family.name, "\n"
    if family.type == "counter" and form.openmetrics:
        name = f"{family.base}_total"
        if series.exemplars:
            end = f"{_exemplar(series.exemplars[0])}\n"
    yield f"{name}{_braces(series.labels)} {number(value)}{_timestamp(series, form)}{end}"
    if form.created:
        yield from _created(family, series, form)


def _histogram(family: Family, series: Series, form: Form) -> Iterator[str]:
    value = series.value
    if isinstance(value, ExponentialHistogram):
        value = Histogram(*classic(value.buckets), value.sum)
    assert isinstance(value, Histogram)  # noqa: S101  # the family's type says so
    name, time = family.name, _timestamp(series, form)
    labels = f"{series.labels}," if series.labels else ""
    shown = _by_bucket(series.exemplars, value.bounds) if form.openmetrics else {}
    total = 0
    for at, (le, total) in enumerate(zip((*map(bound, value.bounds), "+Inf"), accumulate(value.counts), strict=True)):
        yield f'{name}_bucket{{{labels}le="{le}"}} {total}{time}{shown.get(at, "")}\n'
    has_sum = value.sum is not None
    if form.openmetrics:
        has_sum = has_sum and not (value.bounds and value.bounds[0] < 0) and value.sum >= 0  # type: ignore[operator]
    if has_sum or not form.openmetrics:
        yield f"{name}_count{_braces(series.labels)} {total}{time}\n"
    if has_sum:
        yield f"{name}_sum{_braces(series.labels)} {number(value.sum)}{time}\n"  # type: ignore[arg-type]
    if form.created:
        yield from _created(family, series, form)


def _summary(family: Family, series: Series, form: Form) -> Iterator[str]:
    value = series.value
    assert isinstance(value, Summary)  # noqa: S101  # the family's type says so
    name, time = family.name, _timestamp(series, form)
    labels = f"{series.labels}," if series.labels else ""
    for quantile, each in value.quantiles:
        if not form.openmetrics or not each < 0:
            yield f'{name}{{{labels}quantile="{bound(quantile)}"}} {number(each)}{time}\n'
    yield f"{name}_count{_braces(series.labels)} {value.observations}{time}\n"
    if not form.openmetrics or value.sum >= 0:
        yield f"{name}_sum{_braces(series.labels)} {number(value.sum)}{time}\n"
    if form.created:
        yield from _created(family, series, form)


_LINES: Final = {"counter": _single, "gauge": _single, "unknown": _single, "histogram": _histogram, "summary": _summary}


def _created(family: Family, series: Series, form: Form) -> Iterator[str]:
    if form.openmetrics and series.start and family.type != "gauge":
        yield f"{family.base}_created{_braces(series.labels)}{_seconds(series.start)}{_timestamp(series, form)}\n"


def _by_bucket(exemplars: Sequence[Shown], bounds: Sequence[float]) -> dict[int, str]:
    """Return the newest exemplar of each bucket, as it ends the line."""
    newest: dict[int, Shown] = {}
    for shown in exemplars:
        at = bisect_left(bounds, shown.value)
        if at not in newest or newest[at].time <= shown.time:
            newest[at] = shown
    return {at: _exemplar(shown) for at, shown in newest.items()}


def _exemplar(shown: Shown) -> str:
    return f" # {{{shown.labels}}} {number(shown.value)}{_seconds(shown.time)}"


def _braces(labels: str) -> str:
    return f"{{{labels}}}" if labels else ""


def _timestamp(series: Series, form: Form) -> str:
    if not form.timestamps or not series.time:
        return ""
    return _seconds(series.time) if form.openmetrics else f" {series.time // 1_000_000}"


def _seconds(nanoseconds: int) -> str:
    """Return a space and the time in seconds, nothing for none."""
    if not nanoseconds:
        return ""
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    return f" {seconds}.{rest:09d}".rstrip("0").rstrip(".")


def number(value: float) -> str:
    """Return a sample value: the shortest text that reads back."""
    if isinstance(value, int) or math.isfinite(value):
        return repr(value)
    return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"


@lru_cache(maxsize=10_000)
def bound(value: float) -> str:
    """Return an `le` or `quantile` (contract §2): as the shortest form, `.0` where there is no point, e+06 and e-05 beyond."""
    decimal = Decimal(repr(float(value))).normalize()
    if not decimal:
        return "0.0"
    exponent = decimal.adjusted()
    if -4 <= exponent < 6:
        plain = f"{decimal:f}"
        return plain if "." in plain else f"{plain}.0"
    return f"{decimal.scaleb(-exponent):f}e{exponent:+03d}"
