"""A member of a consumer group from its joining to its leaving: which partitions it has, and how far each is safe."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import Final

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from pipeline import Host
from pipeline.telemetry import catalogue
from receivers.kafka.partition import Partition

HELD_BYTES: Final = 64 * 1024 * 1024
"""Of messages in memory; beyond it no further ones are taken in."""
GRACE_SECONDS: Final = 5.0
"""For what is under way when partitions go elsewhere (delivery contract §10.2), and when the daemon stops."""
_POLL_MS: Final = 500
_COMMIT_SECONDS: Final = 1.0


class Session(ConsumerRebalanceListener):  # type: ignore[misc]  # the package has no types
    """Reads from a broker until it is cancelled or something goes wrong; then it has left the group."""

    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        topics: Iterable[str],
        partition: Callable[[str, int], Partition],
        host: Host,
    ) -> None:
        self._consumer = consumer
        self._topics = list(topics)
        self._partition = partition
        self._host = host
        self._log = host.log.bind(receiver=host.id)
        self._partitions: dict[TopicPartition, Partition] = {}
        self._committed: dict[TopicPartition, int] = {}
        self._commit_at = 0.0
        self.joined = False

    async def run(self) -> None:
        """Read. Raises the errors of the client."""
        try:
            self._consumer.subscribe(self._topics, listener=self)
            await self._consumer.start()
            self.joined = True
            while True:
                await self._poll()
                if time.monotonic() >= self._commit_at:
                    await self._commit(await self._offsets())
                    self._show_lag()
                    self._commit_at = time.monotonic() + _COMMIT_SECONDS
        finally:
            await self._leave()

    async def _poll(self) -> None:
        """Take in what there is. When memory is used up only those are asked that are paused anyway: the group sees us alive."""
        busy = [place for place, partition in self._partitions.items() if partition.busy]
        full = sum(partition.held for partition in self._partitions.values()) > HELD_BYTES
        fetched = await self._consumer.getmany(*(busy if full else ()), timeout_ms=_POLL_MS)
        for place, records in fetched.items():
            partition = self._partitions.setdefault(place, self._partition(place.topic, place.partition))
            self._consumer.pause(place)
            partition.take(records, partial(self._resume, place, partition))

    def _resume(self, place: TopicPartition, partition: Partition) -> None:
        if self._partitions.get(place) is partition:
            with suppress(IllegalStateError):
                self._consumer.resume(place)

    # ---- offsets ----

    async def _offsets(self) -> Mapping[TopicPartition, int]:
        """Return where each partition is to go on that was not told so yet.

        One that gave nothing so far is marked too: else `latest` would pass over what comes in while nobody reads.
        """
        offsets = {place: partition.offset for place, partition in self._partitions.items() if partition.offset is not None}
        for place in self._consumer.assignment():
            if place not in self._partitions and place not in self._committed:
                with suppress(TimeoutError):  # one whose leader is away must not hold up the others
                    async with asyncio.timeout(_POLL_MS / 1000):
                        offsets[place] = await self._consumer.position(place)
        return {place: offset for place, offset in offsets.items() if self._committed.get(place) != offset}

    async def _commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        if not offsets:
            return
        try:
            await self._consumer.commit(dict(offsets))
            self._committed.update(offsets)
        except (CommitFailedError, IllegalStateError):  # the partitions went elsewhere: what follows is read there again
            self._log.info("offsets were not committed: partitions have moved", partitions=len(offsets))

    def _show_lag(self) -> None:
        for place in self._consumer.assignment() & self._partitions.keys():
            end, partition = self._consumer.highwater(place), self._partitions[place]
            if end is not None and partition.offset is not None:
                lag = max(end - partition.offset, 0)
                self._host.metrics.set(catalogue.RECEIVER_KAFKA_LAG, lag, **self._labels(place))

    def _labels(self, place: TopicPartition) -> Mapping[str, str]:
        return {"receiver": self._host.id, "topic": place.topic, "partition": str(place.partition)}

    # ---- partitions come and go ----

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:  # noqa: ARG002  # each time it is all of them
        """Let what is under way end, commit, and forget the rest: it is read again, here or elsewhere."""
        await self._settle()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Begin anew where the group's offsets say."""

    async def _settle(self) -> None:
        leaving, self._partitions = self._partitions, {}
        await asyncio.gather(*(partition.stop(GRACE_SECONDS) for partition in leaving.values()))
        offsets = {place: partition.offset for place, partition in leaving.items() if partition.offset is not None}
        try:
            await self._commit({place: offset for place, offset in offsets.items() if self._committed.get(place) != offset})
        except KafkaError as error:
            self._log.warning("offsets were not committed: messages will come twice", error=type(error).__name__)
        self._committed.clear()
        for place in leaving:
            self._host.metrics.remove(catalogue.RECEIVER_KAFKA_LAG, **self._labels(place))

    async def _leave(self) -> None:
        try:
            async with asyncio.timeout(2 * GRACE_SECONDS):
                await self._settle()
        except TimeoutError:
            self._log.warning("offsets were not committed in time: messages will come twice")
        try:
            async with asyncio.timeout(GRACE_SECONDS):
                await self._consumer.stop()
        except (TimeoutError, KafkaError) as error:
            self._log.warning("the group was not left properly", error=type(error).__name__)
