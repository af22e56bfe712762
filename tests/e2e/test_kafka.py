"""The daemon between two topics that others own, killed in the middle."""

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer

from tests.daemon import Daemon, free_ports, running
from tests.parts.kafka import KafkaBroker
from tests.parts.kafka_topics import new_topic, producing

RECORDS = 6000
CONFIG = """
receivers:
  kafka:
    brokers: ["{broker}"]
    group_id: {source}
    group_instance_id: node-1     # so that nobody waits until the group has noticed that it was killed
    initial_offset: earliest
    logs: {{topics: [{source}], encoding: json_logs}}
processors:
  redact: {{}}
exporters:
  kafka: {{brokers: ["{broker}"], logs: {{topic: {sink}, encoding: json_logs}}, producer: {{compression: lz4}}}}
extensions:
  health: {{endpoint: 127.0.0.1:{health}}}
service:
  extensions: [health]
  telemetry: {{metrics: {{address: 127.0.0.1:{metrics}}}}}
  pipelines:
    logs: {{receivers: [kafka], processors: [redact], exporters: [kafka]}}
"""


async def test_a_killed_daemon_loses_no_message(kafka_broker: KafkaBroker, tmp_path: Path) -> None:
    source, sink = await new_topic(kafka_broker, 3), await new_topic(kafka_broker, 3)
    health, metrics = free_ports(2)
    config = tmp_path / "sluice.yaml"
    config.write_text(CONFIG.format(broker=kafka_broker.address, source=source, sink=sink, health=health, metrics=metrics))
    daemon = Daemon(config, tmp_path / "journal", health, metrics)
    found: list[dict[str, Any]] = []
    consumer = AIOKafkaConsumer(sink, bootstrap_servers=kafka_broker.address, auto_offset_reset="earliest")
    await consumer.start()
    try:
        with running(daemon):
            writing = asyncio.create_task(_write(kafka_broker, source))
            await _read(consumer, found, RECORDS // 6)
            await asyncio.to_thread(daemon.kill)
            await writing
            await asyncio.to_thread(daemon.start)
            await _read(consumer, found, RECORDS)
            assert await asyncio.to_thread(daemon.stop) == 0
    finally:
        await consumer.stop()
    assert {record["message"] for record in found} == {"login of [email]"}
    times = Counter(record["number"] for record in found)
    assert set(times) == set(range(RECORDS))
    assert max(times.values()) <= 3  # sent before, again from the journal, and again from the topic
    assert {"service.name", "timestamp", "level"} < set(found[0])
    assert "jo.doe@example.com" not in daemon.text()


async def _write(broker: KafkaBroker, topic: str) -> None:
    async with producing(broker) as producer:
        for number in range(RECORDS):
            record = {"level": "info", "service": "shop", "message": "login of jo.doe@example.com", "number": number}
            await producer.send(topic, json.dumps({**record, "time": 1_772_600_767_000 + number}).encode(), partition=number % 3)


async def _read(consumer: Any, found: list[dict[str, Any]], distinct: int) -> None:
    async with asyncio.timeout(60):
        while len({record["number"] for record in found}) < distinct:
            for records in (await consumer.getmany(timeout_ms=100)).values():
                found += [json.loads(record.value) for record in records]
