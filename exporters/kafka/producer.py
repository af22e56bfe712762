"""The client behind the exporter: connects when it is first used, and hands out a fresh one when the last is spoilt."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError, UnknownTopicOrPartitionError

from pipeline.net.kafka import cause, start_producer, stop_producer

_GRACE_SECONDS: Final = 5.0


class Message(NamedTuple):
    """A message to a partition."""

    partition: int
    value: bytes


@dataclass
class Delivery:
    """A request on its way: what an attempt leaves under way, the next one goes on waiting for, so nothing is sent twice."""

    way: object = None
    """Topic and encoding of the messages: a reload may change them between two attempts."""
    messages: Sequence[Message] = ()
    under_way: dict[int, "asyncio.Future[Any]"] = field(default_factory=dict)
    """By the place of their message; those that were confirmed stay."""


class Producer:
    """Sends to one cluster with the arguments of an aiokafka producer; waits `patience` seconds for a topic to appear."""

    def __init__(self, arguments: dict[str, Any], patience: float) -> None:
        self._arguments = arguments
        self._patience = patience
        self._starting = asyncio.Lock()
        self._producer: AIOKafkaProducer | None = None
        self._closing: set[asyncio.Task[None]] = set()

    async def partitions(self, topic: str) -> int:
        """Return how many partitions a topic has. Raises `UnknownTopicOrPartitionError` when a broker says there is none."""
        producer = await self._started()
        with suppress(TimeoutError, UnknownTopicOrPartitionError):  # a topic may be in the making
            async with asyncio.timeout(self._patience):
                return len(await producer.partitions_for(topic))
        if not await producer.client.force_metadata_update():
            raise TimeoutError  # nobody was there to ask
        if topic in producer.client.cluster.unauthorized_topics:
            raise TopicAuthorizationFailedError
        raise UnknownTopicOrPartitionError

    async def deliver(self, topic: str, delivery: Delivery, headers: Sequence[tuple[str, bytes]]) -> None:
        """See all messages confirmed. Raises the first error; those that failed are sent anew the next time."""
        for place, message in enumerate(delivery.messages):
            if place not in delivery.under_way:
                producer = await self._started()
                future = await producer.send(topic, message.value, partition=message.partition, headers=headers)
                future.add_done_callback(partial(self._look_at, producer))
                delivery.under_way[place] = future
        if delivery.under_way:
            await asyncio.wait(delivery.under_way.values())
        failed = {place: future for place, future in delivery.under_way.items() if future.cancelled() or future.exception()}
        for place in failed:
            del delivery.under_way[place]
        for future in failed.values():
            future.result()

    async def aclose(self) -> None:
        """Close the connections; what is not confirmed within some seconds is given up here, and kept by the journal."""
        self._replace()
        if self._closing:
            await asyncio.wait(self._closing)

    async def _started(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._producer is None:
                try:
                    self._producer = await start_producer(self._arguments, _GRACE_SECONDS)
                except KafkaError as error:
                    raise await cause(error, self._arguments) from None
            return self._producer

    def _replace(self) -> None:
        """Begin anew with the next message; what the old producer has under way it may still deliver."""
        producer, self._producer = self._producer, None
        if producer is not None:
            task = asyncio.create_task(stop_producer(producer, _GRACE_SECONDS))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    def _look_at(self, producer: AIOKafkaProducer, future: "asyncio.Future[Any]") -> None:
        """Replace a producer whose message failed, though nobody may wait for the message any more."""
        if (future.cancelled() or future.exception() is not None) and producer is self._producer:
            self._replace()
