"""What a delivery tells, as its sender's mapping understood it."""

from typing import TypeAlias

from msgspec import Struct

from pipeline import severity, timestamps
from pipeline.types import Value

Level: TypeAlias = tuple[int, str]

INFO: Level = (severity.INFO, "INFO")
WARN: Level = (severity.WARN, "WARN")
ERROR: Level = (severity.ERROR, "ERROR")


class Event(Struct, kw_only=True):
    """One event: what becomes one log record."""

    name: str
    payload: Value
    """The part of the payload that is about it."""
    body: Value
    time: int = 0
    """Nanoseconds since the epoch, 0 when unknown."""
    level: Level = INFO
    """Severity number and the sender's own word."""
    attributes: dict[str, Value] = {}
    correlation: str = ""
    """What all deliveries about the same thing share."""


def first_time(received_at: int, *candidates: Value) -> int:
    """Return the first candidate that says a time which a record may carry, or 0."""
    for candidate in candidates:
        time = timestamps.parse(candidate)
        if time is not None and timestamps.is_sane(time, received_at):
            return time
    return 0


def without_empty(attributes: dict[str, Value]) -> dict[str, Value]:
    """Return the attributes that say something."""
    return {name: value for name, value in attributes.items() if value not in ("", None)}
