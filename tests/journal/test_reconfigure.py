"""Cursors that come and go while the journal is open, and what a crash leaves of them."""

from collections.abc import Sequence
from pathlib import Path

from pipeline.journal import Cursor, CursorSpec
from pipeline.journal.disk import DiskJournal
from tests.journal.conftest import A, B, DiskMaker, crashed, cursors, logs, numbers, read_all


async def append(journal: DiskJournal, *contents: int, lane: str = "logs") -> None:
    for number in contents:
        await journal.append([(lane, logs(number))])


async def settle(journal: DiskJournal, cursor: Cursor) -> Sequence[int]:
    """Read and settle everything; return what it was."""
    entries = await read_all(journal, cursor)
    journal.settle(cursor, [entry.position for entry in entries])
    return numbers(entries)


async def reconfigure(journal: DiskJournal, *exporters: str) -> None:
    await journal.prepare(cursors(*exporters))
    journal.reconfigure(cursors(*exporters))


async def test_a_cursor_that_is_added_owes_what_comes_from_then_on(disk: DiskMaker) -> None:
    journal = await disk(cursors("a"))
    await append(journal, 1, 2)
    await reconfigure(journal, "a", "b")
    await append(journal, 3)
    assert await settle(journal, A) == [1, 2, 3]
    assert await settle(journal, B) == [3]


async def test_what_was_acknowledged_for_an_added_cursor_survives_a_crash(disk: DiskMaker, directory: Path) -> None:
    journal = await disk(cursors("a"))
    await append(journal, 1, 2)
    await reconfigure(journal, "a", "b")
    await append(journal, 3)
    again = await disk(cursors("a", "b"), where=crashed(directory))
    assert numbers(await read_all(again, B)) == [3]


async def test_what_was_acknowledged_in_an_added_lane_survives_a_crash(disk: DiskMaker, directory: Path) -> None:
    journal = await disk(cursors("a"))
    lanes = {"logs/other": [CursorSpec("a")]}
    await journal.prepare(lanes)
    journal.reconfigure(lanes)
    await append(journal, 1, lane="logs/other")
    again = await disk(lanes, where=crashed(directory))
    assert numbers(await read_all(again, Cursor("logs/other", "a"))) == [1]


async def test_what_was_acknowledged_for_a_cursor_that_returned_survives_a_crash(disk: DiskMaker, directory: Path) -> None:
    journal = await disk(cursors("a", "b"))
    await append(journal, 1)
    await reconfigure(journal, "a")
    await append(journal, 2)
    await reconfigure(journal, "a", "b")
    await append(journal, 3)
    again = await disk(cursors("a", "b"), where=crashed(directory))
    assert numbers(await read_all(again, B)) == [1, 3]


async def test_a_cursor_that_returns_when_nothing_came_without_it_misses_nothing(disk: DiskMaker, directory: Path) -> None:
    journal = await disk(cursors("a", "b"))
    await append(journal, 1)
    await reconfigure(journal, "a")
    await journal.aclose()
    journal = await disk(cursors("a", "b"))
    await append(journal, 2, 3)
    assert numbers(await read_all(journal, B)) == [1, 2, 3]
