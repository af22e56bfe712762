"""A fleet of real daemons over a real broker: two that ingest, two that export, and what dies."""

import itertools
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest
from opentelemetry.proto.logs.v1.logs_pb2 import LogsData

from tests.daemon import Daemon, free_ports, until
from tests.faults.oracle import Sink
from tests.parts.kafka import KafkaBroker

RECORDS = 20
CONFIG = """
receivers:
  otlp: {{protocols: {{http: {{endpoint: 127.0.0.1:{otlp}}}}}}}
exporters:
  otlp_http:
    endpoint: http://127.0.0.1:{sink}
    timeout: 2s
    sending_queue: {{batch: {{flush_timeout: 50ms}}}}
    retry_on_failure: {{initial_interval: 50ms, max_interval: 200ms}}
extensions:
  health: {{endpoint: 127.0.0.1:{health}}}
service:
  extensions: [health]
  telemetry: {{metrics: {{address: 127.0.0.1:{metrics}}}}}
  limits: {{shutdown_timeout: 10s}}
  journal: {{type: kafka, brokers: ["{broker}"], topic: {topic}, group: {topic}, create: true,
            partitions: 4, replication_factor: 1, role: {role}, instance: {name}, ack_timeout: 4s}}
  pipelines:
    logs: {{receivers: [otlp], exporters: [otlp_http]}}
"""


class Client(threading.Thread):
    """Posts records with ids of its own, each in a trace of its own, until told to stop. `owed`: ids that were acknowledged."""

    def __init__(self, port: int, first: int) -> None:
        super().__init__(daemon=True)
        self.owed: set[str] = set()
        self.refused = 0
        self._port = port
        self._ids = itertools.count(first)
        self._stopping = threading.Event()

    def stop(self) -> None:
        self._stopping.set()
        self.join(30)

    def run(self) -> None:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=20)
        while not self._stopping.wait(0.01):
            data = LogsData()
            scope = data.resource_logs.add().scope_logs.add()
            for number in itertools.islice(self._ids, RECORDS):
                scope.log_records.add(
                    time_unix_nano=time.time_ns(), trace_id=(number * 7 + 1).to_bytes(16, "big")
                ).body.string_value = str(number)
            try:
                connection.request("POST", "/v1/logs", data.SerializeToString(), {"content-type": "application/x-protobuf"})
                answer = connection.getresponse()
                answer.read()
            except (OSError, HTTPException):
                connection.close()
                time.sleep(0.05)
                continue
            if answer.status == 200:
                self.owed.update(record.body.string_value for record in scope.log_records)
            else:
                self.refused += 1
                time.sleep(0.05)
        connection.close()


class Fleet:
    """Four nodes, their clients and their destination."""

    def __init__(self, directory: Path, broker: KafkaBroker) -> None:
        self.sink = Sink(free_ports(1)[0])
        self.nodes: dict[str, Daemon] = {}
        self.clients: list[Client] = []
        topic = f"fleet-{time.monotonic_ns()}"
        for name, role in (("in-1", "ingest"), ("in-2", "ingest"), ("out-1", "export"), ("out-2", "export")):
            otlp, health, metrics = free_ports(3)
            config = directory / f"{name}.yaml"
            config.write_text(
                CONFIG.format(
                    otlp=otlp,
                    health=health,
                    metrics=metrics,
                    sink=self.sink.port,
                    broker=broker.address,
                    topic=topic,
                    role=role,
                    name=name,
                )
            )
            self.nodes[name] = Daemon(config, directory / name, health, metrics)
            if role == "ingest":
                for _ in range(2):
                    self.clients.append(Client(otlp, len(self.clients) * 10_000_000))

    def start(self) -> None:
        """Start everything; return once records arrive."""
        self.sink.open()
        self.nodes["in-1"].start()  # makes the topics
        for name in ("in-2", "out-1", "out-2"):
            self.nodes[name].launch()
        for node in self.nodes.values():
            until(node.ready, 30, "a start")
        for client in self.clients:
            client.start()
        self.more(1000)

    def more(self, records: int) -> None:
        """Wait until so many more records were acknowledged, and have arrived."""
        wanted = self.acknowledged + records
        until(lambda: self.acknowledged >= wanted, 60, "acknowledgements")
        until(lambda: len(self.sink.received) >= wanted, 60, "arrivals")

    @property
    def acknowledged(self) -> int:
        return sum(len(client.owed) for client in self.clients)

    def settle(self) -> tuple[int, int]:
        """Stop the load, wait until everything that is owed has arrived; return how many were owed, and duplicates."""
        for client in self.clients:
            client.stop()
        owed = set().union(*(client.owed for client in self.clients))
        received = self.sink.received
        until(lambda: not owed - received.keys(), 60, f"the arrival of {len(owed)} owed ids")
        return len(owed), sum(received[name] - 1 for name in owed)

    def close(self) -> None:
        for client in self.clients:
            if client.is_alive():
                client.stop()
        for node in self.nodes.values():
            if node.process is not None and node.process.poll() is None:
                node.kill()
        self.sink.close()


@pytest.fixture
def fleet(tmp_path: Path, kafka_broker: KafkaBroker) -> Iterator[Fleet]:
    fleet = Fleet(tmp_path, kafka_broker)
    try:
        yield fleet
    finally:
        fleet.close()


def test_nodes_that_are_killed_under_load_lose_nothing(fleet: Fleet) -> None:
    fleet.start()
    for name in ("in-1", "out-1", "in-2", "out-2"):
        fleet.nodes[name].kill()
        time.sleep(0.3)
        fleet.nodes[name].launch()
        fleet.more(3000)
    owed, duplicates = fleet.settle()
    print(f"{owed} acknowledged, 0 lost, {duplicates} duplicates")
    assert duplicates < owed
    for name in ("out-1", "out-2"):
        until(lambda node=fleet.nodes[name]: node.metric("sluice_kafka_lag") == 0, 20, "the end of the lag")
        assert fleet.nodes[name].imbalances() == {}
        assert fleet.nodes[name].stop() == 0
    assert fleet.nodes["in-1"].imbalances() == {}


def test_a_broker_that_is_killed_under_load_loses_nothing(fleet: Fleet, kafka_broker: KafkaBroker) -> None:
    fleet.start()
    kafka_broker.kill()
    refused = sum(client.refused for client in fleet.clients)
    until(lambda: sum(client.refused for client in fleet.clients) > refused, 20, "a refusal")
    kafka_broker.start()
    fleet.more(1000)
    owed, duplicates = fleet.settle()
    print(f"{owed} acknowledged, 0 lost, {duplicates} duplicates")
