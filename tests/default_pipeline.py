"""The default pipeline, as shipped, on free ports."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.daemon import Daemon, free_ports, get, get_json, running, until

ROOT = Path(__file__).parents[1]
CONFIG = ROOT / "config/pipelines/default.yaml"
PLACES = {
    4317: ["receivers.otlp.protocols.grpc.endpoint"],
    4318: ["receivers.otlp.protocols.http.endpoint"],
    4319: ["receivers.json_logs.endpoint", "receivers.webhook/events.endpoint", "receivers.webhook/github.endpoint"],
    4330: ["extensions.intake.endpoint"],
    8888: ["service.telemetry.metrics.address"],
    9464: ["exporters.prometheus.endpoint"],
    13133: ["extensions.health.endpoint"],
}
KINDS = ("datadog/logs", "datadog/series", "sentry/events", "sentry/logs")
OPENMETRICS = "application/openmetrics-text;version=1.0.0"


@dataclass
class Default:
    """The running default pipeline. `ports` maps the documented ports to the free ones that stand in for them."""

    daemon: Daemon
    ports: Mapping[int, int]

    def url(self, port: int, path: str) -> str:
        return f"http://127.0.0.1:{self.ports[port]}{path}"

    def intake(self, kind: str) -> list[Any]:
        """Return what the intake took of a kind, newest first."""
        entries: list[Any] = get_json(self.url(4330, f"/intake/{kind}"))
        return entries

    def settle(self) -> None:
        """Wait until all that was acknowledged is delivered and the books balance."""
        until(lambda: self.daemon.metric("sluice_queue_items") == 0, 30, "the end of the queues")
        until(lambda: self.daemon.imbalances() == {}, 10, "the balance of the books")

    def pages(self) -> dict[str, bytes]:
        """Return all that it answers about what passed: intake, metrics and health, by address."""
        paths = [(4330, f"/intake/{kind}") for kind in KINDS]
        paths += [(13133, path) for path in ("/health", "/health/dependencies", "/health/ready", "/health/live", "/health/db")]
        found = {f"{port}{path}": get(self.url(port, path))[1] for port, path in paths}
        for port in (8888, 9464):
            found[f"{port} as text"] = get(self.url(port, "/metrics"))[1]
            found[f"{port} as OpenMetrics"] = get(self.url(port, "/metrics"), OPENMETRICS)[1]
        return found

    def files(self) -> dict[str, bytes]:
        """Return all that it wrote: its logs, and the files of its journal, dead letters included; best once it has stopped."""
        held = {str(path): path.read_bytes() for path in self.daemon.journal.rglob("*") if path.is_file()}
        return {**held, "own logs": self.daemon.log.read_bytes()}


@contextmanager
def default_pipeline(
    directory: Path, overrides: Sequence[str] = (), environ: Mapping[str, str] | None = None
) -> Iterator[Default]:
    """Run the default pipeline. It counts faster than shipped, so that tests need not wait."""
    ports = dict(zip(PLACES, free_ports(len(PLACES)), strict=True))
    sets = [f"{path}=127.0.0.1:{ports[port]}" for port, paths in PLACES.items() for path in paths]
    sets += ["connectors.count.interval=200ms", *overrides]
    daemon = Daemon(CONFIG, directory / "journal", ports[13133], ports[8888], sets, environ or {})
    with running(daemon):
        yield Default(daemon, ports)
