"""The send path: merged, retried, split, bisected, dead-lettered, settled; and the books balance after each."""

import asyncio
import time
from collections.abc import Sequence

import pytest

from pipeline import Batch, Busy, Held, Partial, Rejected, Request, TooLarge, Unauthorized
from pipeline.delivery import send, ship
from pipeline.delivery.backoff import Backoff
from pipeline.journal import Cursor, Entry
from pipeline.settings import Batching, Retry, SendingQueue
from pipeline.telemetry import catalogue
from pipeline.wire.model import LogRecord
from tests.delivery.conftest import Destination, MakeRig, Rig, logs


def reasons(rig: Rig) -> dict[str, int]:
    return {reason: count.items for reason, count in rig.host.dead_letters.counts().items()}


def assert_balanced(rig: Rig) -> None:
    assert rig.account.imbalance() == 0
    assert rig.journal.backlog(rig.cursor).items == 0


async def test_everything_arrives_in_order(make_rig: MakeRig) -> None:
    rig = await make_rig(Destination(), queue=SendingQueue(ordered=True))
    await rig.deliver(*(logs(f"{n}") for n in range(50)))
    assert rig.exporter.taken == [f"{n}" for n in range(50)]
    assert rig.account.sent == 50
    assert_balanced(rig)


async def test_entries_are_merged_up_to_the_limit(make_rig: MakeRig) -> None:
    rig = await make_rig(Destination(), queue=SendingQueue(ordered=True, batch=Batching(max_bytes=100)))
    await rig.deliver(*(logs(f"{n:040}") for n in range(10)))
    assert len(rig.exporter.attempts) == 5
    assert_balanced(rig)


async def test_entries_are_merged_up_to_so_many_items(make_rig: MakeRig) -> None:
    rig = await make_rig(Destination(), queue=SendingQueue(ordered=True, batch=Batching(max_items=7)))
    await rig.deliver(*(logs(f"{n}", f"{n}'", f"{n}''") for n in range(10)))
    assert [len(attempt) for attempt in rig.exporter.attempts] == [6] * 5
    assert_balanced(rig)


async def test_a_busy_destination_gets_the_same_request_again(make_rig: MakeRig) -> None:
    left = [Busy("503", code="503"), Busy("reset", code="reset"), Busy("timeout", code="timeout")]

    def answer(bodies: list[str]) -> None:
        if left:
            raise left.pop()

    rig = await make_rig(Destination(answer))
    await rig.deliver(logs("a", "b"))
    assert rig.exporter.attempts == [["a", "b"]] * 4
    assert rig.exporter.taken == ["a", "b"]
    assert rig.host.metrics.value(catalogue.EXPORTER_FAILED_ATTEMPTS, exporter="out") == 3
    assert_balanced(rig)


async def test_no_request_goes_out_before_the_time_the_destination_named(make_rig: MakeRig) -> None:
    times: list[float] = []

    def answer(bodies: list[str]) -> None:
        times.append(time.monotonic())
        if len(times) == 1:
            raise Busy("429", 0.2, code="429")

    rig = await make_rig(Destination(answer))
    await rig.deliver(logs("a"))
    assert len(times) == 2
    assert times[1] - times[0] >= 0.2


async def test_a_request_that_is_too_large_is_halved_until_it_fits(make_rig: MakeRig) -> None:
    def answer(bodies: list[str]) -> None:
        if len(bodies) > 2 or "huge" in bodies:
            raise TooLarge("413", code="413")

    rig = await make_rig(Destination(answer))
    await rig.deliver(logs("a", "b", "c", "huge", "d", "e", "f"))
    assert sorted(rig.exporter.taken) == ["a", "b", "c", "d", "e", "f"]
    assert all(rig.exporter.attempts.count(attempt) == 1 for attempt in rig.exporter.attempts)
    assert reasons(rig) == {"too_large": 1}
    assert rig.account.dropped == 1
    assert_balanced(rig)


async def test_one_bad_item_is_found_and_the_others_arrive(make_rig: MakeRig) -> None:
    def answer(bodies: list[str]) -> None:
        if "bad" in bodies:
            raise Rejected("rejected_4xx", "400", code="400")

    rig = await make_rig(Destination(answer))
    await rig.deliver(*(logs(*(f"{n}-{m}" for m in range(5))) for n in range(10)), logs("x", "bad", "y"))
    assert len(rig.exporter.taken) == 52
    assert reasons(rig) == {"rejected_4xx": 1}
    assert_balanced(rig)


@pytest.mark.parametrize("code", ["301", "308", "404", "405", "429"])
async def test_a_refusal_of_the_sender_is_not_bisected(make_rig: MakeRig, code: str) -> None:
    def answer(bodies: list[str]) -> None:
        raise Rejected("rejected_4xx", code, code=code)

    rig = await make_rig(Destination(answer))
    await rig.deliver(logs("a", "b", "c", "d"))
    assert len(rig.exporter.attempts) == 1
    assert reasons(rig) == {"rejected_4xx": 4}
    [letter] = rig.host.dead_letters.letters()  # type: ignore[attr-defined]
    assert letter.first_seen == logs("a").context.received_at
    assert_balanced(rig)


async def test_a_refused_credential_pauses_and_drops_nothing(make_rig: MakeRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(send, "AUTH_PROBE_SECONDS", 0.02)
    states: list[str] = []

    def answer(bodies: list[str]) -> None:
        states.append(rig.sender.state)
        if len(states) < 4:
            raise Unauthorized("403", code="403")

    rig = await make_rig(Destination(answer))
    await rig.deliver(logs("a"))
    assert states == ["ok", "auth", "auth", "auth"]
    assert rig.sender.state == "ok"
    assert rig.exporter.taken == ["a"]
    assert_balanced(rig)


@pytest.mark.parametrize("failure", [Busy("the dead-letter store can't be written"), OSError(24, "Too many open files")])
async def test_a_queue_that_can_not_be_read_for_a_while_is_read_on_later(make_rig: MakeRig, failure: Exception) -> None:
    rig = await make_rig(Destination())
    failures, read = [failure, failure], rig.journal.read

    async def failing(cursor: Cursor, max_bytes: int) -> Sequence[Entry]:
        if failures:
            raise failures.pop()
        return await read(cursor, max_bytes)

    rig.journal.read = failing  # type: ignore[method-assign]
    await rig.deliver(logs("a"))
    assert rig.exporter.taken == ["a"]
    assert_balanced(rig)


async def test_a_credential_refused_for_too_long_ends_in_the_dead_letters(
    make_rig: MakeRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(send, "AUTH_PROBE_SECONDS", 0.001)
    monkeypatch.setattr(send, "AUTH_GRACE_SECONDS", 0.0)

    def answer(bodies: list[str]) -> None:
        raise Unauthorized("403", code="403")

    rig = await make_rig(Destination(answer))
    await rig.deliver(logs("a", "b"))
    assert reasons(rig) == {"auth_expired": 2}
    assert_balanced(rig)


async def test_what_an_exporter_holds_back_is_no_failure(make_rig: MakeRig) -> None:
    left = [Held("limited", code="rate_limited")] * 9

    def answer(bodies: list[str]) -> None:
        if left:
            raise left.pop()

    rig = await make_rig(Destination(answer), backoff=Backoff(Retry(initial=0.001, maximum=0.001), 0.0001))
    await rig.deliver(logs("a"))
    assert rig.exporter.taken == ["a"]
    assert rig.sender.state == "ok"
    assert rig.host.metrics.value(catalogue.EXPORTER_FAILED_ATTEMPTS) == 0
    assert_balanced(rig)


async def test_a_partial_success_is_counted_and_never_resent(make_rig: MakeRig) -> None:
    def answer(bodies: list[str]) -> None:
        raise Partial(2, "two had no name")

    rig = await make_rig(Destination(answer))
    await rig.deliver(logs("a", "b", "c"))
    assert len(rig.exporter.attempts) == 1
    assert (rig.account.sent, rig.account.rejected) == (1, 2)
    assert_balanced(rig)


@pytest.mark.parametrize("claimed", [-1, 99])
async def test_an_absurd_partial_success_is_clamped(make_rig: MakeRig, claimed: int) -> None:
    def answer(bodies: list[str]) -> None:
        raise Partial(claimed, "?")

    rig = await make_rig(Destination(answer))
    await rig.deliver(logs("a", "b", "c"))
    assert_balanced(rig)


async def test_giving_up_in_time_keeps_the_data_in_the_dead_letters(make_rig: MakeRig) -> None:
    def answer(bodies: list[str]) -> None:
        raise Busy("down", code="connect")

    rig = await make_rig(Destination(answer), backoff=Backoff(Retry(initial=0.001, maximum=0.002), 0.05))
    await rig.deliver(logs("a", "b"))
    assert reasons(rig) == {"retry_exhausted": 2}
    assert_balanced(rig)


async def test_a_bug_in_an_exporter_costs_the_one_request_it_fails_on(make_rig: MakeRig) -> None:
    def answer(bodies: list[str]) -> None:
        if "bad" in bodies:
            raise KeyError("a bug")

    rig = await make_rig(Destination(answer))
    await rig.deliver(logs("a", "bad", "c"))
    assert sorted(rig.exporter.taken) == ["a", "c"]
    assert reasons(rig) == {"poison": 1}
    assert_balanced(rig)


async def test_what_an_encoder_fails_on_is_narrowed_down(make_rig: MakeRig) -> None:
    class Picky(Destination):
        def encode(self, batch: Batch) -> Sequence[Request]:
            if any(isinstance(record, LogRecord) and record.body == "bad" for record in batch.records()):
                raise ValueError("can't")
            return super().encode(batch)

    rig = await make_rig(Picky())
    await rig.deliver(logs("a", "b", "bad", "c"))
    assert sorted(rig.exporter.taken) == ["a", "b", "c"]
    assert reasons(rig) == {"poison": 1}
    assert_balanced(rig)


async def test_items_without_a_form_at_the_destination_are_counted_as_skipped(make_rig: MakeRig) -> None:
    class Mute(Destination):
        def encode(self, batch: Batch) -> Sequence[Request]:
            return []

    rig = await make_rig(Mute())
    await rig.deliver(logs("a", "b"))
    assert rig.account.skipped == 2
    assert rig.host.metrics.value(catalogue.EXPORTER_SKIPPED, exporter="out") == 2
    assert_balanced(rig)


async def test_what_was_not_sent_stays_in_the_journal(make_rig: MakeRig) -> None:
    def answer(bodies: list[str]) -> None:
        raise Busy("down", code="connect")

    rig = await make_rig(Destination(answer))
    await rig.journal.append([("logs", logs("a", "b"))])
    async with rig.running():
        async with asyncio.timeout(10):
            while not rig.exporter.attempts:
                await asyncio.sleep(0.001)
    assert rig.journal.backlog(rig.cursor).items == 2
    assert rig.account.imbalance() == 0


async def test_a_dead_destination_holds_a_bounded_part_of_its_backlog_in_memory(
    make_rig: MakeRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ship, "OUTSTANDING_BYTES", 4096)

    def answer(bodies: list[str]) -> None:
        raise Busy("down", code="connect")

    rig = await make_rig(Destination(answer), queue=SendingQueue(batch=Batching(max_bytes=1000)))
    for n in range(100):
        await rig.journal.append([("logs", logs(f"{n:0500}"))])
    async with rig.running():
        async with asyncio.timeout(10):
            while len(rig.exporter.attempts) < 20:
                await asyncio.sleep(0.001)
    assert len({body for attempt in rig.exporter.attempts for body in attempt}) < 20
