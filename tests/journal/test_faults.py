"""What a journal does when its process is killed and when its disk is full or failing (delivery contract §6)."""

import asyncio
import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipeline import Busy
from pipeline.journal.disk import DiskJournal
from pipeline.telemetry import catalogue
from pipeline.telemetry.metrics import Metrics
from tests.journal.conftest import SEGMENT, A, DiskMaker, Overflow, crashed, cursors, logs, numbers, read_all

_APPENDER = """
import asyncio, sys
from pipeline import Batch, Context
from pipeline.journal import CursorSpec
from pipeline.journal.disk import DiskJournal
from pipeline.settings import JournalSettings
from pipeline.telemetry.metrics import Metrics

async def append(journal, worker):
    for turn in range(100_000):
        number = turn * 20 + worker
        payload = f"{number}:".encode().ljust(50 + number % 3000, b".")
        await journal.append([("logs", Batch(payload, "logs", 1, Context("otlp", "http", 1)))])
        sys.stdout.write(f"{number}\\n")
        sys.stdout.flush()

async def main():
    settings = JournalSettings(dir=sys.argv[1])
    journal = DiskJournal(settings, {"logs": [CursorSpec("a")]}, Metrics(), None, segment_bytes=1 << 20)
    await journal.open()
    await asyncio.gather(*(append(journal, worker) for worker in range(20)))

asyncio.run(main())
"""


@pytest.mark.parametrize("acknowledged", [1, 50, 500, 2000])
async def test_a_kill_loses_nothing_that_was_acknowledged(disk: DiskMaker, directory: Path, acknowledged: int) -> None:
    promised: set[int] = set()
    command = [sys.executable, "-c", _APPENDER, str(directory)]
    for _ in range(2):
        with subprocess.Popen(command, stdout=subprocess.PIPE) as appender:  # noqa: ASYNC220
            assert appender.stdout is not None
            for _ in range(acknowledged):
                promised.add(int(appender.stdout.readline()))
            appender.kill()
            promised |= {int(line) for line in appender.stdout.read().split(b"\n")[:-1]}
    journal = await disk()
    assert promised <= set(numbers(await read_all(journal, A)))


# ---- no room ----


async def fill(journal: DiskJournal, start: int = 0) -> tuple[list[int], Busy]:
    """Append until the journal refuses; return what it took, and the refusal."""
    taken: list[int] = []
    while True:
        number = start + len(taken)
        try:
            await journal.append([("logs", logs(number, 2000))])
        except Busy as busy:
            return taken, busy
        taken.append(number)


async def test_a_full_directory_answers_busy_and_recovers(disk: DiskMaker, metrics: Metrics, directory: Path) -> None:
    journal = await disk(max_bytes=8 * SEGMENT)
    taken, refused = await fill(journal)
    assert refused.code == "journal_full"
    assert journal.health().status == "degraded"
    assert metrics.value(catalogue.JOURNAL_ERRORS, op="allocate") == 1
    held = sum(path.stat().st_size for path in (directory / "lanes" / "logs").iterdir())
    assert held <= 8 * SEGMENT
    entries = await read_all(journal, A)
    assert numbers(entries) == taken
    journal.settle(A, [entry.position for entry in entries])
    await journal._checkpoint()
    more, _ = await fill(journal, 1000)
    assert len(more) > len(taken) / 2
    assert numbers(await read_all(journal, A)) == more
    again = await disk(where=crashed(directory))
    assert numbers(await read_all(again, A)) == more


async def test_a_full_directory_is_no_obstacle_to_a_start(disk: DiskMaker, directory: Path) -> None:
    journal = await disk(max_bytes=8 * SEGMENT)
    taken, _ = await fill(journal)
    await journal.aclose()
    journal = await disk(max_bytes=8 * SEGMENT)
    with pytest.raises(Busy) as refused:
        await journal.append([("logs", logs(1))])
    assert refused.value.code == "journal_full"
    entries = await read_all(journal, A)
    assert numbers(entries) == taken
    journal.settle(A, [entry.position for entry in entries])
    await journal._checkpoint()
    more, _ = await fill(journal, 1000)
    assert len(more) > len(taken) / 2
    assert numbers(await read_all(journal, A)) == more


def segment_files(directory: Path) -> list[Path]:
    return list(directory.rglob("*.seg"))


_LIMITED = """
import asyncio, resource, sys
from pathlib import Path
from pipeline import Batch, Busy
from pipeline.journal import CursorSpec
from pipeline.journal.disk import DiskJournal
from pipeline.settings import JournalSettings
from pipeline.telemetry.metrics import Metrics

async def main():
    journal = DiskJournal(JournalSettings(dir=sys.argv[1]), {"logs": [CursorSpec("a")]}, Metrics(), None, segment_bytes=8 << 20)
    await journal.open()
    resource.setrlimit(resource.RLIMIT_FSIZE, (6 << 20, resource.RLIM_INFINITY))
    taken = 0
    try:
        while True:
            await journal.append([("logs", Batch(f"{taken}:".encode().ljust(60_000, b"."), "logs", 1))])
            taken += 1
    except Busy as busy:
        print(taken, busy.code, journal.health().status)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    await journal.append([("logs", Batch(f"{taken}:".encode(), "logs", 1))])
    print(journal.health().status)
    await journal.aclose()

asyncio.run(main())
"""


async def test_a_write_that_the_system_has_no_room_for_is_busy_until_there_is(disk: DiskMaker, directory: Path) -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _LIMITED, str(directory), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await child.communicate()
    assert err == b""
    taken, code, status, recovered = out.split()
    assert (code, status, recovered) == (b"journal_full", b"degraded", b"healthy")
    journal = await disk()
    assert numbers(await read_all(journal, A)) == list(range(int(taken) + 1))


# ---- a disk that fails ----


@contextmanager
def behind(journal: DiskJournal, device: str, flags: int) -> Iterator[None]:
    """Let the file that the journal writes be something else for a while."""
    [lane] = journal._writer._lanes.values()
    kept = os.dup(lane._file.file)
    other = os.open(device, flags)
    os.dup2(other, lane._file.file)
    os.close(other)
    try:
        yield
    finally:
        os.dup2(kept, lane._file.file)
        os.close(kept)


async def test_no_space_at_a_write_is_busy_and_costs_nothing(disk: DiskMaker, directory: Path, metrics: Metrics) -> None:
    journal = await disk(cursors("a"))
    await journal.append([("logs", logs(0))])
    with behind(journal, "/dev/full", os.O_RDWR):
        refused = await asyncio.gather(*(journal.append([("logs", logs(n))]) for n in range(1, 4)), return_exceptions=True)
    assert {busy.code for busy in refused if isinstance(busy, Busy)} == {"journal_full"}
    assert len(refused) == 3
    assert metrics.value(catalogue.JOURNAL_ERRORS, op="write") >= 1
    await journal.append([("logs", logs(4))])
    assert journal.health().status == "healthy"
    assert numbers(await read_all(journal, A)) == [0, 4]
    again = await disk(where=crashed(directory))
    assert numbers(await read_all(again, A)) == [0, 4]


@pytest.mark.parametrize(
    ("device", "flags", "operation"), [("/dev/null", os.O_RDWR, "sync"), ("/dev/null", os.O_RDONLY, "write")]
)
async def test_a_failed_write_or_sync_ends_acknowledgements(
    disk: DiskMaker, directory: Path, metrics: Metrics, device: str, flags: int, operation: str
) -> None:
    journal = await disk(cursors("a"))
    await journal.append([("logs", logs(0))])
    with behind(journal, device, flags):
        refused = await asyncio.gather(*(journal.append([("logs", logs(n))]) for n in range(1, 4)), return_exceptions=True)
    assert [busy.code for busy in refused if isinstance(busy, Busy)] == ["journal_failed"] * 3
    assert metrics.value(catalogue.JOURNAL_ERRORS, op=operation) == 1
    with pytest.raises(Busy) as later:
        await journal.append([("logs", logs(4))])
    assert later.value.code == "journal_failed"
    assert journal.health().status == "unhealthy"
    assert numbers(await read_all(journal, A)) == [0]
    again = await disk(where=crashed(directory))
    assert numbers(await read_all(again, A)) == [0]


class BadSectors:
    """Parts of the journal's files that can't be read."""

    def __init__(self, *bad: tuple[Path, int, int]) -> None:
        self._bad = [(path.stat().st_ino, start, end) for path, start, end in bad]
        self._pread = os.pread

    def __call__(self, file: int, length: int, offset: int) -> bytes:
        inode = os.fstat(file).st_ino
        if any(inode == bad and offset < end and offset + length > start for bad, start, end in self._bad):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return self._pread(file, length, offset)


async def read_on(journal: DiskJournal, attempts: int) -> tuple[list[int], int]:
    """Return what can be read until the lane's end, and how often reading failed; give up after so many attempts."""
    found: list[int] = []
    failed = 0
    for _ in range(attempts):
        if journal.backlog(A).batches == len(found):
            break
        try:
            found += numbers(await journal.read(A, 1 << 20))
        except OSError:
            failed += 1
    return found, failed


def gone(*_: object) -> int:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


async def test_a_sector_that_stays_bad_costs_its_records_only(
    disk: DiskMaker, directory: Path, monkeypatch: pytest.MonkeyPatch, overflow: Overflow, metrics: Metrics
) -> None:
    journal = await disk(tail_bytes=0)
    for number in range(100):
        await journal.append([("logs", logs(number, 1000))])
    victim = sorted(segment_files(directory))[1]
    monkeypatch.setattr(os, "pread", BadSectors((victim, 8192, 8704)))
    found, failed = await read_on(journal, 20)
    assert failed == 7
    missing = set(range(100)) - set(found)
    assert 0 < len(missing) <= 5
    assert [reason for _, _, reason in overflow.calls] == ["corrupt"]
    assert overflow.items(A) == sum(logs(number).items for number in missing)
    assert metrics.value(catalogue.JOURNAL_CORRUPT) == len(missing)
    assert journal.health().status == "healthy"


async def test_a_disk_that_is_gone_for_a_while_costs_nothing(
    disk: DiskMaker, directory: Path, monkeypatch: pytest.MonkeyPatch, overflow: Overflow
) -> None:
    journal = await disk(tail_bytes=0)
    for number in range(100):
        await journal.append([("logs", logs(number, 1000))])
    with monkeypatch.context() as away:
        away.setattr(os, "pread", BadSectors(*((path, 0, SEGMENT) for path in segment_files(directory))))
        away.setattr(os, "pwrite", gone)
        assert await read_on(journal, 20) == ([], 20)
        assert journal.health().status == "degraded"
    assert await read_on(journal, 20) == (list(range(100)), 0)
    assert overflow.calls == []


async def test_a_start_passes_over_a_sector_that_is_bad(
    disk: DiskMaker, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = await disk()
    for number in range(20):
        await journal.append([("logs", logs(number, 1000))])
    left = crashed(directory)
    last = max(segment_files(left))
    monkeypatch.setattr(os, "pread", BadSectors((last, 4096, 8192), (left / "cursors", 4 << 20, (4 << 20) + 512)))
    again = await disk(where=left)
    await again.append([("logs", logs(20))])
    found, _ = await read_on(again, 20)
    assert len(found) > 10
    assert found[-1] == 20


@pytest.mark.parametrize("recycled", [False, True], ids=["new", "recycled"])
@pytest.mark.parametrize("refused", ["segment", "directory"])
async def test_too_many_open_files_are_busy_until_there_are_fewer(
    disk: DiskMaker, directory: Path, monkeypatch: pytest.MonkeyPatch, recycled: bool, refused: str
) -> None:
    journal = await disk(cursors("a"))
    number = 0
    while not number or (recycled and not segment_files(directory / "free")):
        await journal.append([("logs", logs(number, SEGMENT // 4))])
        journal.settle(A, [entry.position for entry in await read_all(journal, A)])
        await journal._checkpoint()
        number += 1
    size, opened = journal.health().bytes, os.open

    def scarce(path: Path, flags: int, mode: int = 0o777) -> int:
        if flags & os.O_DIRECTORY if refused == "directory" else Path(path).suffix == ".seg":
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return opened(path, flags, mode)

    monkeypatch.setattr(os, "open", scarce)
    taken, answer = await fill(journal, number)
    assert (answer.code, journal.health().status, journal.health().bytes <= size) == ("journal_full", "degraded", True)
    monkeypatch.undo()
    await journal.append([("logs", logs(99))])
    assert journal.health().status == "healthy"
    assert numbers(await read_all(journal, A)) == [*taken, 99]
    assert journal.health().bytes == sum(path.stat().st_size for path in segment_files(directory))
