"""Payloads out of nothing but the tables of the schema and a random number generator: every field, mostly with good values."""

import struct
from random import Random
from typing import Final

from pipeline.types import Signal
from pipeline.wire.reference.tables import FIXED32, FIXED64, VARINT, Field, Message, root
from pipeline.wire.reference.walk import delimited, encode_varint
from tests.fuzz import texts
from tests.strategies import oddly

_INTEGERS: Final = (
    0, 1, 2, 3, 5, 127, 128, 300, 16_383, 16_384, 2**31 - 1, 2**31, 2**32 - 1, 2**53 - 1, 2**53, 2**63 - 1, 2**63, 2**64 - 1,
    1_763_640_000_000_000_000, 4_000_000_000_000_010, 34_000_000_000_009, 1_763_640_000_000_008,
)  # fmt: skip
_DOUBLES: Final = (
    0.0, -0.0, 1.0, -1.5, 4_000_000_000_000_010.0, 34_000_000_000_009.0, 2.0**53, 1e300, 5e-324, float("inf"), float("-inf"),
    float("nan"), 0.1,
)  # fmt: skip
_SHARE: Final = {
    "KeyValue": 0.5,
    "AnyValue": 0.9,
    "Resource": 0.8,
    "InstrumentationScope": 0.6,
    "EntityRef": 0.2,
    "Exemplar": 0.3,
}
"""How often a field of this message type is there."""


def payload(signal: Signal, random: Random) -> bytes:
    """Return a payload, every other one in odd but legal wire forms."""
    if random.random() < 0.02:
        return _deep(signal, random)
    made = b"".join(delimited(1, _message(_group(signal), random, 0)) for _ in range(random.choice((0, 1, 1, 1, 2, 3))))
    return oddly(made, signal, random) if random.random() < 0.5 else made


def _group(signal: Signal) -> Message:
    group = root(signal).fields[1].message
    assert group is not None
    return group


def _message(message: Message, random: Random, depth: int) -> bytes:
    if message.name == "KeyValue":
        return _attribute(message, random, depth)
    pieces = []
    members: dict[str, list[Field]] = {}
    for field in message.fields.values():
        if field.rivals:
            members.setdefault(field.oneof, []).append(field)
        else:
            pieces += _occurrences(field, random, depth)
    for rivals in members.values():  # mostly one of them; the last of several wins
        for field in random.sample(rivals, random.choice((0, 1, 1, 1, 1, 1, 1, 1, 2))):
            pieces.append(_field(field, random, depth))
    return b"".join(pieces)


def _occurrences(field: Field, random: Random, depth: int) -> list[bytes]:
    below = field.message
    if below is not None and (below.item or below.shell):
        count = random.choice((0, 1, 1, 1, 2, 2, 3))
    elif field.id_bytes:
        count = 1 if random.random() < 0.95 else random.choice((0, 0, 2))
    elif random.random() < (0.35 if below is None else _SHARE.get(below.name, 0.3)):
        count = random.choice((1, 1, 2, 3)) if field.repeated else 1
    else:
        count = 0
    return [_field(field, random, depth) for _ in range(count)]


def _field(field: Field, random: Random, depth: int) -> bytes:
    if field.message is not None:
        too_deep = field.message.nests and depth > 3
        return delimited(field.number, b"" if too_deep else _message(field.message, random, depth + field.message.nests))
    if field.kind == "string":
        written = texts.trace_state(random).encode() if field.name == "trace_state" else texts.text(random)
        return delimited(field.number, written if random.random() < 0.9 else b"")
    if field.kind == "bytes":
        return delimited(
            field.number, _id(field, random) if field.id_bytes else random.choice((texts.text(random), random.randbytes(9)))
        )
    if field.packable and random.random() < 0.8:
        return delimited(field.number, b"".join(_scalar(field, random) for _ in range(random.randint(0, 4))))
    return encode_varint(field.number << 3 | field.wire) + _scalar(field, random)


def _scalar(field: Field, random: Random) -> bytes:
    if field.kind == "double":
        return struct.pack("<d", random.choice(_DOUBLES) if random.random() < 0.7 else random.uniform(-1e6, 1e6))
    value = random.choice(_INTEGERS) if random.random() < 0.8 else random.getrandbits(64)
    if field.wire == VARINT:
        return encode_varint(value & 1 if field.kind == "bool" else value % 26 if field.kind == "enum" else value)
    size = {FIXED32: 4, FIXED64: 8}[field.wire]
    return (value & ((1 << 8 * size) - 1)).to_bytes(size, "little")


def _id(field: Field, random: Random) -> bytes:
    whole = bytes.fromhex(random.choice(texts.TRACE_IDS)) if random.random() < 0.5 else random.randbytes(16)
    good = whole[: field.id_bytes]
    return good if random.random() < 0.85 else random.choice((b"", bytes(field.id_bytes), good[:-1], good + b"\x01", bytes(3)))


def _attribute(message: Message, random: Random, depth: int) -> bytes:
    key, value = message.fields[1], message.fields[2]
    assert value.message is not None
    name = texts.name(random)
    pieces = [delimited(key.number, name.encode())]
    if random.random() < 0.6:
        pieces.append(delimited(value.number, delimited(1, texts.value_of(name, random))))
    else:
        pieces.append(_field(value, random, depth))
    if random.random() < 0.05:
        pieces += random.choice((pieces[:1], pieces[1:], [_field(value, random, depth)]))
    if random.random() < 0.05:
        random.shuffle(pieces)
    return b"".join(pieces if random.random() < 0.95 else pieces[:1])


def _deep(signal: Signal, random: Random) -> bytes:
    """Return a payload with a value near the greatest depth, as the attribute of a resource."""
    value = delimited(1, texts.text(random))
    for _ in range(random.choice((20, 98, 99, 100, 101, 102, 300))):
        value = delimited(5, delimited(1, value)) if random.random() < 0.5 else delimited(6, delimited(1, delimited(2, value)))
    item = delimited(2, delimited(2, b"")) if signal == "logs" else b""
    return delimited(1, delimited(1, delimited(1, delimited(1, b"k") + delimited(2, value))) + item)
