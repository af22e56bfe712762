"""What becomes of the members of a line, found out once for all lines of a shape: by asking the normaliser about one of them.

The compiled reader does for the others what the normaliser did for that one. Where values decide more than their shape can tell,
there is no plan, and each such line is normalised.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC
from functools import partial
from typing import Any, Final, NamedTuple

import msgspec
import orjson

from pipeline import json_text
from pipeline.json_logs import exceptions, levels, tables
from pipeline.json_logs.entries import Object
from pipeline.json_logs.members import Names
from pipeline.json_logs.normalise import Normaliser, Options, Tally
from pipeline.timestamps import SECOND
from pipeline.trace_members import SPAN_MEMBERS, TRACE_MEMBERS
from pipeline.types import Value
from pipeline.wire.lines import Kind, LineTable, Placed, Plan, Shape
from pipeline.wire.model import LogRecord

_PLACES: Final = (*tables.RESOURCE, *tables.THREAD, *tables.CODE, tables.CODE_FILE)
_TABLES: Final = (
    tables.TIME, tables.MESSAGE, tables.SCOPE, tables.TRACE, tables.FLAGS, levels.PLACES, exceptions.PLACES, Names(*SPAN_MEMBERS),
    *(place.members for place in _PLACES),
)  # fmt: skip
NAMES: Final = tuple(
    dict.fromkeys(
        (
            *(name for names in _TABLES for name in (*names.all, *sorted(names.heads))),
            *(place.attribute for place in _PLACES),
        )
    )
)
"""All members that mean something, those that dotted names may be found in, and those that have the name of an attribute."""

_BODIES: Final = frozenset(tables.MESSAGE.all) - {"log"}
_IDS: Final = frozenset((*TRACE_MEMBERS, *SPAN_MEMBERS))
_LOOKED_INTO: Final = frozenset((*exceptions.PLACES.all, "traceparent"))
"""Members whose text decides what becomes of it."""
_SECONDS: Final = 1_772_600_000
"""Before this come the times of samples, in seconds since the epoch."""


class Sample(NamedTuple):
    """One line of a shape, and its record."""

    members: Mapping[str, Any]
    record: LogRecord
    tally: Tally


def line_table(options: Options) -> LineTable:
    """Return how lines become records under these options."""
    every_line_alone = options.flatten or options.keep_original
    plain = replace(options, service_name="")  # the reader knows it
    return LineTable(
        names=NAMES,
        plan=_no_plan if every_line_alone else partial(plan, plain),
        utc=options.zone is UTC,
    )


def _no_plan(_: Shape) -> None:
    """Every line is normalised."""


def plan(options: Options, shape: Shape) -> Plan | None:
    """Return the plan of a shape, None where there can't be one."""
    if any(_is_undecided(name, kind) for name, kind in shape):
        return None
    sample = _sample(options, {name: _value(NAMES.index(name), name, kind) for name, kind in shape})
    return _Explanation(sample).plan(partial(_severity, options, sample))


def _is_undecided(name: str, kind: Kind) -> bool:
    """Return whether the kind of a value says too little about what becomes of it."""
    match kind:
        case "text":
            return name in _LOOKED_INTO
        case "map" | "list":
            return name not in _BODIES
        case "digits" | "integer":
            return name in _IDS or name == "traceparent"
    return False


def _value(number: int, name: str, kind: Kind) -> Value:
    """Return a value of a kind, one that its member may have, and no other member has."""
    match kind:
        case "text":
            return _text(number, name)
        case "digits":
            return f"0{number % 10}" if name in tables.FLAGS.all else str(_integer(number, name))
        case "integer":
            return number % 256 if name in tables.FLAGS.all else _integer(number, name)
        case "real":
            return _integer(number, name) + 0.5
        case "empty":
            return ""
        case "boolean":
            return True
        case "map":
            return {"sample": number}
    return [f"sample {number}"]


def _text(number: int, name: str) -> str:
    if name in tables.TIME.all:
        return f"2026-03-04T04:00:00.{number:09d}Z"
    if name in TRACE_MEMBERS:
        return f"{number:031x}f"
    if name in SPAN_MEMBERS:
        return f"{number:015x}f"
    return f"f{number % 16:x}" if name in tables.FLAGS.all else f"sample {number}"


def _integer(number: int, name: str) -> int:
    return (_SECONDS if name in tables.TIME.all else 10_000) + number


def _sample(options: Options, members: Mapping[str, Any]) -> Sample:
    raw = orjson.dumps(members)
    normaliser = Normaliser(options, (_SECONDS + 3600) * SECOND)
    parsed: Any = json_text.parse(raw).value
    return Sample(members, normaliser.record(Object(1, raw, parsed, 0)), normaliser.tally)


def _severity(options: Options, sample: Sample, level: str, value: str | int) -> tuple[int, str] | None:
    """Return what another value of the level means; None where it changes more than the severity."""
    record = _sample(options, {**sample.members, level: value}).record
    number, text = record.severity_number, record.severity_text
    same = msgspec.structs.replace(sample.record, severity_number=number, severity_text=text) == record
    return (number, text) if same else None


class _Unexplained(Exception):
    """It can't be told what became of each member."""


class _Explanation:
    """Tells where the members of a sample are in its record."""

    def __init__(self, sample: Sample) -> None:
        self._members, self._record, self._tally = sample
        attributes = self._record.attributes
        self._moved = [
            name for name, value in self._members.items() if name not in attributes or not _same(attributes[name], value)
        ]

    def plan(self, severity: Callable[[str, str | int], tuple[int, str] | None]) -> Plan | None:
        """Return what a reader has to do; None where that is not clear."""
        record, tally = self._record, self._tally
        if record.body is None or tally.bad_times:
            return None
        derived = {name: value for name, value in record.attributes.items() if name not in self._members or name in self._moved}
        try:
            level = self._take(levels.PLACES.all) if record.severity_text else ""
            found = Plan(
                format=next(iter(tally.formats)),
                level=level,
                severity=partial(severity, level),
                time=self._take(tables.TIME.all) if record.time else "",
                trace_id=self._take(TRACE_MEMBERS) if record.trace_id else "",
                span_id=self._take(SPAN_MEMBERS) if record.span_id else "",
                flags=self._take_any(tables.FLAGS.all) if record.trace_id else "",
                body=self._find(record.body),
                scope=self._find(record.scope.name) if record.scope.name else "",
                resource=tuple(self._place(name, value) for name, value in record.resource.attributes.items()),
                attributes=tuple(self._place(name, value) for name, value in derived.items()),
                bad_ids=tally.bad_ids,
            )
        except _Unexplained:
            return None
        return None if self._moved else found

    def _take(self, names: Iterable[str]) -> str:
        """Take the one member that went to where members of these names go."""
        if name := self._take_any(names):
            return name
        raise _Unexplained

    def _take_any(self, names: Iterable[str]) -> str:
        """Take that member, if there is one."""
        found = [name for name in names if name in self._moved]
        if len(found) > 1:
            raise _Unexplained
        for name in found:
            self._moved.remove(name)
        return found[0] if found else ""

    def _find(self, value: Value) -> str:
        """Take the one member that has this value."""
        return self._take([name for name in self._moved if _same(self._members[name], value)])

    def _place(self, attribute: str, value: Value) -> Placed:
        if isinstance(value, int):
            digits = [name for name in self._moved if self._members[name] == str(value)]
            if digits:
                return Placed(attribute, self._take(digits), integer=True)
        return Placed(attribute, self._find(value))


def _same(one: Value, other: Value) -> bool:
    return type(one) is type(other) and one == other
