"""What tests do with topics of the real broker."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from tests.parts.kafka import KafkaBroker


async def new_topic(broker: KafkaBroker, partitions: int = 2, **settings: str) -> str:
    """Make a topic of a name that no other has."""
    name = f"t{uuid4().hex[:12]}"
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.address)
    await admin.start()
    try:
        topic = NewTopic(name, partitions, 1, topic_configs={key.replace("_", "."): value for key, value in settings.items()})
        await admin.create_topics([topic])
    finally:
        await admin.close()
    return name


@asynccontextmanager
async def producing(broker: KafkaBroker) -> AsyncIterator[Any]:
    """A plain producer, as anybody may have."""
    producer = AIOKafkaProducer(bootstrap_servers=broker.address, acks="all")
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def messages(broker: KafkaBroker, topic: str, count: int) -> Sequence[Any]:
    """Return the first messages of a topic, as many as that."""
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=broker.address, auto_offset_reset="earliest")
    await consumer.start()
    found: list[Any] = []
    try:
        async with asyncio.timeout(20):
            while len(found) < count:
                for records in (await consumer.getmany(timeout_ms=100)).values():
                    found += records
    finally:
        await consumer.stop()
    return found


async def committed(broker: KafkaBroker, group: str, topic: str, partition: int = 0) -> int | None:
    """Return where a group goes on in a partition."""
    consumer = AIOKafkaConsumer(bootstrap_servers=broker.address, group_id=group, enable_auto_commit=False)
    consumer.assign([TopicPartition(topic, partition)])
    await consumer.start()
    try:
        offset: int | None = await consumer.committed(TopicPartition(topic, partition))
    finally:
        await consumer.stop()
    return offset
