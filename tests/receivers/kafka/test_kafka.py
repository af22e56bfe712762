"""The receiver at a real broker: what it takes in, when its offsets move, and who goes on when it is gone."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from pipeline import Batch, Busy, ConfigError, Host, Rejected
from pipeline.net.kafka import connection
from pipeline.telemetry import catalogue
from receivers.kafka import Config, Kafka, Logs, Otlp, session
from tests.contracts.samples import sample
from tests.parts.kafka import KafkaBroker
from tests.parts.kafka_topics import committed, new_topic, producing
from tests.receivers.serving import Sink, serving


@pytest.fixture
async def topic(kafka_broker: KafkaBroker) -> str:
    return await new_topic(kafka_broker, 2)


def config(broker: KafkaBroker, topic: str, **settings: Any) -> Config:
    logs = Logs(topics=(topic,), encoding=settings.pop("encoding", "text"))
    return Config(brokers=(broker.address,), group_id=topic, logs=logs, **{"initial_offset": "earliest", **settings})


@asynccontextmanager
async def receiving(host: Host, config: Config) -> AsyncIterator[Sink]:
    async with serving(Kafka(config), replace(host, signals=frozenset({"logs"})), "kafka") as sink:
        yield sink


async def produce(broker: KafkaBroker, topic: str, *values: bytes | str, partition: int = 0) -> None:
    async with producing(broker) as producer:
        for value in values:
            await producer.send(topic, value if isinstance(value, bytes) else value.encode(), partition=partition)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.01)


def bodies(*sinks: Sink) -> list[Any]:
    return [record.body for sink in sinks for record in sink.records()]


async def test_messages_come_in_order(kafka_broker: KafkaBroker, topic: str, host: Host) -> None:
    texts = [f"m{number}" for number in range(2500)]
    await produce(kafka_broker, topic, *texts)
    async with receiving(host, config(kafka_broker, topic)) as sink:
        await until(lambda: len(bodies(sink)) >= 2500)
    assert bodies(sink) == texts
    assert len(sink.batches) < 25
    assert {(batch.signal, batch.context.receiver, batch.context.transport) for batch in sink.batches} == {
        ("logs", "kafka", "kafka")
    }
    assert await committed(kafka_broker, topic, topic) == 2500


async def test_a_restart_goes_on_where_it_was(kafka_broker: KafkaBroker, topic: str, host: Host) -> None:
    await produce(kafka_broker, topic, "a", "b")
    async with receiving(host, config(kafka_broker, topic)) as first:
        await until(lambda: len(bodies(first)) == 2)
    await produce(kafka_broker, topic, "c")
    async with receiving(host, config(kafka_broker, topic)) as second:
        await until(lambda: bodies(second))
    assert (bodies(first), bodies(second)) == (["a", "b"], ["c"])


async def test_latest_begins_at_the_end_and_once_only(kafka_broker: KafkaBroker, topic: str, host: Host) -> None:
    """What comes in between two runs is read though the first one saw no message."""
    await produce(kafka_broker, topic, "before")
    settings = config(kafka_broker, topic, initial_offset="latest")
    async with receiving(host, settings) as first:
        async with asyncio.timeout(30):
            while await committed(kafka_broker, topic, topic) != 1:
                await asyncio.sleep(0.1)
    await produce(kafka_broker, topic, "between")
    async with receiving(host, settings) as second:
        await until(lambda: bodies(second))
    assert (bodies(first), bodies(second)) == ([], ["between"])


async def test_no_offset_moves_before_the_data_is_safe(
    kafka_broker: KafkaBroker, topic: str, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "GRACE_SECONDS", 0.3)
    await produce(kafka_broker, topic, "a", "b")
    never = Kafka(config(kafka_broker, topic))
    reached = asyncio.Event()

    async def consume(batch: Batch) -> None:
        reached.set()
        await asyncio.Event().wait()

    never.host = replace(host, id="kafka", signals=frozenset({"logs"}))
    run = asyncio.create_task(never.run(consume))
    async with asyncio.timeout(30):
        await reached.wait()
    run.cancel()
    await asyncio.wait([run])
    assert await committed(kafka_broker, topic, topic) is None
    async with receiving(host, config(kafka_broker, topic)) as sink:
        await until(lambda: bodies(sink))
    assert bodies(sink) == ["a", "b"]


async def test_a_busy_pipeline_holds_one_partition_up_and_loses_nothing(
    kafka_broker: KafkaBroker, topic: str, host: Host
) -> None:
    await produce(kafka_broker, topic, "a", "b")
    async with receiving(host, config(kafka_broker, topic)) as sink:
        sink.failures = [Busy("full", 0.2), Busy("full"), RuntimeError("hunter2")]
        await produce(kafka_broker, topic, "c")
        await until(lambda: len(bodies(sink)) == 3)
    assert bodies(sink) == ["a", "b", "c"]
    assert host.admission.used_bytes == 0


async def test_poison_in_the_middle_is_set_aside(kafka_broker: KafkaBroker, topic: str, host: Host) -> None:
    poison = b"\xffhunter2"
    await produce(kafka_broker, topic, "a", poison, "b")
    async with receiving(host, config(kafka_broker, topic)) as sink:
        await until(lambda: len(bodies(sink)) == 2)
        await until(host.dead_letters.letters)  # type: ignore[attr-defined]
    [letter] = host.dead_letters.letters()  # type: ignore[attr-defined]
    assert bodies(sink) == ["a", "b"]
    assert (letter.reason, letter.stage, letter.component, letter.payload) == ("bad_line", "receiver", "kafka", None)
    assert letter.message.startswith(f"topic {topic}, partition 0, offset 1: ")
    assert letter.sha256 == hashlib.sha256(poison).hexdigest()
    assert "hunter2" not in letter.message
    assert host.metrics.value(catalogue.RECEIVER_FAILED["logs"], receiver="kafka", reason="bad_line") == 1
    assert await committed(kafka_broker, topic, topic) == 3


async def test_what_a_pipeline_rejects_is_told_from_what_it_takes(kafka_broker: KafkaBroker, topic: str, host: Host) -> None:
    await produce(kafka_broker, topic, "a", "b", "c")
    async with receiving(host, config(kafka_broker, topic)) as sink:
        sink.failures = [Rejected("malformed", "all of it"), Rejected("processor_error", "the first")]
        await until(lambda: len(bodies(sink)) == 2)
    assert bodies(sink) == ["b", "c"]
    [letter] = host.dead_letters.letters()  # type: ignore[attr-defined]
    assert (letter.reason, letter.message) == ("processor_error", f"topic {topic}, partition 0, offset 0: the first")


async def test_the_offset_waits_for_the_dead_letter(
    kafka_broker: KafkaBroker, topic: str, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    await produce(kafka_broker, topic, b"\xff", "b")
    add, refusals = host.dead_letters.add, [Busy("the disk is full", 0.1)] * 2

    async def failing(*letters: Any) -> None:
        if refusals:
            assert await committed(kafka_broker, topic, topic) is None
            raise refusals.pop()
        await add(*letters)

    monkeypatch.setattr(host.dead_letters, "add", failing)
    async with receiving(host, config(kafka_broker, topic)) as sink:
        await until(lambda: host.dead_letters.letters())  # type: ignore[attr-defined]
    assert bodies(sink) == ["b"]
    assert await committed(kafka_broker, topic, topic) == 2


async def test_members_come_and_go_and_nothing_is_lost(kafka_broker: KafkaBroker, host: Host) -> None:
    topic = await new_topic(kafka_broker, 4)
    settings = config(kafka_broker, topic, session_timeout=6.0)
    sent: list[str] = []
    stop = asyncio.Event()

    async def write() -> None:
        async with producing(kafka_broker) as producer:
            while not stop.is_set():
                sent.append(f"m{len(sent)}")
                await producer.send_and_wait(topic, sent[-1].encode(), partition=len(sent) % 4)

    writer = asyncio.create_task(write())
    async with receiving(host, settings) as first:
        await until(lambda: bodies(first))
        async with receiving(host, settings) as second:
            await until(lambda: bodies(second))
        between = len(bodies(first))
        async with receiving(host, settings) as third:
            await until(lambda: bodies(third))
            await until(lambda: len(bodies(first)) > between)
            stop.set()
            await writer
            await until(lambda: set(bodies(first, second, third)) == set(sent))
    assert len(bodies(first, second, third)) - len(sent) < len(sent) / 2


async def test_what_is_stuck_here_goes_on_elsewhere(
    kafka_broker: KafkaBroker, topic: str, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "GRACE_SECONDS", 0.3)
    for partition in (0, 1):
        await produce(kafka_broker, topic, f"a{partition}", f"b{partition}", partition=partition)
    async with receiving(host, config(kafka_broker, topic)) as stuck:
        stuck.gate = asyncio.Event()
        await until(lambda: stuck.waiting == 2)
        async with receiving(host, config(kafka_broker, topic)) as second:
            await until(lambda: len(bodies(second)) == 2)
            stuck.gate.set()
            await until(lambda: len(bodies(stuck)) == 2)
    assert sorted(bodies(stuck, second)) == ["a0", "a1", "b0", "b1"]
    assert [await committed(kafka_broker, topic, topic, partition) for partition in (0, 1)] == [2, 2]


async def test_it_tells_how_far_it_is_behind(kafka_broker: KafkaBroker, topic: str, host: Host) -> None:
    labels = {"receiver": "kafka", "topic": topic, "partition": "0"}
    async with receiving(host, config(kafka_broker, topic)) as sink:
        await produce(kafka_broker, topic, "a")
        await until(lambda: bodies(sink))
        sink.failures = [Busy("full", 2.0)]
        await produce(kafka_broker, topic, "b", "c")
        await until(lambda: host.metrics.value(catalogue.RECEIVER_KAFKA_LAG, **labels) == 2)


async def test_a_broker_that_is_away_is_waited_for(host: Host, free_port: int) -> None:
    async with receiving(host, Config(brokers=(f"127.0.0.1:{free_port}",))) as sink:
        assert sink.batches == []


async def test_it_reads_the_topics_of_the_signals_that_are_asked_for(kafka_broker: KafkaBroker, topic: str, host: Host) -> None:
    batch = sample("traces", 3)
    await produce(kafka_broker, topic, batch.payload)
    receiver = Kafka(
        Config(brokers=(kafka_broker.address,), group_id=topic, initial_offset="earliest", traces=Otlp(topics=(topic,)))
    )
    async with serving(receiver, replace(host, signals=frozenset({"traces"})), "kafka") as sink:
        await until(lambda: sink.batches)
    assert [(each.signal, each.payload) for each in sink.batches] == [("traces", batch.payload)]


# ---- settings ----


def test_a_topic_holds_one_signal() -> None:
    with pytest.raises(ConfigError) as caught:
        Config(logs=Logs(topics=("a", "b")), traces=Otlp(topics=("c", "b")))
    assert caught.value.path == ("traces", "topics", 1)


def test_the_brokers_are_told_nothing_that_was_not_set() -> None:
    assert connection(Config().brokers, None, None)["security_protocol"] == "PLAINTEXT"
