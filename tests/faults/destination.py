"""A destination in a process of its own, so that it can be stopped, and its faults, which it is told on its standard input.

    python -m tests.faults.destination PORT LOG SEED

Each line of the input is a fault of `FAULTS`, empty for none. The log gets a line `+ id id …` before a request is answered 200,
`- id id …` for records that such an answer refuses (partial success).
"""

import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TextIO

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse

from tests.faults.oracle import Handler, Sink

_PARTIAL_SHARE: Final = 0.1


def _slowly(handler: Handler) -> bool:
    time.sleep(random.uniform(0.0, 0.6))  # below and above the exporters' time-out
    return False


def _answers(*statuses: int, **headers: str) -> Callable[[Handler], bool]:
    def answer(handler: Handler) -> bool:
        handler.answer(random.choice(statuses), b"<html>" * random.choice([0, 500]), **headers)
        return True

    return answer


def _cut_answer(handler: Handler) -> bool:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-le")
    return _reset(handler)


def _reset(handler: Handler) -> bool:
    handler.reset()
    return True


FAULTS: Final[Mapping[str, Callable[[Handler], bool]]] = {
    "": lambda handler: False,
    "slow": _slowly,
    "5xx": _answers(502, 503, 504),
    "429": _answers(429, retry_after="1"),
    "429 with nonsense": _answers(429, retry_after="soon"),
    "4xx": lambda handler: False,
    "413": lambda handler: False,
    "partial success": lambda handler: False,
    "refused": _reset,
    "reset before the answer": _reset,
    "reset in the answer": _cut_answer,
    "reset in the request": _reset,
}
"""What is done about a whole request; True when it is answered. The faults that depend on ids are in `Scripted`."""


def is_poison(name: str) -> bool:
    """Return whether a destination with the fault "4xx" refuses this id."""
    return name.endswith("77")


class Scripted:
    """The behaviour of a destination: the fault of the moment."""

    def __init__(self, log: TextIO) -> None:
        self.fault = ""
        self._log = log
        self._lock = threading.Lock()

    def __call__(self, handler: Handler, ids: list[str]) -> bool:
        """Answer a request."""
        fault = self.fault
        if FAULTS[fault](handler):
            return True
        if fault == "4xx" and any(map(is_poison, ids)):
            handler.answer(400)
        elif fault == "413" and len(ids) > 7:
            handler.answer(413)
        else:
            refused = {name for name in ids if random.random() < _PARTIAL_SHARE} if fault == "partial success" else set()
            self._write("+", [name for name in ids if name not in refused])
            self._write("-", sorted(refused))
            answer = ExportLogsServiceResponse()
            answer.partial_success.rejected_log_records = len(refused)
            handler.answer(200, answer.SerializeToString() if refused else b"")
        return True

    def _write(self, mark: str, ids: list[str]) -> None:
        if ids:
            with self._lock:
                self._log.write(f"{mark} {' '.join(ids)}\n")
                self._log.flush()


def main() -> None:
    """Serve until the input ends."""
    port, path = int(sys.argv[1]), Path(sys.argv[2])
    random.seed(int(sys.argv[3]))
    with path.open("a") as log:
        script = Scripted(log)

        class Cutting(Handler):
            def do_POST(self) -> None:  # noqa: N802  # as http.server calls it
                if script.fault == "reset in the request":
                    self.rfile.read(int(self.headers["content-length"]) // 2)
                    self.reset()
                else:
                    super().do_POST()

        sink = Sink(port, Cutting)
        sink.behave = script
        sink.open()
        print("ready", flush=True)
        for line in sys.stdin:
            before, script.fault = script.fault, line.strip()
            if script.fault == "refused":
                sink.close()
            elif before == "refused":
                sink.open()


class Destination:
    """Such a process, as the oracle sees it."""

    def __init__(self, port: int, log: Path, seed: int) -> None:
        self.port = port
        self._log = log
        log.touch()
        self.received: Counter[str] = Counter()
        self.declined: Counter[str] = Counter()
        """Ids in answers of partial success that refuse them."""
        self._read = 0
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.destination", str(port), str(log), str(seed)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )

    def wait(self) -> None:
        """Wait until it listens."""
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n", f"a destination could not listen on port {self.port}"

    def turn(self, fault: str) -> None:
        """Have it behave in another way."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{fault}\n")
        self.process.stdin.flush()

    def look(self) -> None:
        """Take in what it logged since."""
        with self._log.open() as log:
            log.seek(self._read)
            while (line := log.readline()).endswith("\n"):
                mark, _, ids = line.rstrip().partition(" ")
                (self.received if mark == "+" else self.declined).update(ids.split(" "))
                self._read = log.tell()

    def close(self) -> None:
        """End it."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


if __name__ == "__main__":
    main()
