"""One of three destinations is gone while clients send 20,000 records a second; then it comes back.

Once with a budget that holds all of it: nobody notices. Once with an eighth of that: clients are told to come again when it is
used up. Each time, every request that was answered 200 has to arrive everywhere, and those of one client in their order. The
outage that was promised lasts three minutes: `--load-seconds 180`.
"""

import asyncio
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import uvloop

from benchmarks.daemon import Daemon, Peak, free_ports, running, scratch, sluice
from benchmarks.http import Client, Server, serving
from benchmarks.load import PATIENCE, PAUSE, Template, letters, taken, templates
from benchmarks.measure import Figure, Scale

CONFIG: Final = Path(__file__).with_name("sluice.yaml")
RATE: Final = 20_000
"""Records a second."""
RECORDS: Final = 100
"""In a request."""
RECORD_BYTES: Final = 600
CLIENTS: Final = 16
INFLIGHT_MIB: Final = 64
"""`service.limits.inflight` of the configuration."""
_FIRST: Final = re.compile(rb"load-([a-p]{8})-aaaa")


def run(scale: Scale) -> Iterator[Figure]:
    """Measure with room for the whole outage, and with room for an eighth of it."""
    offered = RATE * RECORD_BYTES * scale.load_seconds
    for name, budget in ("all fits", 2 * offered), ("an eighth fits", offered / 8):
        with scratch(scale) as directory:
            port, one, two, gone, metrics = free_ports(5)
            ports = {"OTLP_PORT": port, "ONE_PORT": one, "TWO_PORT": two, "GONE_PORT": gone, "METRICS_PORT": metrics}
            environ = {**{key: str(value) for key, value in ports.items()}, "BUDGET": str(max(int(budget), 1 << 20))}
            with running(sluice(CONFIG), port, directory, environ) as daemon:
                daemon.until_accepts("/v1/logs", b"")
                with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                    found = runner.run(_lived_through(daemon, (one, two), gone, scale))
            yield from (figure._replace(name=f"{name}, {figure.name}") for figure in found)


@dataclass
class Arrivals:
    """A destination: when each request came first, and in what order."""

    first: dict[bytes, float] = field(default_factory=dict)
    twice: int = 0

    def connection(self) -> Server:
        """Return what takes the requests of one connection."""
        return Server(self._take)

    def _take(self, _: bytes, body: bytes) -> None:
        now = time.monotonic()
        for name in _FIRST.findall(body):
            self.twice += name in self.first
            self.first.setdefault(name, now)


@dataclass
class Clients:
    """Clients that together send at a rate, as far as they are let."""

    port: int
    requests: Sequence[Template]
    owed: dict[bytes, float] = field(default_factory=dict)
    """Requests that were answered 200, and when."""
    refused: int = 0

    async def run(self, seconds: float, first: int) -> int:
        """Send for some seconds; return the number of the next request. Numbers of one client are `CLIENTS` apart."""
        begun = time.monotonic()
        count = max(round(RATE * seconds / RECORDS), CLIENTS)
        await asyncio.gather(*(self._client(at, first, count, begun, seconds) for at in range(CLIENTS)))
        return first + -(-count // CLIENTS) * CLIENTS

    async def _client(self, at: int, first: int, count: int, begun: float, seconds: float) -> None:
        client = await Client.connect(self.port)
        try:
            for turn in range(at, count, CLIENTS):
                await asyncio.sleep(max(begun + turn * RECORDS / RATE - time.monotonic(), 0.0))
                request = self.requests[turn % len(self.requests)].numbered(first + turn)
                while not await taken(client, request):
                    self.refused += 1
                    client.transport.close()
                    await asyncio.sleep(PAUSE)
                    client = await Client.connect(self.port)
                    if time.monotonic() > begun + seconds:
                        return
                self.owed[letters(first + turn, 8)] = time.monotonic()
        finally:
            client.transport.close()


async def _lived_through(daemon: Daemon, healthy: Sequence[int], gone: int, scale: Scale) -> list[Figure]:
    requests = templates(scale.of(RECORDS), scale)
    one, two, back = Arrivals(), Arrivals(), Arrivals()
    clients = Clients(daemon.port, requests)
    async with serving(healthy[0], one.connection), serving(healthy[1], two.connection), Peak(daemon) as peak:
        cpu = daemon.cpu()
        following = await clients.run(scale.load_seconds, 0)
        await _until(lambda: all(clients.owed.keys() <= sink.first.keys() for sink in (one, two)), lambda: len(one.first))
        lags = sorted(sink.first[name] - then for name, then in clients.owed.items() for sink in (one, two))
        refused, accepted, backlog = clients.refused, len(clients.owed), len(clients.owed)
        cpu = daemon.cpu() - cpu
        held = peak.resident
        returned = time.monotonic()
        async with serving(gone, back.connection):
            await _until(lambda: clients.owed.keys() <= back.first.keys(), lambda: len(back.first))
            caught_up = time.monotonic() - returned
            clients.refused = 0
            await clients.run(scale.load_seconds / 20, following)
            await _until(lambda: clients.owed.keys() <= back.first.keys(), lambda: len(back.first))
    size = requests[0].records
    return [
        Figure("accepted", accepted * size, "records"),
        Figure("requests refused for now", refused, "requests"),
        Figure("requests refused after it was back", clients.refused, "requests"),
        Figure("lag of the healthy, p99", max(lags[len(lags) * 99 // 100], 0.0), "s"),
        Figure("lag of the healthy, longest", max(lags[-1], 0.0), "s"),
        Figure("CPU during the outage", cpu / (accepted * size) * 1e6, "us/record"),
        Figure("RSS beyond inflight, before it was back", held - INFLIGHT_MIB, "MiB"),
        Figure("RSS beyond inflight", peak.resident - INFLIGHT_MIB, "MiB"),
        Figure("caught up, rate", backlog * size / caught_up, "records/s"),
        Figure("requests out of order when it was back", _out_of_order(back.first), "requests"),
        Figure("requests that came twice", one.twice + two.twice + back.twice, "requests"),
    ]


def _out_of_order(arrived: Mapping[bytes, float]) -> int:
    """Count the requests that came after a later one of the same client."""
    newest: dict[int, int] = {}
    count = 0
    for name in arrived:
        number = int(name.translate(_DIGITS), 16)
        count += number < newest.get(number % CLIENTS, -1)
        newest[number % CLIENTS] = max(number, newest.get(number % CLIENTS, -1))
    return count


_DIGITS: Final = bytes.maketrans(b"abcdefghijklmnop", b"0123456789abcdef")


async def _until(done: Callable[[], bool], progress: Callable[[], int]) -> None:
    """Return once it is done. Raises RuntimeError when nothing has come for a long time."""
    came, at = -1, time.monotonic()
    while not done():
        if progress() != came:
            came, at = progress(), time.monotonic()
        elif time.monotonic() - at > PATIENCE:
            raise RuntimeError("acknowledged requests did not arrive")
        await asyncio.sleep(0.05)
