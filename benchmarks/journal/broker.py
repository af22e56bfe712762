"""A Kafka broker for a measurement, where this machine has one: `make parts` brings its jars."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from typing import Final

from benchmarks.daemon import free_ports

JARS: Final = Path(__file__).parents[2] / ".parts/kafka"
START_SECONDS: Final = 60.0


@contextmanager
def broker(directory: Path) -> Iterator[str]:
    """Run a broker in a directory, and give its address; empty where its jars or a JVM are missing."""
    if not (JARS / "pom.xml").exists() or which("java") is None:
        yield ""
        return
    directory.mkdir()
    port, controller = free_ports(2)
    settings = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.bootstrap.servers": f"127.0.0.1:{controller}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}",
        "log.dirs": "data",
        "offsets.topic.num.partitions": 1,
        "offsets.topic.replication.factor": 1,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "group.initial.rebalance.delay.ms": 0,
    }
    (directory / "server.properties").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    java = ["java", "-Xmx512m", "-Dorg.apache.logging.log4j.level=INFO", "-cp", f"{JARS}/*"]
    log = directory / "broker.log"
    with log.open("wb") as output:
        storage = ["kafka.tools.StorageTool", "format", "--standalone", "-t", "c2x1aWNlLWJlbmNoLTAwMQ", "-c", "server.properties"]
        subprocess.run([*java, *storage], cwd=directory, stdout=output, stderr=output, check=True)
        process = subprocess.Popen([*java, "kafka.Kafka", "server.properties"], cwd=directory, stdout=output, stderr=output)
        try:
            deadline = time.monotonic() + START_SECONDS
            while b"Kafka Server started" not in log.read_bytes():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(log.read_text()[-2000:])
                time.sleep(0.1)
            yield f"127.0.0.1:{port}"
        finally:
            process.kill()
            process.wait()
