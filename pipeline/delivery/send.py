"""The way out: one `Sender` an exporter, one loop a cursor. Reads, merges, encodes once, sends as often as it takes, settles.

A dead destination only falls behind: what it can't take stays in the journal, and a bounded number of shipments in memory.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Literal

from structlog.typing import FilteringBoundLogger

from pipeline.batch import Batch, halves, merge
from pipeline.component import Exporter, Request
from pipeline.delivery.backoff import Backoff
from pipeline.delivery.books import ExporterAccount
from pipeline.errors import Busy, Partial, Reason, Rejected, TooLarge, Unauthorized
from pipeline.journal import Cursor, Entry, Journal
from pipeline.journal.dead_letter import DeadLetter, DeadLetters
from pipeline.offload import offload
from pipeline.settings import SendingQueue
from pipeline.telemetry import catalogue
from pipeline.telemetry.metrics import Metrics

OUTSTANDING_BYTES: Final = 16 * 1024 * 1024
"""OTLP bytes an exporter may hold in shipments that are under way or waiting for their next attempt."""
OUTSTANDING_PER_CONSUMER: Final = 4
"""Shipments per request slot, so that younger ones pass those in back-off."""
PROBE_AFTER: Final = 5
"""Consecutive failures after which one request at a time probes the destination (delivery contract §7)."""
AUTH_PROBE_SECONDS: Final = 60.0
AUTH_GRACE_SECONDS: Final = 24 * 3600.0
"""How long a refused credential keeps data waiting before it is dead-lettered (delivery contract §7)."""
POISON_FAILURES, POISON_SECONDS, POISON_OTHERS = 8, 600.0, 20
"""A request that failed so often, for so long, while so many others succeeded, is the culprit itself (delivery contract §4)."""
NO_BISECT: Final = frozenset({"401", "403", "404", "429"})
"""Refusals of the sender or of its pace, not of the data: halving the request would change nothing."""

State = Literal["ok", "backoff", "paused", "auth"]


class _Undeliverable(Exception):
    """A request is given up, for one of the reasons of the dead-letter store."""

    def __init__(self, reason: Reason, cause: Busy, attempts: int) -> None:
        super().__init__(str(cause))
        self.reason: Reason = reason
        self.code = cause.code
        self.attempts = attempts


@dataclass
class Shipment:
    """A merged batch on its way, and the journal entries that are settled when all of it has found its end."""

    entries: Sequence[Entry]
    batch: Batch
    requests: list[Request] = field(default_factory=list)
    lost: int = 0
    """Items that the exporter could not encode; they are in the dead-letter store."""


class Sender:
    """Everything an exporter sends, from all of its pipelines: its request slots, its pace, its state."""

    def __init__(
        self,
        exporter: Exporter,
        queue: SendingQueue,
        backoff: Backoff,
        journal: Journal,
        dead_letters: DeadLetters,
        metrics: Metrics,
        log: FilteringBoundLogger,
    ) -> None:
        self.exporter = exporter
        self.id = exporter.host.id
        self.queue = queue
        self.backoff = backoff
        self.journal = journal
        self.metrics = metrics
        self.log = log
        self.state: State = "ok"
        self.last_error = ""
        self.last_success = 0.0
        """Wall clock, 0 before the first."""
        self.started_at = time.time()
        self.encoding = asyncio.Lock()
        """Encoders keep state: one batch at a time, whichever pipeline it comes from."""
        self._dead_letters = dead_letters
        self._slots = asyncio.Semaphore(1 if queue.ordered else queue.num_consumers)
        self._probe = asyncio.Lock()
        self._failures = 0
        self._successes = 0
        self._not_before = 0.0
        self._in_flight = 0
        metrics.watch(catalogue.EXPORTER_IN_FLIGHT, lambda: self._in_flight, exporter=self.id)
        metrics.watch(catalogue.EXPORTER_LAST_SUCCESS, lambda: self.last_success, exporter=self.id)
        for state in ("ok", "backoff", "paused", "auth"):
            metrics.watch(catalogue.EXPORTER_STATE, partial(self._is, state), exporter=self.id, state=state)

    def _is(self, state: str) -> float:
        return float(self.state == state)

    async def deliver(self, request: Request, account: ExporterAccount) -> None:
        """Bring one request to its end: sent, taken in part, split and sent, or in the dead-letter store."""
        try:
            rejected = await self._send_until_decided(request)
        except (TooLarge, Rejected) as refusal:
            halves = await self._split(request, refusal)
            if not halves:
                await self.give_up(request.batch, request.items, account, refusal.reason, str(refusal), refusal.code)
            for half in halves:
                await self.deliver(half, account)
        except _Undeliverable as end:
            await self.give_up(request.batch, request.items, account, end.reason, str(end), end.code, end.attempts)
        else:
            account.rejected += rejected
            account.sent += request.items - rejected
            signal = request.batch.signal
            self.metrics.add(catalogue.EXPORTER_SENT[signal], request.items - rejected, exporter=self.id)
            if rejected:
                self.metrics.add(catalogue.EXPORTER_REJECTED, rejected, exporter=self.id, signal=signal)

    async def give_up(
        self, batch: Batch, items: int, account: ExporterAccount, reason: Reason, message: str, code: str = "", attempts: int = 1
    ) -> None:
        """Set a batch aside in the dead-letter store, counted as dropped. While the store fails, nothing is given up."""
        letter = DeadLetter(
            signal=batch.signal,
            stage="exporter",
            component=self.id,
            reason=reason,
            code=code,
            message=message,
            attempts=attempts,
            items=items,
            bytes=len(batch.payload),
            payload=batch.payload,
        )
        failures = 0
        while True:
            try:
                await self._dead_letters.add(letter)
                break
            except Exception as error:
                failures += 1
                self.log.error("the dead-letter store failed", exporter=self.id, error=type(error).__name__)
                await asyncio.sleep(self.backoff.wait(failures))
        account.dropped += items
        labels = {"component": self.id, "signal": batch.signal, "reason": reason, "dlq": "true"}
        self.metrics.add(catalogue.DROPPED, items, **labels)
        self.log.warning("items went to the dead-letter store", exporter=self.id, reason=reason, code=code, items=items)

    async def _split(self, request: Request, refusal: Rejected) -> Sequence[Request]:
        """Return the request in halves, or nothing when it is one item or halving can't help."""
        if not isinstance(refusal, TooLarge) and refusal.code in NO_BISECT:
            return ()
        try:
            async with self.encoding:
                halves = await offload(partial(self.exporter.split, request), len(request.batch.payload))
        except Exception as error:
            self.log.error("an exporter failed to split a request", exporter=self.id, error=type(error).__name__)
            return ()
        return halves if len(halves) > 1 else ()

    async def _send_until_decided(self, request: Request) -> int:
        """Send until the destination decides; return how many items it took out. Raises Rejected or _Undeliverable."""
        started = time.monotonic()
        successes_before = self._successes
        failures = 0
        while True:
            try:
                return await self._attempt(request)
            except Busy as busy:
                failures += 1
                waited = time.monotonic() - started
                others = self._successes - successes_before
                if isinstance(busy, Unauthorized):
                    if waited > AUTH_GRACE_SECONDS:
                        raise _Undeliverable("auth_expired", busy, failures) from busy
                    await asyncio.sleep(AUTH_PROBE_SECONDS)
                    continue
                limit = self.backoff.give_up_after
                poison = failures >= POISON_FAILURES and waited > POISON_SECONDS and others >= POISON_OTHERS
                if poison or (limit is not None and waited > limit):
                    raise _Undeliverable("retry_exhausted", busy, failures) from busy
                await asyncio.sleep(self.backoff.wait(failures, busy.retry_after))

    async def _attempt(self, request: Request) -> int:
        """Make one attempt in turn, book its outcome, and return how many items a partial success took out."""
        async with self._slots:
            if self._failures < PROBE_AFTER:
                return await self._attempt_now(request)
            async with self._probe:
                return await self._attempt_now(request)

    async def _attempt_now(self, request: Request) -> int:
        while (pause := self._not_before - time.monotonic()) > 0:
            await asyncio.sleep(pause)
        started = time.perf_counter()
        self._in_flight += 1
        code = "ok"
        try:
            await self.exporter.send(request)
        except Partial as partial_success:
            self._succeeded(request)
            self.log.warning("the destination took a request in part", exporter=self.id, rejected=partial_success.rejected)
            return min(max(partial_success.rejected, 0), request.items)
        except Busy as busy:
            code = busy.code or "busy"
            self._failed(busy)
            raise
        except Rejected as rejected:
            code = rejected.code or rejected.reason
            self.metrics.add(catalogue.EXPORTER_FAILED_ATTEMPTS, exporter=self.id, code=code)
            self._failures = 0
            raise
        except Exception as error:
            code = type(error).__name__
            self.metrics.add(catalogue.EXPORTER_FAILED_ATTEMPTS, exporter=self.id, code=code)
            self.log.error("an exporter failed to send", exporter=self.id, error=code)
            raise Rejected("poison", f"the exporter failed: {code}", code=code) from error
        finally:
            self._in_flight -= 1
            self.metrics.observe(catalogue.EXPORTER_SECONDS, time.perf_counter() - started, exporter=self.id, code=code)
        self._succeeded(request)
        return 0

    def _succeeded(self, request: Request) -> None:
        if self.state != "ok":
            self.log.info("the destination answers again", exporter=self.id)
        self.state = "ok"
        self._failures = 0
        self._successes += 1
        self.last_success = time.time()
        self.metrics.add(catalogue.EXPORTER_BYTES, request.raw_bytes or len(request.body), exporter=self.id, form="raw")
        self.metrics.add(catalogue.EXPORTER_BYTES, len(request.body), exporter=self.id, form="wire")

    def _failed(self, busy: Busy) -> None:
        code = busy.code or "busy"
        self.metrics.add(catalogue.EXPORTER_FAILED_ATTEMPTS, exporter=self.id, code=code)
        state: State = "auth" if isinstance(busy, Unauthorized) else "paused" if busy.retry_after else "backoff"
        if state != self.state:
            self.log.warning("the destination does not take data", exporter=self.id, state=state, code=code, error=str(busy))
        self.state = state
        self.last_error = str(busy)
        self._failures += 1
        pause = AUTH_PROBE_SECONDS if state == "auth" else min(busy.retry_after or 0.0, 600.0)
        self._not_before = max(self._not_before, time.monotonic() + pause)


class CursorLoop:
    """One exporter's progress in one lane: reads ahead within bounds, ships, settles."""

    def __init__(self, sender: Sender, cursor: Cursor, account: ExporterAccount) -> None:
        self._sender = sender
        self._cursor = cursor
        self._account = account
        self._shipments: dict[asyncio.Task[None], int] = {}
        """With their OTLP bytes."""
        self._reading: asyncio.Task[Sequence[Entry]] | None = None
        self._draining = False

    def drain(self) -> None:
        """Stop waiting for more before a request goes out."""
        self._draining = True

    async def run(self) -> None:
        """Read, merge, encode and ship until cancelled. What is not settled then stays in the journal."""
        try:
            async with asyncio.TaskGroup() as shipments:
                while True:
                    await self._room()
                    entries = await self._gather()
                    shipment = Shipment(entries, merge([entry.batch for entry in entries]))
                    await self._encode(shipment, shipment.batch)
                    task = shipments.create_task(self._ship(shipment))
                    self._shipments[task] = len(shipment.batch.payload)
                    task.add_done_callback(self._shipments.pop)
        finally:
            if self._reading:
                self._reading.cancel()
                await asyncio.wait([self._reading])

    async def _room(self) -> None:
        """Wait until another shipment may be held in memory."""
        queue = self._sender.queue
        most = 1 if queue.ordered else queue.num_consumers * OUTSTANDING_PER_CONSUMER
        while self._shipments and (len(self._shipments) >= most or sum(self._shipments.values()) >= OUTSTANDING_BYTES):
            await asyncio.wait(self._shipments, return_when=asyncio.FIRST_COMPLETED)

    async def _gather(self) -> list[Entry]:
        """Return the entries of the next request: at least one, more while they come within `flush_timeout` and the limits."""
        batching, exporter = self._sender.queue.batch, self._sender.exporter
        max_bytes = min(batching.max_bytes or exporter.max_bytes, exporter.max_bytes)
        max_items = min(batching.max_items or 1 << 62, exporter.max_items or 1 << 62)
        entries: list[Entry] = []
        size = items = 0
        deadline = 0.0
        while size < max_bytes and items < max_items:
            if self._reading is None:
                self._reading = asyncio.ensure_future(self._sender.journal.read(self._cursor, max_bytes - size))
            if entries:
                linger = 0.0 if self._draining or not self._sender.journal.durable else deadline - time.monotonic()
                done, _ = await asyncio.wait([self._reading], timeout=max(linger, 0.0))
                if not done:
                    break
            more = await self._reading
            self._reading = None
            if not entries:
                deadline = time.monotonic() + batching.flush_timeout
            entries += more
            size += sum(len(entry.batch.payload) for entry in more)
            items += sum(entry.batch.items for entry in more)
        return entries

    async def _encode(self, shipment: Shipment, batch: Batch) -> None:
        """Encode in lane order; what an encoder fails on is narrowed down to single items before those are given up."""
        sender = self._sender
        try:
            async with sender.encoding:
                shipment.requests += await offload(partial(sender.exporter.encode, batch), len(batch.payload))
            return
        except Exception as error:
            failure = type(error).__name__
        if batch.items < 2:
            message = f"the exporter failed to encode: {failure}"
            await sender.give_up(batch, batch.items, self._account, "poison", message, attempts=0)
            shipment.lost += batch.items
            return
        for half in halves(batch):
            await self._encode(shipment, half)

    async def _ship(self, shipment: Shipment) -> None:
        """Bring every request of a shipment to its end, then settle its entries."""
        account, sender = self._account, self._sender
        skipped = shipment.batch.items - shipment.lost - sum(request.items for request in shipment.requests)
        if sender.queue.ordered:
            for request in shipment.requests:
                await sender.deliver(request, account)
        else:
            await asyncio.gather(*(sender.deliver(request, account) for request in shipment.requests))
        if skipped > 0:
            account.skipped += skipped
            sender.metrics.add(catalogue.EXPORTER_SKIPPED, skipped, exporter=sender.id, signal=shipment.batch.signal)
        sender.journal.settle(self._cursor, [entry.position for entry in shipment.entries])
        age = time.time() - shipment.batch.context.received_at / 1e9
        sender.metrics.observe(catalogue.END_TO_END, max(age, 0.0), pipeline=self._cursor.lane, exporter=sender.id)
