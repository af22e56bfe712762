"""An exporter's pace: sends a request as often as it takes, and brings it to one of its ends.

Sent, taken in part, split and sent, or set aside in the dead-letter store; its books say which.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Final, Literal

from structlog.typing import FilteringBoundLogger

from pipeline.batch import Batch
from pipeline.component import Exporter, Request
from pipeline.delivery.backoff import Backoff
from pipeline.delivery.books import ExporterAccount
from pipeline.delivery.error_rate import ErrorRate
from pipeline.errors import Busy, Held, Partial, Reason, Rejected, TooLarge, Unauthorized
from pipeline.journal import Journal
from pipeline.journal.dead_letter import DeadLetter, DeadLetters
from pipeline.offload import offload
from pipeline.settings import SendingQueue
from pipeline.telemetry import catalogue
from pipeline.telemetry.metrics import Metrics

PROBE_AFTER: Final = 5
"""Consecutive failures after which one request at a time probes the destination (delivery contract §7)."""
AUTH_PROBE_SECONDS: Final = 60.0
AUTH_GRACE_SECONDS: Final = 24 * 3600.0
"""How long a refused credential keeps data waiting before it is dead-lettered (delivery contract §7)."""
POISON_FAILURES, POISON_SECONDS, POISON_OTHERS = 8, 600.0, 20
"""A request that failed so often, for so long, while so many others succeeded, is the culprit itself (delivery contract §4)."""
NO_BISECT: Final = frozenset(
    {
        *("301", "302", "303", "307", "308", "401", "403", "404", "405", "407", "429"),
        *("InvalidTopicError", "UnknownTopicOrPartitionError"),
    }
)
"""Refusals of the sender, of its pace or of the address, not of the data: halving the request would change nothing."""

State = Literal["ok", "backoff", "paused", "auth"]
STATES: Final[Sequence[State]] = ("ok", "backoff", "paused", "auth")


Keep = Callable[[DeadLetter], Awaitable[None]]
"""Takes a letter; it is safe when this returns."""


class Undeliverable(Exception):
    """A request is given up, for one of the reasons of the dead-letter store."""

    def __init__(self, reason: Reason, cause: Busy | Rejected | str, attempts: int) -> None:
        super().__init__(str(cause))
        self.reason: Reason = reason
        self.code = "" if isinstance(cause, str) else cause.code
        self.attempts = attempts


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
        self.last_seconds = 0.0
        """How long the last attempt took."""
        self.errors = ErrorRate()
        self.encoding = asyncio.Lock()
        """Encoders keep state: one batch at a time, whichever pipeline it comes from."""
        self._dead_letters = dead_letters
        self._slots = asyncio.Semaphore(1 if queue.ordered else queue.num_consumers)
        self._probe = asyncio.Lock()
        self._failures = 0
        self._successes = 0
        self._not_before = 0.0
        self._in_flight = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._retired = False
        metrics.watch(catalogue.EXPORTER_IN_FLIGHT, lambda: self._in_flight, exporter=self.id)
        metrics.watch(catalogue.EXPORTER_LAST_SUCCESS, lambda: self.last_success, exporter=self.id)
        for state in STATES:
            metrics.watch(catalogue.EXPORTER_STATE, partial(self._is, state), exporter=self.id, state=state)

    def _is(self, state: str) -> float:
        return float(self.state == state)

    async def retire(self, grace: float) -> None:
        """Begin no request any more; wait up to `grace` seconds for those under way. Whoever delivers is to be cancelled then."""
        self._retired = True
        with suppress(TimeoutError):
            async with asyncio.timeout(grace):
                await self._idle.wait()

    def forget(self) -> None:
        """Show the exporter's state no more: it is gone."""
        for metric in (catalogue.EXPORTER_IN_FLIGHT, catalogue.EXPORTER_LAST_SUCCESS):
            self.metrics.remove(metric, exporter=self.id)
        for state in STATES:
            self.metrics.remove(catalogue.EXPORTER_STATE, exporter=self.id, state=state)

    async def deliver(self, request: Request, account: ExporterAccount, keep: Keep | None = None) -> None:
        """Bring one request to its end: sent, taken in part, split and sent, or in the dead-letter store.

        `keep` takes the letters in place of the store.
        """
        try:
            rejected = await self._send_until_decided(request)
        except (TooLarge, Rejected) as refusal:
            halves = await self._split(request, refusal)
            if not halves:
                end = Undeliverable(refusal.reason, refusal, 1)
                await self.give_up(request.batch, request.items, account, end, request.route, keep)
            for half in halves:
                await self.deliver(half, account, keep)
        except Undeliverable as end:
            await self.give_up(request.batch, request.items, account, end, request.route, keep)
        else:
            account.rejected += rejected
            account.sent += request.items - rejected
            signal = request.batch.signal
            self.metrics.add(catalogue.EXPORTER_SENT[signal], request.items - rejected, exporter=self.id)
            if rejected:
                self.metrics.add(catalogue.EXPORTER_REJECTED, rejected, exporter=self.id, signal=signal)

    async def give_up(
        self, batch: Batch, items: int, account: ExporterAccount, end: Undeliverable, route: str = "", keep: Keep | None = None
    ) -> None:
        """Set a batch aside in the dead-letter store, counted as dropped. While the store fails, nothing is given up."""
        letter = DeadLetter(
            signal=batch.signal,
            stage="exporter",
            component=self.id,
            pipeline=account.pipeline,
            route=route,
            reason=end.reason,
            code=end.code,
            message=str(end),
            attempts=end.attempts,
            first_seen=batch.context.received_at,
            items=items,
            bytes=len(batch.payload),
            payload=batch.payload,
        )
        await (keep or self._keep)(letter)
        account.dropped += items
        labels = {"component": self.id, "signal": batch.signal, "reason": end.reason, "dlq": "true"}
        self.metrics.add(catalogue.DROPPED, items, **labels)
        self.log.warning("items went to the dead-letter store", exporter=self.id, reason=end.reason, code=end.code, items=items)

    async def _keep(self, letter: DeadLetter) -> None:
        failures = 0
        while True:
            try:
                await self.journal.set_aside(letter)
                return await self._dead_letters.add(letter)
            except Exception as error:
                failures += 1
                self.log.error("the dead-letter store failed", exporter=self.id, error=type(error).__name__)
                await asyncio.sleep(self.backoff.wait(failures))

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
        """Send until the destination decides; return how many items it took out. Raises Rejected or Undeliverable."""
        started = time.monotonic()
        successes_before = self._successes
        failures = 0
        while True:
            try:
                return await self._attempt(request)
            except Held as held:
                await asyncio.sleep(self.backoff.wait(1, held.retry_after))
            except Busy as busy:
                failures += 1
                waited = time.monotonic() - started
                others = self._successes - successes_before
                if isinstance(busy, Unauthorized):
                    if waited > AUTH_GRACE_SECONDS:
                        raise Undeliverable("auth_expired", busy, failures) from busy
                    await asyncio.sleep(AUTH_PROBE_SECONDS)
                    continue
                limit = self.backoff.give_up_after
                poison = failures >= POISON_FAILURES and waited > POISON_SECONDS and others >= POISON_OTHERS
                if poison or (limit is not None and waited > limit):
                    raise Undeliverable("retry_exhausted", busy, failures) from busy
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
        if self._retired:
            await asyncio.Event().wait()
        started = time.perf_counter()
        self._in_flight += 1
        self._idle.clear()
        code = "ok"
        try:
            await self.exporter.send(request)
        except Partial as partial_success:
            self._succeeded(request)
            self.log.warning("the destination took a request in part", exporter=self.id, rejected=partial_success.rejected)
            return min(max(partial_success.rejected, 0), request.items)
        except Held as held:
            code = held.code or "held"
            raise
        except Busy as busy:
            code = busy.code or "busy"
            self._failed(busy)
            raise
        except Rejected as rejected:
            code = rejected.code or rejected.reason
            self._count_failed(code)
            self._failures = 0
            raise
        except Exception as error:
            code = type(error).__name__
            self._count_failed(code)
            self.log.error("an exporter failed to send", exporter=self.id, error=code)
            raise Rejected("poison", f"the exporter failed: {code}", code=code) from error
        finally:
            self._in_flight -= 1
            if not self._in_flight:
                self._idle.set()
            self.last_seconds = time.perf_counter() - started
            self.metrics.observe(catalogue.EXPORTER_SECONDS, self.last_seconds, exporter=self.id, code=code)
        self._succeeded(request)
        return 0

    def _succeeded(self, request: Request) -> None:
        if self.state != "ok":
            self.log.info("the destination answers again", exporter=self.id)
        self.state = "ok"
        self._failures = 0
        self._successes += 1
        self.last_success = time.time()
        self.errors.count(failed=False)
        self.metrics.add(catalogue.EXPORTER_BYTES, request.raw_bytes or len(request.body), exporter=self.id, form="raw")
        self.metrics.add(catalogue.EXPORTER_BYTES, len(request.body), exporter=self.id, form="wire")

    def _count_failed(self, code: str) -> None:
        self.errors.count(failed=True)
        self.metrics.add(catalogue.EXPORTER_FAILED_ATTEMPTS, exporter=self.id, code=code)

    def _failed(self, busy: Busy) -> None:
        code = busy.code or "busy"
        self._count_failed(code)
        state: State = "auth" if isinstance(busy, Unauthorized) else "paused" if busy.retry_after else "backoff"
        if state != self.state:
            self.log.warning("the destination does not take data", exporter=self.id, state=state, code=code, error=str(busy))
        self.state = state
        self.last_error = str(busy)
        self._failures += 1
        pause = AUTH_PROBE_SECONDS if state == "auth" else min(busy.retry_after or 0.0, 600.0)
        self._not_before = max(self._not_before, time.monotonic() + pause)
