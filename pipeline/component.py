"""The component API: what a receiver, processor, exporter, connector and extension is.

A component is constructed from its `Config` alone, opens nothing then, and raises `ConfigError` for settings that can't work.
The runtime sets `host` before it calls anything else. Metrics, retries, batching, admission and error policy are the runtime's.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

from pipeline.batch import Batch, halves
from pipeline.settings import Retry
from pipeline.types import SIGNALS, Signal

if TYPE_CHECKING:
    from pathlib import Path

    from structlog.typing import FilteringBoundLogger

    from pipeline.admission import Admission
    from pipeline.journal.dead_letter import DeadLetters
    from pipeline.net.http_client import ClientPool
    from pipeline.net.http_server import Listeners
    from pipeline.service import Service
    from pipeline.telemetry.metrics import Metrics

Kind = Literal["receiver", "processor", "exporter", "connector", "extension"]
KINDS: Final[tuple[Kind, ...]] = ("receiver", "processor", "exporter", "connector", "extension")

Consume = Callable[[Batch], Awaitable[None]]
"""Returns: the batch is safe, as its journal promises. Raises `Busy` or `Rejected`: it was not taken."""


@dataclass
class Host:
    """What the daemon lends to one component."""

    id: str
    metrics: "Metrics"
    log: "FilteringBoundLogger"
    admission: "Admission"
    listeners: "Listeners"
    clients: "ClientPool"
    dead_letters: "DeadLetters"
    intake: str | None = None
    """Base URL of the local `intake` extension, where one is configured."""
    state_dir: "Path | None" = None
    """Where a component may keep files of its own; None where nothing may outlive the process."""
    signals: frozenset[Signal] = frozenset(SIGNALS)
    """Of a receiver: the signals that some pipeline takes from it."""
    started: Callable[[], None] = field(default=lambda: None)
    """Whatever has a `run` of its own calls it once it can do its work; readiness, and a reload, wait for all."""


class Component:
    """Base of all kinds. `Config` beside the class in its module holds the settings and their documentation."""

    signals: ClassVar[frozenset[Signal]] = frozenset(SIGNALS)
    """What it takes; of a receiver, what it produces."""
    stability: ClassVar[Literal["alpha", "beta", "stable"]] = "beta"
    host: Host

    def __init__(self, config: Any) -> None:
        raise NotImplementedError


class Receiver(Component):
    """Takes telemetry from outside. It answers its client after `consume` returned, never before."""

    async def run(self, consume: Consume) -> None:
        """Serve until cancelled; `consume` may be called concurrently and is shielded from cancellation."""
        raise NotImplementedError


class Processor(Component):
    """A pure function of a batch."""

    redacts: ClassVar[bool] = False
    """Whether what it returns may be stored and shown: behind it a failed batch is kept, before it only its hash is."""

    def process(self, batch: Batch) -> Batch | None:
        """Return what goes on (the same object when nothing changed), or None when nothing does. May run on a thread."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Request:
    """One encoded request to a destination, sent as often as it takes.

    `batch` holds exactly the items that the request carries, redacted: the dead letter keeps it. `items` is what counts as sent
    when the destination confirms; it is less than `batch.items` where several requests carry the same item.
    """

    body: bytes
    batch: Batch
    items: int
    raw_bytes: int = 0
    """Size of the body before compression."""
    route: str = ""
    """Which of an exporter's endpoints takes it."""
    parts: Any = None
    """What the exporter needs to split the request without encoding the batch again."""


class Exporter(Component):
    """Sends batches to one destination. The runtime merges, retries, splits, dead-letters and settles."""

    max_items: ClassVar[int | None] = None
    """Most items that may be merged into one batch for `encode`."""
    max_bytes: ClassVar[int] = 4 * 1024 * 1024
    """Most OTLP bytes that may be merged."""
    retry: ClassVar[Retry] = Retry()

    def encode(self, batch: Batch) -> Sequence[Request]:
        """Encode a merged batch, once, in lane order; may run on a thread.

        Items that are in no request have no form at the destination: they are counted as skipped.
        """
        raise NotImplementedError

    async def send(self, request: Request) -> None:
        """Deliver one request. May be repeated and concurrent.

        Raises `Busy`, `Held`, `Unauthorized`, `Rejected`, `TooLarge` or `Partial`.
        """
        raise NotImplementedError

    def split(self, request: Request) -> Sequence[Request]:
        """Return the request as two halves, for a destination that refused it whole; itself alone when it can't be split."""
        if request.batch.items < 2:
            return [request]
        return [piece for half in halves(request.batch) for piece in self.encode(half)]


class DirectExporter(Component):
    """Folds a batch into memory after the append returned: folded is sent, and there is no cursor."""

    def fold(self, batch: Batch) -> None:
        """Take the batch in; may run on a thread."""
        raise NotImplementedError

    async def run(self) -> None:
        """Serve what was folded until cancelled; an exporter that only prints need not override it."""


class Connector(Component):
    """An exporter of one pipeline that is a receiver of another. It reads from a journal cursor and settles what it flushed."""

    produces: ClassVar[frozenset[Signal]] = frozenset(SIGNALS)
    interval: float = 10.0
    """Seconds from one flush to the next."""

    def fold(self, batch: Batch) -> None:
        """Take the batch in; may run on a thread."""
        raise NotImplementedError

    def flush(self, now: int) -> Sequence[Batch]:
        """Return what the folded batches came to, and forget them. `now` is nanoseconds since the epoch."""
        raise NotImplementedError


class Extension(Component):
    """Serves people or machines beside the pipelines."""

    async def run(self, service: "Service") -> None:
        """Serve until cancelled."""
        raise NotImplementedError
