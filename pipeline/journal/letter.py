"""Dead letters as values: what one says, how many there are, and which ones are meant."""

import time
from collections.abc import Mapping
from typing import Any, Final, TypeAlias, get_args

from msgspec import Struct, field, structs

from pipeline.errors import Reason
from pipeline.types import SIGNALS, Signal

Payload: TypeAlias = bytes

MAX_MESSAGE: Final = 512
OVERHEAD: Final = 512
"""What a letter counts for beside its payload."""
REASONS: Final[tuple[Reason, ...]] = get_args(Reason)


class DeadLetter(Struct, frozen=True, kw_only=True):
    """One batch that was given up. `message` holds no telemetry that was not redacted; beyond 512 characters it is cut."""

    signal: Signal
    stage: str
    """Where it ended: `receiver`, `processor`, `journal`, `exporter`."""
    component: str
    pipeline: str = ""
    """Empty where it had not reached one, and in stores that are older than this field."""
    reason: Reason
    message: str
    items: int
    bytes: int
    """Size of the payload, also where it was not kept."""
    sha256: str = ""
    """Of a payload that was not kept."""
    code: str = ""
    """HTTP status or gRPC code."""
    route: str = ""
    """Which of an exporter's endpoints refused it, where it has several."""
    attempts: int = 0
    first_seen: int = 0
    """When it was received: nanoseconds since the epoch."""
    config_generation: int = 0
    """The store fills it in."""
    time: int = field(default_factory=time.time_ns)
    """When it was given up."""
    payload: Payload | None = None
    """Redacted OTLP."""

    @property
    def size(self) -> int:
        """What it takes of the store's budget."""
        return len(self.payload or b"") + OVERHEAD


class Kept(Struct, frozen=True):
    """A letter in the store. A list of them leaves the payloads out."""

    id: int
    letter: DeadLetter
    replayable: bool
    """Whether its payload is there."""


class Count(Struct, frozen=True):
    """How much there is."""

    letters: int = 0
    items: int = 0
    bytes: int = 0
    """What it takes of the store's budget."""

    def plus(self, letters: int, items: int, size: int) -> "Count":
        """Return it with more, or with less."""
        return Count(self.letters + letters, self.items + items, self.bytes + size)


class Selection(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Which letters are meant: those of which everything that is given here is true."""

    component: str = ""
    reason: str = ""
    signal: str = ""
    pipeline: str = ""
    since: int = 0
    """Given up at or after this time: nanoseconds since the epoch."""
    until: int = 0
    """Given up before this time."""
    last: int = 0
    """Up to this id."""
    after: int = 0
    """Beyond this id."""
    replayable: bool = False
    """Only with a payload."""

    def __post_init__(self) -> None:
        """Refuse words that no letter can have."""
        if self.reason and self.reason not in REASONS:
            raise ValueError(f"no reason is called `{self.reason}`")
        if self.signal and self.signal not in SIGNALS:
            raise ValueError(f"no signal is called `{self.signal}`")

    def where(self) -> tuple[str, list[Any]]:
        """Return it as an SQL condition and its parameters."""
        told = structs.asdict(self)
        terms = [(sql, told[name]) for name, sql in _TERMS.items() if told[name]]
        return " AND ".join(sql for sql, _ in terms) or "TRUE", [value for _, value in terms]


_TERMS: Final[Mapping[str, str]] = {
    "component": "component = ?",
    "reason": "reason = ?",
    "signal": "signal = ?",
    "pipeline": "pipeline = ?",
    "since": "time >= ?",
    "until": "time < ?",
    "last": "id <= ?",
    "after": "id > ?",
    "replayable": "(payload IS NOT NULL) = ?",
}
