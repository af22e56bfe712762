"""Sending dead letters again: from their exporter on, or from the first processor of their pipeline (delivery contract §8).

A letter leaves the store once all of it has found an end again: delivered, or set aside anew, in its place and in one step. So a
crash in the middle loses nothing, and sends again what was under way at most. What a destination does not take now stays.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from msgspec import Struct, structs
from structlog.typing import FilteringBoundLogger

from pipeline import wire
from pipeline.assembly import Assembly, Parts
from pipeline.batch import Batch, Context
from pipeline.delivery.books import ExporterAccount
from pipeline.delivery.send import Sender
from pipeline.errors import Busy, Rejected
from pipeline.journal import Cursor
from pipeline.journal.dead_letter import DeadLetter, Kept, Selection
from pipeline.offload import offload
from pipeline.settings import signal_of
from pipeline.telemetry import catalogue

AT_ONCE: Final = 4
PATIENCE_SECONDS: Final = 10.0
"""How long a destination that takes nothing is waited for."""
STALLED_SECONDS: Final = 30.0
"""How long it is then left alone."""
PORTION_SECONDS: Final = 5.0
"""No letter is begun after this, so that whoever asked hears of the progress."""
_LOOK_SECONDS: Final = 0.25


class Replayed(Struct):
    """What became of a portion of letters."""

    letters: int = 0
    """That found an end again, and left the store."""
    items: int = 0
    again: int = 0
    """New letters in their place: a destination refused what they hold once more."""
    waiting: int = 0
    """That stay, since their destination does not take them now."""
    homeless: int = 0
    """That stay, since their exporter or pipeline is no longer configured."""
    last: int = 0
    """Highest id that was looked at; 0 when there was none left."""
    why: dict[str, str] = {}
    """Of what stays, by exporter or pipeline."""


@dataclass
class _Portion:
    letters: Iterator[Kept]
    ends: float
    room: int
    """Items that may still be begun."""
    from_start: bool
    outcome: Replayed = field(default_factory=Replayed)

    def next(self) -> Kept | None:
        """Return the next letter to send, while there are time and room."""
        if time.monotonic() >= self.ends or self.room <= 0:
            return None
        kept = next(self.letters, None)
        if kept is not None:
            self.outcome.last = kept.id
            self.room -= max(kept.letter.items, 1)
        return kept


class _Stays(Exception):
    """A letter stays in the store."""

    def __init__(self, where: str, why: str, *, homeless: bool = False) -> None:
        super().__init__(why)
        self.where = where
        self.homeless = homeless


class Replay:
    """Sends letters again, one portion at a time."""

    def __init__(self, parts: Parts, assembly: Callable[[], Assembly], log: FilteringBoundLogger) -> None:
        """`assembly` returns what runs; it may be another one after each reload."""
        self._parts = parts
        self._assembly = assembly
        self._store = parts.dead_letters
        self._log = log
        self._turn = asyncio.Lock()
        self._stalled: dict[str, float] = {}
        """Exporters that are left alone, until when."""

    async def portion(self, selection: Selection, limit: int, items: int, *, from_start: bool) -> Replayed:
        """Send up to `limit` letters of about `items` items; return what became of them. Raises `Busy`.

        Those beyond `Replayed.last` are for the next portion.
        """
        async with self._turn:
            letters = await self._store.list(structs.replace(selection, replayable=True), limit)
            portion = _Portion(iter(letters), time.monotonic() + PORTION_SECONDS, items, from_start)
            async with asyncio.TaskGroup() as tasks:
                for _ in range(AT_ONCE):
                    tasks.create_task(self._work(portion))
        if portion.outcome.letters:
            self._log.info("dead letters replayed", letters=portion.outcome.letters, items=portion.outcome.items)
        return portion.outcome

    async def _work(self, portion: _Portion) -> None:
        outcome = portion.outcome
        while (kept := portion.next()) is not None:
            try:
                whole = await self._store.read(kept.id)
                if whole is None or whole.letter.payload is None:  # evicted meanwhile
                    continue
                items, again = await self._send(whole, whole.letter.payload, from_start=portion.from_start)
            except _Stays as stays:
                outcome.homeless += stays.homeless
                outcome.waiting += not stays.homeless
                outcome.why[stays.where] = str(stays)
            else:
                outcome.letters += 1
                outcome.items += items
                outcome.again += again
                self._parts.metrics.add(catalogue.DLQ_REPLAYED, items, reason=kept.letter.reason)

    async def _send(self, kept: Kept, payload: bytes, *, from_start: bool) -> tuple[int, int]:
        """Bring a letter to an end; return its items, and the letters that took its place. Raises `_Stays`."""
        letter = kept.letter
        payload, items, _ = await offload(partial(wire.validate, payload, letter.signal), len(payload))
        batch = Batch(payload, letter.signal, items, Context("", "dlq", letter.first_seen))
        if from_start or letter.stage == "processor":
            await self._enter(batch, letter)
            await self._resolve(kept.id, letter, [])
            return items, 0
        sender, account = self._destination(letter)
        outcome, aside = await self._deliver(sender, batch, letter, account.pipeline)
        account.add(outcome)
        again = [structs.replace(one, attempts=one.attempts + letter.attempts) for one in aside]
        await self._resolve(kept.id, letter, again)
        return outcome.replayed, len(again)

    async def _resolve(self, number: int, letter: DeadLetter, again: list[DeadLetter]) -> None:
        try:
            await self._store.resolve(number, *again)
        except Busy as busy:
            raise _Stays(letter.component, f"sent, and still in the store: {busy}") from busy

    # ---- from the first processor ----

    async def _enter(self, batch: Batch, letter: DeadLetter) -> None:
        lane = self._assembly().lanes.get(letter.pipeline)
        if lane is None:
            name = letter.pipeline or "(none)"
            raise _Stays(name, f"the pipeline {name} is not configured", homeless=True)
        try:
            await self._parts.consume_path.enter(lane, batch)
        except (Busy, Rejected) as refused:
            raise _Stays(lane.id, str(refused)) from refused

    # ---- from the exporter on ----

    def _destination(self, letter: DeadLetter) -> tuple[Sender, ExporterAccount]:
        """Return the sender of a letter, and the account it belongs to. Raises `_Stays`."""
        name, accounts = letter.component, self._parts.books.exporters
        sender = self._assembly().senders.get(name)
        cursors = [c for c in self._assembly().cursor_loops if c.exporter == name and signal_of(c.lane) == letter.signal]
        own = Cursor(letter.pipeline, name)
        if sender is None or not cursors:
            raise _Stays(name, f"no exporter {name} takes {letter.signal}", homeless=True)
        if self._stalled.get(name, 0.0) > time.monotonic() and sender.state != "ok":
            raise _Stays(name, _state_of(sender))
        return sender, accounts[own if own in cursors else cursors[0]]

    async def _deliver(
        self, sender: Sender, batch: Batch, letter: DeadLetter, pipeline: str
    ) -> tuple[ExporterAccount, list[DeadLetter]]:
        """Deliver a batch; return the account of it, and what was set aside anew. Raises `_Stays`."""
        outcome, aside = ExporterAccount(pipeline=pipeline), list[DeadLetter]()

        async def keep(letter: DeadLetter) -> None:
            aside.append(letter)

        async def deliver() -> None:
            try:
                async with sender.encoding:
                    requests = await offload(partial(sender.exporter.encode, batch), len(batch.payload))
            except Exception as error:
                raise _Stays(sender.id, f"the exporter failed to encode: {type(error).__name__}") from error
            mine = [request for request in requests if letter.route in ("", request.route)]
            for request in mine:
                await sender.deliver(request, outcome, keep)
            skipped = 0 if letter.route else max(batch.items - sum(request.items for request in mine), 0)
            outcome.skipped += skipped
            outcome.replayed = sum(request.items for request in mine) + skipped

        delivering = asyncio.create_task(deliver())
        try:
            await self._follow(delivering, sender)
        finally:
            delivering.cancel()
            await asyncio.wait([delivering])
        return outcome, aside

    async def _follow(self, delivering: asyncio.Task[None], sender: Sender) -> None:
        """Wait until it is delivered. Raises `_Stays` when its destination takes nothing, or is no longer the same."""
        begun = time.monotonic()
        while not (await asyncio.wait([delivering], timeout=_LOOK_SECONDS))[0]:
            if self._assembly().senders.get(sender.id) is not sender:
                raise _Stays(sender.id, "its configuration changed meanwhile: replay again")
            if sender.state != "ok" and time.monotonic() > begun + PATIENCE_SECONDS:
                self._stalled[sender.id] = time.monotonic() + STALLED_SECONDS
                raise _Stays(sender.id, _state_of(sender))
        delivering.result()


def _state_of(sender: Sender) -> str:
    return f"{sender.id} does not take data ({sender.state}): {sender.last_error}"
