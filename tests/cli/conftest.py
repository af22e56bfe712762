"""A small daemon for the verbs that talk to one."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.daemon import Daemon, free_ports, running


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
  extensions: [health]
  telemetry: {{metrics: {{address: 127.0.0.1:{metrics}}}}}
  pipelines:
    logs: {{receivers: [json_logs], processors: [redact], exporters: [debug, otlp_http]}}
"""
    )
    with running(Daemon(config, directory / "journal", health, metrics)) as daemon:
        yield Served(daemon, f"http://127.0.0.1:{logs}/logs", f"127.0.0.1:{health}")
