"""From OTLP metric names and units to Prometheus names (prometheus contract §3)."""

import re
from itertools import pairwise
from typing import Final, Literal, NamedTuple

from pipeline.remembered import remembered

Strategy = Literal["UnderscoreEscapingWithSuffixes", "UnderscoreEscapingWithoutSuffixes"]

_OUTSIDE: Final = re.compile(r"[^A-Za-z0-9:]+")
_OUTSIDE_UNIT: Final = re.compile(r"[^A-Za-z0-9]+")

UNITS: Final = {
    "d": "days", "h": "hours", "min": "minutes", "s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds",
    "By": "bytes", "KiBy": "kibibytes", "MiBy": "mebibytes", "GiBy": "gibibytes", "TiBy": "tebibytes",
    "kBy": "kilobytes", "KBy": "kilobytes", "MBy": "megabytes", "GBy": "gigabytes", "TBy": "terabytes",
    "m": "meters", "V": "volts", "A": "amperes", "J": "joules", "W": "watts", "g": "grams", "Cel": "celsius", "Hz": "hertz",
    "%": "percent", "1": "",
}  # fmt: skip
PER_UNITS: Final = {"s": "second", "m": "minute", "h": "hour", "d": "day", "w": "week", "mo": "month", "y": "year"}


class Name(NamedTuple):
    """What a metric is called, and its unit in words where the name ends with it."""

    text: str
    unit: str


@remembered(10_000)
def metric_name(
    name: str,
    unit: str,
    *,
    counter: bool = False,
    gauge: bool = False,
    namespace: str = "",
    strategy: Strategy = "UnderscoreEscapingWithSuffixes",
) -> Name | None:
    """Return the Prometheus name of a metric, None when nothing of its name can stand in one.

    `counter` is a monotonic sum, `gauge` a gauge as OTLP calls it.
    """
    tokens = _tokens(name)
    if not tokens:
        return None
    words = ""
    if strategy == "UnderscoreEscapingWithSuffixes":
        main, per = _unit(unit)
        if main and main not in tokens:
            tokens.append(main)
        if per and ("per", per) not in pairwise(tokens):
            tokens += ["per", per]
        words = "_".join(filter(None, (main, f"per_{per}" if per else "")))
        for wanted, suffix in ((counter, "total"), (gauge and unit == "1", "ratio")):
            if wanted:
                tokens = [*(token for token in tokens if token != suffix), suffix]
    text = "_".join((*_tokens(namespace), *tokens))
    text = f"_{text}" if text[0].isdigit() else text
    base = text.removesuffix("_total") if counter else text
    return Name(text, words if base.endswith(f"_{words}") else "")


def _tokens(text: str) -> list[str]:
    return [token for token in _OUTSIDE.split(text) if token]


def _unit(unit: str) -> tuple[str, str]:
    """Return both halves of a unit in words; what stands in braces says nothing."""
    main, _, per = unit.partition("/")
    main, per = ("" if "{" in half or "}" in half else half.strip() for half in (main, per))
    return _plain(UNITS.get(main, main)), _plain(PER_UNITS.get(per, per))


def _plain(text: str) -> str:
    return _OUTSIDE_UNIT.sub("_", text).strip("_")
