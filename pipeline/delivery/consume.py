"""The way in: from a receiver's `consume` through the processors of its pipelines to the journal.

Fan-out to several pipelines is one append, accepted or refused as a whole. Nothing here acknowledges anything: returning
does. A batch whose client has gone is carried to its end all the same.
"""

import asyncio
import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

from structlog.typing import FilteringBoundLogger

from pipeline.batch import MAX_ITEMS, Batch, pieces
from pipeline.component import Consume, DirectExporter, Processor
from pipeline.delivery.books import ExporterAccount, PipelineAccount
from pipeline.errors import Busy, Reason, Rejected
from pipeline.journal import Journal
from pipeline.journal.dead_letter import DeadLetter, DeadLetters
from pipeline.offload import offload
from pipeline.telemetry import catalogue
from pipeline.telemetry.metrics import Metrics
from pipeline.types import Signal
from pipeline.wire import Malformed


@dataclass
class Folder:
    """A direct exporter in one pipeline. Its folds never overlap, whichever pipeline they come from: `lock` is the exporter's."""

    exporter: DirectExporter
    account: ExporterAccount
    lock: asyncio.Lock


@dataclass
class Lane:
    """One pipeline: its processors in order, its account, and who takes a batch straight after the append."""

    id: str
    signal: Signal
    processors: Sequence[tuple[str, Processor]]
    account: PipelineAccount
    folders: list[Folder] = field(default_factory=list)

    def redacted_before(self, index: int) -> bool:
        """Return whether what reaches processor `index` has passed a redactor."""
        return any(processor.redacts for _, processor in self.processors[:index])


Routes: TypeAlias = Mapping[str, Mapping[Signal, Sequence[Lane]]]
"""Of each receiver and connector, the lanes that it feeds, by signal."""


class ConsumePath:
    """Carries batches from receivers to the journal."""

    def __init__(
        self,
        journal: Journal,
        dead_letters: DeadLetters,
        metrics: Metrics,
        log: FilteringBoundLogger,
    ) -> None:
        self._routes: Routes = {}
        self._changed: asyncio.Event | None = None
        self._journal = journal
        self._dead_letters = dead_letters
        self._metrics = metrics
        self._log = log
        self._under_way: set[asyncio.Task[None]] = set()

    def route(self, routes: Routes) -> None:
        """Send what comes in from now on these ways; what is under way stays on its own."""
        self._routes = routes
        self.changed()

    def changing(self) -> None:
        """Let batches that have no way yet wait for the next `route` or `changed`."""
        self._changed = asyncio.Event()

    def changed(self) -> None:
        """Let batches wait no more."""
        if self._changed is not None:
            self._changed.set()
            self._changed = None

    def entrance(self, receiver: str) -> Consume:
        """Return the `consume` of a receiver or connector; it takes the ways that there are when it is called."""

        async def consume(batch: Batch) -> None:
            if not batch.items:
                return
            while not self._ways(receiver, batch) and self._changed is not None:
                await self._changed.wait()
            task = asyncio.ensure_future(self._consume(receiver, self._ways(receiver, batch), batch))
            self._under_way.add(task)
            task.add_done_callback(self._done)
            try:
                await asyncio.shield(task)
            finally:
                del task  # or a refusal would hold this frame and its batch, and the frame the refusal, until they are collected

        return consume

    async def enter(self, lane: Lane, batch: Batch) -> None:
        """Take a batch into one pipeline alone, from its first processor on. Raises as a receiver's `consume` does."""
        task = asyncio.ensure_future(self._fan_out([lane], batch))
        self._under_way.add(task)
        task.add_done_callback(self._done)
        await asyncio.shield(task)

    async def settle_down(self) -> None:
        """Wait until no `consume` is under way that had begun, their clients gone or not."""
        if self._under_way:
            await asyncio.wait(set(self._under_way))

    def _ways(self, receiver: str, batch: Batch) -> Sequence[Lane]:
        return self._routes.get(receiver, {}).get(batch.signal, ())

    def _done(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        if not task.cancelled():
            task.exception()  # whoever awaited it has it; a client that is gone does not need it

    async def _consume(self, receiver: str, lanes: Sequence[Lane], batch: Batch) -> None:
        labels = {"receiver": receiver, "transport": batch.context.transport}
        try:
            if receiver not in self._routes:
                raise Busy("the receiver is no longer configured", 1.0, code="stopping")
            if not lanes:
                raise Rejected("unroutable", f"no pipeline takes {batch.signal} from this receiver")
            await self._fan_out(lanes, batch)
        except Busy as busy:
            self._metrics.add(catalogue.RECEIVER_REFUSED[batch.signal], batch.items, reason=busy.code or "busy", **labels)
            raise
        except Rejected as rejected:
            self._metrics.add(catalogue.RECEIVER_FAILED[batch.signal], batch.items, receiver=receiver, reason=rejected.reason)
            raise
        self._metrics.add(catalogue.RECEIVER_ACCEPTED[batch.signal], batch.items, **labels)

    async def _fan_out(self, lanes: Sequence[Lane], batch: Batch) -> None:
        for lane in lanes:
            lane.account.received += batch.items
            lane.account.in_flight += batch.items
        try:
            processed = [(lane, await self._process(lane, batch)) for lane in lanes]
            appended = [(lane, piece) for lane, part in processed if part.items for piece in pieces(part, MAX_ITEMS)]
            if appended:
                await self._journal.append([(lane.id, piece) for lane, piece in appended])
        except BaseException:
            for lane in lanes:
                lane.account.received -= batch.items
                lane.account.in_flight -= batch.items
            raise
        for lane, part in processed:
            lane.account.in_flight -= batch.items
            filtered, sampled_out = part.filtered - batch.filtered, part.sampled_out - batch.sampled_out
            lane.account.filtered += filtered
            lane.account.sampled_out += sampled_out
            lane.account.accepted += part.items
            lane.account.dropped += batch.items - filtered - sampled_out - part.items
        for lane, piece in appended:
            for folder in lane.folders:
                await self._fold(folder, piece)

    async def _process(self, lane: Lane, batch: Batch) -> Batch:
        """Return what the lane's processors leave of the batch: an empty batch when nothing."""
        for index, (name, processor) in enumerate(lane.processors):
            started = time.perf_counter()
            try:
                result = await offload(partial(processor.process, batch), len(batch.payload))
            except Exception as error:
                return await self._failed(lane, index, batch, error)
            finally:
                self._metrics.observe(catalogue.PROCESSOR_SECONDS, time.perf_counter() - started, processor=name)
            if result is None:
                result = batch.replaced(b"", filtered=batch.items)
            self._metrics.add(catalogue.PROCESSOR_INCOMING, batch.items, processor=name, signal=batch.signal)
            self._metrics.add(catalogue.PROCESSOR_OUTGOING, result.items, processor=name, signal=batch.signal)
            batch = result
            if not batch.items:
                break
        return batch

    async def _failed(self, lane: Lane, index: int, batch: Batch, error: Exception) -> Batch:
        """Set a batch aside that a processor failed on; it never goes on unprocessed (delivery contract §8)."""
        name = lane.processors[index][0]
        kind = type(error).__name__
        reason: Reason = "malformed" if isinstance(error, Malformed) else "processor_error"
        redacted = lane.redacted_before(index)
        self._metrics.add(catalogue.PROCESSOR_ERRORS, processor=name, kind=kind)
        self._log.error("a processor failed on a batch", processor=name, error=kind, items=batch.items, kept=redacted)
        letter = DeadLetter(
            signal=batch.signal,
            stage="processor",
            component=name,
            pipeline=lane.id,
            reason=reason,
            message=kind,
            first_seen=batch.context.received_at,
            items=batch.items,
            bytes=len(batch.payload),
            sha256=hashlib.sha256(batch.payload).hexdigest(),
            payload=batch.payload if redacted else None,
        )
        if not redacted:
            await self._dead_letters.note(letter)
            raise Rejected(reason, f"processor {name} failed") from error
        await self._dead_letters.add(letter)
        self._metrics.add(catalogue.DROPPED, batch.items, component=name, signal=batch.signal, reason=reason, dlq="true")
        return Batch(b"", batch.signal, 0, batch.context, batch.filtered, batch.sampled_out)

    async def _fold(self, folder: Folder, batch: Batch) -> None:
        name = folder.exporter.host.id
        folder.account.accepted += batch.items
        try:
            async with folder.lock:
                await offload(partial(folder.exporter.fold, batch), len(batch.payload))
        except Exception as error:
            folder.account.dropped += batch.items
            labels = {"component": name, "signal": batch.signal, "reason": "processor_error", "dlq": "false"}
            self._metrics.add(catalogue.DROPPED, batch.items, **labels)
            self._log.error("an exporter failed on a batch", exporter=name, error=type(error).__name__, items=batch.items)
        else:
            folder.account.sent += batch.items
            self._metrics.add(catalogue.EXPORTER_SENT[batch.signal], batch.items, exporter=name)
