"""The journal on disk: what it resumes, what it gives back, whom it keeps out."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline import Busy
from pipeline.journal import Cursor, CursorSpec, JournalError
from pipeline.journal import directory as journal_directory
from pipeline.journal.record import Record, Scan
from pipeline.telemetry import catalogue
from pipeline.telemetry.metrics import Metrics
from tests.journal.conftest import SEGMENT, A, B, DiskMaker, Overflow, crashed, cursors, logs, numbers, read_all


def segments(directory: Path) -> list[Path]:
    return sorted((directory / "lanes").glob("*/*.seg"))


async def test_a_restart_resumes_where_the_cursors_stood(disk: DiskMaker) -> None:
    journal = await disk(cursors("a", "b"))
    for number in range(10):
        await journal.append([("logs", logs(number))])
    journal.settle(A, [entry.position for entry in (await read_all(journal, A))[:6:2]])
    before = journal.backlog(A)
    await journal.aclose()
    journal = await disk(cursors("a", "b"))
    after = journal.backlog(A)
    assert (after.batches, after.items, after.bytes, after.oldest) == (before.batches, before.items, before.bytes, before.oldest)
    assert (after.resumed, after.accepted) == (before.items, 0)
    await journal.aclose()
    journal = await disk(cursors("a", "b"))
    assert numbers(await read_all(journal, A)) == [1, 3, 5, 6, 7, 8, 9]
    assert numbers(await read_all(journal, B)) == list(range(10))


async def test_a_crash_loses_no_append_and_repeats_what_was_settled_since(disk: DiskMaker, directory: Path) -> None:
    journal = await disk()
    for number in range(200):
        await journal.append([("logs", logs(number, 1000))])
    journal.settle(A, [entry.position for entry in await read_all(journal, A)])
    again = await disk(where=crashed(directory))
    assert numbers(await read_all(again, A)) == list(range(200))


async def test_new_entries_follow_old_ones_across_restarts(disk: DiskMaker) -> None:
    for start in range(0, 40, 10):
        journal = await disk()
        for number in range(start, start + 10):
            await journal.append([("logs", logs(number, 3000))])
        await journal.aclose()
    journal = await disk()
    entries = await read_all(journal, A)
    assert numbers(entries) == list(range(40))
    assert len({entry.position for entry in entries}) == 40


@pytest.mark.parametrize("stopped", [False, True], ids=["killed", "stopped"])
async def test_a_start_reads_only_what_came_after_the_cursors_were_saved(
    disk: DiskMaker, directory: Path, monkeypatch: pytest.MonkeyPatch, stopped: bool
) -> None:
    journal = await disk()
    for number in range(300):
        await journal.append([("logs", logs(number, 20))])
    await (journal.aclose() if stopped else journal._checkpoint())
    scanned: list[int] = []
    scan = Scan._record

    def counted(self: Scan, offset: int) -> Record | None:
        scanned.append(offset)
        return scan(self, offset)

    monkeypatch.setattr(Scan, "_record", counted)
    again = await disk(where=crashed(directory))
    assert len(scanned) < 20
    assert numbers(await read_all(again, A)) == list(range(300))
    await again.append([("logs", logs(300))])
    assert numbers(await again.read(A, 1000)) == [300]


async def test_an_empty_lane_keeps_counting_after_a_restart(disk: DiskMaker) -> None:
    positions = []
    for number in range(3):
        journal = await disk()
        await journal.append([("logs", logs(number))])
        entries = await read_all(journal, A)
        journal.settle(A, [entry.position for entry in entries])
        positions += [entry.position for entry in entries]
        await journal.aclose()
        await (await disk()).aclose()
    assert positions == sorted(set(positions))


async def test_passed_segments_are_recycled_and_given_back_at_the_next_start(
    disk: DiskMaker, directory: Path, metrics: Metrics
) -> None:
    journal = await disk()
    for number in range(400):
        await journal.append([("logs", logs(number, 2000))])
        if number % 50 == 49:
            journal.settle(A, [entry.position for entry in await read_all(journal, A)])
            await journal._checkpoint()
    held = metrics.value(catalogue.JOURNAL_BYTES)
    assert held <= 8 * SEGMENT
    assert len(segments(directory)) == 1
    await journal.aclose()
    await disk()
    assert metrics.value(catalogue.JOURNAL_BYTES) == SEGMENT


async def test_a_stop_while_the_cursors_are_being_saved_is_no_error(disk: DiskMaker, metrics: Metrics) -> None:
    journal = await disk()
    for number in range(100):
        await journal.append([("logs", logs(number, 2000))])
    journal.settle(A, [entry.position for entry in await read_all(journal, A)])
    ticking = asyncio.ensure_future(journal._each_tick())
    await asyncio.sleep(0)
    ticking.cancel()
    await asyncio.gather(ticking, return_exceptions=True)
    await journal.aclose()
    assert metrics.value(catalogue.JOURNAL_ERRORS) == 0


async def test_what_was_dropped_behind_a_held_entry_frees_its_segments(disk: DiskMaker, directory: Path) -> None:
    journal = await disk(cursors("a", max_bytes=20_000, on_full="drop_oldest"))
    await journal.append([("logs", logs(0, 2000))])
    [held] = await journal.read(A, 1)
    for number in range(1, 200):
        await journal.append([("logs", logs(number, 2000))])
    await journal._checkpoint()
    assert len(segments(directory)) <= 3
    again = await disk(cursors("a"), where=crashed(directory))
    assert numbers(await read_all(again, A)) == [0, *range(191, 200)]
    journal.settle(A, [held.position])


async def test_damage_is_not_suspected_where_segments_were_given_back(
    disk: DiskMaker, directory: Path, overflow: Overflow
) -> None:
    journal = await disk()
    for number in range(100):
        await journal.append([("logs", logs(number, 2000))])
    entries = await read_all(journal, A)
    journal.settle(A, [entry.position for entry in entries[1:60]])
    await journal._checkpoint()
    again = await disk(where=crashed(directory))
    assert numbers(await read_all(again, A)) == [0, *range(60, 100)]
    assert overflow.calls == []


async def test_a_batch_larger_than_a_segment_is_kept(disk: DiskMaker, directory: Path) -> None:
    journal = await disk(tail_bytes=0)
    sizes = [10, 5 * SEGMENT, 10, 3 * SEGMENT + 17, 10]
    for number, size in enumerate(sizes):
        await journal.append([("logs", logs(number, size))])
    assert [len(entry.batch.payload) for entry in await read_all(journal, A)] == sizes
    again = await disk(where=crashed(directory))
    assert [len(entry.batch.payload) for entry in await read_all(again, A)] == sizes


async def test_the_first_batch_may_be_larger_than_a_segment(disk: DiskMaker, directory: Path) -> None:
    journal = await disk(tail_bytes=0)
    await journal.append([("logs", logs(1, 2 * SEGMENT)), ("logs", logs(2, 2 * SEGMENT))])
    assert numbers(await read_all(journal, A)) == [1, 2]
    again = await disk(where=crashed(directory))
    assert numbers(await read_all(again, A)) == [1, 2]


@pytest.mark.parametrize("settings", [{"compression": "zstd"}, {"fsync": "os"}])
async def test_other_ways_to_write_read_back_the_same(disk: DiskMaker, directory: Path, settings: dict[str, str]) -> None:
    journal = await disk(tail_bytes=0, **settings)
    batches = [logs(number, 500 * number) for number in range(50)]
    for batch in batches:
        await journal.append([("logs", batch)])
    for reader in (journal, await disk(where=crashed(directory))):
        assert [entry.batch for entry in await read_all(reader, A)] == batches


async def test_compressed_records_take_less_room(disk: DiskMaker, directory: Path) -> None:
    journal = await disk(compression="zstd")
    for number in range(200):
        await journal.append([("logs", logs(number, 2000))])
    assert len(segments(directory)) == 1
    assert journal.backlog(A).bytes == 200 * 2000


async def test_waiting_appends_share_one_sync(disk: DiskMaker, metrics: Metrics, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = await disk()
    syncs: list[int] = []
    fdatasync = os.fdatasync

    def counted(file: int) -> None:
        syncs.append(file)
        fdatasync(file)

    monkeypatch.setattr(os, "fdatasync", counted)
    await asyncio.gather(*(journal.append([("logs", logs(number, 10))]) for number in range(200)))
    assert metrics.value(catalogue.JOURNAL_COMMITS) == len(syncs)
    assert len(syncs) <= 20


async def test_a_reader_that_keeps_up_never_reads_the_disk(disk: DiskMaker, directory: Path) -> None:
    journal = await disk()
    for number in range(100):
        await journal.append([("logs", logs(number, 2000))])
        for path in segments(directory)[:-1]:
            path.unlink()
        assert numbers(await journal.read(A, 1000)) == [number]


async def test_a_reader_at_a_standstill_holds_a_quarter_of_the_tail(disk: DiskMaker) -> None:
    journal = await disk(cursors("a", "b"), tail_bytes=40_000)
    for number in range(100):
        await journal.append([("logs", logs(number, 2000))])
        assert numbers(await journal.read(A, 1)) == [number]
        assert journal._lanes["logs"].tail_bytes <= 12_000
    assert numbers(await read_all(journal, B)) == list(range(100))


async def test_a_reader_that_comes_now_and_then_finds_all_of_the_tail(disk: DiskMaker) -> None:
    journal = await disk(cursors("a"), tail_bytes=40_000)
    for number in range(100):
        await journal.append([("logs", logs(number, 2000))])
        if number % 4 == 3 and number > 15:
            await journal.read(A, 1)
    assert 30_000 < journal._lanes["logs"].tail_bytes <= 40_000


async def test_a_batch_that_was_read_is_its_readers_alone(disk: DiskMaker) -> None:
    journal = await disk()
    await journal.append([("logs", logs(0))])
    assert numbers(await journal.read(A, 1000)) == [0]
    assert [held.kept for held in journal._cursors[A].held.values()] == [None]
    journal.rewind(A)
    assert numbers(await journal.read(A, 1000)) == [0]


# ---- cursors that come and go ----


async def test_an_exporter_that_is_new_starts_at_the_end_of_a_lane(disk: DiskMaker) -> None:
    journal = await disk(cursors("a"))
    await journal.append([("logs", logs(1))])
    await journal.aclose()
    journal = await disk(cursors("a", "b"))
    await journal.append([("logs", logs(2))])
    assert numbers(await read_all(journal, A)) == [1, 2]
    assert numbers(await read_all(journal, B)) == [2]


async def test_files_of_others_among_the_segments_are_left_alone(disk: DiskMaker, directory: Path) -> None:
    journal = await disk()
    await journal.append([("logs", logs(0))])
    await journal.aclose()
    other = directory / "lanes" / "logs" / "backup.seg"
    other.write_bytes(b"mine")
    journal = await disk()
    assert numbers(await read_all(journal, A)) == [0]
    assert other.read_bytes() == b"mine"


async def test_an_exporter_that_is_gone_leaves_an_orphan_that_keeps_its_part(disk: DiskMaker, directory: Path) -> None:
    journal = await disk(cursors("a", "b"))
    for number in range(5):
        await journal.append([("logs", logs(number, 9000))])
    entries = await read_all(journal, B)
    journal.settle(B, [entries[0].position])
    await journal.aclose()
    for number in range(5, 10):
        journal = await disk(cursors("a"))
        assert journal.orphans() == [B]
        assert journal.cursors() == [A]
        assert journal.backlog(B).batches == 4
        await journal.append([("logs", logs(number, 9000))])
        journal.settle(A, [entry.position for entry in await read_all(journal, A)])
        await journal.aclose()
    journal = await disk(cursors("a", "b"))
    assert journal.orphans() == []
    await journal.append([("logs", logs(10))])
    assert numbers(await read_all(journal, B)) == [1, 2, 3, 4, 10]


async def test_an_orphan_with_nothing_to_keep_is_forgotten(disk: DiskMaker) -> None:
    journal = await disk(cursors("a", "b"))
    await journal.append([("logs", logs(1))])
    journal.settle(B, [entry.position for entry in await read_all(journal, B)])
    await journal.aclose()
    journal = await disk(cursors("a"))
    assert journal.orphans() == []


async def test_a_pipeline_that_is_gone_is_kept_until_it_is_back(disk: DiskMaker, directory: Path) -> None:
    other = Cursor("logs/other", "a")
    both = {**cursors("a"), "logs/other": [CursorSpec("a")]}
    journal = await disk(both)
    await journal.append([("logs/other", logs(1))])
    await journal.aclose()
    journal = await disk(cursors("a"))
    assert journal.orphans() == [other]
    await journal.aclose()
    journal = await disk(both)
    entries = await read_all(journal, other)
    assert numbers(entries) == [1]
    journal.settle(other, [entries[0].position])
    await journal.aclose()
    journal = await disk(cursors("a"))
    assert journal.orphans() == []
    assert {path.parent.name for path in segments(directory)} == {"logs"}


# ---- who may use a directory ----

_HOLDER = """
import asyncio, sys
from pipeline.journal import CursorSpec, open_journal
from pipeline.settings import JournalSettings
from pipeline.telemetry.metrics import Metrics

async def hold():
    journal = open_journal(JournalSettings(dir=sys.argv[1]), {"logs": [CursorSpec("a")]}, Metrics(), None)
    await journal.open()
    print("open", flush=True)
    sys.stdin.read()
    await journal.aclose()

asyncio.run(hold())
"""


async def test_a_second_process_is_kept_out_and_told_who_is_in(disk: DiskMaker, directory: Path) -> None:
    command = [sys.executable, "-c", _HOLDER, str(directory)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:  # noqa: ASYNC220
        assert holder.stdin is not None
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"open\n"
        with pytest.raises(JournalError, match=rf"in use by process {holder.pid}\b.*service\.journal\.dir"):
            await disk()
        holder.stdin.close()
        holder.wait()
    await disk()


async def test_files_of_another_format_are_left_alone(disk: DiskMaker, directory: Path) -> None:
    journal = await disk()
    await journal.append([("logs", logs(0))])
    await journal.aclose()
    (directory / "format").write_text("2\n")
    with pytest.raises(JournalError, match=r"has format 2, this version of sluice reads 1: drain it"):
        await disk()
    (directory / "format").write_text("1\n")
    assert numbers(await read_all(await disk(), A)) == [0]


@pytest.mark.parametrize("where", ["/proc/self/journal", "missing/journal", "file"])
async def test_a_directory_that_cant_be_used_is_an_error_that_says_what_to_do(
    disk: DiskMaker, tmp_path: Path, where: str
) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(JournalError, match=r"service\.journal\.dir .* service\.journal\.type to memory"):
        await disk(where=tmp_path / where)


async def test_a_network_file_system_is_refused_unless_allowed(
    disk: DiskMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_directory, "file_system", lambda _: "nfs4")
    with pytest.raises(JournalError, match="network file system"):
        await disk()
    await disk(allow_network_fs=True)


def test_the_type_of_a_file_system_is_known() -> None:
    assert journal_directory.file_system(Path("/proc")) == "proc"


def test_a_directory_that_is_not_configured_is_the_users_own_where_the_systems_is_not_writable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(journal_directory, "SYSTEM", tmp_path / "missing" / "sluice")
    assert journal_directory.journal_directory(None) == tmp_path / ".local/state/sluice"
    assert (tmp_path / ".local/state").is_dir()
    monkeypatch.setattr(journal_directory, "SYSTEM", tmp_path)
    assert journal_directory.journal_directory(None) == tmp_path
    assert journal_directory.journal_directory("/elsewhere") == Path("/elsewhere")


async def test_appends_that_wait_at_a_stop_are_kept(disk: DiskMaker) -> None:
    journal = await disk()
    appends = [asyncio.ensure_future(journal.append([("logs", logs(number))])) for number in range(20)]
    await asyncio.sleep(0)
    await journal.aclose()
    await asyncio.gather(*appends)
    with pytest.raises(Busy):
        await journal.append([("logs", logs(99))])
    assert numbers(await read_all(await disk(), A)) == list(range(20))
