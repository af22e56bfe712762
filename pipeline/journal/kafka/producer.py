"""The producer of a node. One that failed is replaced in the background; until then nothing can be sent."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.structs import RecordMetadata

from pipeline.journal.kafka.message import Headers
from pipeline.journal.kafka.topics import CLOSE_SECONDS
from pipeline.net.kafka import start_producer, stop_producer

RENEW_SECONDS: Final = 5.0
"""How long a producer that failed may take to end."""
REQUEST_SECONDS: Final = 10.0
NO_TIMESTAMP: Final = -1
"""A broker refuses what is an hour ahead of its clock, and deletes what is older than the topic's retention: with a timestamp, a
node whose clock is wrong could append nothing, or lose what was acknowledged. Messages without one age by the brokers' clock."""

_log = structlog.get_logger("journal")


class Producer:
    """Sends messages, each once, and to as many in-sync replicas as the topic asks for."""

    def __init__(self, connection: Mapping[str, Any], max_message_bytes: int) -> None:
        self._connection = connection
        self.max_message_bytes = max_message_bytes
        self._client: AIOKafkaProducer | None = None
        self._renewing: asyncio.Task[None] | None = None
        self._grace = RENEW_SECONDS

    async def open(self) -> None:
        """Connect. Raises what aiokafka raises."""
        arguments = {
            **self._connection,
            "max_batch_size": self.max_message_bytes,
            "max_request_size": self.max_message_bytes,
            "request_timeout_ms": int(REQUEST_SECONDS * 1000),
        }
        self._client = await start_producer(arguments, self._grace)

    async def aclose(self) -> None:
        """Send what waits, as far as a broker takes it within `CLOSE_SECONDS`, and disconnect."""
        self._grace = CLOSE_SECONDS
        if self._renewing is not None:
            self._renewing.cancel()
            await asyncio.wait([self._renewing])
        client, self._client = self._client, None  # or its failures would have it replaced
        if client is not None:
            await stop_producer(client, self._grace)

    async def partitions(self, topic: str) -> int:
        """Return how many partitions a topic has."""
        return len(await self._connected().partitions_for(topic))

    async def send(self, topic: str, partition: int, value: bytes, headers: Headers) -> "asyncio.Future[RecordMetadata]":
        """Begin to send a message; the future is done when it is acknowledged. Raises `KafkaError`."""
        client = self._connected()
        future: asyncio.Future[RecordMetadata] = await client.send(
            topic, value, partition=partition, timestamp_ms=NO_TIMESTAMP, headers=headers
        )
        future.add_done_callback(lambda done: self._watch(client, done))
        return future

    def _connected(self) -> AIOKafkaProducer:
        if self._client is None:
            raise KafkaError("the producer is being replaced")
        return self._client

    def _watch(self, client: AIOKafkaProducer, done: "asyncio.Future[RecordMetadata]") -> None:
        if not done.cancelled() and done.exception() is not None and client is self._client:
            _log.warning("the brokers refused a message: connecting anew", error=type(done.exception()).__name__)
            self._client = None
            self._renewing = asyncio.ensure_future(self._renew(client))

    async def _renew(self, failed: AIOKafkaProducer) -> None:
        await stop_producer(failed, self._grace)
        while True:
            try:
                async with asyncio.timeout(REQUEST_SECONDS):
                    return await self.open()
            except (KafkaError, OSError, TimeoutError) as error:
                _log.warning("no broker to send to", error=type(error).__name__)
                await asyncio.sleep(1.0)
