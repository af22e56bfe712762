"""One Kafka message as items of OTLP: how it is written, and what is wrong with it."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

from pipeline import json_text, wire
from pipeline.errors import Reason
from pipeline.json_logs import JsonBodies, Normaliser, Options, TooManyRecords
from pipeline.json_logs.entries import Text
from pipeline.json_text import JsonError
from pipeline.net.compression import Corrupt, TooMuch, UnknownEncoding, decompress, normal_encoding
from pipeline.types import Signal

Encoding: TypeAlias = Literal["otlp_proto", "otlp_json", "json_logs", "text"]
Headers: TypeAlias = Sequence[tuple[str, bytes]]

MAX_BYTES: Final = 64 * 1024 * 1024
"""Of a message, decompressed."""
ENCODING: Final = "encoding"
CONTENT_TYPE: Final = "content-type"
CONTENT_ENCODING: Final = "content-encoding"

_NAMED: Final[Mapping[str, Encoding]] = {
    "otlp_proto": "otlp_proto",
    "otlp_json": "otlp_json",
    "json_logs": "json_logs",
    "text": "text",
}
_CONTENT_TYPES: Final[Mapping[str, Encoding]] = {
    "application/x-protobuf": "otlp_proto",
    "application/json": "otlp_json",
    "application/x-ndjson": "json_logs",
    "text/plain": "text",
}
_OF_LOGS: Final = ("json_logs", "text")


class Fault(NamedTuple):
    """What can't be taken of a message. `error` holds nothing of it."""

    reason: Reason
    error: str
    raw: bytes


class Taken(NamedTuple):
    """What a message holds."""

    payload: bytes = b""
    items: int = 0
    rejected: int = 0
    """Items that were taken out for good, because their ids are malformed."""
    faults: Sequence[Fault] = ()


class Messages:
    """Reads the messages of the topics of one signal."""

    def __init__(self, signal: Signal, encoding: Encoding, options: Options, max_line: int) -> None:
        self.signal = signal
        self._encoding = encoding
        self._bodies = JsonBodies(options, max_line)

    def read(self, value: bytes, headers: Headers, normaliser: Normaliser) -> Taken:
        """Return what a message holds; of one that can't be read, the fault alone."""
        told = {name.lower(): text.decode(errors="replace").strip().lower() for name, text in headers}
        try:
            body = decompress(value, coding, MAX_BYTES) if (coding := normal_encoding(told.get(CONTENT_ENCODING, ""))) else value
            return self._read(body, self._encoding_of(told), normaliser)
        except wire.Malformed as error:
            return _nothing("malformed", str(error), value)
        except JsonError as error:
            return _nothing("bad_line", str(error), value)
        except (TooMuch, TooManyRecords):
            return _nothing("too_large", "it holds more than one message may", value)
        except (Corrupt, UnknownEncoding):
            return _nothing("malformed", "it is not compressed as its content-encoding says", value)

    def _encoding_of(self, told: Mapping[str, str]) -> Encoding:
        """Return how a message is written: what its headers say, where that is known and fits, else what was configured."""
        content_type = told.get(CONTENT_TYPE, "").partition(";")[0].rstrip()
        found = _NAMED.get(told.get(ENCODING, "")) or _CONTENT_TYPES.get(content_type)
        if found is None or (found in _OF_LOGS and self.signal != "logs"):
            return self._encoding
        if content_type == "application/json" and ENCODING not in told and self._encoding in _OF_LOGS:
            return "json_logs"
        return found

    def _read(self, body: bytes, encoding: Encoding, normaliser: Normaliser) -> Taken:
        if not body:
            return Taken()
        match encoding:
            case "otlp_proto":
                return Taken(*wire.validate(body, self.signal))
            case "otlp_json":
                return Taken(*wire.validate(wire.from_json(body, self.signal), self.signal))
            case "json_logs":
                payload, items, bad = self._bodies.payload(body, "json", normaliser)
                return Taken(payload, items, 0, [Fault(entry.reason, entry.error, entry.raw) for entry in bad])
            case "text":
                record = normaliser.record(Text(1, json_text.decode(body)))
                return Taken(wire.encode([record], "logs"), 1)


def _nothing(reason: Reason, error: str, value: bytes) -> Taken:
    return Taken(faults=[Fault(reason, error, value)])
