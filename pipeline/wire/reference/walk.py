"""The walk over wire bytes that all transforms share (otlp contract §11): reading fields, and rewriting messages.

Reading. `fields` yields the fields of the message `data[start:end]` as plain tuples of offsets into `data`:

    for at, number, wire, start, end in fields(payload, 0, len(payload)):
        payload[at:end]       # the whole field: tag, length, value
        payload[start:end]    # its value: without the length where it is delimited; a varint's own bytes

Rewriting. `rewrite` asks `edit(number, wire, start, end)` for each field: None keeps it, bytes stand in its place (`b""`
removes it, `delimited(number, value)` frames a new value). It returns None when every answer was None. So a transform is a
recursive function to `bytes | None`: lengths are right on every level, untouched siblings are copied as slices, unknown
fields pass byte for byte, and a payload that needs no change is never copied:

    def without_schema_url(payload: bytes) -> bytes:
        def group(number: int, wire: int, start: int, end: int) -> bytes | None:
            return b"" if number == 3 else None

        def top(number: int, wire: int, start: int, end: int) -> bytes | None:
            return descend(payload, number, start, end, group) if number == 1 and wire == DELIMITED else None

        changed = rewrite(payload, 0, len(payload), top)
        return payload if changed is None else changed

Each level of `descend` takes three frames of Python's stack. A transform that goes down into values, where `MAX_DEPTH` maps are
300 messages, loops over `fields` itself and collects its changes in a `Splice`: one frame a message.

Which numbers are messages or text is what `tables` knows. What a reader of untrusted bytes must check besides is in `expect`
(known field, wrong wire type) and `MAX_DEPTH`.
"""

import struct
from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from pipeline.wire.errors import Malformed
from pipeline.wire.reference.tables import DELIMITED, FIXED32, FIXED64, VARINT, Field, Message

MAX_DEPTH: Final = 100
"""Arrays and maps (`array_value`, `kvlist_value`) may nest this deep in one value; one more is malformed."""

MAX_NUMBER: Final = (1 << 29) - 1
"""Largest field number of protobuf."""

Visit: TypeAlias = tuple[int, int, int, int, int]
Edit: TypeAlias = Callable[[int, int, int, int], bytes | None]

_DOUBLE: Final = struct.Struct("<d")


def fields(data: bytes, start: int, end: int) -> Iterator[Visit]:
    """Yield (at, number, wire, value start, value end) of each field of the message `data[start:end]`, in wire order.

    Raises `Malformed` for what can't be a field: wire types 3, 4, 6, 7, field number 0, a varint of more than 10 bytes, a
    value that runs past `end`. Whether a number is known, and known with this wire type, is not looked at.
    """
    at = start
    while at < end:
        key = data[at]
        value = at + 1
        if key >= 0x80:
            key, value = varint(data, at, end)
        number, wire = key >> 3, key & 7
        if not 0 < number <= MAX_NUMBER:
            raise Malformed(at, "field number out of range")
        if wire == DELIMITED:
            length, value = varint(data, value, end)
            stop = value + length
        elif wire == VARINT:
            _, stop = varint(data, value, end)
        elif wire == FIXED64:
            stop = value + 8
        elif wire == FIXED32:
            stop = value + 4
        else:
            raise Malformed(at, f"wire type {wire}")
        if stop > end:
            raise Malformed(at, "field longer than its message")
        yield at, number, wire, value, stop
        at = stop


def varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    """Return the varint at `at` as an unsigned 64-bit integer, and the offset behind it. Non-minimal forms are legal."""
    if at < end and (first := data[at]) < 0x80:
        return first, at + 1
    value = 0
    for position in range(at, min(at + 10, end)):
        byte = data[position]
        value |= (byte & 0x7F) << 7 * (position - at)
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, position + 1
    raise Malformed(at, "varint longer than 10 bytes" if end - at > 9 else "varint runs past the end")


def expect(message: Message, number: int, wire: int, at: int) -> Field | None:
    """Return the table entry of a field that was read at `at`, or None when its number is unknown.

    Raises `Malformed` for a known field with a wire type it can't have: protobuf calls that an unknown field, but a hole
    that no reader looks into could carry text (redaction contract §7).
    """
    field = message.keys.get(number << 3 | wire)
    if field is None and number in message.fields:
        raise Malformed(at, f"wire type {wire} for {message.name}.{message.fields[number].name}")
    return field


class Splice:
    """The bytes `data[start:end]` with parts replaced; what lies between is copied as slices, once, at the end."""

    __slots__ = ("_copied", "_data", "_end", "_pieces")

    def __init__(self, data: bytes, start: int, end: int) -> None:
        self._data = data
        self._copied = start
        self._end = end
        self._pieces: list[bytes] = []

    def replace(self, start: int, end: int, replacement: bytes) -> None:
        """Put bytes in place of `data[start:end]`. Calls go from left to right."""
        self._pieces += (self._data[self._copied : start], replacement)
        self._copied = end

    def result(self) -> bytes | None:
        """Return the outcome, or None when nothing was replaced."""
        if not self._pieces:
            return None
        return b"".join((*self._pieces, self._data[self._copied : self._end]))


def rewrite(data: bytes, start: int, end: int, edit: Edit) -> bytes | None:
    """Return the message `data[start:end]` with each field as `edit` wants it, or None when it wants no change."""
    splice = Splice(data, start, end)
    for at, number, wire, value, stop in fields(data, start, end):
        replacement = edit(number, wire, value, stop)
        if replacement is not None:
            splice.replace(at, stop, replacement)
    return splice.result()


def descend(data: bytes, number: int, start: int, end: int, edit: Edit) -> bytes | None:
    """Return the message field `number` with its message `data[start:end]` rewritten by `edit`; None when unchanged."""
    changed = rewrite(data, start, end, edit)
    return None if changed is None else delimited(number, changed)


def delimited(number: int, value: bytes) -> bytes:
    """Return a delimited field: tag, length, value."""
    return b"%b%b%b" % (encode_varint(number << 3 | DELIMITED), encode_varint(len(value)), value)


def encode_varint(value: int) -> bytes:
    """Return the shortest varint of an unsigned 64-bit integer."""
    if value < 0x80:
        return _SHORT[value]
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


_SHORT: Final = [bytes([value]) for value in range(0x80)]


def scalar(data: bytes, field: Field, start: int, end: int) -> int | float | bool:
    """Return one value of a field that is neither text nor a message, as Python's own type."""
    kind = field.kind
    if field.wire == FIXED64:
        if kind == "double":
            return float(_DOUBLE.unpack_from(data, start)[0])
        return int.from_bytes(data[start:end], "little", signed=kind == "sfixed64")
    if field.wire == FIXED32:
        return int.from_bytes(data[start:end], "little", signed=kind == "sfixed32")
    value, _ = varint(data, start, end)
    if kind == "bool":
        return value != 0
    if kind in ("sint32", "sint64"):
        value &= 0xFFFF_FFFF if kind == "sint32" else 0xFFFF_FFFF_FFFF_FFFF
        return value >> 1 ^ -(value & 1)
    if kind in ("int32", "uint32", "enum"):
        value &= 0xFFFF_FFFF
        return value - (1 << 32) if value >> 31 and kind != "uint32" else value
    return value - (1 << 64) if value >> 63 and kind == "int64" else value


def scalars(data: bytes, field: Field, wire: int, start: int, end: int) -> list[int | float | bool]:
    """Return the values that one occurrence of a repeated scalar holds, packed or not."""
    if wire != DELIMITED:
        return [scalar(data, field, start, end)]
    if field.wire == VARINT:
        values = []
        while start < end:
            _, stop = varint(data, start, end)
            values.append(scalar(data, field, start, stop))
            start = stop
        return values
    size = 8 if field.wire == FIXED64 else 4
    if (end - start) % size:
        raise Malformed(start, "packed values of the wrong length")
    return [scalar(data, field, at, at + size) for at in range(start, end, size)]
