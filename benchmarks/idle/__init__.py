"""What a daemon with `otlp` and `prometheus` costs while nothing comes in: over HTTP alone, and with gRPC too."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks.daemon import free_ports, running, scratch, sluice
from benchmarks.measure import Figure, Scale

CONFIG: Final = Path(__file__).with_name("sluice.yaml")


def run(scale: Scale) -> Iterator[Figure]:
    """Watch an idle daemon once it has settled."""
    for protocols in ("HTTP", "HTTP and gRPC"):
        with scratch(scale) as directory:
            port, grpc, scrape, metrics = free_ports(4)
            ports = {"OTLP_PORT": str(port), "SCRAPE_PORT": str(scrape), "METRICS_PORT": str(metrics)}
            grpc_too = [f"receivers.otlp.protocols.grpc.endpoint=127.0.0.1:{grpc}"] if "gRPC" in protocols else []
            with running(sluice(CONFIG, *grpc_too), port, directory, ports) as daemon:
                daemon.until_accepts("/v1/metrics", b"")
                time.sleep(scale.load_seconds / 10)
                cpu, started = daemon.cpu(), time.monotonic()
                time.sleep(scale.load_seconds)
                share = (daemon.cpu() - cpu) / (time.monotonic() - started)
                yield Figure(f"{protocols}, RSS", daemon.memory("VmRSS"), "MiB")
                yield Figure(f"{protocols}, CPU", share * 100, "%")
