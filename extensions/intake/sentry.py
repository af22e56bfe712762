"""The checks of Sentry's relay: key, envelope grammar, items and their limits (Sentry contract §2-§4)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from pipeline.net.http_server import HttpResponse, Refusal

ITEM_BYTES: Final = 1024 * 1024
LOGS_AN_ITEM: Final = 100
KEY: Final = re.compile(r"sentry_key=[0-9A-Za-z]{1,128}")
"""Bounded and without nesting, so linear."""


@dataclass
class Received:
    """What of an envelope is shown."""

    event_id: str = ""
    events: list[Any] = field(default_factory=list)
    logs: list[Any] = field(default_factory=list)


def check_auth(headers: Mapping[str, str]) -> None:
    """Raise Refusal where no public key is shown; any key will do here."""
    if not KEY.search(headers.get("x-sentry-auth", "")[:1024]):
        raise Refusal(403, "missing authorization information")


def envelope(body: bytes) -> Received:
    """Return what an envelope carries; unknown items are skipped. Raises Refusal where Sentry does."""
    end = body.find(b"\n")
    header = _object(body if end < 0 else body[:end], "envelope header")
    received = Received(str(header.get("event_id", "")))
    position = len(body) if end < 0 else end + 1
    while position < len(body):
        if body[position : position + 1] == b"\n" and position == len(body) - 1:
            break
        end = body.find(b"\n", position)
        item = _object(body[position:] if end < 0 else body[position:end], "item header")
        start = len(body) if end < 0 else end + 1
        payload, position = _payload(body, start, item.get("length"))
        _take(received, item, payload)
    if len(received.events) > 1:
        raise Refusal(400, "an envelope holds one event at most")
    return received


def _payload(body: bytes, start: int, length: object) -> tuple[bytes, int]:
    """Return an item's payload and where the next item starts."""
    if length is None:
        end = body.find(b"\n", start)
        end = len(body) if end < 0 else end
    elif isinstance(length, int) and 0 <= length <= len(body) - start:
        end = start + length
    else:
        raise Refusal(400, "invalid envelope: an item's length is wrong")
    if body[end : end + 1] not in (b"", b"\n"):
        raise Refusal(400, "invalid envelope: no line feed after an item")
    return body[start:end], end + 1


def _take(received: Received, item: Mapping[str, Any], payload: bytes) -> None:
    if len(payload) > ITEM_BYTES:
        raise Refusal(413, "an item is larger than 1 MiB")
    match item.get("type"):
        case "event":
            received.events.append(_object(payload, "event"))
        case "log":
            logs = _object(payload, "log item").get("items")
            if not isinstance(logs, list) or len(logs) != item.get("item_count") or len(logs) > LOGS_AN_ITEM:
                raise Refusal(400, "a log item's count is wrong")
            received.logs += logs
        case None:
            raise Refusal(400, "invalid envelope: an item has no type")


def _object(text: bytes, what: str) -> dict[str, Any]:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        raise Refusal(400, f"invalid {what}")
    return value


def refuse(_: str, refusal: Refusal) -> HttpResponse:
    """Render an error as Sentry does."""
    return HttpResponse(refusal.status, orjson.dumps({"detail": refusal.message}))
