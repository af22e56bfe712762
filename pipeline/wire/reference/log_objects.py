"""Write log records as flat JSON objects, as a layout says."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import accumulate
from math import isfinite
from typing import Final, TypeAlias, cast

from pipeline.text import shortened, text
from pipeline.trace_ids import to_decimal
from pipeline.types import Value
from pipeline.wire.layout import LogLayout, LogObjects, Shared
from pipeline.wire.model import LogRecord, Resource
from pipeline.wire.reference.records import records

Members: TypeAlias = dict[str, str | bool | int | float]

WORTH_CUTTING: Final = 1024
"""An object that is too large though no text in it is longer than this has too many attributes."""

_HEX: Final = re.compile(r"[0-9A-Fa-f]+")
_TRACE_DIGITS: Final = 32
_SPAN_DIGITS: Final = 16


def log_objects(payload: bytes, layout: LogLayout) -> LogObjects:
    """Return the objects of a payload of logs. Raises `Malformed`."""
    writer = _Writer(layout)
    written = [writer.written(cast("LogRecord", record)) for record in records(payload, "logs")]
    writer.found.text = b"[" + b",".join(written) + b"]"
    writer.found.ends = list(accumulate(1 + len(each) for each in written))
    return writer.found


class _Writer:
    def __init__(self, layout: LogLayout) -> None:
        self._layout = layout
        self._own = frozenset(layout.own()) | layout.fields
        self._known: dict[int, tuple[Resource, Shared]] = {}
        self.found = LogObjects(b"", [])

    def written(self, record: LogRecord) -> bytes:
        """Return the object of a record."""
        members = self._members(record, self._shared(record.resource))
        written = _json(members)
        if len(written) > self._layout.max_bytes:
            written = self._shortened(members)
            self.found.shortened += 1
        return written

    def _shared(self, resource: Resource) -> Shared:
        if id(resource) not in self._known:
            self._known[id(resource)] = resource, self._layout.shared(resource.attributes)
        return self._known[id(resource)][1]

    def _members(self, record: LogRecord, shared: Shared) -> Members:
        layout = self._layout
        own: Members = {}
        attributes: Members = {}
        taken: dict[str, str] = {}
        tags = [shared.tags]
        for key, value in record.attributes.items():
            match layout.taken.get(key.lower()):
                case None:
                    _flatten(attributes, key, value, layout.max_depth)
                case "tags":
                    tags.append(text(value))
                case "trace_id" | "span_id" as field:
                    self._put_id(own, field, text(value))
                case field:
                    taken[field] = text(value)
        around: Members = {**shared.attributes, **{key: text(value) for key, value in record.scope.attributes.items()}}
        if record.trace_id:
            self._put_id(own, "trace_id", record.trace_id)
        if record.span_id:
            self._put_id(own, "span_id", record.span_id)
        if time := record.time or record.observed_time:
            seconds, rest = divmod(time, 1_000_000_000)
            own[layout.nanoseconds] = str(time)
            own[layout.timestamp] = f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest // 1_000_000:03d}Z"
        if record.severity_text:
            own[layout.severity_text] = record.severity_text
        if record.severity_number:
            own[layout.severity_number] = str(record.severity_number)
        if record.event_name:
            own[layout.event_name] = record.event_name
        own[layout.message] = taken.get("message") or text(record.body)
        own[layout.status] = taken.get("status") or record.severity_text or self._status(record.severity_number)
        own[layout.tags] = ",".join(tags)
        if service := shared.service or text(record.attributes.get(layout.service_attribute)):
            own[layout.service] = service
        own = {**{name: own[name] for name in layout.own() if name in own}, **shared.fields}
        clashing = attributes | around
        members = {key: value for key, value in attributes.items() if key not in around and key not in self._own}
        members |= {key: value for key, value in around.items() if key not in self._own}
        members |= own
        members |= {key: value for key, value in clashing.items() if key in self._own and key not in own}
        for key, name in layout.copies.items():
            if key in record.attributes and name not in clashing:
                members[name] = text(record.attributes[key])
        return members

    def _put_id(self, own: Members, field: str, value: str) -> None:
        """Put an id given in hex. The decimal form is text: readers of JSON lose integers beyond 2^53."""
        layout, found = self._layout, self.found
        is_trace = field == "trace_id"
        if len(value) == (_TRACE_DIGITS if is_trace else _SPAN_DIGITS) and _HEX.fullmatch(value):
            own[layout.trace_id if is_trace else layout.span_id] = value
            own[layout.trace_id_decimal if is_trace else layout.span_id_decimal] = to_decimal(value) or "0"
        elif is_trace:
            found.bad_trace_ids += 1
        else:
            found.bad_span_ids += 1

    def _status(self, severity_number: int) -> str:
        if severity_number <= 0:
            return ""
        return self._layout.statuses[(severity_number - 1) // 4] if severity_number <= 24 else self._layout.beyond

    def _shortened(self, members: Members) -> bytes:
        """Return the members in as many bytes as there may be.

        The message is cut, or the longest text where that helps more; as the last resort attributes are left out.
        """
        layout = self._layout
        members = {**members, layout.shortened: True}
        while (excess := len(written := _json(members)) - layout.max_bytes) > 0:
            sizes = {key: len(_json(value)) for key, value in members.items() if isinstance(value, str)}
            longest = layout.message if sizes[layout.message] > excess + 2 else max(sizes, key=sizes.__getitem__)
            if sizes[longest] < WORTH_CUTTING:
                needed = (self._own - layout.expendable) | {layout.shortened}
                members = {key: value for key, value in members.items() if key in needed}
            else:
                members[longest] = shortened(str(members[longest]), max(sizes[longest] - excess, 2))
        return written


def _flatten(into: Members, key: str, value: Value, depth: int) -> None:
    if isinstance(value, Mapping) and value and depth > 1:
        for inner, inner_value in value.items():
            _flatten(into, f"{key}.{inner}", inner_value, depth - 1)
    elif isinstance(value, bool | int) or (isinstance(value, float) and isfinite(value)):
        into[key] = value
    else:
        into[key] = text(value)


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, check_circular=False, separators=(",", ":")).encode()
