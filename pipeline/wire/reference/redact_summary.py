"""What changed log records and spans say of their redaction, as attributes of theirs (redaction contract §9).

`redaction.masked.count` is how many edits there were, `redaction.masked.keys` the names of the attributes that changed. What an
earlier redaction wrote is added to.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from pipeline.types import Signal
from pipeline.wire.reference import tables
from pipeline.wire.reference.tables import DELIMITED, Message
from pipeline.wire.reference.walk import Splice, delimited, encode_varint, fields, varint

RECORDS: Final = frozenset(("LogRecord", "Span"))
COUNT: Final = b"redaction.masked.count"
KEYS: Final = b"redaction.masked.keys"
OWN: Final = frozenset((COUNT, KEYS))
_STRING, _INT = 1, 3  # the cases of AnyValue


class Summary(NamedTuple):
    """What was done to one record."""

    ordinal: int
    """Which one of the payload's records it is."""
    edits: int
    keys: frozenset[bytes]
    """Names of the attributes that changed, as they may be shown."""


def summarised(payload: bytes, signal: Signal, summaries: Sequence[Summary], *, with_keys: bool) -> bytes:
    """Return a payload in which the records say what was done to them."""
    by_ordinal = {summary.ordinal: summary for summary in summaries}
    splices = _Writer(payload, by_ordinal, with_keys=with_keys)
    changed = splices.message(tables.root(signal), 0, len(payload))
    return payload if changed is None else changed


class _Writer:
    def __init__(self, payload: bytes, summaries: dict[int, Summary], *, with_keys: bool) -> None:
        self._payload = payload
        self._summaries = summaries
        self._with_keys = with_keys
        self._ordinal = 0

    def message(self, table: Message, start: int, end: int) -> bytes | None:
        """Return a message that holds records, rewritten; None when unchanged."""
        splice = Splice(self._payload, start, end)
        for at, number, wire, value, stop in fields(self._payload, start, end):
            field = table.fields.get(number)
            if field is None or field.message is None or wire != DELIMITED or field.message.name in ("Resource", "Metric"):
                continue
            if field.message.name in RECORDS:
                summary = self._summaries.get(self._ordinal)
                self._ordinal += 1
                changed = None if summary is None else self._record(field.message, value, stop, summary)
            else:
                changed = self.message(field.message, value, stop)
            if changed is not None:
                splice.replace(at, stop, delimited(number, changed))
        return splice.result()

    def _record(self, table: Message, start: int, end: int, summary: Summary) -> bytes:
        number = table.by_name["attributes"].number
        kept, count, keys = [], summary.edits, set(summary.keys)
        for at, found, wire, value, stop in fields(self._payload, start, end):
            names = list(_texts(self._payload, 1, value, stop)) if found == number and wire == DELIMITED else []
            if not OWN.intersection(names) or (not self._with_keys and COUNT not in names):
                kept.append(self._payload[at:stop])
                continue
            for text in _values(self._payload, value, stop):
                count += text if isinstance(text, int) else 0
                keys.update(text.split(b",") if isinstance(text, bytes) else ())
        written = [_attribute(COUNT, encode_varint(_INT << 3) + encode_varint(count & 0x7FFF_FFFF_FFFF_FFFF))]
        if self._with_keys:
            written.append(_attribute(KEYS, delimited(_STRING, b",".join(sorted(keys - {b""})))))
        return b"".join((*kept, *(delimited(number, attribute) for attribute in written)))


def _attribute(key: bytes, value: bytes) -> bytes:
    return delimited(1, key) + delimited(2, value)


def _texts(data: bytes, number: int, start: int, end: int) -> Iterator[bytes]:
    return (data[value:stop] for _, found, wire, value, stop in fields(data, start, end) if (found, wire) == (number, DELIMITED))


def _values(data: bytes, start: int, end: int) -> Iterable[bytes | int]:
    """Yield the strings and numbers that are the value of an attribute."""
    for value in _texts(data, 2, start, end):
        yield from _texts(value, _STRING, 0, len(value))
        for _, number, wire, at, stop in fields(value, 0, len(value)):
            if (number, wire) == (_INT, 0):
                yield varint(value, at, stop)[0]
