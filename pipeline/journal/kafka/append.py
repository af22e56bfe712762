"""The way into a lane's topic: what waits is merged, divided among the partitions, and acknowledged when every part is.

There is no artificial delay: while the brokers answer for some messages, the next ones gather.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final

import structlog
from aiokafka.errors import KafkaError

from pipeline import wire
from pipeline.batch import MAX_ITEMS, Batch, merge
from pipeline.errors import Busy, Rejected
from pipeline.journal.kafka.message import OVERHEAD, headers, pack
from pipeline.journal.kafka.producer import Producer
from pipeline.journal.kafka.topics import Topic
from pipeline.offload import offload
from pipeline.settings import JournalSettings
from pipeline.telemetry import catalogue
from pipeline.telemetry.metrics import Metrics

GROUP_BYTES: Final = 4 * 1024 * 1024
"""Most that is merged into one message a partition."""
FLIGHTS: Final = 2
"""Groups of a lane that are under way at a time."""

Waiting = tuple[Batch, "asyncio.Future[None]"]
TooLarge = Callable[[str, Sequence[Batch]], Awaitable[None]]
"""Takes items of a lane that are larger than its topic takes; returns when they are safe elsewhere."""

_log = structlog.get_logger("journal")


class Appender:
    """Appends to one lane."""

    def __init__(
        self, lane: str, topic: Topic, producer: Producer, settings: JournalSettings, too_large: TooLarge, metrics: Metrics
    ) -> None:
        self.lane = lane
        self.pending = 0
        """Bytes that wait or are under way."""
        self.acknowledged = 0
        """Groups."""
        self._topic = topic
        self._limit = topic.max_message_bytes - OVERHEAD
        self._producer = producer
        self._compression = settings.compression
        self._too_large = too_large
        self._metrics = metrics
        self._waiting: deque[Waiting] = deque()
        self._flights: set[asyncio.Task[None]] = set()

    def put(self, batch: Batch) -> "asyncio.Future[None]":
        """Take a batch; the future is done when it is safe, or fails with `Busy`. Nobody waits any more once it is cancelled."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        while self._waiting and self._waiting[0][1].done():
            self.pending -= len(self._waiting.popleft()[0].payload)
        self._waiting.append((batch, future))
        self.pending += len(batch.payload)
        if len(self._flights) < FLIGHTS:
            flight = asyncio.ensure_future(self._fly())
            self._flights.add(flight)
            flight.add_done_callback(self._flights.discard)
        return future

    async def aclose(self) -> None:
        """Answer those who wait, and give up what is under way."""
        for flight in self._flights:
            flight.cancel()
        if self._flights:
            await asyncio.wait(self._flights)
        for _, future in self._waiting:
            if not future.done():
                future.set_exception(Busy("stopping", 1.0, code="stopping"))

    async def _fly(self) -> None:
        while group := self._group():
            await self._deliver(group)

    async def _deliver(self, group: Sequence[Waiting]) -> None:
        """Send a group and answer for it. What can't be divided is refused alone."""
        started = time.perf_counter()
        try:
            await self._send(merge([batch for batch, _ in group]))
        except wire.Malformed as error:
            if len(group) == 1:
                self._answer(group, Rejected("malformed", f"the batch can't be divided: {error}"))
            for one in group if len(group) > 1 else ():
                await self._deliver([one])
        except Busy as busy:
            self._answer(group, busy)
        except Exception as error:
            name = type(error).__name__
            if not isinstance(error, KafkaError):
                _log.error("an append failed", topic=self._topic.name, error=name)
            self._metrics.add(catalogue.JOURNAL_ERRORS, op="kafka_append")
            self._answer(group, Busy(f"the brokers failed: {name}", 1.0, code="journal_failed"))
        except BaseException:
            self._answer(group, Busy("stopping", 1.0, code="stopping"))
            raise
        else:
            self._metrics.observe(catalogue.JOURNAL_COMMIT_SECONDS, time.perf_counter() - started)
            self._metrics.add(catalogue.JOURNAL_COMMITS)
            self.acknowledged += 1
            self._answer(group, None)

    def _answer(self, group: Sequence[Waiting], error: Exception | None) -> None:
        for batch, future in group:
            self.pending -= len(batch.payload)
            if not future.done():
                if error is None:
                    future.set_result(None)
                else:
                    future.set_exception(error)

    def _group(self) -> list[Waiting]:
        """Return what is sent next; what nobody waits for any more is dropped."""
        group: list[Waiting] = []
        size = items = 0
        while self._waiting:
            batch, future = self._waiting[0]
            if not future.done():
                size += len(batch.payload)
                items += batch.items
                if group and (size > GROUP_BYTES or items > MAX_ITEMS):
                    break
                group.append((batch, future))
            else:
                self.pending -= len(batch.payload)
            self._waiting.popleft()
        return group

    async def _send(self, batch: Batch) -> None:
        """Return when every partition's part is acknowledged. Raises `KafkaError`."""
        count = await self._producer.partitions(self._topic.name)
        parts = await offload(partial(wire.partition, batch.payload, batch.signal, count), len(batch.payload))
        told = headers(self._compression, batch.context.received_at)
        sent = []
        for number, part in enumerate(parts):
            if part is not None:
                for piece in await self._fitting(part, batch):
                    value = pack(piece, self._compression)
                    sent.append(await self._producer.send(self._topic.name, number, value, told))
        for future in sent:
            await asyncio.shield(future)

    async def _fitting(self, part: bytes, whole: Batch) -> Sequence[bytes]:
        """Return a part as values that the topic takes; single items that are too large are set aside first."""
        if len(part) <= self._limit:
            return [part]
        split = partial(wire.split, part, whole.signal, max_items=MAX_ITEMS, max_bytes=self._limit)
        pieces = await offload(split, len(part))
        large = [Batch(piece, whole.signal, 1, whole.context) for piece in pieces if len(piece) > self._limit]
        if large:
            await self._too_large(self.lane, large)
        return [piece for piece in pieces if len(piece) <= self._limit]
