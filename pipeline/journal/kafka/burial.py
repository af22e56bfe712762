"""Where messages go that are no batches: to the dead-letter topic, with what they are and where they were."""

import asyncio
from typing import Final

import structlog
from aiokafka.errors import KafkaError
from aiokafka.structs import ConsumerRecord

from pipeline.journal.kafka.offsets import Offsets
from pipeline.journal.kafka.producer import Producer
from pipeline.telemetry import catalogue
from pipeline.telemetry.metrics import Metrics

SEND_SECONDS: Final = 10.0
RETRY_SECONDS: Final = 5.0

_log = structlog.get_logger("journal")


class Burial:
    """Sets messages aside."""

    def __init__(self, topic: str, producer: Producer, metrics: Metrics) -> None:
        self._topic = topic
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
        while True:
            try:
                async with asyncio.timeout(SEND_SECONDS):
                    await asyncio.shield(await self._producer.send(self._topic, 0, record.value, [*told, *record.headers]))
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
