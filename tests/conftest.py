"""Fixtures of every test: a host on loopback, with the real thing in each place."""

import socket
from collections.abc import AsyncIterator

import pytest
import structlog

from pipeline import Host
from pipeline.admission import Admission
from pipeline.journal.dead_letter import DeadLetter, DeadLetters
from pipeline.net.http_client import ClientPool
from pipeline.net.http_server import Listeners
from pipeline.settings import JournalSettings
from pipeline.telemetry.metrics import Metrics
from tests.parts.kafka import kafka_broker as kafka_broker
from tests.parts.kafka import kafka_session as kafka_session


class VisibleDeadLetters(DeadLetters):
    """The store in memory, with a view for tests of what was added."""

    def __init__(self, metrics: Metrics) -> None:
        super().__init__(JournalSettings(type="memory"), metrics)
        self._added: list[DeadLetter] = []

    async def add(self, *letters: DeadLetter) -> None:
        await super().add(*letters)
        self._added += letters

    def letters(self) -> list[DeadLetter]:
        return self._added


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def admission(metrics: Metrics) -> Admission:
    return Admission(256 << 20, metrics)


@pytest.fixture
async def host(metrics: Metrics, admission: Admission) -> AsyncIterator[Host]:
    log = structlog.get_logger()
    listeners, clients, dead_letters = Listeners(admission, metrics, log), ClientPool(), VisibleDeadLetters(metrics)
    await dead_letters.open()
    yield Host(
        id="test",
        metrics=metrics,
        log=log,
        admission=admission,
        listeners=listeners,
        clients=clients,
        dead_letters=dead_letters,
    )
    await clients.aclose()
    await listeners.aclose(1.0)
    await dead_letters.aclose()


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
