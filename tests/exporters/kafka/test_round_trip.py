"""From the exporter through a real broker to the receiver."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from exporters.kafka import Config, Kafka
from pipeline import Batch, Host, wire
from pipeline.types import Signal
from receivers.kafka import Config as ReceiverConfig
from receivers.kafka import Kafka as Receiver
from tests.contracts.samples import sample
from tests.parts.kafka import KafkaBroker
from tests.parts.kafka_topics import new_topic
from tests.receivers.serving import Sink, serving

pytestmark = pytest.mark.part("kafka")


def exporter(host: Host, **settings: Any) -> Kafka:
    kafka = Kafka(Config(**settings))
    kafka.host = replace(host, id="kafka")
    return kafka


def source(signal: Signal, topic: str, encoding: str = "otlp_proto") -> dict[str, Any]:
    from receivers.kafka import Logs, Otlp

    return {signal: (Logs if signal == "logs" else Otlp)(topics=(topic,), encoding=encoding)}  # type: ignore[arg-type]


async def send(kafka: Kafka, batch: Batch) -> None:
    for request in kafka.encode(batch):
        async with asyncio.timeout(30):
            await kafka.send(request)


async def received(sink: Sink, items: int) -> None:
    async with asyncio.timeout(30):
        while sum(batch.items for batch in sink.batches) < items:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("encoding", ["otlp_proto", "otlp_json"])
@pytest.mark.parametrize("signal", ["logs", "traces", "metrics"])
async def test_what_is_sent_comes_in_again(signal: Signal, encoding: Any, kafka_broker: KafkaBroker, host: Host) -> None:
    from exporters.kafka import Logs, Otlp

    topic, batch = await new_topic(kafka_broker, 3), sample(signal, 50)
    way = (Logs if signal == "logs" else Otlp)(topic=topic, encoding=encoding)
    await send(exporter(host, brokers=(kafka_broker.address,), **{signal: way}), batch)
    settings = source(signal, topic)  # the headers say how it is written
    config = ReceiverConfig(brokers=(kafka_broker.address,), group_id=topic, initial_offset="earliest", **settings)
    kafka = Receiver(config)
    async with serving(kafka, replace(host, signals=frozenset({signal})), "kafka") as sink:
        await received(sink, 50)
    assert all(wire.validate(each.payload, signal) == (each.payload, each.items, 0) for each in sink.batches)
    found = [record for each in sink.batches for record in each.records()]
    assert sorted(map(repr, found)) == sorted(map(repr, batch.records()))
    assert {each.context.transport for each in sink.batches} == {"kafka"}
