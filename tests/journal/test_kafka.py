"""The Kafka journal on a real broker."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaConnectionError, NodeNotReadyError
from aiokafka.structs import ConsumerRecord
from opentelemetry.proto.logs.v1.logs_pb2 import LogsData

from pipeline import Batch, Busy, ConfigError, Context, Rejected
from pipeline.journal import Cursor, CursorSpec, Entry, JournalError
from pipeline.journal.kafka import KafkaJournal, burial, reader, topics
from pipeline.journal.letter import DeadLetter
from pipeline.settings import ClientTls, JournalSettings, KafkaLogin
from pipeline.telemetry import catalogue
from pipeline.telemetry.metrics import Metrics
from pipeline.types import Secret
from tests.journal.conftest import A, B, Overflow, cursors
from tests.parts.kafka import PASSWORD, USER, KafkaBroker

SECONDS = 20.0
TOPICS = itertools.count()

Maker = Callable[..., Awaitable[KafkaJournal]]


@pytest.fixture
async def make(kafka_broker: KafkaBroker, tmp_path: Path, metrics: Metrics, overflow: Overflow) -> AsyncIterator[Maker]:
    """Return a maker of open journals of one fleet, each in a directory of its own; topics are the test's own."""
    opened: list[KafkaJournal] = []
    nodes = itertools.count()
    topic = f"t{next(TOPICS)}-{time.monotonic_ns()}"

    async def make_one(lanes: Mapping[str, Sequence[CursorSpec]] | None = None, **settings: Any) -> KafkaJournal:
        told = {
            "brokers": (kafka_broker.address,),
            "topic": topic,
            "create": True,
            "partitions": 3,
            "replication_factor": 1,
            **settings,
        }
        configured = JournalSettings(type="kafka", dir=str(tmp_path / f"node{next(nodes)}"), **told)
        journal = KafkaJournal(configured, cursors("a") if lanes is None else lanes, metrics, overflow)
        await journal.open()
        opened.append(journal)
        return journal

    yield make_one
    await asyncio.gather(*(journal.aclose() for journal in opened))


def logs(*numbers: int, size: int = 0) -> Batch:
    """Return a batch with a record for each number, each in a trace of its own."""
    data = LogsData()
    scope = data.resource_logs.add().scope_logs.add()
    for number in numbers:
        record = scope.log_records.add(time_unix_nano=1, trace_id=(number + 1).to_bytes(16, "big"))
        record.body.string_value = f"{number}".ljust(size)
    return Batch(data.SerializeToString(), "logs", len(numbers), Context("otlp", "http", time.time_ns()))


def numbers(entries: Sequence[Entry]) -> list[int]:
    """Return the numbers of the records."""
    return [int(record.body) for entry in entries for record in entry.batch.records()]


async def dead_letters(broker: KafkaBroker, topic: str, count: int) -> list[ConsumerRecord]:
    """Return the messages of a dead-letter topic."""
    letters: list[ConsumerRecord] = []
    async with (
        asyncio.timeout(SECONDS),
        AIOKafkaConsumer(topic, bootstrap_servers=broker.address, auto_offset_reset="earliest") as look,
    ):
        while len(letters) < count:
            letters += [record for records in (await look.getmany(timeout_ms=200)).values() for record in records]
    return letters


async def read(journal: KafkaJournal, count: int, cursor: Cursor = A) -> list[Entry]:
    """Return entries that hold so many records."""
    entries: list[Entry] = []
    async with asyncio.timeout(SECONDS):
        while sum(entry.batch.items for entry in entries) < count:
            entries += await journal.read(cursor, 1 << 20)
    return entries


async def test_what_was_appended_is_read_and_what_was_settled_is_not_read_again(make: Maker) -> None:
    journal = await make()
    await asyncio.gather(*(journal.append([("logs", logs(number, number + 100))]) for number in range(100)))
    entries = await read(journal, 200)
    assert sorted(numbers(entries)) == list(range(200))
    assert journal.backlog(A).items == journal.backlog(A).accepted == 200
    journal.settle(A, [entry.position for entry in entries])
    assert journal.backlog(A).items == 0
    await journal.aclose()
    again = await make()
    await again.append([("logs", logs(1000))])
    assert numbers(await read(again, 1)) == [1000]


async def test_what_was_not_settled_is_read_again(make: Maker) -> None:
    journal = await make(partitions=1)
    for number in range(10):
        await journal.append([("logs", logs(number))])
    entries = await read(journal, 10)
    journal.settle(A, [entry.position for entry in entries if numbers([entry])[0] not in (4, 7)])
    await journal.aclose()
    again = await make()
    assert numbers(await read(again, 6)) == [4, 5, 6, 7, 8, 9]


async def test_every_exporter_reads_everything(make: Maker) -> None:
    journal = await make(cursors("a", "b"))
    await journal.append([("logs", logs(*range(50)))])
    assert sorted(numbers(await read(journal, 50, A))) == sorted(numbers(await read(journal, 50, B))) == list(range(50))


async def test_a_trace_stays_in_one_partition_however_it_arrives(make: Maker) -> None:
    journal = await make()
    for _ in range(3):
        await journal.append([("logs", logs(*range(20)))])
    entries = await read(journal, 60)
    places: dict[int, set[frozenset[int]]] = {}
    for entry in entries:
        for number in numbers([entry]):
            places.setdefault(number, set()).add(frozenset(numbers([entry])))
    assert len(entries) == 9
    assert all(len(sets) == 1 for sets in places.values())


async def test_two_nodes_share_the_partitions_and_lose_nothing_when_one_leaves(make: Maker) -> None:
    lanes = cursors("a")
    node, other = await make(lanes), await make(lanes)
    seen: dict[int, int] = {}
    done = asyncio.Event()

    async def deliver(journal: KafkaJournal) -> None:
        while True:
            entries = await journal.read(A, 1 << 20)
            for number in numbers(entries):
                seen[number] = seen.get(number, 0) + 1
            journal.settle(A, [entry.position for entry in entries])
            if len(seen) == 600:
                done.set()

    async with asyncio.timeout(SECONDS):
        readers = [asyncio.ensure_future(deliver(journal)) for journal in (node, other)]
        for number in range(300):
            await node.append([("logs", logs(number))])
        readers[1].cancel()
        await other.aclose()
        for number in range(300, 600):
            await node.append([("logs", logs(number))])
        await done.wait()
    readers[0].cancel()
    await asyncio.wait(readers)
    assert sorted(seen) == list(range(600))
    assert node.backlog(A).items == other.backlog(A).items == 0


async def test_a_message_that_is_no_batch_goes_to_the_dead_letter_topic_and_the_rest_goes_on(
    make: Maker, kafka_broker: KafkaBroker, metrics: Metrics
) -> None:
    journal = await make(partitions=1)
    topic = journal.topic("logs")
    await journal.append([("logs", logs(1))])
    async with AIOKafkaProducer(bootstrap_servers=kafka_broker.address) as stranger:
        await stranger.send_and_wait(topic, b"hello", headers=[("sluice-schema", b"otlp/1")])
        await stranger.send_and_wait(topic, logs(9).payload)
    await journal.append([("logs", logs(2))])
    entries = await read(journal, 2)
    assert numbers(entries) == [1, 2]
    journal.settle(A, [entry.position for entry in entries])
    letters = await dead_letters(kafka_broker, journal.topic("logs").removesuffix("logs") + "dlq", 2)
    assert [(letter.value, dict(letter.headers)["offset"]) for letter in letters] == [(b"hello", b"1"), (logs(9).payload, b"2")]
    told = dict(letters[0].headers)
    assert (told["reason"], told["source-topic"], told["partition"]) == (b"poison", topic.encode(), b"0")
    assert told["error"].startswith(b"it is not OTLP")
    assert metrics.value(catalogue.KAFKA_POISON, topic=topic) == 2
    await journal.aclose()
    again = await make()
    await again.append([("logs", logs(3))])
    assert numbers(await read(again, 1)) == [3]


async def test_what_an_exporter_gave_up_is_copied_to_the_dead_letter_topic(make: Maker, kafka_broker: KafkaBroker) -> None:
    journal = await make()
    batch = logs(*range(30), size=100_000)
    told = {"signal": "logs", "stage": "exporter", "component": "a", "pipeline": "logs", "items": 30, "code": "400"}
    letter = DeadLetter(reason="rejected_4xx", message="no", bytes=len(batch.payload), payload=batch.payload, **told)
    await journal.set_aside(letter)
    letters = await dead_letters(kafka_broker, journal.topic("logs").removesuffix("logs") + "dlq", 3)
    kept = [int(record.body) for one in letters for record in Batch(one.value, "logs", 0).records()]
    assert sorted(kept) == list(range(30))
    assert dict(letters[0].headers)["reason"] == b"rejected_4xx"
    assert dict(letters[0].headers)["source-topic"] == journal.topic("logs").encode()


async def test_a_batch_larger_than_a_message_is_split_and_a_larger_item_is_set_aside(make: Maker, overflow: Overflow) -> None:
    journal = await make(partitions=1)
    await journal.append([("logs", logs(*range(30), size=100_000)), ("logs", logs(30, size=2_000_000))])
    await journal.append([("logs", logs(31))])
    assert sorted(numbers(await read(journal, 31))) == [*range(30), 31]
    [(cursor, [entry], reason)] = overflow.calls
    assert (cursor, numbers([entry]), reason) == (A, [30], "too_large")
    assert journal.backlog(A).accepted == 32
    assert journal.backlog(A).items == 31


async def test_compressed_messages_come_back_as_they_were(make: Maker) -> None:
    journal = await make(compression="zstd", partitions=1)
    batch = logs(*range(100), size=100)
    await journal.append([("logs", batch)])
    [entry] = await read(journal, 100)
    assert entry.batch.payload == batch.payload
    assert entry.batch.context.received_at == batch.context.received_at


async def test_a_node_whose_clock_is_wrong_appends_all_the_same_and_nothing_ages_by_it(make: Maker) -> None:
    """A broker refuses a timestamp that is an hour ahead, and deletes messages by theirs."""
    journal = await make(partitions=1)
    month = 30 * 86400 * 10**9
    times = [time.time_ns() + month, time.time_ns() - month]
    for number, received_at in enumerate(times):
        batch = logs(number)
        await journal.append([("logs", Batch(batch.payload, "logs", 1, Context("otlp", "http", received_at)))])
    assert [entry.batch.context.received_at for entry in await read(journal, 2)] == times


async def test_without_brokers_clients_are_busy_and_what_was_acknowledged_is_there_afterwards(
    make: Maker, kafka_broker: KafkaBroker
) -> None:
    journal = await make(ack_timeout=1.0)
    acknowledged, busy = [], []
    stop = asyncio.Event()

    async def send(numbers: Iterator[int]) -> None:
        for number in numbers:
            if stop.is_set():
                return
            try:
                await journal.append([("logs", logs(number))])
                acknowledged.append(number)
            except Busy as refused:
                busy.append(refused.code)
                await asyncio.sleep(0.05)

    numbered = itertools.count()
    senders = [asyncio.ensure_future(send(numbered)) for _ in range(8)]
    async with asyncio.timeout(60):
        while len(acknowledged) < 200:
            await asyncio.sleep(0.01)
        kafka_broker.kill()
        while "journal_failed" not in busy:
            await asyncio.sleep(0.01)
        assert journal.health().status == "degraded"
        await asyncio.to_thread(kafka_broker.start)
        before = len(acknowledged)
        while len(acknowledged) < before + 200:
            await asyncio.sleep(0.01)
    stop.set()
    await asyncio.gather(*senders)
    assert {"ack_timeout", "journal_failed"} >= set(busy)
    assert journal.health().status == "healthy"
    found: set[int] = set()
    async with asyncio.timeout(SECONDS):
        while not found >= set(acknowledged):
            entries = await journal.read(A, 1 << 20)
            found.update(numbers(entries))
            journal.settle(A, [entry.position for entry in entries])


async def test_without_brokers_it_closes_within_what_a_stop_has_left(make: Maker, kafka_broker: KafkaBroker) -> None:
    journal = await make(cursors("a", "b"))
    await journal.append([("logs", logs(*range(20)))])
    entries = await read(journal, 20)
    kafka_broker.kill()
    waiting = asyncio.ensure_future(journal.append([("logs", logs(1))]))
    journal.settle(A, [entry.position for entry in entries])
    await asyncio.sleep(0.5)
    begun = time.monotonic()
    await journal.aclose()
    assert time.monotonic() - begun < 2  # delivery contract §10.1
    with pytest.raises(Busy):
        await waiting


async def test_a_reader_that_does_not_keep_up_pauses_and_goes_on(
    make: Maker, monkeypatch: pytest.MonkeyPatch, metrics: Metrics
) -> None:
    monkeypatch.setattr(reader, "IN_FLIGHT_BYTES", 200_000)
    journal = await make(partitions=1)
    for number in range(40):
        await journal.append([("logs", logs(number, size=50_000))])
    async with asyncio.timeout(SECONDS):
        while not metrics.value(catalogue.KAFKA_PAUSED):
            await asyncio.sleep(0.02)
    assert journal.backlog(A).bytes < 40 * 50_000
    found = []
    async with asyncio.timeout(SECONDS):
        while len(found) < 40:
            entries = await journal.read(A, 100_000)
            found += numbers(entries)
            journal.settle(A, [entry.position for entry in entries])
    assert found == list(range(40))
    assert metrics.value(catalogue.KAFKA_LAG) == 0


async def test_a_node_that_only_ingests_reads_nothing(make: Maker) -> None:
    ingest, export = await make(role="ingest"), await make(role="export")
    await ingest.append([("logs", logs(1))])
    assert numbers(await read(export, 1)) == [1]
    assert ingest.backlog(A).accepted == 0


async def test_draining_takes_nothing_more(make: Maker) -> None:
    journal = await make(partitions=1)
    await journal.append([("logs", logs(1))])
    [entry] = await read(journal, 1)
    journal.drain()
    await asyncio.sleep(0.5)
    await journal.append([("logs", logs(2))])
    journal.settle(A, [entry.position])
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await journal.read(A, 1000)
    assert journal.backlog(A).items == 0


async def test_a_rewound_cursor_gives_again_what_was_not_settled(make: Maker) -> None:
    journal = await make(partitions=1)
    for number in range(4):
        await journal.append([("logs", logs(number))])
    entries = await read(journal, 4)
    journal.settle(A, [entries[1].position])
    journal.rewind(A)
    assert numbers(await read(journal, 3)) == [0, 2, 3]


async def test_another_configuration_brings_and_takes_lanes(make: Maker) -> None:
    journal = await make()
    lanes = {"logs": [], "logs/audit": [CursorSpec("a")]}
    await journal.prepare(lanes)
    journal.reconfigure(lanes)
    audit = Cursor("logs/audit", "a")
    assert (journal.cursors(), journal.orphans()) == ([audit], [A])
    journal.release(A)
    await journal.append([("logs/audit", logs(5))])
    assert numbers(await read(journal, 1, audit)) == [5]


async def test_a_missing_topic_is_named_unless_it_may_be_made(make: Maker) -> None:
    with pytest.raises(JournalError, match=r"there is no topic t.*\.logs, t.*\.dlq: create it"):
        await make(create=False)


async def test_a_broker_that_goes_away_in_the_middle_of_a_start_is_waited_for(
    make: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    describe = AIOKafkaAdminClient.describe_configs
    failures = [KafkaConnectionError(), NodeNotReadyError()]

    async def fail_first(admin: AIOKafkaAdminClient, resources: Any) -> Any:
        if failures:
            raise failures.pop()
        return await describe(admin, resources)

    monkeypatch.setattr(AIOKafkaAdminClient, "describe_configs", fail_first)
    journal = await make()
    assert not failures
    await journal.append([("logs", logs(1))])


async def test_without_a_broker_it_does_not_open(make: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topics, "START_SECONDS", 1.0)
    with pytest.raises(JournalError, match=r"no broker of 127\.0\.0\.1:9 answered"):
        await make(brokers=("127.0.0.1:9",))


async def test_topics_that_keep_too_little_are_warned_of(make: Maker, capsys: pytest.CaptureFixture[str]) -> None:
    await make(cursors("a", max_age=30 * 86400.0))
    said = capsys.readouterr().out
    assert "a topic acknowledges what only one broker has" in said
    assert "a topic keeps messages for less time than an exporter may be behind" in said


async def test_a_storm_of_rebalances_loses_nothing(make: Maker) -> None:
    ingest = await make(role="ingest", partitions=6)
    seen: Counter[int] = Counter()
    numbered = itertools.count()
    calm = asyncio.Event()

    async def load() -> None:
        while not calm.is_set():
            await ingest.append([("logs", logs(next(numbered)))])
            await asyncio.sleep(0.002)

    async def deliver(journal: KafkaJournal) -> None:
        while True:
            entries = await journal.read(A, 1 << 20)
            await asyncio.sleep(0.02)  # in flight
            seen.update(numbers(entries))
            journal.settle(A, [entry.position for entry in entries])

    async def come_and_go(pause: float) -> None:
        await asyncio.sleep(pause)
        while not calm.is_set():
            journal = await make(role="export")
            delivering = asyncio.ensure_future(deliver(journal))
            await asyncio.sleep(2)
            delivering.cancel()
            await journal.aclose()

    stayer = await make(role="export")
    delivering = asyncio.ensure_future(deliver(stayer))
    storm = [asyncio.ensure_future(work) for work in (load(), *(come_and_go(number * 0.7) for number in range(3)))]
    await asyncio.sleep(6)
    calm.set()
    await asyncio.gather(*storm)
    appended = next(numbered)
    async with asyncio.timeout(40):
        while len(seen) < appended:
            await asyncio.sleep(0.1)
    delivering.cancel()
    print(f"{len(seen)} records, {seen.total() - len(seen)} duplicates")


async def test_over_tls_with_a_login(make: Maker, kafka_broker: KafkaBroker) -> None:
    told = {
        "brokers": (kafka_broker.secure_address,),
        "tls": ClientTls(ca_file=kafka_broker.certificates.ca.cert),
        "sasl": KafkaLogin(username=USER, password=Secret(PASSWORD)),
    }
    journal = await make(**told)
    await journal.append([("logs", logs(1))])
    assert numbers(await read(journal, 1)) == [1]


async def test_a_login_that_is_refused_is_told(make: Maker, kafka_broker: KafkaBroker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topics, "START_SECONDS", 3.0)
    told = {
        "brokers": (kafka_broker.secure_address,),
        "tls": ClientTls(ca_file=kafka_broker.certificates.ca.cert),
        "sasl": KafkaLogin(username=USER, password=Secret("not" + "this")),
    }
    with pytest.raises(JournalError, match="the broker refuses the credential"):
        await make(**told)


async def test_how_much_of_the_retention_is_used_is_shown(make: Maker, metrics: Metrics) -> None:
    journal = await make(partitions=1)
    week = 7 * 86400
    batch = logs(1)
    old = Batch(batch.payload, batch.signal, 1, Context("otlp", "http", time.time_ns() - week * 10**9 // 2))
    await journal.append([("logs", old)])
    [entry] = await read(journal, 1)
    assert 0.49 < metrics.value(catalogue.KAFKA_RETENTION) < 0.51
    journal.settle(A, [entry.position])
    assert metrics.value(catalogue.KAFKA_RETENTION) == 0


async def test_a_batch_that_is_no_otlp_is_refused_and_those_beside_it_are_not(make: Maker) -> None:
    journal = await make()
    bad = Batch(b"\x0a\xff\x01", "logs", 1, Context())
    answers = await asyncio.gather(*(journal.append([("logs", one)]) for one in (logs(1), bad, logs(2))), return_exceptions=True)
    assert [type(answer) for answer in answers] == [type(None), Rejected, type(None)]
    assert sorted(numbers(await read(journal, 2))) == [1, 2]


def test_only_a_kafka_journal_has_roles_and_needs_brokers() -> None:
    with pytest.raises(ConfigError, match="`role` needs `type: kafka`"):
        JournalSettings(role="ingest")
    with pytest.raises(ConfigError, match="missing required field: `brokers`"):
        JournalSettings(type="kafka")


async def test_while_the_dead_letter_topic_can_not_be_written_one_partition_stops_alone(
    make: Maker, kafka_broker: KafkaBroker, monkeypatch: pytest.MonkeyPatch, metrics: Metrics
) -> None:
    monkeypatch.setattr(burial, "RETRY_SECONDS", 0.2)
    monkeypatch.setattr(burial, "SEND_SECONDS", 1.0)
    journal = await make(partitions=2)
    topic, dead_letter_topic = journal.topic("logs"), journal._burial._topic
    monkeypatch.setattr(journal._burial, "_topic", "no/topic")
    async with AIOKafkaProducer(bootstrap_servers=kafka_broker.address) as stranger:
        await stranger.send_and_wait(topic, b"hello", partition=0)
    async with asyncio.timeout(SECONDS):
        while not metrics.value(catalogue.KAFKA_PAUSED, partition="0"):
            await asyncio.sleep(0.02)
    await journal.append([("logs", logs(*range(40)))])
    [entry] = await read(journal, 10)
    assert entry.batch.items < 40
    assert metrics.value(catalogue.KAFKA_PAUSED, partition="1") == 0
    assert metrics.value(catalogue.JOURNAL_ERRORS, op="kafka_dead_letter") > 0
    monkeypatch.setattr(journal._burial, "_topic", dead_letter_topic)
    assert len(await read(journal, 40 - entry.batch.items)) == 1
    assert len(await dead_letters(kafka_broker, dead_letter_topic, 1)) == 1
