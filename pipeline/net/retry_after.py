"""When to come again: what a destination tells us (RFC 9110 section 10.2.3; OTLP contract §6), and what we tell a client."""

import time
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

CAP_SECONDS: Final = 600.0

_SHORTEST_HINT, _LONGEST_HINT = 1.0, 30.0  # OTLP contract §8, check 31


def hint(wanted: float | None) -> float:
    """Return the seconds that a busy client is told to wait: long enough to recover, short enough not to cause drops."""
    return min(_LONGEST_HINT, max(_SHORTEST_HINT, wanted or 0.0))


def retry_after(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """Return the seconds to wait, 0 to 600, or None when the header is absent or makes no sense.

    The header is whole seconds or an HTTP-date; a date in the past is 0. `now` is seconds since the epoch.
    """
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdecimal():
        return min(CAP_SECONDS, float(text))
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    if date.tzinfo is None:  # the asctime form of an HTTP-date names no zone: it is GMT
        date = date.replace(tzinfo=UTC)
    wait = date.timestamp() - (time.time() if now is None else now)
    return max(0.0, min(CAP_SECONDS, wait))
