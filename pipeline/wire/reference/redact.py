"""Redaction of whole payloads: every text of the three signals, found by the tables of the schema (redaction contract §1).

Nothing is passed on unseen. A field that the schema knows is a message to descend into, a text to redact, or holds no text;
one that it does not know is kept or dropped as the rules say, and counted; anything else is `Malformed`.
"""

import struct
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeAlias

from pipeline.types import Signal
from pipeline.wire.errors import Malformed
from pipeline.wire.reference import tables
from pipeline.wire.reference.redact_actions import DRY_RUN, Place
from pipeline.wire.reference.redact_keys import DistinctKeys
from pipeline.wire.reference.redact_scopes import FIELDS, PLACES, Scopes
from pipeline.wire.reference.redact_summary import OWN, RECORDS, Summary, summarised
from pipeline.wire.reference.redact_text import Redacted
from pipeline.wire.reference.redact_tracestate import legal_tracestate
from pipeline.wire.reference.tables import DELIMITED, VARINT, Field, Message
from pipeline.wire.reference.walk import MAX_DEPTH, delimited, encode_varint, expect, fields, scalars, varint
from pipeline.wire.rules import KEY_RULE, Hits, Rules, ScopePlace

_LOCATIONS: Final = {
    "Resource": "resource",
    "InstrumentationScope": "scope",
    "Span.Event": "event",
    "Span.Link": "link",
    "Status": "status",
    "Exemplar": "exemplar",
}
"""Location label of whatever a message holds, by its name."""
_NAMES: Final = frozenset(("name", "event_name"))
_MAX_TEXT_IN_BYTES: Final = 64 * 1024
_EXACT_INTEGERS: Final = float(1 << 53)
_STRING, _INT, _DOUBLE, _ARRAY, _MAP, _BYTES = 1, 3, 4, 5, 6, 7  # the cases of AnyValue


class Redactor:
    """Takes personal data and secrets out of payloads. Immutable: safe to share by threads."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._scopes = Scopes(rules)

    def redact(self, payload: bytes, signal: Signal) -> tuple[bytes, Hits]:
        """Return the payload without what the rules find in it (the same object when that is nothing), and what was done.

        Raises `Malformed` for bytes that can't be followed to their end, and then nothing was passed on.
        """
        walk = _Walk(payload, self._scopes, self._rules)
        changed = walk.message(tables.root(signal), 0, len(payload), "other")
        hits = Hits(dict(Counter(walk.log)), walk.unknown_fields, walk.type_changed, walk.opaque_bytes)
        redacted = payload if changed is None else changed
        if walk.summaries:
            redacted = summarised(redacted, signal, walk.summaries, with_keys=self._rules.summary == "debug")
        return redacted, hits

    def scrub(self, text: str) -> str:
        """Return a text as it would be left in the body of a log record."""
        raw = text.encode("utf-8", "surrogateescape")
        return self._scopes.elsewhere.redact(raw, Place("body")).text.decode("utf-8", "surrogateescape")


class _Dropped:
    """The answer of what has to go as a whole."""


_DROPPED: Final = _Dropped()
_Changed: TypeAlias = bytes | _Dropped | None
"""New bytes, or None: unchanged."""


class _Rebuilt:
    """A message under way: its fields as they stand, but for those that were put."""

    def __init__(self, data: bytes, start: int, end: int) -> None:
        self._data = data
        self._copied = start
        self._end = end
        self._pieces: list[bytes] = []

    def put(self, start: int, end: int, replacement: bytes) -> None:
        self._pieces += (self._data[self._copied : start], replacement)
        self._copied = end

    def bytes(self) -> bytes | None:
        """Return the message, or None when nothing was put."""
        return b"".join((*self._pieces, self._data[self._copied : self._end])) if self._pieces else None


class _Walk:
    """One payload under redaction. `log` has (rule, location, action) of each edit."""

    def __init__(self, payload: bytes, scopes: Scopes, rules: Rules) -> None:
        self.payload = payload
        self.log: list[tuple[str, str, str]] = []
        self.unknown_fields = 0
        self.type_changed = 0
        self.opaque_bytes = 0
        self.summaries: list[Summary] = []
        self._records = 0
        self._changed_keys: set[bytes] = set()
        self._scopes = scopes
        self._text = scopes.elsewhere  # the rules of the place that the walk is at
        self._rules = rules
        self._attribute = tables.message("KeyValue")
        self._any_value = tables.message("AnyValue")
        self._array = tables.message("ArrayValue")
        self._map = tables.message("KeyValueList")

    def message(self, table: Message, start: int, end: int, location: str, depth: int = 0) -> bytes | None:
        """Return a message that is no value, redacted; None when unchanged."""
        rebuilt = _Rebuilt(self.payload, start, end)
        keys: list[DistinctKeys] = []
        dropped = 0

        def claim(key: bytes) -> bytes:
            if not keys:
                keys.append(self._kept_keys(table, start, end))
            return keys[0].claim(key)

        for at, number, wire, value, stop in fields(self.payload, start, end):
            field = self._expect(table, number, wire, at)
            if field is None or field.absent:
                self._unknown(rebuilt, at, stop)
            elif field.message is self._attribute:
                inner = "attribute" if location == "other" else location
                attribute = self._key_value(value, stop, table, field, inner, claim, depth)
                if isinstance(attribute, _Dropped):
                    dropped += 1
                    rebuilt.put(at, stop, b"")
                elif attribute is not None:
                    rebuilt.put(at, stop, delimited(number, attribute))
                if attribute is not None and table.name in RECORDS:
                    self._changed_keys.update(self._names(value, stop))
            else:
                changed = self._field(table, field, wire, value, stop, location, depth)
                if changed is not None:
                    rebuilt.put(at, stop, delimited(number, changed))
        result = rebuilt.bytes()
        return _count_dropped(table, result, dropped) if dropped and result is not None else result

    def _field(self, table: Message, field: Field, wire: int, start: int, end: int, location: str, depth: int) -> bytes | None:
        if field.message is self._any_value:  # the body of a log record
            with self._at(FIELDS[table.name, field.name]):
                body = self._value(start, end, Place("body"), depth, safe=False)
            return None if isinstance(body, _Dropped) else body
        if field.message is not None:
            with self._at(*PLACES.get(field.message.name, ())):
                return self._message(field.message, start, end, _LOCATIONS.get(field.message.name, location), depth)
        if field.packable and wire == DELIMITED:
            scalars(self.payload, field, wire, start, end)  # raises where they are none
            return None
        if field.kind not in ("string", "bytes") or end - start == field.id_bytes > 0:
            return None
        if location == "other" and field.name in _NAMES:
            location = "name"
        places = (FIELDS[table.name, field.name],) if (table.name, field.name) in FIELDS else ()
        with self._at(*places):
            result = self._redacted(self.payload[start:end], Place(location, identifies=table.name != "Status"))
        if result is not None and field.name == "trace_state":
            return legal_tracestate(result.text)
        return None if result is None else result.text

    def _message(self, table: Message, start: int, end: int, location: str, depth: int) -> bytes | None:
        """Return what `message` does, and note what a record has to say of it."""
        if table.name not in RECORDS or self._rules.summary == "off":
            return self.message(table, start, end, location, depth)
        mark = len(self.log)
        self._changed_keys = set()
        changed = self.message(table, start, end, location, depth)
        edits = sum(action != DRY_RUN for _, _, action in self.log[mark:])
        if edits:
            keys = frozenset(self._text.redact(key, Place("key", identifies=True)).text for key in self._changed_keys - OWN)
            self.summaries.append(Summary(self._records, edits, keys))
        self._records += 1
        return changed

    @contextmanager
    def _at(self, *places: ScopePlace, name: bytes = b"") -> Iterator[None]:
        """Go by the rules of what is these places."""
        around, self._text = self._text, self._scopes.at(places, self._text, name)
        yield
        self._text = around

    def _expect(self, table: Message, number: int, wire: int, at: int) -> Field | None:
        """Return the table entry of a field; None when it is unknown."""
        if self._rules.on_wire_mismatch == "unknown":
            return table.keys.get(number << 3 | wire)
        return expect(table, number, wire, at)

    # ---- attributes ----

    def _kept_keys(self, table: Message, start: int, end: int) -> DistinctKeys:
        """Return the keys of a map that stay as they are."""
        return DistinctKeys(
            name
            for at, number, wire, value, stop in fields(self.payload, start, end)
            if (field := self._expect(table, number, wire, at)) is not None and field.message is self._attribute
            for name in self._names(value, stop)
            if not self._text.redact_key(name, Place("key")).edits
        )

    def _names(self, start: int, end: int) -> list[bytes]:
        return [
            self.payload[value:stop]
            for _, number, wire, value, stop in fields(self.payload, start, end)
            if number == 1 and wire == DELIMITED
        ]

    def _key_value(
        self, start: int, end: int, table: Message, holder: Field, location: str, claim: Callable[[bytes], bytes], depth: int
    ) -> _Changed:
        rebuilt = _Rebuilt(self.payload, start, end)
        names = self._names(start, end)
        name = names[-1] if names else b""  # the last one counts
        places = (FIELDS[table.name, holder.name],) if (table.name, holder.name) in FIELDS else ()
        keys = self._scopes.at(places, self._text, name).keys
        if table is not self._map and not keys.listed(name) and (self._rules.summary == "off" or name not in OWN):
            self.log.append((KEY_RULE, location, "drop"))
            return _DROPPED
        sensitive = any(map(keys.sensitive, names))
        safe = bool(names) and all(map(keys.safe, names))
        place = Place(location, droppable=True, name=name)
        mark = len(self.log)
        for at, number, wire, value, stop in fields(self.payload, start, end):
            field = self._expect(self._attribute, number, wire, at)
            changed: _Changed = None
            if field is None or field.absent:
                self._unknown(rebuilt, at, stop)
            elif field.message is None:
                changed = self._key(value, stop, claim)
            else:
                with self._at(*places, name=name):
                    changed = (
                        self._sensitive(value, stop, place) if sensitive else self._value(value, stop, place, depth, safe=safe)
                    )
            if isinstance(changed, _Dropped):
                self.log[mark:] = self.log[-1:]  # whatever else was done in here goes with it
                return _DROPPED
            if changed is not None:
                rebuilt.put(at, stop, delimited(number, changed))
        return rebuilt.bytes()

    def _key(self, start: int, end: int, claim: Callable[[bytes], bytes]) -> _Changed:
        result = self._text.redact_key(self.payload[start:end], Place("key", droppable=True))
        self._count(result, "key")
        if result.dropped:
            return _DROPPED
        return None if result.text == self.payload[start:end] else claim(result.text)

    # ---- values ----

    def _value(self, start: int, end: int, place: Place, depth: int, *, safe: bool) -> _Changed:
        """Return an AnyValue redacted; None when unchanged."""
        rebuilt = _Rebuilt(self.payload, start, end)
        for at, number, wire, value, stop in fields(self.payload, start, end):
            field = self._expect(self._any_value, number, wire, at)
            changed: _Changed = None
            if field is None or field.absent:
                self._unknown(rebuilt, at, stop)
            elif number == _ARRAY:
                changed = self._elements(value, stop, place, _deeper(depth, at))
            elif number == _MAP:
                changed = self.message(self._map, value, stop, place.location, _deeper(depth, at))
            elif number == _STRING:
                changed = None if safe else self._leaf(value, stop, place)
            elif number == _BYTES:
                changed = self._bytes(value, stop, place)
            elif (digits := self._digits(number, value, stop)) is not None:
                changed = self._number(digits, place)
            if isinstance(changed, _Dropped):
                return _DROPPED
            if changed is not None:
                case = _STRING if number in (_INT, _DOUBLE) else number
                rebuilt.put(at, stop, delimited(case, changed))
        return rebuilt.bytes()

    def _elements(self, start: int, end: int, place: Place, depth: int) -> bytes | None:
        rebuilt = _Rebuilt(self.payload, start, end)
        for at, number, wire, value, stop in fields(self.payload, start, end):
            if self._expect(self._array, number, wire, at) is None:
                self._unknown(rebuilt, at, stop)
                continue
            mark = len(self.log)
            changed = self._value(value, stop, place._replace(droppable=True), depth, safe=False)
            if isinstance(changed, _Dropped):
                self.log[mark:] = self.log[-1:]
                rebuilt.put(at, stop, b"")
            elif changed is not None:
                rebuilt.put(at, stop, delimited(number, changed))
        return rebuilt.bytes()

    def _number(self, digits: bytes, place: Place) -> _Changed:
        result = self._text.redact_number(digits, place)
        self._count(result, place.location)
        if result.dropped:
            return _DROPPED
        if result.text == digits:
            return None
        self.type_changed += 1
        return result.text

    def _bytes(self, start: int, end: int, place: Place) -> _Changed:
        """Return a byte value redacted: as text, when it is text."""
        if self._rules.bytes_values == "scan" and self._is_text(start, end):
            return self._leaf(start, end, place)
        if self._rules.bytes_values != "drop":
            self.opaque_bytes += 1
            return None
        result = self._text.dropped_bytes(self.payload[start:end], place)
        self._count(result, place.location)
        if result.dropped:
            return _DROPPED
        return result.text if result.edits else None

    def _leaf(self, start: int, end: int, place: Place) -> _Changed:
        result = self._redacted(self.payload[start:end], place)
        if result is None:
            return None
        return _DROPPED if result.dropped else result.text

    def _sensitive(self, start: int, end: int, place: Place) -> _Changed:
        """Return what replaces a value whose key is sensitive: a string, whatever it was. What has no value keeps none."""
        if start == end:
            return None
        (_, number, wire, value, stop), *more = fields(self.payload, start, end)
        field = self._any_value.keys.get(number << 3 | wire)
        if more or field is None:
            text = None
        elif number in (_STRING, _BYTES):
            text = self.payload[value:stop]
        else:
            text = self._digits(number, value, stop)
        result = self._text.redact_sensitive(text, place)
        self._count(result, place.location)
        if result.dropped:
            return _DROPPED
        if not result.edits or result.edits[0][1] == DRY_RUN:
            return None
        self.type_changed += bool(more) or number != _STRING
        return delimited(_STRING, result.text)

    def _is_text(self, start: int, end: int) -> bool:
        if end - start > _MAX_TEXT_IN_BYTES:
            return False
        try:
            self.payload[start:end].decode()
        except UnicodeDecodeError:
            return False
        return True

    def _digits(self, number: int, start: int, end: int) -> bytes | None:
        """Return the digits of a whole number that is not negative, None for any other value."""
        if number == _INT:
            value, _ = varint(self.payload, start, end)
            return None if value >> 63 else b"%d" % value
        if number == _DOUBLE:
            (double,) = struct.unpack_from("<d", self.payload, start)
            return b"%d" % int(double) if 0 <= double < _EXACT_INTEGERS and double.is_integer() else None
        return None

    # ---- the books ----

    def _redacted(self, text: bytes, place: Place) -> Redacted | None:
        """Return the outcome of a text that changed or has to go; None when it stays."""
        result = self._text.redact(text, place)
        self._count(result, place.location)
        return result if result.dropped or result.text != text else None

    def _count(self, result: Redacted, location: str) -> None:
        self.log += [(rule, location, action) for rule, action in result.edits]

    def _unknown(self, rebuilt: _Rebuilt, at: int, stop: int) -> None:
        self.unknown_fields += 1
        if self._rules.unknown_fields == "drop":
            rebuilt.put(at, stop, b"")


def _deeper(depth: int, at: int) -> int:
    if depth == MAX_DEPTH:
        raise Malformed(at, f"value nested deeper than {MAX_DEPTH} levels")
    return depth + 1


def _count_dropped(table: Message, message: bytes, dropped: int) -> bytes:
    """Return a message with its count of dropped attributes raised, where it has one."""
    field = table.by_name.get("dropped_attributes_count")
    if field is None:
        return message
    insert, found = len(message), None
    for at, number, wire, value, stop in fields(message, 0, len(message)):
        if (number, wire) == (field.number, VARINT):
            found = at, varint(message, value, stop)[0], stop  # the last one counts
        elif number > field.number:
            insert = min(insert, at)
    at, count, stop = found or (insert, 0, insert)
    raised = encode_varint(field.number << 3) + encode_varint(min(count & 0xFFFF_FFFF, 0xFFFF_FFFF - dropped) + dropped)
    return message[:at] + raised + message[stop:]
