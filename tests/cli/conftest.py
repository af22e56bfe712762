"""Small daemons for the verbs that talk to one."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.destination import Destination, listening
from tests.cli.verbs import sluice
from tests.daemon import Daemon, free_ports, post, running, until


@dataclass
class Served:
    """A running daemon. `logs` is where it takes JSON logs, `health` where it says how it is."""

    daemon: Daemon
    logs: str
    health: str


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A daemon that prints what it takes, and whose other destination is down."""
    directory: Path = tmp_path_factory.mktemp("served")
    logs, health, metrics, nobody = free_ports(4)
    config = directory / "sluice.yaml"
    config.write_text(
        f"""
receivers:
  json_logs: {{endpoint: 127.0.0.1:{logs}}}
processors:
  redact:
exporters:
  debug: {{verbosity: normal}}
  otlp_http: {{endpoint: 'http://127.0.0.1:{nobody}'}}
extensions:
  health: {{endpoint: 127.0.0.1:{health}}}
service:
  limits: {{shutdown_timeout: 1s}}
  extensions: [health]
  telemetry: {{metrics: {{address: 127.0.0.1:{metrics}}}}}
  pipelines:
    logs: {{receivers: [json_logs], processors: [redact], exporters: [debug, otlp_http]}}
"""
    )
    with running(Daemon(config, directory / "journal", health, metrics)) as daemon:
        yield Served(daemon, f"http://127.0.0.1:{logs}/logs", f"127.0.0.1:{health}")


@dataclass
class Refusing:
    """A daemon and its destination, which refuses at first."""

    daemon: Daemon
    destination: Destination
    logs: str

    def send(self, *messages: str) -> None:
        for message in messages:
            assert post(self.logs, json.dumps({"message": message}).encode())[0] == 200

    def refused(self, *messages: str) -> None:
        """Have a letter of each message."""
        self.destination.status = 400
        before = self.daemon.metric("sluice_dlq_items")
        for number, message in enumerate(messages, 1):
            self.send(message)
            until(lambda number=number: self.daemon.metric("sluice_dlq_items") == before + number)

    def letters(self) -> int:
        return sum(1 for _ in self.dlq("list", "--json").stdout.splitlines())

    def dlq(self, verb: str, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
        return sluice("dlq", verb, "--dir", str(self.daemon.journal), *arguments)

    def queue(self, verb: str, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
        return sluice("queue", verb, "--dir", str(self.daemon.journal), *arguments)


@pytest.fixture
def refusing(tmp_path: Path) -> Iterator[Refusing]:
    logs, health, metrics = free_ports(3)
    with listening() as destination:
        config = tmp_path / "sluice.yaml"
        config.write_text(
            f"""
receivers:
  json_logs: {{endpoint: 127.0.0.1:{logs}}}
processors:
  redact:
exporters:
  otlp_http:
    endpoint: {destination.url}
    compression: none
    sending_queue: {{batch: {{flush_timeout: 1ms}}}}
    retry_on_failure: {{initial_interval: 10ms, max_interval: 50ms}}
extensions:
  health: {{endpoint: 127.0.0.1:{health}}}
service:
  limits: {{shutdown_timeout: 1s}}
  extensions: [health]
  telemetry: {{metrics: {{address: 127.0.0.1:{metrics}}}}}
  pipelines:
    logs: {{receivers: [json_logs], processors: [redact], exporters: [otlp_http]}}
"""
        )
        with running(Daemon(config, tmp_path / "journal", health, metrics)) as daemon:
            yield Refusing(daemon, destination, f"http://127.0.0.1:{logs}/logs")
