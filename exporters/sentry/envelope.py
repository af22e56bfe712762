"""The envelope: one JSON line about itself, then items, each with a JSON line that gives its length in bytes."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from pipeline.text import json_bytes

CONTENT_TYPE: Final = "application/x-sentry-envelope"
LOGS_TYPE: Final = "application/vnd.sentry.items.log+json"


def envelope(items: Iterable[bytes], *, sent_at: float, event_id: str = "") -> bytes:
    """Return an envelope of items. `sent_at` is now, in seconds: Sentry corrects clocks by it, so it belongs to each attempt."""
    moment = datetime.fromtimestamp(sent_at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    header = {"event_id": event_id, "sent_at": moment} if event_id else {"sent_at": moment}
    return b"".join((json_bytes(header), b"\n", *items))


def event_item(payload: bytes) -> bytes:
    """Return an event as an item."""
    return item({"type": "event"}, payload)


def logs_item(logs: Iterable[bytes]) -> bytes:
    """Return encoded logs as one item."""
    found = list(logs)
    payload = b'{"version":2,"items":[' + b",".join(found) + b"]}"
    return item({"type": "log", "item_count": len(found), "content_type": LOGS_TYPE}, payload)


def item(header: dict[str, object], payload: bytes) -> bytes:
    """Return one item: its header with the length of the payload, and the payload."""
    return json_bytes({**header, "length": len(payload)}) + b"\n" + payload + b"\n"
