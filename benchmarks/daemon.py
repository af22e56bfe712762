"""A daemon as a separate process, and what the kernel's books say of it."""

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Self

from benchmarks.measure import Scale

START_SECONDS = 60.0


def sluice(config: Path, *overrides: str) -> list[str]:
    """Return the command that serves a configuration with the code in the current directory."""
    sets = [word for override in overrides for word in ("--set", override)]
    return [sys.executable, "-c", "from cli import main; main()", "run", "--config", str(config), *sets]


class Daemon:
    """A running process. Only the process itself is counted, not its children: start the daemon, not a shell around it."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self.process = process
        self.port = port
        self._log = log

    def cpu(self) -> float:
        """Return the seconds of CPU that all of its threads took since it started (clock_getcpuclockid(3), Linux)."""
        return time.clock_gettime(~self.process.pid << 3 | 2)

    def memory(self, kind: str = "RssAnon") -> float:
        """Return its resident memory in MiB: all (`VmRSS`) or what is no page of a file (`RssAnon`)."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            name, _, value = line.partition(":")
            if name == kind:
                return int(value.split()[0]) / 1024
        raise RuntimeError("the daemon has ended" + self.text())

    def until_accepts(self, path: str, body: bytes) -> None:
        """Return once it answers 200 to a POST. Raises RuntimeError with its log when it does not come to that."""
        deadline = time.monotonic() + START_SECONDS
        while post(self.port, path, body) != 200:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the daemon does not accept requests" + self.text())
            time.sleep(0.001)

    def text(self) -> str:
        """Return the end of what it wrote, to be shown behind an error."""
        return "\n" + self._log.read_text(errors="replace")[-4000:]


class Peak:
    """The most memory, in MiB, that a daemon held at one time within the block."""

    def __init__(self, daemon: Daemon) -> None:
        self.anonymous = self.resident = 0.0
        self._daemon = daemon

    async def __aenter__(self) -> Self:
        self._look()
        self._watching = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._watching.cancel()
        await asyncio.wait([self._watching])
        self._look()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(0.05)
            self._look()

    def _look(self) -> None:
        self.anonymous = max(self.anonymous, self._daemon.memory())
        self.resident = max(self.resident, self._daemon.memory("VmRSS"))


@contextmanager
def running(
    command: Sequence[str], port: int, directory: Path, environ: Mapping[str, str] | None = None, *, pinned: bool = False
) -> Iterator[Daemon]:
    """Start a daemon that keeps its files in a directory, and end it; what it holds in its journal by then stays there.

    `pinned` gives it a core of its own, and all other cores to this process.
    """
    cores = os.sched_getaffinity(0)
    own = {max(cores)} if pinned and len(cores) > 1 else cores
    log = directory / "daemon.log"
    try:
        os.sched_setaffinity(0, own)  # a child inherits it, all of its threads with it
        with log.open("ab") as output:
            environ = {**os.environ, "SLUICE_JOURNAL_DIR": str(directory.resolve() / "journal"), **(environ or {})}
            process = subprocess.Popen(command, env=environ, stdout=output, stderr=output)
        os.sched_setaffinity(0, cores - own or cores)
        daemon = Daemon(process, port, log)
        try:
            yield daemon
        finally:
            process.kill()
            process.wait()
    finally:
        os.sched_setaffinity(0, cores)


@contextmanager
def scratch(scale: Scale) -> Iterator[Path]:
    """Give a directory for a while."""
    scale.scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scale.scratch) as directory:
        yield Path(directory)


def post(port: int, path: str, body: bytes) -> int:
    """Return the status of a POST of OTLP in protobuf, 0 when nobody answers."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("POST", path, body, {"content-type": "application/x-protobuf"})
        with connection.getresponse() as answer:
            answer.read()
            return answer.status
    except (OSError, HTTPException):
        return 0
    finally:
        connection.close()


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on."""
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports
