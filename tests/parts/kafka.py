"""One real Kafka broker on loopback, for all tests of a session: killed and started again on the same data as they like."""

import gc
import shutil
import subprocess
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.certificates import Certificates
from tests.certificates import make as make_certificates
from tests.daemon import free_ports
from tests.parts.found import missing, program

JARS: Final = Path(__file__).parents[2] / ".parts/kafka"
START_SECONDS: Final = 120.0
"""A JVM on a machine that others keep busy."""
_JVM: Final = ("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dorg.apache.logging.log4j.level=INFO")
_CLUSTER: Final = "c2x1aWNlLXRlc3RzLTAwMQ"
USER: Final = "sluice"
PASSWORD: Final = "correct" + "-horse"


@dataclass
class KafkaBroker:
    """A broker that is its own controller; topics come into being when they are first written to."""

    folder: Path
    port: int
    secure_port: int
    controller_port: int
    certificates: Certificates
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def address(self) -> str:
        """Where clients connect."""
        return f"127.0.0.1:{self.port}"

    @property
    def secure_address(self) -> str:
        """Where clients connect with TLS, as `USER` with `PASSWORD`."""
        return f"127.0.0.1:{self.secure_port}"

    @property
    def log(self) -> Path:
        """What it printed."""
        return self.folder / "broker.log"

    def format(self) -> None:
        """Write its settings and an empty store."""
        open_to_clients = f"PLAINTEXT://{self.address},SASL_SSL://{self.secure_address}"
        listeners = f"{open_to_clients},CONTROLLER://127.0.0.1:{self.controller_port}"
        keys = self.folder / "keys.pem"
        keys.write_bytes(self.certificates.server.key_pem() + self.certificates.server.pem())
        login = "org.apache.kafka.common.security"
        settings = {
            "process.roles": "broker,controller",
            "node.id": 1,
            "controller.quorum.bootstrap.servers": f"127.0.0.1:{self.controller_port}",
            "controller.listener.names": "CONTROLLER",
            "listeners": listeners,
            "advertised.listeners": open_to_clients,
            "inter.broker.listener.name": "PLAINTEXT",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL",
            "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512",
            "listener.name.sasl_ssl.plain.sasl.jaas.config": f'{login}.plain.PlainLoginModule required user_{USER}="{PASSWORD}";',
            "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": f"{login}.scram.ScramLoginModule required;",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": keys,
            "log.dirs": self.folder / "data",
            "num.partitions": 2,
            "offsets.topic.num.partitions": 1,
            "offsets.topic.replication.factor": 1,
            "transaction.state.log.num.partitions": 1,
            "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1,
            "group.initial.rebalance.delay.ms": 0,
        }
        (self.folder / "server.properties").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        scram = f'SCRAM-SHA-512=[name="{USER}",password="{PASSWORD}"]'
        command = self._java("kafka.tools.StorageTool", "format", "--standalone", "-t", _CLUSTER, "-c", "server.properties")
        command += ["--add-scram", scram]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, check=False, timeout=START_SECONDS)
        assert done.returncode == 0, done.stderr.decode()

    def start(self) -> None:
        """Start it and wait until it serves. Raises AssertionError with its log when it does not."""
        begin = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            command = self._java("kafka.Kafka", "server.properties")
            self.process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while b"Kafka Server started" not in (said := self.log.read_bytes()[begin:]):
            assert self.process.poll() is None, said.decode()
            assert time.monotonic() < deadline, said.decode()
            time.sleep(0.1)

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone; what it stored stays."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def _java(self, *arguments: str) -> list[str]:
        return [program("java"), *_JVM, "-cp", f"{JARS}/*", *arguments]


@contextmanager
def running_broker(folder: Path) -> Iterator[KafkaBroker]:
    """Run a broker that keeps what it has in a new folder."""
    folder.mkdir(exist_ok=True)
    port, secure_port, controller_port = free_ports(3)
    broker = KafkaBroker(folder, port, secure_port, controller_port, make_certificates(folder))
    broker.format()
    try:
        broker.start()
        yield broker
    finally:
        broker.kill()


@pytest.fixture(scope="session")
def kafka_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaBroker]:
    if not (JARS / "pom.xml").exists() or shutil.which("java") is None:
        missing("kafka")
    with running_broker(tmp_path_factory.mktemp("kafka")) as broker:
        yield broker


@pytest.fixture
def kafka_broker(kafka_session: KafkaBroker) -> Iterator[KafkaBroker]:
    """A broker that runs, also after a test that killed it."""
    if kafka_session.process is None or kafka_session.process.poll() is not None:
        kafka_session.start()
    yield kafka_session
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()  # a client of aiokafka that is closed while it connects leaves that connection to whoever collects it
