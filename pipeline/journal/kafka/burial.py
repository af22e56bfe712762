"""Where goes what can't be delivered: to the dead-letter topic, with what it is, where it was, and why."""

import asyncio
import hashlib
from collections.abc import Sequence
from typing import Final

import structlog
from aiokafka.errors import KafkaError
from aiokafka.structs import ConsumerRecord

from pipeline import wire
from pipeline.batch import MAX_ITEMS
from pipeline.errors import Busy
from pipeline.journal.kafka.message import OVERHEAD, Headers, headers
from pipeline.journal.kafka.offsets import Offsets
from pipeline.journal.kafka.producer import Producer
from pipeline.journal.kafka.topics import Topic
from pipeline.journal.letter import DeadLetter
from pipeline.telemetry import catalogue
from pipeline.telemetry.metrics import Metrics

SEND_SECONDS: Final = 10.0
RETRY_SECONDS: Final = 5.0

_log = structlog.get_logger("journal")


class Burial:
    """Sets messages and dead letters aside."""

    def __init__(self, topic: Topic, producer: Producer, metrics: Metrics) -> None:
        self._topic = topic.name
        self._limit = topic.max_message_bytes - 2 * OVERHEAD
        self._producer = producer
        self._metrics = metrics

    async def bury(self, record: ConsumerRecord, offsets: Offsets, error: str) -> None:
        """Set a message aside and settle its offset. While that fails, its partition stops and it is tried again."""
        place = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
        told = [
            ("reason", b"poison"),
            ("source-topic", record.topic.encode()),
            ("partition", str(record.partition).encode()),
            ("offset", str(record.offset).encode()),
            ("error", error.encode()),
        ]
        own = sum(len(name) + len(value or b"") for name, value in record.headers)
        while True:
            try:
                await self._send(record.value or b"", [*told, *(record.headers if own < OVERHEAD else ())])
                break
            except (KafkaError, OSError, TimeoutError) as failure:
                offsets.stopped = True
                self._metrics.add(catalogue.JOURNAL_ERRORS, op="kafka_dead_letter")
                _log.error("a partition stops: the dead-letter topic can't be written", error=type(failure).__name__, **place)
            await asyncio.sleep(RETRY_SECONDS)
        offsets.stopped = False
        offsets.settle(record.offset)
        self._metrics.add(catalogue.KAFKA_POISON, topic=record.topic, partition=str(record.partition))
        _log.warning("a message is no batch: it went to the dead-letter topic", why=error, **place)

    async def keep(self, letter: DeadLetter, source: str) -> None:
        """Keep what an exporter gave up. It may come of several messages, so it has no offset. Raises `Busy`."""
        told = [
            ("reason", letter.reason.encode()),
            ("source-topic", source.encode()),
            ("component", letter.component.encode()),
            ("code", letter.code.encode()),
            ("error", letter.message[: OVERHEAD // 4].encode()),
        ]
        try:
            for piece in self._pieces(letter):
                await self._send(piece, [*told, *headers("none", letter.first_seen)])
        except (KafkaError, OSError, TimeoutError) as failure:
            self._metrics.add(catalogue.JOURNAL_ERRORS, op="kafka_dead_letter")
            raise Busy(f"the dead-letter topic can't be written: {type(failure).__name__}", RETRY_SECONDS) from failure

    def _pieces(self, letter: DeadLetter) -> Sequence[bytes]:
        if letter.payload is None:
            return [b""]
        try:
            return wire.split(letter.payload, letter.signal, max_items=MAX_ITEMS, max_bytes=self._limit)
        except wire.Malformed:
            return [letter.payload]

    async def _send(self, value: bytes, told: Headers) -> None:
        """Return when a message is safe. Of one that is too large, its size and its digest are kept."""
        if len(value) > self._limit:
            digest = hashlib.sha256(value).hexdigest().encode()
            told, value = [*told, ("bytes", str(len(value)).encode()), ("sha256", digest)], b""
        async with asyncio.timeout(SEND_SECONDS):
            await asyncio.shield(await self._producer.send(self._topic, 0, value, told))
