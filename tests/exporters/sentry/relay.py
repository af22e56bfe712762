"""Sentry's own event normaliser, as its published Relay library runs it, and envelopes read back by the grammar."""

from datetime import UTC, datetime
from typing import Any

import orjson
from sentry_relay.processing import StoreNormalizer


def normalised(event: dict[str, Any]) -> dict[str, Any]:
    """Return an event as Sentry would store it; `_meta` of the answer says what it did not like."""
    received = datetime.fromtimestamp(event["timestamp"] + 1, UTC).isoformat()
    normalizer = StoreNormalizer(
        project_id=1, key_id="1", received_at=received, max_secs_in_future=60, max_secs_in_past=30 * 86_400, is_renormalize=False
    )
    stored: dict[str, Any] = normalizer.normalize_event(event)
    return stored


def complaints(event: dict[str, Any]) -> object:
    """Return what the normaliser did not like about an event; nothing when it is as it should be."""
    stored = normalised(event)
    return stored.get("errors") or stored.get("_meta")


def read_envelope(raw: bytes) -> tuple[dict[str, Any], list[tuple[dict[str, Any], bytes]]]:
    """Return header and items of an envelope; raises ValueError when it is malformed."""
    header, _, rest = raw.partition(b"\n")
    items = []
    while rest:
        line, _, rest = rest.partition(b"\n")
        about = orjson.loads(line)
        payload, rest = rest[: about["length"]], rest[about["length"] :]
        if len(payload) < about["length"] or rest[:1] not in (b"\n", b""):
            raise ValueError("malformed item")
        rest = rest[1:]
        items.append((about, payload))
    return orjson.loads(header), items
