"""One entry of a body as one OTLP log record: what all formats share (json-logs contract §2-§4)."""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Any, Final

from pipeline import json_text, severity, timestamps
from pipeline.json_logs import tables
from pipeline.json_logs.entries import Object, Text
from pipeline.json_logs.exceptions import take_exception
from pipeline.json_logs.format import Format
from pipeline.json_logs.formats import detect
from pipeline.json_logs.levels import take_level
from pipeline.json_logs.members import Members, Names
from pipeline.json_logs.tables import Place
from pipeline.trace_ids import TraceContext
from pipeline.trace_members import find_ids
from pipeline.types import Value
from pipeline.wire.model import LogRecord, Resource, Scope

_WORDS: Final = re.compile(rf"\b(?:{'|'.join(severity.WORDS)})\b", re.IGNORECASE | re.ASCII)
_WORDS_WITHIN: Final = 64
"""Bytes from the beginning of a line of text within which its severity is looked for (rule N10)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the settings say about records."""

    format: str | None = None
    """The one format to expect."""
    zone: tzinfo = UTC
    """Of times that name none."""
    service_name: str = ""
    """For records that name no service."""
    flatten: bool = False
    keep_original: bool = False
    text_severity: bool = False


@dataclass(slots=True)
class Tally:
    """What was noticed on the way."""

    formats: Counter[str] = field(default_factory=Counter)
    duplicates: int = 0
    bad_times: int = 0
    bad_ids: int = 0


class Normaliser:
    """Makes the records of one request, which came in at `now` (nanoseconds since the epoch).

    `service` names the service of records that name none, before the option does; `context` lends its ids to records without.
    """

    def __init__(self, options: Options, now: int, service: str = "", context: TraceContext | None = None) -> None:
        self.tally = Tally()
        self._options = options
        self.now = now
        self.service = service or options.service_name
        self.context = context
        self._resources: dict[tuple[tuple[str, Value], ...], Resource] = {}
        self._scopes: dict[str, Scope] = {}

    def record(self, entry: Object | Text) -> LogRecord:
        """Return the record of an entry. The object of the entry is used up."""
        if isinstance(entry, Text):
            record = self._from_text(entry.text)
        else:
            self.tally.duplicates += entry.duplicates
            record = self._from_object(entry)
        if self.context and not record.trace_id:
            record.trace_id, record.span_id, record.flags = self.context
        return record

    def _from_text(self, line: str) -> LogRecord:
        self.tally.formats["text"] += 1
        record = LogRecord(resource=self._resource({}), scope=self._scope(""), observed_time=self.now, body=line)
        word = _WORDS.search(line, 0, 2 * _WORDS_WITHIN) if self._options.text_severity else None
        if word and word.end() <= _WORDS_WITHIN:
            record.severity_text, record.severity_number = word[0], severity.number(word[0])
        if self._options.keep_original:
            record.attributes = {"log.record.original": line}
        return record

    def _from_object(self, entry: Object) -> LogRecord:
        source = detect(entry.members, self._options.format)
        self.tally.formats[source.id] += 1
        source.prepare(entry.members)
        members = Members(entry.members, any_case=source.any_case)
        level = take_level(members, source.level, source.scale, source.words)
        time = self._take_time(members, source, entry.raw)
        trace_id, span_id, flags = self._take_trace(members)
        body = _take(members, source.message)
        derived = take_exception(members)
        if body is None and source.error_is_message:
            body = derived.get("exception.message")
        if body is None:
            body = _take_message(members)
        resource = self._resource(_take_places(members, tables.RESOURCE))
        scope = self._scope(str(_take(members, tables.SCOPE, tables.text) or ""))
        derived |= _take_places(members, tables.THREAD) | _take_code(members)
        if self._options.keep_original:
            derived["log.record.original"] = entry.raw.decode()
        rest = _flattened(members.rest) if self._options.flatten else members.rest
        return LogRecord(
            resource=resource,
            scope=scope,
            time=time,
            observed_time=self.now,
            severity_number=level.number,
            severity_text=level.text,
            body=rest if body is None else body,
            attributes=derived if body is None else rest | derived,
            trace_id=trace_id,
            span_id=span_id,
            flags=flags,
        )

    def _take_time(self, members: Members, source: Format, raw: bytes) -> int:
        """Take the first time that a record may carry; any other stays (§4.1)."""
        for name, value in {**dict(members.present(source.time)), **dict(members.present(tables.TIME))}.items():
            if isinstance(value, float):
                value = _decimal(raw, name, any_case=source.any_case)
            time = timestamps.parse(value, self._options.zone)
            if time is None:
                continue
            if timestamps.is_sane(time, self.now):
                members.take(name)
                return time
            self.tally.bad_times += 1
        return 0

    def _take_trace(self, members: Members) -> tuple[str, str, int]:
        """Take trace id, span id and flags; without a valid trace id they all stay (§4.3)."""
        if next(members.present(tables.TRACE), None) is None:
            return "", "", 0
        ids = find_ids(members)
        if ids is None:
            self.tally.bad_ids += 1
            return "", "", 0
        for name in ids.members:
            members.take(name)
        flags = _take(members, tables.FLAGS, tables.flags)
        return ids.trace_id, ids.span_id, flags if isinstance(flags, int) else 0

    def _resource(self, attributes: dict[str, Value]) -> Resource:
        service = self.service
        if service and tables.SERVICE not in attributes:
            attributes[tables.SERVICE] = service
        key = tuple(attributes.items())
        return self._resources.setdefault(key, Resource(attributes=attributes))

    def _scope(self, name: str) -> Scope:
        return self._scopes.setdefault(name, Scope(name=name))


def _take(members: Members, names: Names, fit: Callable[[Value], Value] = lambda value: value) -> Value:
    """Take the first member that fits, or return None."""
    for name, value in members.present(names):
        fitted = fit(value)
        if fitted is not None:
            members.take(name)
            return fitted
    return None


def _take_places(members: Members, places: tuple[Place, ...]) -> dict[str, Value]:
    found = {place.attribute: _take(members, place.members, place.fit) for place in places}
    return {name: value for name, value in found.items() if value is not None}


def _take_code(members: Members) -> dict[str, Value]:
    found = _take_places(members, tables.CODE)
    return found | _take_places(members, (tables.CODE_FILE,)) if found else found


def _take_message(members: Members) -> Value:
    """Take the message by its shared names; an object called `log` is none (§4.3)."""
    for name, value in members.present(tables.MESSAGE):
        if name != "log" or not isinstance(value, dict):
            return members.take(name)
    return None


def _decimal(raw: bytes, name: str, *, any_case: bool) -> Value:
    """Return a number of a log object as the text that stands there."""
    value = json_text.with_decimals(raw)
    return Members(value, any_case=any_case).get(name) if isinstance(value, dict) else None


def _flattened(nested: Mapping[str, Any], prefix: str = "") -> dict[str, Value]:
    """Return the members with those of objects within joined by dots; a member whose own name has the dots wins."""
    flat: dict[str, Value] = {}
    own: dict[str, Value] = {}
    for name, value in nested.items():
        if isinstance(value, dict) and value:
            flat |= _flattened(value, f"{prefix}{name}.")
        else:
            own[prefix + name] = value
    return flat | own
