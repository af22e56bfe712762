"""Levels as OpenTelemetry severity: which member wins, and what its number means (json-logs contract §4.2, §4.3)."""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, TypeAlias

from pipeline import severity
from pipeline.json_logs.members import Members, Names
from pipeline.types import Value

PLACES: Final = Names("level", "severity", "levelname", "log.level", "severity_text", "loglevel", "levelno")

PYTHON_WORDS: Final = {"critical": 21}
"""Words that mean something else in Python (OpenTelemetry Python's logging handler)."""

_PINO_LABELS: Final = {10: "trace", 20: "debug", 30: "info", 40: "warn", 50: "error", 60: "fatal"}
_PINO_NUMBERS: Final = {10: 1, 20: 5, 30: 9, 40: 13, 50: 17, 60: 21}
_PYTHON_LABELS: Final = {10: "DEBUG", 20: "INFO", 30: "WARNING", 40: "ERROR", 50: "CRITICAL"}
_PYTHON_NUMBERS: Final = {10: 5, 20: 9, 30: 13, 40: 17, 50: 21}


class Level(NamedTuple):
    """A severity: OpenTelemetry's number, 0 when unknown, and the source's own word."""

    number: int = 0
    text: str = ""


Scale: TypeAlias = Callable[[int], Level]
"""What the numbers of a format mean."""


def pino(level: int) -> Level:
    """The scale of pino and bunyan: what lies between two labels counts as the lower one."""
    return Level(_PINO_NUMBERS.get(min(level // 10 * 10, 60), 0), _PINO_LABELS.get(level, str(level)))


def python(level: int) -> Level:
    """The scale of Python's logging, as OpenTelemetry Python maps it."""
    base = min(level // 10 * 10, 50)
    number = _PYTHON_NUMBERS[base] + min(level - base, 3) if base in _PYTHON_NUMBERS else 0
    return Level(number, _PYTHON_LABELS.get(level, str(level)))


def bare(level: int) -> Level:
    """A number whose scale nothing tells: the scale of pino when it has a label there, else unknown."""
    return pino(level) if level in _PINO_LABELS else Level(0, str(level))


def take_level(members: Members, own: Names, scale: Scale, words: Mapping[str, int]) -> Level:
    """Take the level out of a log object.

    The format's own member wins, else a word over a number. A second level is taken too where it says the same or is only the
    number beside a word; else it stays.
    """
    candidates = {name: value for name, value in members.present(own) if _is_level(value)}
    preferred = next(iter(candidates), None)
    candidates |= {name: value for name, value in members.present(PLACES) if _is_level(value)}
    if not candidates:
        return Level()
    if preferred is None:
        preferred = next((name for name, value in candidates.items() if isinstance(value, str)), next(iter(candidates)))
    level = _level(preferred, candidates.pop(preferred), scale, words)
    worded = isinstance(members.take(preferred), str)
    for name, value in candidates.items():
        if (worded and not isinstance(value, str)) or _level(name, value, scale, words).number == level.number != 0:
            members.take(name)
    return level


def _is_level(value: Value) -> bool:
    return (isinstance(value, str) and value != "") or (isinstance(value, int) and not isinstance(value, bool))


def _level(name: str, value: Value, scale: Scale, words: Mapping[str, int]) -> Level:
    pythonic = name in ("levelname", "levelno")
    if isinstance(value, int):
        return python(value) if pythonic else scale(value)
    text = str(value)
    return Level((PYTHON_WORDS if pythonic else words).get(text.lower()) or severity.number(text), text)
