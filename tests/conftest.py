"""Fixtures of every test: a host on loopback, with the real thing in each place."""

import socket
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest
import structlog

from pipeline import Host
from pipeline.admission import Admission
from pipeline.net.http_client import ClientPool
from pipeline.net.http_server import Listeners
from pipeline.telemetry.metrics import Metrics

if TYPE_CHECKING:
    from pipeline.journal.dead_letter import DeadLetter


class DeadLetterList:
    """A dead-letter store that keeps what it got where a test can see it."""

    def __init__(self) -> None:
        self.letters: list[DeadLetter] = []

    async def add(self, letter: "DeadLetter") -> None:
        self.letters.append(letter)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def admission(metrics: Metrics) -> Admission:
    return Admission(256 << 20, metrics)


@pytest.fixture
async def host(metrics: Metrics, admission: Admission) -> AsyncIterator[Host]:
    log = structlog.get_logger()
    host = Host(
        id="test",
        metrics=metrics,
        log=log,
        admission=admission,
        listeners=Listeners(admission, metrics, log),
        clients=ClientPool(),
        dead_letters=DeadLetterList(),
    )
    yield host
    await host.clients.aclose()
    await host.listeners.aclose(1.0)


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
