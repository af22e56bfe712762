"""The journal on disk against a list in memory: appends, reads, settlements, restarts, crashes and damage at random (F27)."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from pipeline import Batch
from pipeline.journal import Cursor
from pipeline.journal.disk import DiskJournal
from pipeline.journal.record import Scan, lane_tag
from pipeline.settings import JournalSettings
from pipeline.telemetry import catalogue
from pipeline.telemetry.metrics import Metrics
from tests.journal.conftest import A, B, Overflow, crashed, cursors, logs, numbers

sizes = st.lists(st.one_of(st.integers(8, 600), st.integers(8, 9000)), min_size=1, max_size=8)


def extents(directory: Path) -> Iterator[tuple[Path, int, int, int]]:
    """Yield file, start, end and number of each record that checks; of one behind a damaged one no more than its last byte."""
    for path in sorted((directory / "lanes" / "logs").iterdir()):
        start, following = 0, int(path.stem)
        with path.open("rb") as file:
            for record in Scan(file.fileno(), lane_tag("logs"), int(path.stem)):
                if record.before.batches != following:
                    start = record.end - 1
                yield path, start, record.end, numbers([record.stored(0).entry])[0]
                start, following = record.end, record.before.batches + 1


class Reader:
    """A cursor in the model: numbers of batches."""

    def __init__(self) -> None:
        self.unread: list[int] = []
        self.held: dict[int, int] = {}
        """Number of a batch, and its position."""
        self.remembered: list[int] = []
        """What is left of the lane as the cursors file has it."""
        self.lost = 0
        """Items that it was told are lost."""

    def unsettled(self) -> list[int]:
        return [*self.held, *self.unread]


class JournalMachine(RuleBasedStateMachine):
    """Every step is taken by a real journal and by the model."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.temporary = tempfile.TemporaryDirectory()
        self.directory = Path(self.temporary.name) / "journal"
        self.batches: list[Batch] = []
        self.readers = {A: Reader(), B: Reader()}
        self.metrics = Metrics()
        self.overflow = Overflow()
        self.journal: DiskJournal | None = None
        self.damaged: set[int] = set()
        """Numbers of batches whose records no longer check."""
        self.saved = 0
        """Number of the first batch that the cursors file has not heard of."""

    @initialize(tail_bytes=st.sampled_from([0, 2000, 1 << 20]), compression=st.sampled_from(["none", "zstd"]))
    def begin(self, tail_bytes: int, compression: Any) -> None:
        self.tail_bytes = tail_bytes
        self.compression = compression
        self.open()

    def open(self) -> None:
        configured = JournalSettings(dir=str(self.directory), compression=self.compression)
        self.journal = DiskJournal(
            configured, cursors("a", "b"), self.metrics, self.overflow, segment_bytes=8192, tail_bytes=self.tail_bytes
        )
        self.runner.run(self.journal.open())
        self.runner.run(self.journal._stop_ticking())
        for reader in self.readers.values():
            reader.unread = sorted(reader.remembered)
            reader.held = {}
        self.saved = len(self.batches)

    def remember(self) -> None:
        for reader in self.readers.values():
            reader.remembered = reader.unsettled()
        self.saved = len(self.batches)

    @rule(sizes=sizes)
    def append_together(self, sizes: list[int]) -> None:
        assert self.journal is not None
        batches = [logs(len(self.batches) + index, size, received_at=1) for index, size in enumerate(sizes)]
        journal = self.journal

        async def append() -> None:
            await asyncio.gather(*(journal.append([("logs", batch)]) for batch in batches))

        self.runner.run(append())
        for batch in batches:
            for reader in self.readers.values():
                reader.unread.append(len(self.batches))
                reader.remembered.append(len(self.batches))
            self.batches.append(batch)

    @rule(cursor=st.sampled_from([A, B]), max_bytes=st.integers(1, 20_000))
    def read(self, cursor: Cursor, max_bytes: int) -> None:
        assert self.journal is not None
        reader = self.readers[cursor]
        if self.damaged.issuperset(reader.unread):
            return
        while reader.unread[0] in self.damaged:
            reader.lost += self.batches[reader.unread.pop(0)].items
        entries = self.runner.run(self.journal.read(cursor, max_bytes))
        got = numbers(entries)
        assert got == reader.unread[: len(got)]
        assert got
        assert self.damaged.isdisjoint(got)
        assert [entry.batch for entry in entries] == [self.batches[number] for number in got]
        assert len(got) == 1 or sum(len(entry.batch.payload) for entry in entries) <= max_bytes
        del reader.unread[: len(got)]
        reader.held |= {number: entry.position for number, entry in zip(got, entries, strict=True)}

    @rule(cursor=st.sampled_from([A, B]), random=st.randoms(use_true_random=False), share=st.floats(0, 1))
    def settle(self, cursor: Cursor, random: Any, share: float) -> None:
        assert self.journal is not None
        reader = self.readers[cursor]
        chosen = random.sample(list(reader.held), round(share * len(reader.held)))
        self.journal.settle(cursor, [reader.held.pop(number) for number in chosen])

    @rule()
    def save_cursors(self) -> None:
        assert self.journal is not None
        self.runner.run(self.journal._checkpoint())
        self.remember()

    @rule()
    def restart(self) -> None:
        assert self.journal is not None
        self.runner.run(self.journal.aclose())
        self.remember()
        self.open()

    @rule()
    def crash(self) -> None:
        self.come_back(crashed(self.directory))

    @rule(random=st.randoms(use_true_random=False))
    def crash_and_damage(self, random: Any) -> None:
        left = crashed(self.directory)
        records = list(extents(left))
        if records:
            path, start, end, number = random.choice(records)
            with path.open("r+b") as file:
                file.seek(random.randrange(start, end))
                [byte] = file.read(1)
                file.seek(-1, os.SEEK_CUR)
                file.write(bytes([byte ^ 1 << random.randrange(8)]))
            self.damaged.add(number)
            if number == records[-1][-1] >= self.saved:  # for all that is left, it never was
                for reader in self.readers.values():
                    reader.remembered.remove(number)
        self.come_back(left)

    def come_back(self, left: Path) -> None:
        assert self.journal is not None
        self.runner.run(self.journal.aclose())
        shutil.rmtree(self.directory)
        self.directory = left
        self.open()

    @invariant()
    @precondition(lambda self: self.journal is not None)
    def the_backlog_is_what_is_not_settled(self) -> None:
        assert self.journal is not None
        for cursor, reader in self.readers.items():
            backlog = self.journal.backlog(cursor)
            left = [self.batches[number] for number in reader.unsettled()]
            assert backlog.batches == len(left)
            assert backlog.items == sum(batch.items for batch in left)
            assert backlog.bytes == sum(len(batch.payload) for batch in left)

    @invariant()
    def nothing_is_lost_but_what_was_damaged(self) -> None:
        assert {reason for _, _, reason in self.overflow.calls} <= {"corrupt"}
        for cursor, reader in self.readers.items():
            assert self.overflow.items(cursor) == reader.lost
        if not self.damaged:
            assert self.metrics.value(catalogue.JOURNAL_CORRUPT) == 0

    def teardown(self) -> None:
        if self.journal is not None:
            self.runner.run(self.journal.aclose())
        self.runner.close()
        self.temporary.cleanup()


JournalMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
TestJournalAgainstItsModel = JournalMachine.TestCase
