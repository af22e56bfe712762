"""The journal in memory answers once the exporters have delivered."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any

import pytest

from pipeline import Busy
from pipeline.journal import CursorSpec, open_journal
from pipeline.journal.memory import MemoryJournal
from pipeline.settings import JournalSettings, SendingQueue
from pipeline.telemetry.metrics import Metrics
from tests.journal.conftest import A, B, Overflow, cursors, logs, numbers

MemoryMaker = Callable[..., Awaitable[MemoryJournal]]


@pytest.fixture
async def memory(metrics: Metrics, overflow: Overflow) -> AsyncIterator[MemoryMaker]:
    opened: list[MemoryJournal] = []

    async def make(lanes: Mapping[str, Sequence[CursorSpec]], **settings: Any) -> MemoryJournal:
        journal = open_journal(JournalSettings(type="memory", **settings), lanes, metrics, overflow)
        assert isinstance(journal, MemoryJournal)
        await journal.open()
        opened.append(journal)
        return journal

    yield make
    for journal in opened:
        await journal.aclose()


def best_effort(*exporters: str) -> list[CursorSpec]:
    return [CursorSpec(name, SendingQueue(required=False)) for name in exporters]


async def test_an_append_returns_when_every_required_cursor_has_settled(memory: MemoryMaker) -> None:
    journal = await memory({"logs": [*cursors("a", "b")["logs"], *best_effort("c")]})
    append = asyncio.ensure_future(journal.append([("logs", logs(1))]))
    [for_a], [for_b] = await journal.read(A, 1000), await journal.read(B, 1000)
    journal.settle(A, [for_a.position])
    await asyncio.sleep(0)
    assert not append.done()
    journal.settle(B, [for_b.position])
    await append
    assert not journal.durable


async def test_an_append_waits_for_all_its_lanes(memory: MemoryMaker) -> None:
    journal = await memory({**cursors("a"), "logs/other": [CursorSpec("a")]})
    append = asyncio.ensure_future(journal.append([("logs", logs(1)), ("logs/other", logs(2))]))
    for cursor in journal.cursors():
        assert not append.done()
        [entry] = await journal.read(cursor, 1000)
        journal.settle(cursor, [entry.position])
    await append


async def test_nobody_waits_for_best_effort(memory: MemoryMaker) -> None:
    journal = await memory({"logs": best_effort("a")})
    await journal.append([("logs", logs(1))])
    assert journal.backlog(A).batches == 1


async def test_what_no_reader_has_in_time_is_withdrawn(memory: MemoryMaker) -> None:
    journal = await memory(cursors("a", "b"), ack_timeout=0.01)
    append = asyncio.ensure_future(journal.append([("logs", logs(1))]))
    [entry] = await journal.read(A, 1000)
    with pytest.raises(Busy) as refused:
        await append
    assert refused.value.code == "ack_timeout"
    assert (journal.backlog(B).batches, journal.backlog(B).accepted) == (0, 0)
    assert (journal.backlog(A).batches, journal.backlog(A).accepted) == (1, 2)
    journal.settle(A, [entry.position])
    assert journal.backlog(A).batches == 0
    reading = asyncio.ensure_future(journal.read(B, 1000))
    again = asyncio.ensure_future(journal.append([("logs", logs(2))]))
    assert numbers(await reading) == [2]
    with pytest.raises(Busy):
        await again


async def test_what_was_withdrawn_takes_no_memory_while_the_exporter_stands_still(memory: MemoryMaker) -> None:
    journal = await memory(cursors("a", "b"), ack_timeout=0.01)
    appends = [asyncio.ensure_future(journal.append([("logs", logs(number))])) for number in range(20)]
    await asyncio.sleep(0)
    [held] = await journal.read(A, 1)
    assert all(isinstance(answer, Busy) for answer in await asyncio.gather(*appends, return_exceptions=True))
    assert not journal._lanes["logs"].tail
    journal.settle(A, [held.position])
    again = asyncio.ensure_future(journal.append([("logs", logs(20))]))
    for cursor in (A, B):
        [entry] = await journal.read(cursor, 1000)
        assert numbers([entry]) == [20]
        journal.settle(cursor, [entry.position])
    await again
    assert (journal.backlog(A).accepted, journal.backlog(B).accepted) == (held.batch.items + entry.batch.items, entry.batch.items)


async def test_dropped_entries_are_settled(memory: MemoryMaker, overflow: Overflow) -> None:
    journal = await memory(cursors("a", max_bytes=100, on_full="dead_letter"))
    first = asyncio.ensure_future(journal.append([("logs", logs(1, 100))]))
    await asyncio.sleep(0)
    second = asyncio.ensure_future(journal.append([("logs", logs(2, 100))]))
    await first
    assert overflow.items(A) == 2
    [entry] = await journal.read(A, 1000)
    journal.settle(A, [entry.position])
    await second


async def test_a_stop_answers_those_who_wait(memory: MemoryMaker) -> None:
    journal = await memory(cursors("a"))
    append = asyncio.ensure_future(journal.append([("logs", logs(1))]))
    await asyncio.sleep(0)
    await journal.aclose()
    with pytest.raises(Busy) as refused:
        await append
    assert refused.value.code == "stopping"


async def test_a_cancelled_append_goes_on(memory: MemoryMaker) -> None:
    journal = await memory(cursors("a"))
    append = asyncio.ensure_future(journal.append([("logs", logs(1))]))
    await asyncio.sleep(0)
    append.cancel()
    await asyncio.gather(append, return_exceptions=True)
    [entry] = await journal.read(A, 1000)
    journal.settle(A, [entry.position])
    assert journal.backlog(A).batches == 0
