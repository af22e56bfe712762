"""One Kafka message as items of OTLP: how it is written, and what is wrong with it."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

from pipeline import json_logs, json_text, wire
from pipeline.batch import MAX_ITEMS
from pipeline.errors import Reason
from pipeline.json_logs import JsonBodies, Normaliser, Options, TooManyRecords
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
_SMALL_BYTES: Final = 64 * 1024
"""What no more than some 20,000 records fit in, if they are empty."""
_OF_LOGS: Final = ("json_logs", "text")


class Fault(NamedTuple):
    """What can't be taken of a message. `error` holds nothing of it."""

    reason: Reason
    error: str
    raw: bytes


class Messages:
    """The messages of the topics of one signal: how they are written."""

    def __init__(self, signal: Signal, encoding: Encoding, options: Options, max_line: int) -> None:
        self.signal = signal
        self._encoding = encoding
        self._options = options
        self._bodies = JsonBodies(options, max_line)

    def begin(self, now: int) -> "Reading":
        """Return what reads messages that came in at a time."""
        return Reading(self, self._bodies, Normaliser(self._options, now))

    def encoding_of(self, told: Mapping[str, str]) -> Encoding:
        """Return how a message is written: what its headers say, where that is known and fits, else what was configured."""
        content_type = told.get(CONTENT_TYPE, "").partition(";")[0].rstrip()
        found = _NAMED.get(told.get(ENCODING, "")) or _CONTENT_TYPES.get(content_type)
        if found is None or (found in _OF_LOGS and self.signal != "logs"):
            return self._encoding
        if content_type == "application/json" and ENCODING not in told and self._encoding in _OF_LOGS:
            return "json_logs"
        return found


class Reading:
    """Messages on their way into payloads, in order."""

    def __init__(self, messages: Messages, bodies: JsonBodies, normaliser: Normaliser) -> None:
        self.normaliser = normaliser
        self.rejected = 0
        """Items that were taken out for good, because their ids are malformed."""
        self._messages = messages
        self._bodies = bodies
        self._parts: list[tuple[bytes, int]] = []
        self._records: json_logs.Reading | None = None

    def add(self, value: bytes, headers: Headers) -> Sequence[Fault]:
        """Take a message in; return what can't be taken of it, which may be all."""
        told = {name.lower(): text.decode(errors="replace").strip().lower() for name, text in headers} if headers else {}
        try:
            coding = normal_encoding(told.get(CONTENT_ENCODING, ""))
            body = decompress(value, coding, MAX_BYTES) if coding else value
            return self._add(body, self._messages.encoding_of(told)) if body else ()
        except wire.Malformed as error:
            return [Fault("malformed", str(error), value)]
        except JsonError as error:
            return [Fault("bad_line", str(error), value)]
        except (TooMuch, TooManyRecords):
            return [Fault("too_large", "it holds more than one message may", value)]
        except (Corrupt, UnknownEncoding):
            return [Fault("malformed", "it is not compressed as its content-encoding says", value)]

    def parts(self) -> Sequence[tuple[bytes, int]]:
        """Return the payloads of all messages, none of them empty, with their items."""
        self._close()
        return self._parts

    def _add(self, body: bytes, encoding: Encoding) -> Sequence[Fault]:
        signal = self._messages.signal
        match encoding:
            case "otlp_proto" | "otlp_json":
                self._close()
                payload, items, rejected = wire.validate(
                    wire.from_json(body, signal) if encoding == "otlp_json" else body, signal
                )
                self.rejected += rejected
                self._take(payload, items)
                return ()
            case "json_logs" if len(body) > _SMALL_BYTES:
                self._close()
                payload, items, bad = self._bodies.payload(body, "json", self.normaliser)
                self._take(payload, items)
            case "json_logs":
                bad = self._open().add(body, "json")
            case "text":
                text = json_text.decode(body)
                self._open().add_text(text)
                return ()
        return [Fault(entry.reason, entry.error, entry.raw) for entry in bad]

    def _open(self) -> json_logs.Reading:
        """Return what the records of small messages go to: one payload for many, with room for all that a message has."""
        if self._records is not None and self._records.count > MAX_ITEMS:
            self._close()
        if self._records is None:
            self._records = self._bodies.begin(self.normaliser)
        return self._records

    def _close(self) -> None:
        if self._records is not None:
            self._take(*self._records.payload())
            self._records = None

    def _take(self, payload: bytes, items: int) -> None:
        if items:
            self._parts.append((payload, items))
