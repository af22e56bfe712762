"""Senders without a contract of their own: a signature that the settings describe, or a credential.

What a payload says, JSON pointers of the settings find.
"""

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from pipeline import severity
from pipeline.types import Value
from receivers.webhook.delivery import Delivery, Refused
from receivers.webhook.event import INFO, Event, Level, first_time
from receivers.webhook.payloads import parse, point
from receivers.webhook.sender import Sender, Told, Verified
from receivers.webhook.signatures import Algorithm, Encoding, decoded, mac, matching_secret, matching_token, seconds

MAX_RECORDS: Final = 100_000
"""Records in one delivery, as in one request of JSON logs (json-logs contract §6)."""
PLACEHOLDER: Final = re.compile(r"(\{\w*\})", re.ASCII)
PLACEHOLDERS: Final = frozenset({"{body}", "{ts}", "{id}", "{method}", "{path}"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointers:
    """Where a payload says what. Every pointer may be empty: then nothing says it."""

    id: str = ""
    records: str = ""
    """A list whose elements are a record each; the other pointers, but that of the id, start from the element."""
    event: str = ""
    time: str = ""
    severity: str = ""
    message: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """How a delivery is signed."""

    header: str
    prefix: str = ""
    encoding: Encoding = "hex"
    algorithm: Algorithm = "sha256"
    template: str = "{body}"
    timestamp_header: str = ""


class Generic(Sender):
    """What these senders share: the mapping."""

    def __init__(self, secrets: Sequence[bytes], pointers: Pointers, id_header: str = "") -> None:
        super().__init__(secrets)
        self._pointers = pointers
        self._id_header = id_header

    def parse(self, body: bytes, content_type: str) -> Value:
        """Return the JSON value."""
        return parse(body, content_type, form=False)

    def tell(self, delivery: Delivery, payload: Value) -> Told:
        """Return the events that the delivery holds."""
        given = delivery.text(self._id_header) if self._id_header else _text(_at(payload, self._pointers.id))
        parts = self._parts(payload)
        names = [_text(_at(part, self._pointers.event)) for part in parts]
        return Told(given, names, [self._event(delivery, part) for part in parts])

    def _parts(self, payload: Value) -> Sequence[Value]:
        if not self._pointers.records:
            return [payload]
        parts = point(payload, self._pointers.records)
        if not isinstance(parts, list):
            raise Refused(400, "parse", "there is no list of records where the settings say")
        if len(parts) > MAX_RECORDS:
            raise Refused(400, "parse", f"more than {MAX_RECORDS} records")
        return parts

    def _event(self, delivery: Delivery, part: Value) -> Event:
        pointers = self._pointers
        event, message = _text(_at(part, pointers.event)), _at(part, pointers.message)
        found = {name: point(part, pointer) for name, pointer in pointers.attributes.items()}
        return Event(
            name=f"webhook.{event}" if event else "webhook",
            payload=part,
            body=part if message is None else message,
            time=first_time(delivery.received_at, _at(part, pointers.time)),
            level=_level(_text(_at(part, pointers.severity))),
            attributes={name: value for name, value in found.items() if value is not None},
        )


class GenericHmac(Generic):
    """An HMAC over a template, as the settings say."""

    type = "generic_hmac"

    def __init__(self, secrets: Sequence[bytes], pointers: Pointers, scheme: Scheme, id_header: str = "") -> None:
        super().__init__(secrets, pointers, id_header)
        self._scheme = scheme
        self.secret_headers = (scheme.header,)

    def verify(self, delivery: Delivery) -> Verified:
        """Check the signature."""
        scheme = self._scheme
        text = delivery.header(scheme.header)
        if not text.startswith(scheme.prefix):
            raise Refused(400, "bad_header", f"{scheme.header} does not start as it has to")
        given = decoded(text.removeprefix(scheme.prefix), scheme.encoding, scheme.header)
        header = scheme.timestamp_header
        signed_at = seconds(delivery.header(header), header) if header else None
        return Verified(matching_secret(self.secrets, mac(scheme.algorithm, *self._signed(delivery)), [given]), signed_at)

    def _signed(self, delivery: Delivery) -> list[bytes]:
        return [self._value(piece, delivery) for piece in PLACEHOLDER.split(self._scheme.template)]

    def _value(self, piece: str, delivery: Delivery) -> bytes:
        match piece:
            case "{body}":
                return delivery.body
            case "{ts}":
                piece = delivery.header(self._scheme.timestamp_header)
            case "{id}":
                piece = delivery.header(self._id_header)
            case "{method}":
                piece = delivery.method
            case "{path}":
                piece = delivery.path
        return piece.encode("utf-8", "surrogateescape")


class Bearer(Generic):
    """A token after `Bearer `."""

    type = "bearer"
    secret_headers = ("Authorization",)

    def verify(self, delivery: Delivery) -> Verified:
        """Compare the token."""
        scheme, _, token = delivery.headers.get("Authorization", "").partition(" ")
        given = token.strip() if scheme.lower() == "bearer" else ""
        return Verified(matching_token(self.secrets, given.encode("utf-8", "surrogateescape"), "Bearer"))


class Basic(Generic):
    """User name and password; a secret is `name:password`."""

    type = "basic"
    secret_headers = ("Authorization",)

    def verify(self, delivery: Delivery) -> Verified:
        """Compare name and password."""
        scheme, _, text = delivery.headers.get("Authorization", "").partition(" ")
        try:
            given = base64.b64decode(text.strip(), validate=True) if scheme.lower() == "basic" else b""
        except ValueError:
            given = b""
        return Verified(matching_token(self.secrets, given, 'Basic realm="sluice"'))


class HeaderToken(Generic):
    """A token in a header of the settings' choice."""

    type = "header_token"

    def __init__(self, secrets: Sequence[bytes], pointers: Pointers, header: str, id_header: str = "") -> None:
        super().__init__(secrets, pointers, id_header)
        self.secret_headers = (header,)

    def verify(self, delivery: Delivery) -> Verified:
        """Compare the token."""
        given = delivery.headers.get(self.secret_headers[0], "")
        return Verified(matching_token(self.secrets, given.encode("utf-8", "surrogateescape")))


def _at(payload: Value, pointer: str) -> Value:
    return point(payload, pointer) if pointer else None


def _text(value: Value) -> str:
    return value if isinstance(value, str) else str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _level(word: str) -> Level:
    return (severity.number(word), word) if word else INFO
