"""The default pipeline, as shipped, on free ports."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.daemon import Daemon, free_ports, running

ROOT = Path(__file__).parents[2]
DEFAULT = ROOT / "config/pipelines/default.yaml"
PLACES = {
    4317: ["receivers.otlp.protocols.grpc.endpoint"],
    4318: ["receivers.otlp.protocols.http.endpoint"],
    4319: ["receivers.json_logs.endpoint", "receivers.webhook/events.endpoint", "receivers.webhook/github.endpoint"],
    4330: ["extensions.intake.endpoint"],
    8888: ["service.telemetry.metrics.address"],
    9464: ["exporters.prometheus.endpoint"],
    13133: ["extensions.health.endpoint"],
}


@dataclass
class Default:
    """The running default pipeline. `ports` maps the documented ports to the free ones that stand in for them."""

    daemon: Daemon
    ports: Mapping[int, int]

    def url(self, port: int, path: str) -> str:
        return f"http://127.0.0.1:{self.ports[port]}{path}"


@pytest.fixture
def default(tmp_path: Path) -> Iterator[Default]:
    ports = dict(zip(PLACES, free_ports(len(PLACES)), strict=True))
    overrides = [f"{path}=127.0.0.1:{ports[port]}" for port, paths in PLACES.items() for path in paths]
    overrides.append("connectors.count.interval=200ms")
    daemon = Daemon(DEFAULT, tmp_path / "journal", ports[13133], ports[8888], overrides)
    with running(daemon):
        yield Default(daemon, ports)
