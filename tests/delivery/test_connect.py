"""A connector's loop: fold, flush, hand on, and settle only what was handed on."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from pipeline import Batch, Busy, Connector, Host
from pipeline.delivery import connect
from pipeline.delivery.books import Books, ExporterAccount
from pipeline.delivery.connect import ConnectorLoop
from pipeline.delivery.overflow import Overflow
from pipeline.journal import Cursor, CursorSpec, Journal, open_journal
from pipeline.settings import JournalSettings
from pipeline.telemetry import catalogue
from tests.delivery.conftest import QUICK, logs

CURSOR = Cursor("logs", "tally")


class Tally(Connector):
    """Hands on what it read, once it is asked; it fails on a batch without bodies."""

    interval = 3600.0

    def __init__(self) -> None:
        self.folded: list[Batch] = []

    def fold(self, batch: Batch) -> None:
        if not any(record.body for record in batch.records()):  # type: ignore[union-attr]
            raise ValueError("jo.doe@example.com")
        self.folded.append(batch)

    def flush(self, now: int) -> Sequence[Batch]:
        handed, self.folded = self.folded, []
        return handed


class Rig:
    """One lane of a journal, the connector that reads it, and what it handed on."""

    def __init__(self, host: Host, journal: Journal) -> None:
        self.handed: list[Batch] = []
        self.busy = 0
        self.journal = journal
        books = Books(host.metrics)
        self.account: ExporterAccount = books.open_exporter(CURSOR, "logs", partial(journal.backlog, CURSOR))
        self.connector = Tally()
        self.connector.host = host
        cursors = [(CURSOR, self.account)]
        self.loop = ConnectorLoop(self.connector, cursors, self.consume, journal, QUICK, host.metrics, host.log)

    async def consume(self, batch: Batch) -> None:
        if self.busy:
            self.busy -= 1
            raise Busy("full")
        self.handed.append(batch)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.loop.run())
        try:
            async with asyncio.timeout(20):
                yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def until(self, condition: Callable[[], object]) -> None:
        while not condition():
            await asyncio.sleep(0.001)


@pytest.fixture
async def make_rig(host: Host, tmp_path: Path) -> AsyncIterator[Callable[..., Awaitable[Rig]]]:
    journals: list[Journal] = []

    async def make() -> Rig:
        host.id = "tally"
        overflow = Overflow({}, host.dead_letters, Books(host.metrics), host.metrics)
        settings = JournalSettings(dir=str(tmp_path / "journal"), max_bytes=16 << 20)
        journals.append(open_journal(settings, {"logs": [CursorSpec("tally")]}, host.metrics, overflow))
        await journals[-1].open()
        return Rig(host, journals[-1])

    yield make
    for journal in journals:
        await journal.aclose()


MakeRig = Callable[..., Awaitable[Rig]]


async def test_what_was_folded_is_settled_once_it_was_handed_on(make_rig: MakeRig) -> None:
    rig = await make_rig()
    rig.busy = 2
    async with rig.running():
        await rig.journal.append([("logs", logs("a", "b"))])
        await rig.until(lambda: rig.connector.folded)
        assert rig.journal.backlog(CURSOR).items == 2
        await rig.loop.flush()
    assert (len(rig.handed), rig.account.sent, rig.journal.backlog(CURSOR).items) == (1, 2, 0)
    assert rig.account.imbalance() == 0


async def test_folding_goes_on_while_the_next_pipeline_is_full(make_rig: MakeRig) -> None:
    rig = await make_rig()
    rig.busy = 1 << 30
    async with rig.running():
        await rig.journal.append([("logs", logs("a"))])
        await rig.until(lambda: rig.connector.folded)
        flushing = asyncio.create_task(rig.loop.flush())
        await rig.until(lambda: rig.busy < 1 << 30)
        await rig.journal.append([("logs", logs("b"))])
        await rig.until(lambda: rig.connector.folded)
        assert rig.journal.backlog(CURSOR).items == 2
        rig.busy = 0
        await flushing
        assert rig.journal.backlog(CURSOR).items == 1
    assert [record.body for batch in rig.handed for record in batch.records()] == ["a"]  # type: ignore[union-attr]


async def test_a_flush_comes_early_when_much_waits_for_it(make_rig: MakeRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "UNSETTLED_BYTES", 1000)
    rig = await make_rig()
    async with rig.running():
        for number in range(10):
            await rig.journal.append([("logs", logs(f"{number:0200}"))])
        await rig.until(lambda: len(rig.handed) >= 4)
        assert rig.journal.backlog(CURSOR).batches <= 6


async def test_a_batch_that_it_fails_on_is_dropped_by_the_books(make_rig: MakeRig) -> None:
    rig = await make_rig()
    async with rig.running():
        await rig.journal.append([("logs", logs("", ""))])
        await rig.until(lambda: not rig.journal.backlog(CURSOR).items)
    assert (rig.account.dropped, rig.account.sent, rig.account.imbalance()) == (2, 0, 0)
    assert rig.connector.host.metrics.value(catalogue.DROPPED, component="tally", reason="processor_error", dlq="false") == 2
