"""The real daemon, as a user starts it: `sluice run` in a process of its own."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

SLUICE = Path(sys.executable).with_name("sluice")
START_SECONDS = 30.0
_given: deque[int] = deque(maxlen=4000)
"""Ports given out lately. Whoever asked may not listen yet, or have closed its own for a moment."""
_WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
"""Tests that run at the same time share the ports among them."""


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on, that no other caller was given, and that no outgoing connection gets meanwhile."""
    lowest_outgoing = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    ports: set[int] = set()
    while len(ports) < count:
        port = random.SystemRandom().randrange(10_000, max(lowest_outgoing, 20_000))
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            if port not in _given and port % _WORKERS == _WORKER:
                _given.append(port)
                ports.add(port)
    return list(ports)


class _SocketConnection(HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("sluice", timeout=60)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


@dataclass
class Daemon:
    """One `sluice run`. `health` and `metrics` are ports."""

    config: Path
    journal: Path
    health: int
    metrics: int
    overrides: Sequence[str] = ()
    environ: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    log: Path = field(init=False)

    def __post_init__(self) -> None:
        self.log = self.journal.with_suffix(".log")

    def start(self) -> None:
        """Start it and wait until it is ready. Raises AssertionError with its log when it does not get there."""
        self.launch()
        self.wait()

    def wait(self) -> None:
        """Wait until it is ready. Raises AssertionError with its log when it does not get there."""
        process = self.process
        assert process is not None
        deadline = time.monotonic() + START_SECONDS
        while not self.ready():
            assert process.poll() is None, self.text()
            assert time.monotonic() < deadline, self.text()
            time.sleep(0.02)

    def launch(self) -> subprocess.Popen[bytes]:
        """Start it and don't wait."""
        sets = [word for override in self.overrides for word in ("--set", override)]
        inherited = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        environ = {**inherited, "SLUICE_JOURNAL_DIR": str(self.journal), **self.environ}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [str(SLUICE), "run", "--config", str(self.config), *sets], env=environ, stdout=log, stderr=log
            )
        return self.process

    def ready(self) -> bool:
        """Return whether it takes data."""
        try:
            return get(f"http://127.0.0.1:{self.health}/health/ready")[0] == 200
        except OSError:
            return False

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self, seconds: float = 40.0) -> int:
        """SIGTERM, wait, and return the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def ask(self, method: str, path: str) -> tuple[int, Any]:
        """Return status and JSON that the admin socket answers."""
        with closing(_SocketConnection(self.journal / "admin.sock")) as connection:
            connection.request(method, path)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())

    def text(self) -> str:
        """Return everything it logged."""
        return self.log.read_text()

    def metric(self, name: str, **labels: str) -> float:
        """Return the sum of its own metric over all series with these labels."""
        from prometheus_client.parser import text_string_to_metric_families

        families = text_string_to_metric_families(get(f"http://127.0.0.1:{self.metrics}/metrics")[1].decode())
        samples = [sample for family in families for sample in family.samples if sample.name == name]
        return sum(sample.value for sample in samples if labels.items() <= sample.labels.items())

    def imbalances(self) -> dict[tuple[str, str], float]:
        """Return the accounts that do not balance, by pipeline and exporter."""
        from prometheus_client.parser import text_string_to_metric_families

        families = text_string_to_metric_families(get(f"http://127.0.0.1:{self.metrics}/metrics")[1].decode())
        return {
            (sample.labels["pipeline"], sample.labels["exporter"]): sample.value
            for family in families
            for sample in family.samples
            if sample.name == "sluice_conservation_imbalance" and sample.value
        }


@contextmanager
def running(daemon: Daemon) -> Iterator[Daemon]:
    """Start a daemon, and kill it if it still runs at the end."""
    try:
        daemon.start()
        yield daemon
    finally:
        if daemon.process is not None and daemon.process.poll() is None:
            daemon.kill()


def get(url: str, accept: str = "*/*") -> tuple[int, bytes]:
    """Return status and body of a GET."""
    return _request(Request(url, headers={"accept": accept}))


def get_json(url: str) -> Any:
    """Return the JSON of a GET."""
    return json.loads(get(url)[1])


def post(
    url: str, body: bytes, content_type: str = "application/json", headers: Mapping[str, str] | None = None
) -> tuple[int, bytes]:
    """Return status and body of a POST."""
    return _request(Request(url, body, {"content-type": content_type, **(headers or {})}))


def _request(request: Request) -> tuple[int, bytes]:
    try:
        with urlopen(request, timeout=10) as answer:
            return answer.status, answer.read()
    except HTTPError as refused:
        with refused:
            return refused.code, refused.read()
    except URLError as error:
        raise OSError(str(error.reason)) from None


def until(condition: Any, seconds: float = 20.0, what: str = "the condition") -> Any:
    """Return the first truthy value of `condition()`; raises AssertionError when there is none in time."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"{what} did not come true in {seconds} s"
        time.sleep(0.02)
    return value
