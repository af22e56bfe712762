"""Journals: append-only lanes of batches, one cursor per exporter (delivery contract §1-§4, §6).

A lane holds the batches of one pipeline, each once, whatever the number of exporters. A cursor is one exporter's progress in
one lane: it reads batches in order and settles them in any order. What a cursor read and has not settled is its reader's to
keep, retry and settle later; it is given again only after a crash.

All of it runs on the event loop; a journal needs no locking from its callers.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Literal

from msgspec import Struct

from pipeline.batch import Batch
from pipeline.journal.letter import DeadLetter
from pipeline.settings import JournalSettings, SendingQueue
from pipeline.telemetry.metrics import Metrics
from pipeline.types import Signal

Reason = Literal["queue_full", "max_age", "corrupt", "too_large"]
"""Why a cursor moved on without its reader; words of the closed list of delivery contract §8."""


class Cursor(Struct, frozen=True):
    """Who reads which lane: a pipeline id and an exporter id."""

    lane: str
    exporter: str


class CursorSpec(Struct, frozen=True):
    """An exporter's place in a lane: the `sending_queue` settings say its budget and what happens when that is used up."""

    exporter: str
    queue: SendingQueue = SendingQueue()


class Entry(Struct, frozen=True):
    """A batch in its lane. Positions grow along the lane and are never used twice; nothing else follows from their value."""

    position: int
    batch: Batch


class Backlog(Struct, frozen=True):
    """What a cursor has not settled, and its account in items (delivery contract §9).

    `resumed + accepted = settled + items` at any time, whatever became of an append that was answered Busy.
    """

    signal: Signal
    bytes: int = 0
    """OTLP bytes."""
    batches: int = 0
    items: int = 0
    oldest: int = 0
    """When its oldest batch was received: nanoseconds since the epoch, 0 when there is none."""
    resumed: int = 0
    """Items it had before it when the journal was opened."""
    accepted: int = 0
    """Items put before it since then, less those that were withdrawn from it."""
    capacity: int = 0
    """Its budget in bytes."""


class Health(Struct, frozen=True):
    """The journal's own check (delivery contract §13). `unhealthy`: nothing is acknowledged, and only an operator can help."""

    status: Literal["healthy", "degraded", "unhealthy"]
    message: str = "ok"
    bytes: int = 0
    threshold: int = 0
    """Bytes that it may hold; 0 where only the cursors' budgets bound it."""


NO_QUEUES = "only the queues of a journal on disk can be looked into"


class JournalError(Exception):
    """The journal can't be opened. The message says what to do."""


OnOverflow = Callable[[Cursor, Sequence[Entry], Reason], Awaitable[None]]
"""Called with what a cursor is about to move past; it moves once this has returned, and stays where it is when this raises.

`queue_full` and `max_age` follow the cursor's own `on_full`, which is `drop_oldest` or `dead_letter`. `corrupt` gives one entry
for each damaged stretch: no payload is left, `batch.items` says how many items it held. `too_large` gives single items that can't
be stored, at their append.
"""


class Journal(ABC):
    """What stands between the processors and the exporters."""

    durable: ClassVar[bool]
    """What was acknowledged survives the process."""
    directory: Path | None = None
    """Where it keeps its files, once it is open; None in memory."""

    @abstractmethod
    async def open(self) -> None:
        """Get ready to append. Raises `JournalError`."""

    @abstractmethod
    async def aclose(self) -> None:
        """Finish what is being written, remember the cursors, and let go of the files. Appends that wait are answered `Busy`."""

    @abstractmethod
    async def append(self, batches: Sequence[tuple[str, Batch]]) -> None:
        """Put each batch at the end of its lane; return when they are safe, as delivery contract §1 promises for this journal.

        Raises `Busy`: for the client, none of them was taken. Its `code` is `queue_full` or `max_age` (a cursor that blocks has
        used up its budget), `journal_full`, `journal_failed`, `ack_timeout` or `stopping`. What has begun goes on when the
        caller is cancelled.
        """

    @abstractmethod
    async def read(self, cursor: Cursor, max_bytes: int) -> Sequence[Entry]:
        """Return the next entries that this cursor has not read, in order; wait until there is at least one.

        Returns what is there up to `max_bytes`, and one entry even when that is larger. One reader a cursor; it may be cancelled
        without losing an entry. Raises what `on_overflow` raised, when the cursor had to move on and could not.
        """

    @abstractmethod
    def settle(self, cursor: Cursor, positions: Sequence[int]) -> None:
        """Be done with entries that `read` gave, in any order. To settle one again does nothing."""

    async def set_aside(self, letter: DeadLetter) -> None:  # noqa: B027  # most have no other place
        """Keep a dead letter where it outlives this node, beside its own store. Raises `Busy`."""

    def drain(self) -> None:  # noqa: B027  # most have nothing to do
        """Take nothing more from elsewhere: `read` gives what this process holds, and then waits."""

    def rewind(self, cursor: Cursor) -> None:
        """Give again what `read` gave and nobody settled: its reader has ended, and another goes on."""
        raise NotImplementedError

    async def prepare(self, lanes: Mapping[str, Sequence[CursorSpec]]) -> None:  # noqa: ARG002  # others need it
        """Get ready to `reconfigure`. Raises `JournalError`, and then nothing has changed."""
        raise JournalError("this journal takes other pipelines and exporters only at a start")

    def reconfigure(self, lanes: Mapping[str, Sequence[CursorSpec]]) -> None:
        """Take up the lanes and cursors of another configuration, which was prepared; queue settings count from now on.

        Cursors that it does not name become orphans: nothing more is put before them, and `read` gives what they hold, up to
        where they stopped, until they are released. An orphan that it names goes on where it was, without what came meanwhile;
        it must have no reader.
        """
        raise NotImplementedError

    def release(self, cursor: Cursor) -> None:
        """Forget the reader of an orphan. What it left stays, as after a restart; in memory it is gone with the process."""
        raise NotImplementedError

    async def look(self, cursor: Cursor, after: int, max_bytes: int) -> Sequence[Entry]:  # noqa: ARG002  # others need it
        """Return entries that a cursor has not settled, in order, beyond a position (-1: all). Nothing counts as read.

        Returns what is there up to `max_bytes`, and one entry even when that is larger. Raises `JournalError`.
        """
        raise JournalError(NO_QUEUES)

    async def drop(self, cursor: Cursor) -> Backlog:  # noqa: ARG002  # others need it
        """Throw away all that a cursor has before it; return what that was. It must have no reader. Raises `JournalError`.

        It is gone for good once `save` has returned.
        """
        raise JournalError(NO_QUEUES)

    async def save(self) -> None:
        """Make durable how far the cursors are, now. Raises `JournalError`."""
        raise JournalError(NO_QUEUES)

    @abstractmethod
    def backlog(self, cursor: Cursor) -> Backlog:
        """Return what a cursor has not settled."""

    @abstractmethod
    def cursors(self) -> Sequence[Cursor]:
        """Return the cursors of the configuration."""

    @abstractmethod
    def orphans(self) -> Sequence[Cursor]:
        """Return the cursors whose exporter or pipeline is gone. They keep what they hold, and nothing is added to them."""

    @abstractmethod
    def health(self) -> Health:
        """Return the state of the journal itself; how full its cursors are is not part of it."""


def open_journal(
    settings: JournalSettings, lanes: Mapping[str, Sequence[CursorSpec]], metrics: Metrics, on_overflow: OnOverflow
) -> Journal:
    """Return the journal that the settings ask for, still to be opened. `lanes` maps each pipeline id to its cursors.

    A lane without cursors keeps nothing: an append to it returns at once.
    """
    from pipeline.journal.disk import DiskJournal
    from pipeline.journal.memory import MemoryJournal

    if settings.type == "disk":
        return DiskJournal(settings, lanes, metrics, on_overflow)
    if settings.type == "kafka":
        from pipeline.journal.kafka import KafkaJournal

        return KafkaJournal(settings, lanes, metrics, on_overflow)
    return MemoryJournal(settings, lanes, metrics, on_overflow)
