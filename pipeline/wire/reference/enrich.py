"""Give log records the trace ids they carry elsewhere; put attributes on resources and records (trace-context contract §4)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

import orjson

from pipeline.trace_ids import RANDOM, SAMPLED, TRACE_ID, trace_id_of_request
from pipeline.trace_members import Ids, find_ids, find_request, ids_in_text
from pipeline.types import Signal, Value
from pipeline.wire.model import LogRecord
from pipeline.wire.reference import tables
from pipeline.wire.reference.items import Item, judge_items, with_attributes, with_field
from pipeline.wire.reference.message import parse
from pipeline.wire.reference.records import attributes_of
from pipeline.wire.reference.tables import DELIMITED, FIXED32
from pipeline.wire.reference.walk import delimited, encode_varint, fields, rewrite

IdSource: TypeAlias = Literal["attributes", "json", "text"]

DERIVED_KEY: Final = "trace.derived"
OLD_NAMES: Final = {"deployment.environment.name": "deployment.environment"}
"""Resource attributes that an older SDK gives under another name: given is given."""

_LOG_TRACE_ID: Final = 9
_LOG_SPAN_ID: Final = 10
_LOG_FLAGS: Final = 8
"""Field numbers of `LogRecord`."""
_RESOURCE: Final = 1
"""Field number of the resource in `ResourceLogs`, `ResourceSpans` and `ResourceMetrics`."""


class Enricher:
    """Adds what is missing, and replaces what is there only when `overwrite` says so.

    `ids` are the places where a log record without a trace id is searched, in this order; with `derive` one that names a
    request gets the id that follows from it (`namespace` keeps tenants apart), marked by the attribute `trace.derived`. `move`
    removes the attributes that ids were taken from. Ids of spans are never invented, and ids of records never replaced.
    """

    def __init__(
        self,
        *,
        ids: Sequence[IdSource] = ("attributes", "json", "text"),
        derive: bool = True,
        namespace: str = "",
        move: bool = False,
        resource: Mapping[str, Value] = {},
        attributes: Mapping[str, Value] = {},
        overwrite: bool = False,
    ) -> None:
        self._searches = [_SEARCHES[source] for source in ids]
        self._derive = derive
        self._namespace = namespace
        self._move = move
        self._resource = resource
        self._attributes = attributes
        self._overwrite = overwrite

    def enrich(self, payload: bytes, signal: Signal) -> bytes:
        """Return the payload with what was missing; the same object when nothing was. Raises `Malformed`."""
        goes_through_items = self._attributes or (signal == "logs" and (self._searches or self._derive))
        if self._resource or goes_through_items:
            parse(payload, 0, len(payload), tables.root(signal))  # malformed anywhere: refused, whatever is asked for
        if self._resource:
            payload = self._with_resources(payload)
        if goes_through_items:
            payload, _ = judge_items(payload, signal, self._enriched)
        return payload

    def find_ids(self, record: LogRecord) -> tuple[Ids | None, bool]:
        """Return the ids of a log record that has no trace id, and whether they were derived from a request id."""
        ids = next(filter(None, (search(record) for search in self._searches)), None)
        if ids is not None or not self._derive:
            return ids, False
        request = find_request(record.attributes)
        return (None, False) if request is None else (Ids(trace_id_of_request(*request, self._namespace)), True)

    def _with_resources(self, payload: bytes) -> bytes:
        def group(number: int, wire: int, start: int, end: int) -> bytes | None:
            if number != 1 or wire != DELIMITED:
                return None
            changed = self._with_resource(payload[start:end])
            return None if changed is None else delimited(1, changed)

        changed = rewrite(payload, 0, len(payload), group)
        return payload if changed is None else changed

    def _with_resource(self, group: bytes) -> bytes | None:
        """Return a `ResourceLogs` or one of its kin with the attributes added, or None when it has them."""
        table = tables.message("Resource")
        said: dict[str, Any] = {}
        last = None
        for _, number, wire, start, end in fields(group, 0, len(group)):
            if number == _RESOURCE and wire == DELIMITED:
                parse(group, start, end, table, said)
                last = start
        missing = self._missing(self._resource, attributes_of(said))
        if not missing:
            return None
        if last is None:
            return delimited(_RESOURCE, with_attributes(b"", 1, missing)) + group

        def each(number: int, wire: int, start: int, end: int) -> bytes | None:
            if number != _RESOURCE or wire != DELIMITED:
                return None
            added = missing if start == last else {}
            return delimited(_RESOURCE, with_attributes(group[start:end], 1, added, without=missing))

        return rewrite(group, 0, len(group), each)

    def _missing(self, wanted: Mapping[str, Value], present: Mapping[str, Value]) -> Mapping[str, Value]:
        if self._overwrite:
            return {key: value for key, value in wanted.items() if key not in present or present[key] != value}
        return {key: value for key, value in wanted.items() if key not in present and OLD_NAMES.get(key) not in present}

    def _enriched(self, item: Item) -> bytes:
        wire = item.wire()
        record = item.record
        added = dict(self._missing(self._attributes, record.attributes))
        taken: tuple[str, ...] = ()
        if isinstance(record, LogRecord) and not TRACE_ID.fullmatch(record.trace_id):
            ids, derived = self.find_ids(record)
            if derived:
                added[DERIVED_KEY] = True
                wire = _without_flags(wire, record.flags)
            if ids is not None:
                wire = _with_ids(wire, ids)
                taken = ids.members if self._move else ()
        if added or taken:
            wire = with_attributes(wire, item.message.by_name["attributes"].number, added, without=taken)
        return wire


def _in_attributes(record: LogRecord) -> Ids | None:
    return find_ids(record.attributes)


def _in_json(record: LogRecord) -> Ids | None:
    body = record.body
    if isinstance(body, str) and body.lstrip()[:1] == "{":
        try:
            body = orjson.loads(body)
        except orjson.JSONDecodeError:
            return None
    ids = find_ids(body) if isinstance(body, Mapping) else None
    return None if ids is None else ids._replace(members=())


def _in_text(record: LogRecord) -> Ids | None:
    return ids_in_text(record.body) if isinstance(record.body, str) else None


_SEARCHES: Final[Mapping[IdSource, Callable[[LogRecord], Ids | None]]] = {
    "attributes": _in_attributes,
    "json": _in_json,
    "text": _in_text,
}


def _with_ids(wire: bytes, ids: Ids) -> bytes:
    wire = with_field(wire, _LOG_TRACE_ID, bytes.fromhex(ids.trace_id))
    return with_field(wire, _LOG_SPAN_ID, bytes.fromhex(ids.span_id)) if ids.span_id else wire


def _without_flags(wire: bytes, flags: int) -> bytes:
    """Return a log record that claims neither to be sampled nor to have a random trace id."""
    kept = flags & ~(SAMPLED | RANDOM)
    if kept == flags:
        return wire
    rest = with_field(wire, _LOG_FLAGS, None)
    return rest + encode_varint(_LOG_FLAGS << 3 | FIXED32) + kept.to_bytes(4, "little")
