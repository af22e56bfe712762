"""A batch as a Kafka message, and back (delivery contract §10.2): OTLP protobuf, headers that say so, and when it came."""

from collections.abc import Sequence
from typing import Final, Literal

from pipeline import wire
from pipeline.batch import Batch, Context
from pipeline.net.compression import Corrupt, TooMuch, UnknownEncoding, compress, decompress, normal_encoding
from pipeline.settings import MAX_BODY
from pipeline.types import Signal

SCHEMA: Final = b"otlp/1"
OVERHEAD: Final = 1024
"""Bytes that a message takes of the largest that a topic takes, beside its value: its headers and those of its record batch."""
_CODINGS: Final = {"none": b"identity", "zstd": b"zstd"}

_RECEIVED_AT: Final = "sluice-received-at"
_DIGITS: Final = 20
"""Fewer than these make a time."""

Headers = Sequence[tuple[str, bytes]]


class Undecodable(Exception):
    """A message that is not one of ours. The text says why, and holds nothing of it."""


def pack(payload: bytes, compression: Literal["none", "zstd"]) -> bytes:
    """Return the value of a message."""
    return compress(payload, compression)


def headers(compression: Literal["none", "zstd"], received_at: int) -> Headers:
    """Return the headers of a message; `received_at` is in nanoseconds since the epoch."""
    return [
        ("sluice-schema", SCHEMA),
        ("content-encoding", _CODINGS[compression]),
        (_RECEIVED_AT, str(received_at).encode()),
    ]


def unpack(value: bytes | None, told: Headers, signal: Signal, timestamp: int) -> Batch:
    """Return the batch of a message. Its `timestamp` in milliseconds counts where no header tells more. Raises `Undecodable`."""
    header = dict(told)
    if header.get("sluice-schema") != SCHEMA:
        raise Undecodable("its schema is not otlp/1")
    try:
        encoding = normal_encoding(header.get("content-encoding", b"").decode("ascii", "replace"))
        given = decompress(value or b"", encoding, MAX_BODY) if encoding else value or b""
        payload, items, rejected = wire.validate(given, signal)
    except UnknownEncoding:
        raise Undecodable("its content encoding is not known") from None
    except (Corrupt, TooMuch):
        raise Undecodable("it can't be decompressed") from None
    except wire.Malformed as error:
        raise Undecodable(f"it is not OTLP: {error}") from None
    if rejected or not items:
        raise Undecodable("it holds what no receiver would take")
    told_at = header.get(_RECEIVED_AT, b"")
    received_at = int(told_at) if told_at.isdigit() and len(told_at) < _DIGITS else max(timestamp, 0) * 1_000_000
    return Batch(payload, signal, items, Context("", "kafka", received_at))
