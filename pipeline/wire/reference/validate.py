"""Check a payload that came from outside, count its items, and take out what has no valid id."""

from typing import Final

from pipeline.types import Signal
from pipeline.wire.errors import Malformed
from pipeline.wire.reference.tables import DELIMITED, Field, Message, root
from pipeline.wire.reference.walk import MAX_DEPTH, Splice, delimited, expect, fields, rewrite, scalars

_REQUIRED: Final = {"Span": ("trace_id", "span_id")}
"""Ids without which there is no item; all others are optional (trace context contract §4)."""

_VALUES: Final = frozenset({"AnyValue", "KeyValue", "ArrayValue", "KeyValueList"})


def validate(payload: bytes, signal: Signal) -> tuple[bytes, int, int]:
    """Return (payload, items in it, items rejected): the same payload when there was nothing to take out.

    Afterwards every id is absent, or has its right length and is not all zeros: a span without a trace and span id like that is
    taken out and counted as rejected, with the Resource and Scope shells that it leaves empty; any other bad id is cleared.
    Raises `Malformed` for what otlp contract §11 refuses and for a known field with a wrong wire type.
    """
    validation = _Validation(payload)
    changed = validation.message(0, len(payload), root(signal))
    return payload if changed is None else changed, validation.items, validation.rejected


class _Validation:
    def __init__(self, payload: bytes) -> None:
        self._data = payload
        self.items = 0
        self.rejected = 0

    def message(self, start: int, end: int, message: Message) -> bytes | None:
        """Check a message and count what it holds; return what it has to become, or None when it may stay as it is."""
        data = self._data
        splice = Splice(data, start, end)
        ids: dict[int, bytes] = {}
        winner: Field | None = None
        won = 0
        for at, number, wire, value, stop in fields(data, start, end):
            field = expect(message, number, wire, at)
            if field is None:
                continue
            if field.message is None:
                _check_packed(data, field, wire, value, stop)
                if field.id_bytes:
                    ids[number] = data[value:stop]
                continue
            if field.message.name in _VALUES:
                _check_value(data, value, stop, field.message)
                continue
            items, rejected = self.items, self.rejected
            changed = self.message(value, stop, field.message)
            if self.rejected > rejected and self.items == items:
                splice.replace(at, stop, b"")
            elif changed is not None:
                splice.replace(at, stop, delimited(number, changed))
            if field.rivals:  # a metric's points: those of the last type given are its points
                added = self.items - items
                if winner is not field:
                    self.items -= won
                    winner, won = field, 0
                won += added
        return self._settled(start, end, message, ids, splice.result())

    def _settled(self, start: int, end: int, message: Message, ids: dict[int, bytes], changed: bytes | None) -> bytes | None:
        """Count the message if it is an item, and clear or reject its bad ids. `ids` are those it has, by field number."""
        for name in _REQUIRED.get(message.name, ()):
            field = message.by_name[name]
            if not _valid(ids.get(field.number, b""), field):
                self.rejected += 1
                return None
        if message.item:
            self.items += 1
        bad = {number for number, given in ids.items() if given and not _valid(given, message.fields[number])}
        if not bad:
            return changed
        body = self._data[start:end] if changed is None else changed
        return rewrite(body, 0, len(body), lambda number, *_: b"" if number in bad else None)


def _valid(given: bytes, field: Field) -> bool:
    return len(given) == field.id_bytes and any(given)


def _check_value(data: bytes, start: int, end: int, message: Message) -> None:
    """Check a value or attribute and all that is nested in it. With a stack of its own: the input decides how deep it goes."""
    open_messages = [(fields(data, start, end), message, _depth(message, 0, start))]
    while open_messages:
        rest, message, depth = open_messages[-1]
        for at, number, wire, value, stop in rest:
            field = expect(message, number, wire, at)
            if field is not None and field.message is not None:
                open_messages.append((fields(data, value, stop), field.message, _depth(field.message, depth, value)))
                break
        else:
            open_messages.pop()


def _depth(message: Message, above: int, start: int) -> int:
    if not message.nests:
        return above
    if above == MAX_DEPTH:
        raise Malformed(start, f"value nested deeper than {MAX_DEPTH} levels")
    return above + 1


def _check_packed(data: bytes, field: Field, wire: int, start: int, end: int) -> None:
    if wire == DELIMITED and field.packable:
        scalars(data, field, wire, start, end)
