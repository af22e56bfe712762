"""The consume path: processors, one append for all pipelines, and an answer that never runs ahead of the data."""

import asyncio
import contextlib
import gc
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from pipeline import Batch, Busy, DirectExporter, Host, Processor, Rejected
from pipeline.batch import MAX_ITEMS
from pipeline.delivery.books import Books
from pipeline.delivery.consume import ConsumePath, Folder, Lane
from pipeline.journal import Cursor
from pipeline.telemetry import catalogue
from pipeline.wire import Malformed
from tests.delivery.conftest import logs


class Step(Processor):
    """A processor that does what it is told."""

    def __init__(self, act: Callable[[Batch], Batch | None], *, redacts: bool = False) -> None:
        self.process = act  # type: ignore[method-assign]
        self.redacts = redacts  # type: ignore[misc]


class Fold(DirectExporter):
    def __init__(self, host: Host, *, fails: bool = False) -> None:
        self.host = host
        self.fails = fails
        self.batches: list[Batch] = []

    def fold(self, batch: Batch) -> None:
        if self.fails:
            raise RuntimeError("a bug")
        self.batches.append(batch)


@dataclass
class Appended:
    """The append of a journal, open or shut."""

    refuses: Busy | None = None
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    calls: list[Sequence[tuple[str, Batch]]] = field(default_factory=list)

    async def append(self, batches: Sequence[tuple[str, Batch]]) -> None:
        await self.gate.wait()
        if self.refuses:
            raise self.refuses
        self.calls.append(batches)


@pytest.fixture
def journal() -> Appended:
    opened = Appended()
    opened.gate.set()
    return opened


@dataclass
class Pipelines:
    host: Host
    journal: Appended
    books: Books
    lanes: dict[str, Lane] = field(default_factory=dict)

    def add(self, name: str, *steps: Processor, folds: DirectExporter | None = None) -> Lane:
        named = [(f"step/{n}", step) for n, step in enumerate(steps)]
        lane = self.lanes[name] = Lane(name, "logs", named, self.books.open_pipeline(name, "logs"))
        if folds:
            account = self.books.open_exporter(Cursor(name, "direct"), "logs", None)
            lane.folders.append(Folder(folds, account, asyncio.Lock()))
        return lane

    async def consume(self, batch: Batch) -> None:
        await self.path().entrance("in")(batch)

    def path(self) -> ConsumePath:
        host = self.host
        path = ConsumePath(self.journal, host.dead_letters, host.metrics, host.log)  # type: ignore[arg-type]
        path.route({"in": {"logs": list(self.lanes.values())}})
        return path

    def assert_balanced(self) -> None:
        assert [lane.account.imbalance() for lane in self.lanes.values()] == [0] * len(self.lanes)
        assert [lane.account.in_flight for lane in self.lanes.values()] == [0] * len(self.lanes)


@pytest.fixture
def pipelines(host: Host, journal: Appended) -> Pipelines:
    return Pipelines(host, journal, Books(host.metrics))


async def test_a_batch_reaches_every_pipeline_in_one_append(pipelines: Pipelines) -> None:
    pipelines.add("logs")
    pipelines.add("logs/audit")
    batch = logs("a", "b")
    await pipelines.consume(batch)
    assert pipelines.journal.calls == [[("logs", batch), ("logs/audit", batch)]]
    assert pipelines.host.metrics.value(catalogue.RECEIVER_ACCEPTED["logs"], receiver="in") == 2
    pipelines.assert_balanced()


async def test_a_batch_of_very_many_items_is_stored_and_folded_in_pieces(pipelines: Pipelines) -> None:
    fold = Fold(pipelines.host)
    pipelines.add("logs", folds=fold)
    batch = logs(*[""] * (2 * MAX_ITEMS + 1))
    await pipelines.consume(batch)
    (appended,) = pipelines.journal.calls
    assert [piece.items for _, piece in appended] == [len(piece.records()) for _, piece in appended] == [MAX_ITEMS, MAX_ITEMS, 1]
    assert fold.batches == [piece for _, piece in appended]
    pipelines.assert_balanced()


async def test_what_processors_take_out_is_booked_by_its_reason(pipelines: Pipelines) -> None:
    one = logs("c")
    lane = pipelines.add(
        "logs",
        Step(lambda batch: batch.replaced(logs("b", "c").payload, filtered=1)),
        Step(lambda batch: batch.replaced(one.payload, sampled_out=1)),
    )
    await pipelines.consume(logs("a", "b", "c"))
    assert (lane.account.filtered, lane.account.sampled_out, lane.account.accepted) == (1, 1, 1)
    pipelines.assert_balanced()


async def test_a_batch_that_is_filtered_whole_is_acknowledged_without_an_append(pipelines: Pipelines) -> None:
    lane = pipelines.add("logs", Step(lambda batch: None), Step(lambda batch: pytest.fail("nothing to process")))
    await pipelines.consume(logs("a", "b"))
    assert pipelines.journal.calls == []
    assert lane.account.filtered == 2
    pipelines.assert_balanced()


async def test_a_refused_batch_was_never_received(pipelines: Pipelines) -> None:
    folded = Fold(pipelines.host)
    lane = pipelines.add("logs", folds=folded)
    pipelines.journal.refuses = Busy("full", 3.0, code="queue_full")
    with pytest.raises(Busy) as refused:
        await pipelines.consume(logs("a"))
    assert refused.value.retry_after == 3.0
    assert lane.account.received == 0
    assert folded.batches == []
    assert pipelines.host.metrics.value(catalogue.RECEIVER_REFUSED["logs"], receiver="in", reason="queue_full") == 1
    pipelines.assert_balanced()


async def test_a_refused_batch_is_not_held_until_the_collector_comes(pipelines: Pipelines) -> None:
    pipelines.add("logs")
    pipelines.journal.refuses = Busy("full")
    payload = logs("a", "b").payload
    free = sys.getrefcount(payload)
    gc.disable()
    try:
        for _ in range(3):
            with contextlib.suppress(Busy):
                await pipelines.consume(Batch(payload, "logs", 2))
        await asyncio.sleep(0)
        pipelines.journal.refuses = None
        assert sys.getrefcount(payload) == free
    finally:
        gc.enable()


async def test_a_client_that_goes_away_does_not_stop_its_batch(pipelines: Pipelines) -> None:
    pipelines.add("logs")
    pipelines.journal.gate.clear()
    path = pipelines.path()
    client = asyncio.create_task(path.entrance("in")(logs("a")))
    await asyncio.sleep(0)
    client.cancel()
    await asyncio.gather(client, return_exceptions=True)
    pipelines.journal.gate.set()
    await path.settle_down()
    assert client.cancelled()
    assert len(pipelines.journal.calls) == 1
    pipelines.assert_balanced()


def fails(error: Exception) -> Step:
    def act(batch: Batch) -> Batch:
        raise error

    return Step(act)


@pytest.mark.parametrize(("error", "reason"), [(Malformed(3, "a length"), "malformed"), (KeyError("bug"), "processor_error")])
async def test_a_failure_before_the_redactor_rejects_and_keeps_no_payload(
    pipelines: Pipelines, error: Exception, reason: str
) -> None:
    pipelines.add("logs", fails(error), Step(lambda batch: batch, redacts=True))
    with pytest.raises(Rejected) as rejected:
        await pipelines.consume(logs("secret"))
    assert rejected.value.reason == reason
    assert "secret" not in str(rejected.value)
    [letter] = pipelines.host.dead_letters.letters()
    assert letter.payload is None
    assert letter.sha256
    assert pipelines.journal.calls == []
    pipelines.assert_balanced()


async def test_a_failure_behind_the_redactor_sets_the_redacted_batch_aside(pipelines: Pipelines) -> None:
    clean = logs("clean")
    redactor = Step(lambda batch: batch.replaced(clean.payload), redacts=True)
    lane = pipelines.add("logs", redactor, fails(KeyError("bug")))
    await pipelines.consume(logs("secret"))
    [letter] = pipelines.host.dead_letters.letters()
    assert letter.payload == clean.payload
    assert lane.account.dropped == 1
    assert pipelines.journal.calls == []
    pipelines.assert_balanced()


async def test_a_signal_that_no_pipeline_takes_is_rejected(pipelines: Pipelines) -> None:
    pipelines.add("logs")
    with pytest.raises(Rejected) as rejected:
        await pipelines.consume(Batch(b"", "traces", 1))
    assert rejected.value.reason == "unroutable"


async def test_a_failing_direct_exporter_costs_no_client_its_answer(pipelines: Pipelines) -> None:
    lane = pipelines.add("logs", folds=Fold(pipelines.host, fails=True))
    await pipelines.consume(logs("a"))
    assert lane.folders[0].account.dropped == 1
    assert lane.folders[0].account.imbalance() == 0
    pipelines.assert_balanced()


async def test_folds_of_one_exporter_never_overlap(pipelines: Pipelines) -> None:
    inside: list[int] = []

    class Counting(Fold):
        def fold(self, batch: Batch) -> None:
            inside.append(1)
            assert len(inside) == 1
            super().fold(batch)
            inside.pop()

    folded = Counting(pipelines.host)
    pipelines.add("logs", folds=folded)
    path = pipelines.path()
    consume = path.entrance("in")
    await asyncio.gather(*(consume(logs(f"{n}")) for n in range(20)))
    assert len(folded.batches) == 20
