"""An exporter's consumer group in a lane's topic: reads ahead within a budget, commits what is settled (delivery contract §10.2).

The offset that is committed is the low-water mark of each partition, once a second, when partitions are taken from us, and at the
end. Whatever comes between, a message is read again by somebody until an offset behind it was committed.
"""

import asyncio
import time
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from aiokafka.structs import ConsumerRecord, TopicPartition
from msgspec import Struct

from pipeline.journal import Backlog, Cursor, Entry
from pipeline.journal.kafka.burial import Burial
from pipeline.journal.kafka.message import Undecodable, unpack
from pipeline.journal.kafka.offsets import Offsets
from pipeline.journal.kafka.topics import BUDGET, CLOSE_SECONDS, Topic
from pipeline.offload import offload
from pipeline.settings import SendingQueue, signal_of
from pipeline.telemetry import catalogue
from pipeline.telemetry.metrics import Metrics

IN_FLIGHT_BYTES: Final = 32 * 1024 * 1024
"""OTLP bytes that an exporter holds of a lane before it pauses; it goes on at half of it."""
FETCH_BYTES: Final = 8 * 1024 * 1024
POLL_SECONDS: Final = 0.2
COMMIT_SECONDS: Final = 1.0
REVOKE_SECONDS: Final = 5.0
"""How long partitions that are taken from us wait for what is in flight."""
REQUEST_SECONDS: Final = 5.0
RETRY_SECONDS: Final = 1.0
METADATA_SECONDS: Final = 5.0
"""How often a consumer asks which partitions there are: one that joined while a broker came up may have been told of none, and
would be assigned none until it asks again."""
SESSION_SECONDS: Final = 10.0
STATIC_SESSION_SECONDS: Final = 45.0
"""Of a node with a name: it may be away for so long and finds its partitions again."""

_log = structlog.get_logger("journal")


class Held(Struct, eq=False):
    """An entry that was read from the topic and is not settled."""

    entry: Entry
    partition: TopicPartition
    offsets: Offsets
    offset: int


class GroupReader(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka tells no types
    """Reads one lane for one exporter, together with its equals on other nodes."""

    def __init__(
        self,
        cursor: Cursor,
        topic: Topic,
        group: str,
        instance: str | None,
        queue: SendingQueue,
        connection: Mapping[str, Any],
        burial: Burial,
        metrics: Metrics,
    ) -> None:
        self.cursor = cursor
        self.accepted = 0
        """Items that were read from the topic."""
        self.failing = False
        """Whether the brokers did not answer when last asked."""
        self._topic = topic.name
        self._retention = topic.retention_ms / 1000
        self._burial = burial
        self._metrics = metrics
        self._signal = signal_of(cursor.lane)
        self._capacity = BUDGET if queue.max_bytes is None else queue.max_bytes
        # The assignor of aiokafka remembers an assignment in its class: each group needs one of its own.
        assignor = type("StickyAssignor", (StickyPartitionAssignor,), {})
        self._arguments = {
            **connection,
            "group_id": f"{group}.{cursor.lane}.{cursor.exporter}",
            "group_instance_id": instance,
            "session_timeout_ms": int((SESSION_SECONDS if instance is None else STATIC_SESSION_SECONDS) * 1000),
            "rebalance_timeout_ms": 30_000,
            "partition_assignment_strategy": (assignor,),
            "enable_auto_commit": False,
            "auto_offset_reset": "earliest",
            "fetch_max_bytes": FETCH_BYTES,
            "metadata_max_age_ms": int(METADATA_SECONDS * 1000),
        }
        self._consumer: AIOKafkaConsumer | None = None
        self._partitions: dict[TopicPartition, Offsets] = {}
        self._carried: dict[TopicPartition, Offsets] = {}
        """Partitions that were taken from us while something of them was in flight."""
        self._unread: deque[Held] = deque()
        self._held: dict[int, Held] = {}
        """What was read by the exporter, by position."""
        self._position = 0
        self._items = self._bytes = 0
        self._full = self._draining = False
        self._more = asyncio.Event()
        self._progress = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._burying: set[asyncio.Task[None]] = set()
        self._patience = REQUEST_SECONDS

    def start(self) -> None:
        """Join the group."""
        self._metrics.watch(catalogue.KAFKA_RETENTION, self._retention_used, exporter=self.cursor.exporter, topic=self._topic)
        self._task = asyncio.create_task(self._run(), name=f"kafka reader {self.cursor.exporter}")

    async def aclose(self) -> None:
        """Commit what is settled, and leave the group, as far as a broker answers in time."""
        self._patience = CLOSE_SECONDS
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._metrics.remove(catalogue.KAFKA_RETENTION, exporter=self.cursor.exporter, topic=self._topic)
        for task in self._burying:
            task.cancel()
        if self._burying:
            await asyncio.wait(self._burying)

    # ---- the exporter's side ----

    async def read(self, max_bytes: int) -> Sequence[Entry]:
        """Return the next entries, as `Journal.read` does."""
        while not self._unread:
            self._more.clear()
            await self._more.wait()
        entries: list[Entry] = []
        while self._unread:
            held = self._unread[0]
            max_bytes -= len(held.entry.batch.payload)
            if entries and max_bytes < 0:
                break
            self._unread.popleft()
            self._held[held.entry.position] = held
            entries.append(held.entry)
        return entries

    def settle(self, positions: Sequence[int]) -> None:
        """Be done with entries."""
        for position in positions:
            held = self._held.pop(position, None)
            if held is not None:
                held.offsets.settle(held.offset)
                self._items -= held.entry.batch.items
                self._bytes -= len(held.entry.batch.payload)
        self._progress.set()

    def rewind(self) -> None:
        """Give again what was read and not settled."""
        self._unread.extendleft(reversed(self._held.values()))
        self._held = {}
        self._more.set()

    def drain(self) -> None:
        """Take nothing more from the topic."""
        self._draining = True

    def resume(self) -> None:
        """Take from the topic again."""
        self._draining = False

    def backlog(self) -> Backlog:
        """Return the account of what this node holds; what waits in the topic is `sluice_kafka_lag`."""
        oldest = next(iter((*self._held.values(), *self._unread)), None) if self._items else None
        return Backlog(
            self._signal,
            self._bytes,
            len(self._held) + len(self._unread),
            self._items,
            oldest.entry.batch.context.received_at if oldest else 0,
            0,
            self.accepted,
            self._capacity,
        )

    # ---- the topic's side ----

    async def _run(self) -> None:
        """Read until cancelled; a consumer that fails is replaced."""
        while True:
            consumer = AIOKafkaConsumer(**self._arguments)
            try:
                await consumer.start()
                self._consumer = consumer
                consumer.subscribe([self._topic], listener=self)
                await self._poll(consumer)
            except Exception as error:  # whatever ails the client: without a reader the lane would stand still
                self._metrics.add(catalogue.JOURNAL_ERRORS, op="kafka_read")
                _log.warning(
                    "a topic can't be read", topic=self._topic, exporter=self.cursor.exporter, error=type(error).__name__
                )
            finally:
                await self._commit(self._partitions)
                self._consumer = None
                self._let_go(self._partitions)
                await _close(consumer, self._patience)
            await asyncio.sleep(RETRY_SECONDS)

    async def _poll(self, consumer: AIOKafkaConsumer) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + COMMIT_SECONDS
        committing: asyncio.Task[None] | None = None
        try:
            while True:
                self._regulate(consumer)
                fetched = await consumer.getmany(timeout_ms=int(POLL_SECONDS * 1000))
                self.failing = self.failing and not fetched
                for partition, records in fetched.items():
                    await self._take(partition, records)
                if loop.time() >= due and (committing is None or committing.done()):
                    due = loop.time() + COMMIT_SECONDS
                    committing = asyncio.create_task(self._commit(self._partitions))
        finally:
            if committing is not None:
                committing.cancel()
                await asyncio.wait([committing])

    async def _take(self, partition: TopicPartition, records: Sequence[ConsumerRecord]) -> None:
        """Make entries of messages, unless their partition is taken from us in between: then they are read again."""
        offsets = self._partitions.get(partition)
        for record in records:
            decode = partial(unpack, record.value, record.headers, self._signal, record.timestamp)
            try:
                batch = await offload(decode, record.serialized_value_size)
            except Undecodable as error:
                if offsets is not None and self._partitions.get(partition) is offsets and offsets.take(record.offset):
                    self._bury(record, offsets, str(error))
                continue
            if offsets is None or self._partitions.get(partition) is not offsets:
                return
            if offsets.take(record.offset):
                self._position += 1
                self._unread.append(Held(Entry(self._position, batch), partition, offsets, record.offset))
                self._items += batch.items
                self._bytes += len(batch.payload)
                self.accepted += batch.items
        self._more.set()

    def _bury(self, record: ConsumerRecord, offsets: Offsets, error: str) -> None:
        """Set a message aside; its offset moves only then."""
        task = asyncio.create_task(self._burial.bury(record, offsets, error))
        self._burying.add(task)
        task.add_done_callback(self._buried)

    def _buried(self, task: asyncio.Task[None]) -> None:
        self._burying.discard(task)
        self._progress.set()

    def _regulate(self, consumer: AIOKafkaConsumer) -> None:
        """Pause what should not be read on; polling goes on all the same, or the group would take us for dead."""
        self._full = self._bytes > (IN_FLIGHT_BYTES // 2 if self._full else IN_FLIGHT_BYTES)
        paused = consumer.paused()
        for partition, offsets in self._partitions.items():
            wanted = self._full or self._draining or offsets.stopped
            if wanted != (partition in paused):
                (consumer.pause if wanted else consumer.resume)(partition)

    # ---- rebalances ----

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Stop reading, wait a little for what is in flight, commit, and forget the rest."""
        gone = {partition: offsets for partition, offsets in self._partitions.items() if partition in revoked}
        self._drop_unread(gone)
        with suppress(TimeoutError):
            async with asyncio.timeout(REVOKE_SECONDS):
                while any(offsets.under_way for offsets in gone.values()):
                    self._progress.clear()
                    await self._progress.wait()
        await self._commit(gone)
        self._let_go(gone)

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Begin to read. What is still in flight of a partition that comes back is not read twice."""
        back = {}
        for partition in assigned:
            offsets = self._carried.pop(partition, None)
            if offsets is not None and offsets.under_way:
                back[partition] = offsets
                offsets.came_back()
            else:
                offsets = Offsets()
            self._partitions[partition] = offsets
            self._show(partition, offsets)
        self._carried = {partition: offsets for partition, offsets in self._carried.items() if offsets.under_way}
        for partition, offsets in back.items():
            await self._ask_committed(partition, offsets)

    async def _ask_committed(self, partition: TopicPartition, offsets: Offsets) -> None:
        """Learn how far others have come meanwhile. Without an answer we commit what we know, and something is read twice."""
        if self._consumer is not None:
            with suppress(KafkaError, TimeoutError):
                async with asyncio.timeout(REQUEST_SECONDS):
                    offsets.committed = max(offsets.committed, (await self._consumer.committed(partition)) or 0)

    def _drop_unread(self, gone: Mapping[TopicPartition, Offsets]) -> None:
        """Forget what no exporter has read yet."""
        kept: deque[Held] = deque()
        for held in self._unread:
            if gone.get(held.partition) is held.offsets:
                self._forget(held)
            else:
                kept.append(held)
        self._unread = kept

    def _forget(self, held: Held) -> None:
        held.offsets.give_back(held.offset)
        self._items -= held.entry.batch.items
        self._bytes -= len(held.entry.batch.payload)
        self.accepted -= held.entry.batch.items

    def _let_go(self, gone: Mapping[TopicPartition, Offsets]) -> None:
        self._drop_unread(gone)
        for partition, offsets in list(gone.items()):
            self._partitions.pop(partition, None)
            if offsets.under_way:
                self._carried[partition] = offsets
            labels = {"exporter": self.cursor.exporter, "topic": partition.topic, "partition": str(partition.partition)}
            self._metrics.remove(catalogue.KAFKA_LAG, **labels)
            self._metrics.remove(catalogue.KAFKA_PAUSED, **labels)

    async def _commit(self, partitions: Mapping[TopicPartition, Offsets]) -> None:
        """Commit what is settled. What can't be committed now is later, or is read again by whoever has the partition then."""
        consumer = self._consumer
        owed = {partition: low for partition, offsets in partitions.items() if (low := offsets.owed) is not None}
        if consumer is None or not owed:
            return
        try:
            async with asyncio.timeout(self._patience):
                await consumer.commit(owed)
        except (KafkaError, OSError, TimeoutError) as error:
            if not isinstance(error, (CommitFailedError, IllegalStateError)):  # these say that the partition is somebody else's
                self._failed(error)
            return
        if self.failing:
            self.failing = False
            _log.info("the brokers answer again", topic=self._topic, exporter=self.cursor.exporter)
        for partition, low in owed.items():
            if (offsets := partitions.get(partition)) is not None:
                offsets.committed = max(offsets.committed, low)

    def _failed(self, error: Exception) -> None:
        if not self.failing:
            _log.warning(
                "the brokers do not answer", topic=self._topic, exporter=self.cursor.exporter, error=type(error).__name__
            )
        self.failing = True

    # ---- what is shown ----

    def _show(self, partition: TopicPartition, offsets: Offsets) -> None:
        labels = {"exporter": self.cursor.exporter, "topic": partition.topic, "partition": str(partition.partition)}
        self._metrics.watch(catalogue.KAFKA_LAG, partial(self._lag, partition, offsets), **labels)
        self._metrics.watch(catalogue.KAFKA_PAUSED, partial(self._paused, partition), **labels)

    def _lag(self, partition: TopicPartition, offsets: Offsets) -> float:
        consumer = self._consumer
        if consumer is None or partition not in consumer.assignment():
            return 0.0
        end, low = consumer.highwater(partition), offsets.low
        return 0.0 if end is None or low is None else float(max(end - low, 0))

    def _retention_used(self) -> float:
        oldest = min((held.entry.batch.context.received_at for held in (*self._held.values(), *self._unread)), default=0)
        return max(time.time() - oldest / 1e9, 0.0) / self._retention if oldest and self._retention > 0 else 0.0

    def _paused(self, partition: TopicPartition) -> float:
        consumer = self._consumer
        return float(consumer is not None and partition in consumer.assignment() and partition in consumer.paused())


async def _close(consumer: AIOKafkaConsumer, patience: float) -> None:
    """Leave the group; without brokers, just go."""
    stopping = asyncio.ensure_future(consumer.stop())
    done, _ = await asyncio.wait([stopping], timeout=patience)
    if not done:
        stopping.cancel()
        await asyncio.wait([stopping])
        await consumer._client.close()  # noqa: SLF001  # a stop that is cancelled leaves its connections open
    elif stopping.exception() is not None:
        _log.debug("a consumer did not stop cleanly", error=type(stopping.exception()).__name__)
