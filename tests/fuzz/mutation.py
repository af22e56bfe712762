"""Faults and turns that a payload or a JSON request can take."""

import re
from random import Random
from typing import Final

from pipeline.types import Signal
from pipeline.wire.errors import Malformed
from pipeline.wire.reference.tables import DELIMITED, Message, root
from pipeline.wire.reference.walk import delimited, encode_varint, fields
from tests.fuzz import texts
from tests.strategies import UNKNOWN_NUMBERS, oddly

_MOST_BYTES: Final = 20_000
"""What grows beyond is cut: the reference takes its time."""

_JSON_TOKEN: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*|true|false|null|[\[\]{}:,]')
_JSON_TOKENS: Final = (
    b"null", b"true", b"false", b"0", b"-0", b"1", b"-1", b"1.0", b"1e2", b"1.5", b"-1e400", b"1e400", b"1e-400",
    b"18446744073709551615", b"18446744073709551616", b"9223372036854775808", b"-9223372036854775809", b"4294967296", b"0.1e1",
    b"1E+2", b"01", b"+1", b"1.", b".5", b"1e99999999999999999999", b"123456789012345678901234567890", b"NaN", b"Infinity",
    b"-Infinity", b'"NaN"', b'"Infinity"', b'"-Infinity"', b'"1"', b'"-1"', b'"1.0"', b'"1e2"', b'" 1"', b'"0x1"', b'""', b'"="',
    b'"AA=="', b'"AA="', b'"A"', b'"-_-_"', b'"+/+/"', b'"4bf9"', b'"4BF92F3577B34DA6A3CE929D0E0E4736"',
    b'"4bf92f3577b34da6a3ce929d0e0e473g"', b'"00f067aa0ba902b7"', b'"\\ud800"', b'"\\udc00\\ud800"', b'"\\ud83d\\ude00"',
    b'"\\u0000"', b'"\xff"', b'"\xed\xa0\x80"', b'"\n"', b'"\\x"', b'"\\u12"', b"[]", b"{}", b"[null]", b"[[]]", b"[{}]", b"{",
    b"}", b"[", b"]", b",", b":", b'"', b" ", b"\t\r\n", b"\x0b", b"\x00", b"\xef\xbb\xbf", b"//", b'"unknown":{"a":[1,{}]},',
    b'"key":"k",', b'"stringValue":"s"', b'"intValue":"1"', b'"arrayValue":{"values":[]}', b'"kvlistValue":{}',
    b'"bytesValue":"AA=="', b'"keyStrindex":1',
)  # fmt: skip


def mutated(payload: bytes, signal: Signal, random: Random, donor: bytes) -> bytes:
    """Return a payload with some turns for the worse. `donor` is another one that pieces may come from."""
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        match random.randrange(10):
            case 0 | 1 | 2:
                payload = _bytes(payload, random, donor)
            case 3:
                payload = _again_oddly(payload, signal, random)
            case _:
                payload = _field(payload, root(signal), random, donor)
    return payload[:_MOST_BYTES]


def mutated_json(text: bytes, random: Random, donor: bytes) -> bytes:
    """Return an OTLP/JSON request with some turns for the worse."""
    for _ in range(random.choice((1, 1, 2, 3))):
        tokens = list(_JSON_TOKEN.finditer(text))
        if not tokens or random.random() < 0.2:
            text = _bytes(text, random, donor)
            continue
        one, other = random.choice(tokens), random.choice(tokens)
        match random.randrange(5):
            case 0 | 1:
                text = text[: one.start()] + random.choice(_JSON_TOKENS) + text[one.end() :]
            case 2:
                text = text[: one.end()] + random.choice(_JSON_TOKENS) + text[one.end() :]
            case 3:
                text = text[: one.start()] + other[0] + text[one.end() :]
            case _:
                text = text[: one.start()] + text[max(one.end(), min(other.start(), one.start() + 300)) :]
    return text[:_MOST_BYTES]


def _bytes(data: bytes, random: Random, donor: bytes) -> bytes:
    """Return bytes with one change that knows nothing of what they mean."""
    at = random.randrange(len(data) + 1)
    end = at + random.choice((1, 1, 2, 4, 9, 40))
    from_donor = random.randrange(len(donor) + 1)
    match random.randrange(7):
        case 0 if data:
            bit = random.randrange(8 * len(data))
            changed = bytearray(data)
            changed[bit // 8] ^= 1 << bit % 8
            return bytes(changed)
        case 1:
            return data[:at]
        case 2:
            return data[:at] + data[end:]
        case 3:
            return data[:at] + data[at:end] * 2 + data[end:]
        case 4:
            return data[:at] + donor[from_donor:]
        case 5:
            return data[:at] + donor[from_donor : from_donor + end - at] + data[at:]
    return data[:at] + random.randbytes(len(data[at:end])) + data[end:]


def _again_oddly(payload: bytes, signal: Signal, random: Random) -> bytes:
    try:
        return oddly(payload, signal, random)
    except (Malformed, KeyError, RecursionError):  # it has faults or unknown fields, or goes down too far
        return payload + payload


def _field(data: bytes, message: Message, random: Random, donor: bytes) -> bytes:
    """Return a message with one field changed, at any depth; the lengths around it are right."""
    try:
        visits = list(fields(data, 0, len(data)))
    except Malformed:
        visits = []
    if not visits:
        return _bytes(data, random, donor)
    at, number, wire, value, stop = random.choice(visits)
    before, whole, inside, behind = data[:at], data[at:stop], data[value:stop], data[stop:]
    field = message.fields.get(number)
    if field is not None and field.message is not None and wire == DELIMITED and random.random() < 0.85:
        return before + delimited(number, _field(inside, field.message, random, donor)) + behind
    if field is not None and field.kind == "string" and wire == DELIMITED and random.random() < 0.7:
        return before + delimited(number, _text(inside, random)) + behind
    match random.randrange(8):
        case 0:
            return before + whole * random.choice((2, 3, 40)) + behind
        case 1:
            return before + behind
        case 2:
            return whole + before + behind
        case 3:  # a length that does not fit
            length = max(0, len(inside) + random.choice((-1, 1, -2, 2, 127, 2**31, 2**32, 2**63, 2**64 - 1 - len(inside))))
            return before + encode_varint(number << 3 | DELIMITED) + encode_varint(length & (2**64 - 1)) + inside + behind
        case 4:
            known = random.choice([*message.fields, *UNKNOWN_NUMBERS, 0, 2**29 - 1, 2**29])
            return (
                before
                + encode_varint(known << 3 | random.choice((wire, wire, 0, 1, 2, 3, 5, 7)))
                + data[value - (wire == DELIMITED) : stop]
                + behind
            )
        case 5:
            return before + delimited(number, texts.text(random)) + behind
        case 6:
            return before + delimited(number, donor[:400]) + behind
    return before + encode_varint(number << 3) + encode_varint(random.getrandbits(random.choice((1, 7, 31, 32, 63, 64)))) + behind


def _text(raw: bytes, random: Random) -> bytes:
    at = random.randrange(len(raw) + 1)
    end = at + random.choice((0, 1, 1, 3, 20))
    match random.randrange(6):
        case 0 | 1:
            return raw[:at] + texts.fragment(random).encode("utf-8", "replace") + raw[end:]
        case 2:
            return (
                raw[:at]
                + random.choice((b" ", b"=", b"@", b":", b".", b"-", b"%", b"\\", b'"', b"0", b"a", b"\xc2\xa0", b"\xff"))
                + raw[end:]
            )
        case 3:
            return raw[:at] + raw[end:]
        case 4:
            return raw[:at] + raw[at:end] * 2 + raw[end:]
    return texts.text(random)
