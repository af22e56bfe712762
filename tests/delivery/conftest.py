"""A send path over a real journal, with one scripted destination."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import pytest

from pipeline import Batch, Context, Exporter, Host, Request, wire
from pipeline.delivery.backoff import Backoff
from pipeline.delivery.books import Books, ExporterAccount
from pipeline.delivery.overflow import Overflow
from pipeline.delivery.send import Sender
from pipeline.delivery.ship import CursorLoop
from pipeline.journal import Cursor, CursorSpec, Journal, open_journal
from pipeline.settings import JournalSettings, Retry, SendingQueue
from pipeline.wire.model import LogRecord, Resource, Scope

QUICK = Backoff(Retry(initial=0.001, maximum=0.01), None)


class Destination(Exporter):
    """Takes batches of log records as they are. `answer` scripts it: called with a request's bodies, it raises what it likes."""

    def __init__(self, answer: Callable[[list[str]], None] = lambda bodies: None) -> None:
        self.answer = answer
        self.attempts: list[list[str]] = []
        self.taken: list[str] = []

    def encode(self, batch: Batch) -> Sequence[Request]:
        return [Request(batch.payload, batch, batch.items)]

    async def send(self, request: Request) -> None:
        bodies = [str(record.body) for record in request.batch.records() if isinstance(record, LogRecord)]
        self.attempts.append(bodies)
        self.answer(bodies)
        self.taken += bodies


def logs(*bodies: str) -> Batch:
    """Return a batch of log records with these bodies."""
    resource, scope = Resource(), Scope()
    records = [LogRecord(resource=resource, scope=scope, body=body) for body in bodies]
    return Batch(wire.encode(records, "logs"), "logs", len(records), Context("test", "http", 1_700_000_000_000_000_000))


@dataclass
class Rig:
    """One lane and one exporter on its way out."""

    host: Host
    journal: Journal
    books: Books
    exporter: Destination
    queue: SendingQueue = field(default_factory=SendingQueue)
    backoff: Backoff = QUICK

    def __post_init__(self) -> None:
        self.cursor = Cursor("logs", "out")
        self.exporter.host = self.host
        self.account: ExporterAccount = self.books.open_exporter(self.cursor, "logs", partial(self.journal.backlog, self.cursor))
        self.sender = Sender(
            self.exporter, self.queue, self.backoff, self.journal, self.host.dead_letters, self.host.metrics, self.host.log
        )
        self.loop = CursorLoop(self.sender, self.cursor, self.account)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the send loop; leave when the block ends."""
        task = asyncio.create_task(self.loop.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def deliver(self, *batches: Batch) -> None:
        """Append batches, send until all is settled."""
        for batch in batches:
            await self.journal.append([("logs", batch)])
        async with self.running(), asyncio.timeout(20):
            while self.journal.backlog(self.cursor).batches:
                await asyncio.sleep(0.001)


MakeRig = Callable[..., Awaitable[Rig]]


@pytest.fixture
async def make_rig(host: Host) -> AsyncIterator[MakeRig]:
    """Return a maker of rigs over a memory journal that answers at once."""
    journals: list[Journal] = []

    async def make(exporter: Destination, *, queue: SendingQueue | None = None, backoff: Backoff = QUICK) -> Rig:
        queue = queue or SendingQueue()
        host.id = "out"
        books = Books(host.metrics)
        overflow = Overflow({"out": queue}, host.dead_letters, books, host.metrics)
        lanes = {"logs": [CursorSpec("out", queue)]}
        journal = open_journal(JournalSettings(type="memory", ack="queued"), lanes, host.metrics, overflow)
        await journal.open()
        journals.append(journal)
        return Rig(host, journal, books, exporter, queue, backoff)

    yield make
    for journal in journals:
        await journal.aclose()
