"""Damaged files: what checks is delivered, what does not is counted, nothing wrong comes out (delivery contract F15, F16)."""

import asyncio
import os
import random
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from pipeline.journal import Entry
from pipeline.journal.disk import DiskJournal
from pipeline.journal.record import Scan, lane_tag
from pipeline.settings import JournalSettings
from pipeline.telemetry import catalogue
from pipeline.telemetry.metrics import Metrics
from tests.journal.conftest import SEGMENT, A, DiskMaker, Overflow, crashed, cursors, logs, numbers

PAGE = 4096
BATCHES = [logs(number, 200 + 37 * (number % 40), received_at=1) for number in range(150)]
MARKER = logs(9999)


class Written:
    """The files of a journal that holds `BATCHES`: as a kill left them, and as a stop left them."""

    def __init__(self, where: Path) -> None:
        self.killed, self.stopped = asyncio.run(self._write(where))

    async def _write(self, where: Path) -> tuple[Path, Path]:
        settings = JournalSettings(dir=str(where))
        journal = DiskJournal(settings, cursors("a"), Metrics(), Overflow(), segment_bytes=SEGMENT)
        await journal.open()
        for batch in BATCHES:
            await journal.append([("logs", batch)])
        killed = crashed(where)
        await journal.aclose()
        return killed, where


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    return Written(tmp_path_factory.mktemp("written") / "journal")


def segments(directory: Path) -> list[Path]:
    return sorted((directory / "lanes" / "logs").iterdir())


def extents(directory: Path) -> list[tuple[Path, int, int, int]]:
    """Return file, start, end and number of each record."""
    found = []
    for path in segments(directory):
        start = 0
        with path.open("rb") as file:
            for record in Scan(file.fileno(), lane_tag("logs"), int(path.stem)):
                found.append((path, start, record.end, record.before.batches))
                start = record.end
    return found


class Salvage:
    """What came out of a copy of a journal after it was damaged."""

    def __init__(self, entries: Sequence[Entry], overflow: Overflow, metrics: Metrics) -> None:
        self.numbers = numbers(entries)
        self.lost_items = sum(entry.batch.items for _, lost, _ in overflow.calls for entry in lost)
        self.corrupt = metrics.value(catalogue.JOURNAL_CORRUPT)
        assert {reason for _, _, reason in overflow.calls} <= {"corrupt"}
        assert all(entry.batch.payload == b"" for _, lost, _ in overflow.calls for entry in lost)
        assert [entry.batch for entry in entries] == [BATCHES[number] for number in self.numbers]
        assert self.numbers == sorted(set(self.numbers))

    @property
    def missing(self) -> set[int]:
        return set(range(len(BATCHES))) - set(self.numbers)

    @property
    def missing_items(self) -> int:
        return sum(BATCHES[number].items for number in self.missing)


async def salvage(directory: Path) -> Salvage:
    """Open a journal, read all there is, see that it takes more."""
    metrics, overflow = Metrics(), Overflow()
    journal = DiskJournal(JournalSettings(dir=str(directory)), cursors("a"), metrics, overflow, segment_bytes=SEGMENT)
    await journal.open()
    await journal.append([("logs", MARKER)])
    entries: list[Entry] = []
    async with asyncio.timeout(30):
        while not entries or entries[-1].batch != MARKER:
            entries += await journal.read(A, 1 << 20)
    assert journal.backlog(A).batches == len(entries)
    assert journal.backlog(A).items == sum(entry.batch.items for entry in entries)
    assert journal.backlog(A).bytes == sum(len(entry.batch.payload) for entry in entries)
    await journal.aclose()
    shutil.rmtree(directory)
    return Salvage(entries[:-1], overflow, metrics)


@pytest.mark.parametrize("cut", range(0, SEGMENT, PAGE))
async def test_a_file_cut_at_a_page_border_after_a_kill_gives_what_is_left(written: Written, cut: int) -> None:
    directory = crashed(written.killed)
    last = segments(directory)[-1]
    whole = [number for path, _, end, number in extents(directory) if path != last or end <= cut]
    os.truncate(last, cut)
    salvaged = await salvage(directory)
    assert salvaged.numbers == whole
    # a cut in the middle of a record shows; what a cut takes away whole leaves no trace but the cursors' memory
    begun = any(path.name == last.name and start + 4 <= cut < end for path, start, end, _ in extents(written.killed))
    assert salvaged.corrupt == begun


@pytest.mark.parametrize("cut", range(0, SEGMENT, PAGE))
async def test_a_file_cut_after_a_stop_is_accounted_for(written: Written, cut: int) -> None:
    directory = crashed(written.stopped)
    os.truncate(segments(directory)[-1], cut)
    salvaged = await salvage(directory)
    assert salvaged.corrupt == len(salvaged.missing)
    assert salvaged.lost_items == salvaged.missing_items


async def test_a_cut_in_an_older_file_costs_only_what_it_took(written: Written) -> None:
    directory = crashed(written.killed)
    victim = segments(directory)[1]
    taken = {number for path, _, end, number in extents(directory) if path == victim and end > 2 * PAGE}
    os.truncate(victim, 2 * PAGE)
    salvaged = await salvage(directory)
    assert salvaged.missing == taken
    assert (salvaged.corrupt, salvaged.lost_items) == (len(taken), salvaged.missing_items)


async def test_a_lost_page_costs_only_its_records(written: Written) -> None:
    directory = crashed(written.killed)
    victim = segments(directory)[0]
    taken = {number for path, start, end, number in extents(directory) if path == victim and start < 3 * PAGE and end > 2 * PAGE}
    with victim.open("r+b") as file:
        file.seek(2 * PAGE)
        file.write(bytes(PAGE))
    salvaged = await salvage(directory)
    assert salvaged.missing == taken
    assert (salvaged.corrupt, salvaged.lost_items) == (len(taken), salvaged.missing_items)


async def test_a_file_that_is_gone_is_accounted_for(written: Written) -> None:
    directory = crashed(written.stopped)
    segments(directory)[1].unlink()
    salvaged = await salvage(directory)
    assert salvaged.missing
    assert (salvaged.corrupt, salvaged.lost_items) == (len(salvaged.missing), salvaged.missing_items)


def flip(directory: Path, random_bits: random.Random) -> int | None:
    """Flip one bit of a random byte; return the number of the record it was in, None for the space behind the last."""
    path = random_bits.choice(segments(directory))
    offset = random_bits.randrange(path.stat().st_size)
    hit = [number for where, start, end, number in extents(directory) if where == path and start <= offset < end]
    with path.open("r+b") as file:
        file.seek(offset)
        [byte] = file.read(1)
        file.seek(offset)
        file.write(bytes([byte ^ 1 << random_bits.randrange(8)]))
    return hit[0] if hit else None


@pytest.mark.parametrize("seed", range(100))
async def test_a_flipped_bit_costs_one_record_at_most(written: Written, seed: int) -> None:
    directory = crashed(written.stopped)
    hit = flip(directory, random.Random(seed))
    salvaged = await salvage(directory)
    assert salvaged.missing == ({hit} if hit is not None else set())
    assert (salvaged.corrupt, salvaged.lost_items) == (len(salvaged.missing), salvaged.missing_items)


@pytest.mark.parametrize("seed", range(5))
async def test_a_hundred_flipped_bits_cost_a_hundred_records_at_most(written: Written, seed: int) -> None:
    directory = crashed(written.stopped)
    random_bits = random.Random(seed)
    for _ in range(100):
        flip(directory, random_bits)
    salvaged = await salvage(directory)
    assert 0 < len(salvaged.missing) <= 100
    assert (salvaged.corrupt, salvaged.lost_items) == (len(salvaged.missing), salvaged.missing_items)


@pytest.mark.parametrize("what", ["empty", "random", "cut", "flipped", "gone"])
async def test_a_damaged_cursors_file_costs_duplicates_only(written: Written, what: str) -> None:
    directory = crashed(written.stopped)
    file = directory / "cursors"
    match what:
        case "empty":
            file.write_bytes(b"")
        case "random":
            file.write_bytes(random.Random(1).randbytes(9000))
        case "cut":
            os.truncate(file, 30)
        case "flipped":
            content = bytearray(file.read_bytes())
            content[25] ^= 1
            content[(4 << 20) + 25] ^= 1
            file.write_bytes(content)
        case "gone":
            file.unlink()
    salvaged = await salvage(directory)
    assert salvaged.missing == set()
    assert salvaged.corrupt == (what not in {"empty", "gone"})


async def test_a_damaged_slot_leaves_the_one_before(written: Written) -> None:
    directory = crashed(written.stopped)
    file = directory / "cursors"
    content = bytearray(file.read_bytes())
    generations = [int.from_bytes(content[start + 4 : start + 12], "little") for start in (0, 4 << 20)]
    content[generations.index(max(generations)) * (4 << 20) + 25] ^= 1
    file.write_bytes(content)
    salvaged = await salvage(directory)
    assert salvaged.missing == set()
    assert salvaged.corrupt == 0


async def test_what_is_appended_after_a_loss_is_never_taken_for_settled(disk: DiskMaker, directory: Path) -> None:
    journal = await disk()
    for number in range(10):
        await journal.append([("logs", logs(number))])
    journal.settle(A, [entry.position for entry in await journal.read(A, 1 << 20)])
    await journal.aclose()
    for path in segments(directory):
        os.truncate(path, 0)
    journal = await disk()
    await journal.append([("logs", logs(10))])
    assert numbers(await journal.read(A, 1 << 20)) == [10]


async def test_records_of_a_recycled_files_earlier_life_never_come_back(
    disk: DiskMaker, directory: Path, metrics: Metrics
) -> None:
    journal = await disk()
    for number in range(100):
        await journal.append([("logs", logs(number, 1000))])
        journal.settle(A, [entry.position for entry in await journal.read(A, 1 << 20)])
        await journal._checkpoint()
    await journal.append([("logs", logs(100, 1000))])
    again = await disk(where=crashed(directory))
    assert again.backlog(A).batches == 1
    assert numbers(await again.read(A, 1 << 20)) == [100]
    assert metrics.value(catalogue.JOURNAL_CORRUPT) == 0
