"""What a topic of a Kafka journal holds, read by a plain client: tells a record that is lost from one that nobody delivers."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import zstandard
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from opentelemetry.proto.logs.v1.logs_pb2 import LogsData

from tests.parts.kafka import KafkaBroker

Place = tuple[int, int]
"""Of a message: its partition and its offset."""


def ids_in_topic(broker: KafkaBroker, topic: str) -> Mapping[str, Place]:
    """Return where each id is; the last place of one that was sent twice."""
    return asyncio.run(_ids(broker, topic))


def committed(broker: KafkaBroker, group: str) -> Mapping[int, int]:
    """Return where a consumer group goes on, by partition."""
    return asyncio.run(_committed(broker, group))


async def _ids(broker: KafkaBroker, topic: str) -> Mapping[str, Place]:
    found: dict[str, Place] = {}
    async with AIOKafkaConsumer(topic, bootstrap_servers=broker.address, auto_offset_reset="earliest") as consumer:
        ends = await consumer.end_offsets(consumer.assignment())
        async with asyncio.timeout(60):
            while any([await consumer.position(partition) < end for partition, end in ends.items()]):
                for partition, records in (await consumer.getmany(timeout_ms=200)).items():
                    for record in records:
                        found.update(dict.fromkeys(_ids_of(record), (partition.partition, record.offset)))
    return found


def _ids_of(record: Any) -> Sequence[str]:
    value = record.value
    if dict(record.headers)["content-encoding"] == b"zstd":
        value = zstandard.ZstdDecompressor().decompressobj().decompress(value)
    return [
        one.body.string_value
        for resource in LogsData.FromString(value).resource_logs
        for scope in resource.scope_logs
        for one in scope.log_records
    ]


async def _committed(broker: KafkaBroker, group: str) -> Mapping[int, int]:
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.address)
    await admin.start()
    try:
        offsets = await admin.list_consumer_group_offsets(group)
    finally:
        await admin.close()
    return {partition.partition: told.offset for partition, told in offsets.items()}
