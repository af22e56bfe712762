"""Whole messages as plain dicts: what `records`, `encode` and both JSON forms stand on.

A message is a dict by field name that holds only what is there: nested messages are dicts, repeated fields lists, strings `str`,
ids and bytes `bytes`, enums integers.
"""

import struct
from typing import Any, Final, TypeAlias

from pipeline.wire.errors import Malformed
from pipeline.wire.reference.tables import DELIMITED, FIXED64, VARINT, Field, Kind, Message
from pipeline.wire.reference.walk import MAX_DEPTH, delimited, encode_varint, expect, fields, scalar, scalars

Values: TypeAlias = dict[str, Any]

RANGES: Final[dict[Kind, tuple[int, int]]] = {
    "int32": (-(1 << 31), (1 << 31) - 1),
    "sint32": (-(1 << 31), (1 << 31) - 1),
    "sfixed32": (-(1 << 31), (1 << 31) - 1),
    "enum": (-(1 << 31), (1 << 31) - 1),
    "int64": (-(1 << 63), (1 << 63) - 1),
    "sint64": (-(1 << 63), (1 << 63) - 1),
    "sfixed64": (-(1 << 63), (1 << 63) - 1),
    "uint32": (0, (1 << 32) - 1),
    "fixed32": (0, (1 << 32) - 1),
    "uint64": (0, (1 << 64) - 1),
    "fixed64": (0, (1 << 64) - 1),
}
"""Least and greatest value of each integer kind."""


def parse(data: bytes, start: int, end: int, message: Message, into: Values | None = None, depth: int = 0) -> Values:
    """Return the message `data[start:end]`, added to `into` where it continues an earlier occurrence.

    As protobuf reads it (otlp contract §11): the last scalar and the last member of a oneof win, singular messages merge.
    Unknown fields and those of profiles are left out; invalid UTF-8 becomes U+FFFD. Raises `Malformed`.
    """
    values = {} if into is None else into
    if message.nests:
        depth += 1
        if depth > MAX_DEPTH:
            raise Malformed(start, f"value nested deeper than {MAX_DEPTH} levels")
    for at, number, wire, value, stop in fields(data, start, end):
        field = expect(message, number, wire, at)
        if field is None or field.absent:
            continue
        for rival in field.rivals:
            values.pop(rival, None)
        name = field.name
        if field.message is not None:
            if field.repeated:
                values.setdefault(name, []).append(parse(data, value, stop, field.message, None, depth))
            else:
                values[name] = parse(data, value, stop, field.message, values.get(name), depth)
        elif field.wire != DELIMITED:
            if field.repeated:
                values.setdefault(name, []).extend(scalars(data, field, wire, value, stop))
            else:
                values[name] = scalar(data, field, value, stop)
        else:
            one = data[value:stop].decode("utf-8", "replace") if field.kind == "string" else data[value:stop]
            if field.repeated:
                values.setdefault(name, []).append(one)
            else:
                values[name] = one
    return values


def serialise(message: Message, values: Values) -> bytes:
    """Return the message on the wire: fields by number, defaults left out, repeated scalars packed, as stock protobuf does.

    A value of None counts as absent. Raises `OverflowError` for an integer that its field can't hold.
    """
    pieces = []
    for number, field in message.fields.items():
        value = values.get(field.name)
        if value is None:
            continue
        child = field.message
        if not field.repeated:
            if child is not None:
                pieces.append(delimited(number, serialise(child, value)))
            elif field.presence or not is_default(value):
                pieces.append(_singular(field, value))
        elif child is not None:
            pieces += [delimited(number, serialise(child, each)) for each in value]
        elif field.wire == DELIMITED:
            pieces += [delimited(number, utf8(each) if field.kind == "string" else each) for each in value]
        elif value:
            pieces.append(delimited(number, b"".join(_scalar(field, each) for each in value)))
    return b"".join(pieces)


def is_default(value: str | bytes | float) -> bool:
    """Tell whether a scalar is the one that an absent field stands for. Negative zero is not."""
    return not value and not (isinstance(value, float) and str(value) == "-0.0")


def utf8(text: str) -> bytes:
    """Return text as UTF-8. A lone surrogate, which JSON can spell but UTF-8 can't, becomes U+FFFD."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def _singular(field: Field, value: Any) -> bytes:
    if field.wire == DELIMITED:
        return delimited(field.number, utf8(value) if field.kind == "string" else value)
    return encode_varint(field.number << 3 | field.wire) + _scalar(field, value)


def _scalar(field: Field, value: Any) -> bytes:
    kind = field.kind
    if kind == "double":
        return struct.pack("<d", value)
    if kind == "bool":
        return b"\x01" if value else b"\x00"
    least, greatest = RANGES[kind]
    if not least <= value <= greatest:
        raise OverflowError(f"{field.name} out of range")
    if kind in ("sint32", "sint64"):
        return encode_varint(value << 1 if value >= 0 else ~(value << 1))
    if field.wire == VARINT:
        return encode_varint(value & 0xFFFF_FFFF_FFFF_FFFF)
    return bytes(value.to_bytes(8 if field.wire == FIXED64 else 4, "little", signed=least < 0))
