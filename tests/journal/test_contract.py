"""What every journal promises, whatever it is made of."""

import asyncio
import time

import pytest

from pipeline import Batch, Busy, Context
from pipeline.journal import Backlog, Cursor, CursorSpec
from pipeline.telemetry import catalogue
from pipeline.telemetry.metrics import Metrics
from tests.journal.conftest import A, B, Clock, JournalMaker, Overflow, cursors, logs, numbers, read_all


async def test_entries_come_back_as_they_were_appended_and_in_order(make: JournalMaker) -> None:
    journal = await make()
    batches = [logs(number, 1000 + number) for number in range(100)]
    for batch in batches:
        await journal.append([("logs", batch)])
    entries = await read_all(journal, A)
    assert [entry.batch for entry in entries] == batches
    assert [entry.position for entry in entries] == sorted({entry.position for entry in entries})


async def test_every_cursor_reads_every_entry(make: JournalMaker) -> None:
    journal = await make(cursors("a", "b"))
    for number in range(10):
        await journal.append([("logs", logs(number))])
    assert numbers(await read_all(journal, A)) == numbers(await read_all(journal, B)) == list(range(10))


async def test_a_read_waits_for_the_next_entry(make: JournalMaker) -> None:
    journal = await make()
    reading = asyncio.ensure_future(journal.read(A, 1000))
    await asyncio.sleep(0)
    assert not reading.done()
    await journal.append([("logs", logs(1))])
    assert numbers(await reading) == [1]


async def test_a_read_takes_what_fits_and_at_least_one(make: JournalMaker) -> None:
    journal = await make()
    for number in range(5):
        await journal.append([("logs", logs(number, 100))])
    assert numbers(await journal.read(A, 250)) == [0, 1]
    assert numbers(await journal.read(A, 1)) == [2]
    assert numbers(await journal.read(A, 100_000)) == [3, 4]


async def test_a_cancelled_read_loses_nothing(make: JournalMaker) -> None:
    journal = await make()
    reading = asyncio.ensure_future(journal.read(A, 1000))
    await asyncio.sleep(0)
    await asyncio.gather(journal.append([("logs", logs(1))]), asyncio.sleep(0, reading.cancel()))
    await asyncio.gather(reading, return_exceptions=True)
    if reading.cancelled():
        assert numbers(await journal.read(A, 1000)) == [1]
    else:
        assert numbers(reading.result()) == [1]


async def test_settling_in_any_order_and_twice_balances_the_backlog(make: JournalMaker) -> None:
    journal = await make()
    for number in range(4):
        await journal.append([("logs", logs(number))])
    entries = await read_all(journal, A)
    full = journal.backlog(A)
    assert (full.batches, full.bytes, full.items) == (4, 400, 1 + 2 + 3 + 4)
    assert full.oldest == entries[0].batch.context.received_at
    journal.settle(A, [entries[2].position, entries[0].position])
    journal.settle(A, [entries[2].position])
    left = journal.backlog(A)
    assert (left.batches, left.bytes, left.items) == (2, 200, 2 + 4)
    assert left.oldest == entries[1].batch.context.received_at
    assert left.resumed + left.accepted == left.items + 1 + 3
    journal.settle(A, [entries[1].position, entries[3].position])
    assert journal.backlog(A) == Backlog("logs", accepted=10, capacity=left.capacity)


async def test_a_slow_cursor_does_not_hold_up_another(make: JournalMaker) -> None:
    journal = await make(cursors("a", "b"))
    for number in range(50):
        await journal.append([("logs", logs(number, 2000))])
        entries = await journal.read(A, 10_000)
        assert numbers(entries) == [number]
        journal.settle(A, [entries[0].position])
    assert journal.backlog(A).batches == 0
    assert numbers(await read_all(journal, B)) == list(range(50))


async def test_one_append_reaches_several_lanes(make: JournalMaker) -> None:
    lanes = {"logs": [CursorSpec("a")], "logs/audit": [CursorSpec("a"), CursorSpec("b")], "logs/none": []}
    journal = await make(lanes)
    await journal.append([("logs", logs(1)), ("logs/audit", logs(2)), ("logs/none", logs(3))])
    assert numbers(await journal.read(A, 1000)) == [1]
    assert numbers(await journal.read(Cursor("logs/audit", "b"), 1000)) == [2]
    assert set(journal.cursors()) == {A, Cursor("logs/audit", "a"), Cursor("logs/audit", "b")}


async def test_a_lane_refuses_another_signal(make: JournalMaker) -> None:
    journal = await make()
    with pytest.raises(ValueError, match="lane logs takes logs, not traces"):
        await journal.append([("logs", Batch(b"", "traces", 1))])


async def test_a_full_queue_that_blocks_answers_busy_to_all_lanes_of_the_append(make: JournalMaker) -> None:
    lanes = {**cursors("a", max_bytes=250), "logs/other": [CursorSpec("a")]}
    journal = await make(lanes)
    for number in range(2):
        await journal.append([("logs", logs(number, 100))])
    with pytest.raises(Busy) as refused:
        await journal.append([("logs/other", logs(3)), ("logs", logs(3, 100))])
    assert refused.value.code == "queue_full"
    assert journal.backlog(Cursor("logs/other", "a")).batches == 0
    entries = await journal.read(A, 1000)
    assert numbers(entries) == [0, 1]
    journal.settle(A, [entries[0].position])
    await journal.append([("logs", logs(4, 100))])
    assert numbers(await journal.read(A, 1000)) == [4]


async def test_a_batch_larger_than_the_budget_passes_when_the_queue_is_empty(make: JournalMaker) -> None:
    journal = await make(cursors("a", max_bytes=50))
    await journal.append([("logs", logs(1, 100))])
    with pytest.raises(Busy):
        await journal.append([("logs", logs(2, 100))])
    assert numbers(await journal.read(A, 1000)) == [1]


@pytest.mark.parametrize("policy", ["drop_oldest", "dead_letter"])
async def test_a_full_queue_moves_on_past_its_oldest_unread_entries(make: JournalMaker, overflow: Overflow, policy: str) -> None:
    journal = await make(cursors("a", max_bytes=500, on_full=policy))
    for number in range(5):
        await journal.append([("logs", logs(number, 100))])
    held = await journal.read(A, 200)
    assert numbers(held) == [0, 1]
    for number in range(5, 8):
        await journal.append([("logs", logs(number, 100))])
    assert [(cursor, numbers(entries), reason) for cursor, entries, reason in overflow.calls] == [
        (A, [2], "queue_full"),
        (A, [3], "queue_full"),
        (A, [4], "queue_full"),
    ]
    assert numbers(await journal.read(A, 1000)) == [5, 6, 7]
    backlog = journal.backlog(A)
    assert backlog.batches == 5
    assert backlog.accepted == backlog.items + overflow.items(A)


async def test_best_effort_drops_the_oldest_by_default(make: JournalMaker, overflow: Overflow) -> None:
    journal = await make({"logs": [*cursors("a")["logs"], *cursors("b", max_bytes=100, required=False)["logs"]]})
    for number in range(3):
        await journal.append([("logs", logs(number, 100))])
    assert numbers(await journal.read(A, 1000)) == [0, 1, 2]
    assert numbers(await journal.read(B, 1000)) == [2]
    assert {cursor for cursor, _, _ in overflow.calls} == {B}


async def test_a_cursor_stays_when_its_entries_could_not_be_set_aside(make: JournalMaker, overflow: Overflow) -> None:
    journal = await make(cursors("a", max_bytes=200, on_full="dead_letter"))
    for number in range(2):
        await journal.append([("logs", logs(number, 100))])
    overflow.error = Busy("no room")
    with pytest.raises(Busy, match="no room"):
        await journal.append([("logs", logs(2, 100))])
    overflow.error = None
    assert numbers(await journal.read(A, 1000)) == [0, 1]
    assert journal.backlog(A).batches == 2


async def test_entries_older_than_max_age_are_moved_past(make: JournalMaker, overflow: Overflow, clock: Clock) -> None:
    journal = await make(cursors("a", max_age=60, on_full="drop_oldest"))
    for number in range(2):
        await journal.append([("logs", logs(number))])
    await clock.passes(50)
    assert overflow.calls == []
    await journal.append([("logs", logs(2))])
    await clock.passes(50)
    assert numbers(await journal.read(A, 1000)) == [2]
    assert [number for _, entries, _ in overflow.calls for number in numbers(entries)] == [0, 1]
    assert {reason for _, _, reason in overflow.calls} == {"max_age"}
    assert journal.backlog(A).batches == 1


@pytest.mark.parametrize("day", [-1, 1])
async def test_a_wall_clock_that_jumps_makes_nothing_older(
    make: JournalMaker, overflow: Overflow, clock: Clock, day: int
) -> None:
    journal = await make(cursors("a", max_age=60, on_full="drop_oldest"))
    await journal.append([("logs", logs(0, received_at=time.time_ns() + day * 86_400 * 10**9))])
    await clock.passes(50)
    assert overflow.calls == []
    await clock.passes(50)
    assert [(numbers(entries), reason) for _, entries, reason in overflow.calls] == [([0], "max_age")]


async def test_what_fails_once_a_second_is_tried_again(
    make: JournalMaker, overflow: Overflow, metrics: Metrics, clock: Clock
) -> None:
    overflow.error = KeyError("nobody knows this cursor yet")
    journal = await make(cursors("a", max_age=60, on_full="drop_oldest"))
    await journal.append([("logs", logs(0))])
    await clock.passes(61 * 2)
    async with asyncio.timeout(10):
        while metrics.value(catalogue.JOURNAL_ERRORS, op="tick") < 2:
            await asyncio.sleep(0.01)
        overflow.error = None
        while not overflow.calls:
            await asyncio.sleep(0.01)
    assert journal.backlog(A).batches == 0


async def test_entries_older_than_max_age_close_a_lane_that_blocks(make: JournalMaker, clock: Clock) -> None:
    journal = await make(cursors("a", max_age=60))
    await journal.append([("logs", logs(1))])
    await clock.passes(50)
    await journal.append([("logs", logs(2))])
    await clock.passes(50)
    entries = await journal.read(A, 1000)
    with pytest.raises(Busy) as refused:
        await journal.append([("logs", logs(3))])
    assert refused.value.code == "max_age"
    journal.settle(A, [entries[0].position])
    await journal.append([("logs", logs(3))])


async def test_a_closed_journal_answers_busy(make: JournalMaker) -> None:
    journal = await make()
    assert journal.health().status == "healthy"
    await journal.aclose()
    with pytest.raises(Busy) as refused:
        await journal.append([("logs", logs(1))])
    assert refused.value.code == "stopping"
    assert journal.health().status == "unhealthy"


async def test_an_entry_does_not_keep_decoded_records_alive(make: JournalMaker) -> None:
    journal = await make()
    batch = Batch(b"", "logs", 0, Context())
    assert list(batch.records()) == []
    await journal.append([("logs", batch)])
    [entry] = await journal.read(A, 1000)
    assert entry.batch is not batch


async def test_many_appends_at_once_all_arrive_once(make: JournalMaker) -> None:
    journal = await make(cursors("a", "b"))
    await asyncio.gather(*(journal.append([("logs", logs(number))]) for number in range(300)))
    assert sorted(numbers(await read_all(journal, A))) == sorted(numbers(await read_all(journal, B))) == list(range(300))
