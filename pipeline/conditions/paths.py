"""What a condition can look at: the paths, what type each has, and how it is read from a decoded record."""

from collections.abc import Callable, Mapping
from typing import Final, Literal, NamedTuple

from pipeline.types import Value
from pipeline.wire.model import LogRecord, Point, Record, Span

Type = Literal["text", "integer", "duration", "any"]


class Path(NamedTuple):
    """A path of the language; `key` is set of the two that take one."""

    name: str
    key: str = ""

    @property
    def type(self) -> Type:
        """What its values are; `any` where the sender decides."""
        return "any" if self.name in KEYED else PATHS[self.name].type

    def read(self, record: Record) -> Value:
        """Return its value in a record, None when it is missing."""
        if self.name == "attributes":
            return record.attributes.get(self.key)
        if self.name == "resource.attributes":
            return record.resource.attributes.get(self.key)
        return PATHS[self.name].read(record)

    def __str__(self) -> str:
        return f'{self.name}["{self.key}"]' if self.name in KEYED else self.name


class _Kind(NamedTuple):
    type: Type
    read: Callable[[Record], Value]
    names: Mapping[str, int] = {}
    """Words that stand for integers on the right of it."""


def _log(read: Callable[[LogRecord], Value]) -> Callable[[Record], Value]:
    return lambda record: read(record) if isinstance(record, LogRecord) else None


def _span(read: Callable[[Span], Value]) -> Callable[[Record], Value]:
    return lambda record: read(record) if isinstance(record, Span) else None


def _point(read: Callable[[Point], Value]) -> Callable[[Record], Value]:
    return lambda record: read(record) if isinstance(record, Point) else None


def _id(name: Literal["trace_id", "span_id"]) -> Callable[[Record], Value]:
    return lambda record: None if isinstance(record, Point) else getattr(record, name) or None


def _duration(span: Span) -> int | None:
    return span.end_time - span.start_time if span.start_time and span.end_time else None


SEVERITIES: Final = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
"""Four severity numbers each, from 1 (logs data model, SeverityNumber)."""
SEVERITY_NUMBERS: Final[Mapping[str, int]] = {
    f"{name}{step if step > 1 else ''}": 4 * at + step for at, name in enumerate(SEVERITIES) for step in range(1, 5)
}
STATUS_CODES: Final[Mapping[str, int]] = {"UNSET": 0, "OK": 1, "ERROR": 2}
_KINDS: Final = ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")


def _spelt(prefix: str, names: Mapping[str, int]) -> Mapping[str, int]:
    return {prefix + name: number for name, number in names.items()}


# Unset severity, text and ids count as missing; unset status and kind are values of their own (OTLP gives them a meaning).
PATHS: Final[Mapping[str, _Kind]] = {
    "body": _Kind("any", _log(lambda record: record.body)),
    "severity_number": _Kind(
        "integer",
        _log(lambda record: record.severity_number or None),
        {**SEVERITY_NUMBERS, **_spelt("SEVERITY_NUMBER_", {"UNSPECIFIED": 0, **SEVERITY_NUMBERS})},
    ),
    "severity_text": _Kind("text", _log(lambda record: record.severity_text or None)),
    "event_name": _Kind("text", _log(lambda record: record.event_name or None)),
    "name": _Kind("text", _span(lambda span: span.name or None)),
    "kind": _Kind("integer", _span(lambda span: span.kind), {f"SPAN_KIND_{name}": number for number, name in enumerate(_KINDS)}),
    "status.code": _Kind("integer", _span(lambda span: span.status_code), _spelt("STATUS_CODE_", STATUS_CODES)),
    "duration": _Kind("duration", _span(_duration)),
    "trace_id": _Kind("text", _id("trace_id")),
    "span_id": _Kind("text", _id("span_id")),
    "scope.name": _Kind("text", lambda record: record.scope.name or None),
    "metric.name": _Kind("text", _point(lambda point: point.metric.name or None)),
    "metric.type": _Kind("text", _point(lambda point: point.metric.type)),
}

KEYED: Final = ("attributes", "resource.attributes")
"""Paths that take a key in brackets."""
