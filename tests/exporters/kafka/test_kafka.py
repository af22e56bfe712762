"""The exporter, a real broker, and whoever reads there: the receiver, or a plain consumer."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Final, get_args

import pytest

from exporters.kafka import Auth, Config, Kafka, Logs, Otlp, ProducerSettings, producer
from pipeline import Batch, Busy, ConfigError, Host, Rejected, Request, TooLarge, Unauthorized, wire
from pipeline.net.kafka import start_producer
from pipeline.settings import ClientTls, KafkaLogin
from pipeline.types import Secret, Signal
from pipeline.wire.model import LogRecord, Resource, Scope, Span
from receivers.kafka import Auth as ReceiverAuth
from receivers.kafka import Config as ReceiverConfig
from receivers.kafka import Kafka as Receiver
from receivers.kafka import Logs as LogSource
from receivers.kafka import Otlp as OtlpSource
from tests.contracts.samples import sample
from tests.parts.kafka import PASSWORD, USER, KafkaBroker
from tests.parts.kafka_topics import messages, new_topic
from tests.receivers.serving import Sink, serving

COMPRESSIONS: Final = ("none", "gzip", "snappy", "lz4", "zstd")


def exporter(host: Host, address: str, signal: Signal = "logs", topic: str = "t", **settings: Any) -> Kafka:
    settings[signal] = (Logs if signal == "logs" else Otlp)(topic=topic, encoding=settings.pop("encoding", "otlp_proto"))
    kafka = Kafka(Config(brokers=(address,), **settings))
    kafka.host = replace(host, id="kafka")
    return kafka


def request_of(kafka: Kafka, batch: Batch) -> Request:
    [request] = kafka.encode(batch)
    return request


async def send(kafka: Kafka, request: Request) -> None:
    async with asyncio.timeout(30):
        await kafka.send(request)


async def insist(kafka: Kafka, request: Request) -> None:
    """Send a request until it is confirmed."""
    async with asyncio.timeout(30):
        while True:
            try:
                return await kafka.send(request)
            except Busy:
                continue


@asynccontextmanager
async def receiving(host: Host, broker: KafkaBroker, signal: Signal, topic: str) -> AsyncIterator[Sink]:
    """Run the receiver; how messages are written it has to learn from them."""
    settings: dict[str, Any] = {signal: LogSource(topics=(topic,)) if signal == "logs" else OtlpSource(topics=(topic,))}
    config = ReceiverConfig(brokers=(broker.address,), group_id=topic, initial_offset="earliest", **settings)
    async with serving(Receiver(config), replace(host, signals=frozenset({signal})), "kafka") as sink:
        yield sink


async def arrived(sink: Sink, items: int) -> None:
    async with asyncio.timeout(30):
        while sum(batch.items for batch in sink.batches) < items:
            await asyncio.sleep(0.01)


async def received(host: Host, broker: KafkaBroker, signal: Signal, topic: str, items: int) -> Sequence[Any]:
    """Return the records that the receiver finds in a topic."""
    async with receiving(host, broker, signal, topic) as sink:
        await arrived(sink, items)
    assert all(wire.validate(batch.payload, signal) == (batch.payload, batch.items, 0) for batch in sink.batches)
    return [record for batch in sink.batches for record in batch.records()]


# ---- what arrives ----


@pytest.mark.parametrize("encoding", ["otlp_proto", "otlp_json"])
@pytest.mark.parametrize("signal", ["logs", "traces", "metrics"])
async def test_what_is_sent_comes_in_again(signal: Signal, encoding: str, kafka_broker: KafkaBroker, host: Host) -> None:
    topic, batch = await new_topic(kafka_broker, 3), sample(signal, 50)
    kafka = exporter(host, kafka_broker.address, signal, topic, encoding=encoding)
    await send(kafka, request_of(kafka, batch))
    found = await received(host, kafka_broker, signal, topic, 50)
    assert sorted(map(repr, found)) == sorted(map(repr, batch.records()))


async def test_records_as_objects_come_in_again(kafka_broker: KafkaBroker, host: Host) -> None:
    resource = Resource(attributes={"service.name": "shop", "service.version": "7"})
    now = time.time_ns()
    records = [
        LogRecord(
            resource=resource,
            scope=Scope(name="cart"),
            time=now + number,
            severity_number=17,
            severity_text="ERROR",
            body=f"payment {number} failed",
            attributes={"amount": number, "where": {"shelf": [1, 2]}},
            trace_id=f"{number + 1:032x}",
            span_id=f"{number + 1:016x}",
        )
        for number in range(20)
    ]
    topic = await new_topic(kafka_broker, 3)
    kafka = exporter(host, kafka_broker.address, "logs", topic, encoding="json_logs")
    await send(kafka, request_of(kafka, Batch(wire.encode(records, "logs"), "logs", 20)))
    found = await received(host, kafka_broker, "logs", topic, 20)
    for record in found:
        record.observed_time = 0
    assert sorted(map(repr, found)) == sorted(map(repr, records))


async def test_a_message_says_how_it_is_written(kafka_broker: KafkaBroker, host: Host) -> None:
    topic = await new_topic(kafka_broker, 1)
    headers = {"x-team": Secret("checkout")}
    kafka = exporter(host, kafka_broker.address, "logs", topic, encoding="json_logs", headers=headers)
    await send(kafka, request_of(kafka, sample("logs", 3)))
    found = await messages(kafka_broker, topic, 3)
    assert [json.loads(message.value)["message"] for message in found] == [f"payment {number} failed" for number in range(3)]
    told = (("content-type", b"application/json"), ("encoding", b"json_logs"), ("x-team", b"checkout"))
    assert {message.headers for message in found} == {told}


async def test_a_trace_keeps_its_partition(kafka_broker: KafkaBroker, host: Host) -> None:
    topic = await new_topic(kafka_broker, 3)
    kafka = exporter(host, kafka_broker.address, "traces", topic)
    for _ in range(2):
        await send(kafka, request_of(kafka, sample("traces", 30)))
    found = await messages(kafka_broker, topic, 6)
    places = Counter(
        (message.partition, record.trace_id)
        for message in found
        for record in wire.records(message.value, "traces")
        if isinstance(record, Span)
    )
    assert list(places.values()) == [2] * 30


@pytest.mark.parametrize("compression", COMPRESSIONS)
async def test_every_compression_is_read_again(compression: Any, kafka_broker: KafkaBroker, host: Host) -> None:
    assert get_args(ProducerSettings.__annotations__["compression"])[0].__args__ == COMPRESSIONS
    topic = await new_topic(kafka_broker, 1)
    kafka = exporter(host, kafka_broker.address, "logs", topic, producer=ProducerSettings(compression=compression))
    await send(kafka, request_of(kafka, sample("logs", 200)))
    assert len(await received(host, kafka_broker, "logs", topic, 200)) == 200


async def test_other_settings_find_what_an_attempt_has_left(kafka_broker: KafkaBroker, host: Host) -> None:
    """Partitions and encoding are those of the topic that takes the request in the end."""
    old, new = await new_topic(kafka_broker, 3), await new_topic(kafka_broker, 1)
    kafka = exporter(host, kafka_broker.address, "traces", old)
    request = request_of(kafka, sample("traces", 10))
    await send(kafka, request)
    reloaded = exporter(host, kafka_broker.address, "traces", new, encoding="otlp_json")
    await send(reloaded, request)
    await send(reloaded, request)
    [message] = await messages(kafka_broker, new, 1)
    assert len(json.loads(message.value)["resourceSpans"][0]["scopeSpans"][0]["spans"]) == 10
    await host.clients.prune({"kafka"})


# ---- what can go wrong ----


async def test_what_is_too_large_is_split_before_any_of_it_is_sent(kafka_broker: KafkaBroker, host: Host) -> None:
    topic = await new_topic(kafka_broker, 1)
    kafka = exporter(host, kafka_broker.address, "logs", topic, producer=ProducerSettings(max_message_bytes=10_000))
    request = request_of(kafka, sample("logs", 400))
    with pytest.raises(TooLarge):
        await send(kafka, request)
    pieces = [request]
    while any(len(piece.body) > 9_000 for piece in pieces):
        pieces = [half for piece in pieces for half in kafka.split(piece)]
    for piece in pieces:
        await send(kafka, piece)
    assert sum(len(wire.records(message.value, "logs")) for message in await messages(kafka_broker, topic, len(pieces))) == 400


async def test_what_the_broker_finds_too_large_is_split_and_the_next_goes_through(kafka_broker: KafkaBroker, host: Host) -> None:
    topic = await new_topic(kafka_broker, 1, max_message_bytes="2000")
    kafka = exporter(host, kafka_broker.address, "logs", topic)
    with pytest.raises(TooLarge):
        await send(kafka, request_of(kafka, sample("logs", 100)))
    await send(kafka, request_of(kafka, sample("logs", 3)))
    assert len(await messages(kafka_broker, topic, 1)) == 1


async def test_a_refusal_that_is_looked_at_late_costs_no_other_producer(
    kafka_broker: KafkaBroker, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = 0

    async def counting(*arguments: Any) -> Any:
        nonlocal made
        made += 1
        return await start_producer(*arguments)

    monkeypatch.setattr(producer, "start_producer", counting)
    topic = await new_topic(kafka_broker, 1, max_message_bytes="2000")
    kafka = exporter(host, kafka_broker.address, "logs", topic)
    early, late = (request_of(kafka, sample("logs", 100)) for _ in range(2))
    attempts = [asyncio.create_task(send(kafka, request)) for request in (early, late)]
    while not (early.parts.under_way and late.parts.under_way):
        await asyncio.sleep(0)
    attempts[1].cancel()
    with pytest.raises(TooLarge):
        await attempts[0]
    await send(kafka, request_of(kafka, sample("logs", 3)))
    with pytest.raises(TooLarge):
        await send(kafka, late)
    await send(kafka, request_of(kafka, sample("logs", 3)))
    assert made == 2


@pytest.mark.parametrize(("choice", "error"), [("dead_letter", Rejected), ("retry", Busy)])
async def test_a_topic_that_is_not_there(choice: Any, error: type[Exception], kafka_broker: KafkaBroker, host: Host) -> None:
    kafka = exporter(host, kafka_broker.address, "logs", "..", on_unknown_topic=choice, timeout=2.0)
    with pytest.raises(error) as caught:
        await send(kafka, request_of(kafka, sample("logs")))
    assert type(caught.value) is error
    assert caught.value.code == "UnknownTopicOrPartitionError"  # type: ignore[attr-defined]


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
async def test_with_tls_and_a_login(mechanism: Any, kafka_broker: KafkaBroker, host: Host) -> None:
    topic = await new_topic(kafka_broker, 1)
    secured: dict[str, Any] = {
        "tls": ClientTls(ca_file=kafka_broker.certificates.ca.cert),
        "auth": Auth(sasl=KafkaLogin(username=USER, password=Secret(PASSWORD), mechanism=mechanism)),
    }
    kafka = exporter(host, kafka_broker.secure_address, "logs", topic, **secured)
    await send(kafka, request_of(kafka, sample("logs")))
    source = LogSource(topics=(topic,))
    secured["auth"] = ReceiverAuth(sasl=secured["auth"].sasl)
    config = ReceiverConfig(
        brokers=(kafka_broker.secure_address,), group_id=topic, initial_offset="earliest", logs=source, **secured
    )
    async with serving(Receiver(config), replace(host, signals=frozenset({"logs"})), "kafka") as sink:
        await arrived(sink, 1)


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
async def test_a_login_that_is_refused(mechanism: Any, kafka_broker: KafkaBroker, host: Host) -> None:
    login = KafkaLogin(username=USER, password=Secret("wrong" + PASSWORD), mechanism=mechanism)
    tls = ClientTls(ca_file=kafka_broker.certificates.ca.cert)
    kafka = exporter(host, kafka_broker.secure_address, tls=tls, auth=Auth(sasl=login))
    with pytest.raises(Busy) as caught:
        await send(kafka, request_of(kafka, sample("logs")))
    assert type(caught.value) is Unauthorized
    assert PASSWORD not in str(caught.value)


async def test_a_broker_whose_certificate_nobody_signed(kafka_broker: KafkaBroker, host: Host) -> None:
    kafka = exporter(host, kafka_broker.secure_address, tls=ClientTls())
    with pytest.raises(Busy) as caught:
        await send(kafka, request_of(kafka, sample("logs")))
    assert caught.value.code == "tls"


async def test_files_that_can_not_be_read_are_named(host: Host) -> None:
    kafka = exporter(host, "127.0.0.1:1", tls=ClientTls(ca_file="/nonexistent.pem"))
    with pytest.raises(Busy, match=r"tls\.ca_file") as caught:
        await send(kafka, request_of(kafka, sample("logs")))
    assert caught.value.code == "settings"


def test_a_name_to_expect_is_refused() -> None:
    with pytest.raises(ConfigError):
        Config(tls=ClientTls(server_name_override="broker"))


async def test_a_broker_that_is_killed_costs_nothing_and_nothing_is_sent_twice(
    kafka_broker: KafkaBroker, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(producer, "_GRACE_SECONDS", 1.0)
    topic = await new_topic(kafka_broker, 2)
    settings: dict[str, Any] = {"timeout": 0.5, "on_unknown_topic": "retry"}
    kafka = exporter(host, kafka_broker.address, "traces", topic, **settings)
    batches = [request_of(kafka, sample("traces", 5)) for _ in range(4)]
    async with receiving(host, kafka_broker, "traces", topic) as sink:
        await insist(kafka, batches[0])
        await arrived(sink, 5)
        other = exporter(host, kafka_broker.address, "traces", topic, **settings)
        other.host = replace(host, id="other")
        await insist(other, batches[3])
        kafka_broker.kill()
        for request in batches[1:3]:
            with pytest.raises(Busy) as caught:
                await send(kafka, request)
            assert type(caught.value) is Busy
        with pytest.raises(Busy):
            await send(other, request_of(other, sample("traces")))
        async with asyncio.timeout(5):
            await host.clients.prune({"kafka"})  # closed though it has something that is not confirmed
        await asyncio.to_thread(kafka_broker.start)
        for request in batches[1:3]:
            await insist(kafka, request)
        await arrived(sink, 20)
    assert sum(len(wire.records(message.value, "traces")) for message in await messages(kafka_broker, topic, 8)) == 20
