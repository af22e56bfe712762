"""A daemon between the oracle's clients and its sinks."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.daemon import Daemon, free_ports, until
from tests.faults.oracle import Load, Sink


@dataclass
class Bench:
    """A configured daemon, not started, and its destinations, not listening."""

    daemon: Daemon
    logs: int
    sinks: Sequence[Sink]

    def load(self) -> Load:
        return Load(self.logs)

    def assert_nothing_lost(self, owed: set[str], sink: Sink, dead: int = 0) -> None:
        """Wait until a sink has everything that was acknowledged, but for `dead` items that are in the dead-letter store."""

        def missing() -> set[str]:
            return owed - sink.received.keys()

        until(lambda: len(missing()) <= dead, 60, f"the arrival of {len(owed)} owed ids")
        assert len(missing()) == dead

    def assert_books_close(self) -> None:
        """Wait until nothing moves; then every account balances."""
        until(lambda: self.daemon.metric("sluice_queue_items") == 0, 30, "the end of the queue")
        until(lambda: self.daemon.imbalances() == {}, 10, "the balance of the books")


class BenchMaker:
    """Makes benches; cleans up after them."""

    def __init__(self, directory: Path, stack: ExitStack) -> None:
        self._directory = directory
        self._stack = stack

    def __call__(self, sinks: int = 1, *, queue: str = "{}", service: str = "", exporter: str = "") -> Bench:
        logs, health, metrics, *ports = free_ports(3 + sinks)
        names = [f"otlp_http/{number}" for number in range(sinks)]
        config = self._directory / "sluice.yaml"
        exporters = "\n".join(
            f"  {name}: {{endpoint: 'http://127.0.0.1:{port}', sending_queue: {queue},"
            f" retry_on_failure: {{initial_interval: 50ms, max_interval: 200ms}}, {exporter or 'timeout: 2s'}}}"
            for name, port in zip(names, ports, strict=True)
        )
        config.write_text(
            f"""
receivers:
  json_logs: {{endpoint: 127.0.0.1:{logs}}}
processors:
  redact: {{detectors: [email, card]}}
exporters:
{exporters}
extensions:
  health: {{endpoint: 127.0.0.1:{health}}}
service:
  extensions: [health]
  telemetry: {{metrics: {{address: 127.0.0.1:{metrics}}}}}
  {service or "limits: {shutdown_timeout: 10s}"}
  pipelines:
    logs: {{receivers: [json_logs], processors: [redact], exporters: [{", ".join(names)}]}}
"""
        )
        daemon = Daemon(config, self._directory / "journal", health, metrics)
        found = [Sink(port) for port in ports]
        for sink in found:
            self._stack.callback(sink.close)
        self._stack.callback(_kill, daemon)
        return Bench(daemon, logs, found)


def _kill(daemon: Daemon) -> None:
    if daemon.process is not None and daemon.process.poll() is None:
        daemon.kill()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[BenchMaker]:
    with ExitStack() as stack:
        yield BenchMaker(tmp_path, stack)
