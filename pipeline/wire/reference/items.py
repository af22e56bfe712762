"""Going through the items of a payload: keep, change or drop each log record, span or point, seeing it decoded.

What a transform drops takes its empty shells (metric, scope, resource) with it; all else passes byte for byte.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache
from typing import TypeAlias

from pipeline.types import Signal, Value
from pipeline.wire.model import Record
from pipeline.wire.reference import tables
from pipeline.wire.reference.encode import any_value
from pipeline.wire.reference.message import serialise
from pipeline.wire.reference.records import records
from pipeline.wire.reference.tables import DELIMITED, Message
from pipeline.wire.reference.walk import delimited, expect, fields, rewrite


class Item:
    """One item: decoded in `record`, on the wire in `payload[start:end]`, described by `message`."""

    __slots__ = ("end", "message", "payload", "record", "start")

    def __init__(self, record: Record, message: Message, payload: bytes, start: int, end: int) -> None:
        self.record = record
        self.message = message
        self.payload = payload
        self.start = start
        self.end = end

    def wire(self) -> bytes:
        """Return its bytes."""
        return self.payload[self.start : self.end]


Judge: TypeAlias = Callable[[Item], bytes | None]
"""Returns the item's new bytes, or None to drop it."""


def judge_items(payload: bytes, signal: Signal, judge: Judge) -> tuple[bytes, int]:
    """Return the payload as `judge` wants each item, and how many items it dropped; the same object when nothing changed."""
    walk = _Walk(payload, iter(records(payload, signal)), judge)
    changed = walk.message(tables.root(signal), 0, len(payload))
    return payload if changed is None else changed, walk.dropped


class _Walk:
    def __init__(self, payload: bytes, decoded: Iterator[Record], judge: Judge) -> None:
        self.payload = payload
        self.kept = 0
        self.dropped = 0
        self._decoded = decoded
        self._judge = judge

    def message(self, table: Message, start: int, end: int) -> bytes | None:
        live = self._live_from(table, start, end)

        def each(number: int, wire: int, start: int, end: int) -> bytes | None:
            field = expect(table, number, wire, start)
            if field is None or field.message is None or start < live:
                return None
            if field.message.item:
                return self._item(field.message, number, start, end)
            return self._group(field.message, number, start, end) if _holds_items(field.message) else None

        return rewrite(self.payload, start, end, each)

    def _live_from(self, table: Message, start: int, end: int) -> int:
        """Return where the member of a oneof starts that readers see, since the last one wins: a metric's points."""
        live, winner = start, 0
        if any(field.rivals for field in table.fields.values()):
            for at, number, _, _, _ in fields(self.payload, start, end):
                field = table.fields.get(number)
                if field is not None and field.rivals and number != winner:
                    live, winner = at, number
        return live

    def _item(self, message: Message, number: int, start: int, end: int) -> bytes | None:
        item = Item(next(self._decoded), message, self.payload, start, end)
        wanted = self._judge(item)
        if wanted is None:
            self.dropped += 1
            return b""
        self.kept += 1
        return None if wanted == item.wire() else delimited(number, wanted)

    def _group(self, message: Message, number: int, start: int, end: int) -> bytes | None:
        kept, dropped = self.kept, self.dropped
        changed = self.message(message, start, end)
        if self.dropped > dropped and self.kept == kept:
            return b""
        return None if changed is None else delimited(number, changed)


@cache
def _holds_items(message: Message) -> bool:
    """Tell whether items stand in a message; those below it that can nest in themselves (values) never hold any."""
    below = [field.message for field in message.fields.values() if field.message is not None]
    return any(each.item or (each.name not in _VALUES and _holds_items(each)) for each in below)


_VALUES = frozenset({"KeyValue", "AnyValue", "Resource", "InstrumentationScope", "Exemplar"})


def with_field(message: bytes, number: int, value: bytes | None) -> bytes:
    """Return a message whose delimited field `number` has this value, or is absent."""
    changed = rewrite(message, 0, len(message), lambda each, *_: b"" if each == number else None)
    rest = message if changed is None else changed
    return rest if value is None else rest + delimited(number, value)


def with_attributes(message: bytes, number: int, attributes: Mapping[str, Value], without: Collection[str] = ()) -> bytes:
    """Return a message with these attributes set in its field `number`, and those of `without` removed."""
    gone = {*attributes, *without}

    def each(at: int, wire: int, start: int, end: int) -> bytes | None:
        return b"" if at == number and wire == DELIMITED and _key(message, start, end) in gone else None

    changed = rewrite(message, 0, len(message), each)
    added = [delimited(number, key_value(key, value)) for key, value in attributes.items()]
    return b"".join((message if changed is None else changed, *added))


def key_value(key: str, value: Value) -> bytes:
    """Return an attribute on the wire."""
    return serialise(tables.message("KeyValue"), {"key": key, "value": any_value(value)})


def _key(data: bytes, start: int, end: int) -> str:
    key = b""
    for _, number, wire, value, stop in fields(data, start, end):
        if number == 1 and wire == DELIMITED:
            key = data[value:stop]
    return key.decode("utf-8", "replace")
