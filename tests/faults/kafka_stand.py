"""The stand on a Kafka journal: its broker dies and comes back, and a second node joins the fleet and leaves it."""

import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Final

from tests.daemon import Daemon, free_ports
from tests.faults.destination import Destination
from tests.faults.outcome import dead_letters
from tests.faults.schedule import Schedule
from tests.faults.stand import EXPORTERS, Stand
from tests.faults.topics import committed, ids_in_topic
from tests.parts.kafka import KafkaBroker

LANES: Final = ("logs", "logs", "logs/copy")
"""The lane of each exporter."""
LEAVE_SECONDS: Final = 40.0
"""How long the second node may take to stop; how fast the first one stops is held to the contract."""


class KafkaStand(Stand):
    """A stand whose first node does everything, and whose second one only delivers. The broker runs."""

    recovery_seconds: ClassVar[float] = 60.0
    delivery_seconds: ClassVar[float] = 120.0
    """A member that was killed keeps its partitions until its session is over: 10 s, or 45 s where it has a name."""

    def __init__(self, directory: Path, plan: Schedule, library: Path, broker: KafkaBroker) -> None:
        self._broker = broker
        self._topic = f"soak-{plan.seed}-{time.monotonic_ns()}"
        self._broker_died = False
        self._return: threading.Thread | None = None
        super().__init__(directory, plan, library)
        if plan.instance is not None:
            self.daemon.overrides = (f"service.journal.instance={plan.instance}",)
        health, metrics = free_ports(2)
        config = directory / "second.yaml"  # reloads are the first node's
        config.write_text(self.daemon.config.read_text())
        self._second = Daemon(
            config,
            directory / "second",
            health,
            metrics,
            (
                "service.journal.role=export",
                f"extensions.health.endpoint=127.0.0.1:{health}",
                f"service.telemetry.metrics.address=127.0.0.1:{metrics}",
            ),
        )
        self._resources.callback(self._end_fleet)

    # ---- the broker ----

    def kill_broker(self, away: float) -> None:
        """SIGKILL; it starts again so many seconds later, while other things happen."""
        self._await_broker()
        self._broker.kill()
        self._broker_died = True
        self._return = threading.Thread(target=self._bring_back, args=(away,))
        self._return.start()

    def _bring_back(self, away: float) -> None:
        time.sleep(away)
        self._broker.start()

    def _await_broker(self) -> None:
        if self._return is not None:
            self._return.join()
            self._return = None

    # ---- the second node ----

    def join(self) -> None:
        """Have the second node start."""
        self._second.launch()

    def leave(self, how: str) -> None:
        """Have the second node end, once it takes part."""
        self._up(self._second)
        process = _process(self._second)
        process.send_signal(signal.Signals[how])
        code = process.wait(LEAVE_SECONDS)
        if how == "SIGTERM" and code != 0:
            self.outcome.faults.append(f"the second node's stop ended with {code}")

    # ---- parts ----

    def _heal(self) -> None:
        self._await_broker()
        super()._heal()

    def _come_up(self) -> None:
        self.daemon.launch()
        self._up(self.daemon)

    def _up(self, daemon: Daemon) -> None:
        """Wait until a node is ready. One that found no broker in time is started again, as its supervisor would."""
        deadline = time.monotonic() + self.recovery_seconds
        while not daemon.ready() and time.monotonic() < deadline:
            if self._broker_died and _process(daemon).poll() is not None and "sluice can't run" in daemon.text().splitlines()[-1]:
                daemon.launch()
            time.sleep(0.1)
        daemon.wait()

    def _is_delivered(self) -> bool:
        """Return whether all that was acknowledged is somewhere: what waits in a topic is in no node's books."""
        missing = {exporter: set(self.load.owed) for exporter in EXPORTERS}
        for exporter, destination in zip(EXPORTERS, self.destinations, strict=True):
            destination.look()
            missing[exporter] -= destination.received.keys() | destination.declined.keys()
        if any(missing.values()):
            dead = self._dead_letters()
            return not any(names - dead.get(exporter, {}).keys() for exporter, names in missing.items())
        return True

    def _compare(self) -> None:
        """As on disk; of what did not arrive the topics tell whether it is lost, or waits and nobody delivers it."""
        super()._compare()
        if self.outcome.faults:
            self.outcome.faults += map(self._whereabouts, EXPORTERS, LANES, self.destinations)

    def _whereabouts(self, exporter: str, lane: str, destination: Destination) -> str:
        topic = f"{self._topic}.{lane.replace('/', '.')}"
        held = ids_in_topic(self._broker, topic)
        missing = self.load.owed - destination.received.keys() - destination.declined.keys()
        offsets = sorted({held[name] for name in missing & held.keys()})
        return (
            f"of {len(missing)} that did not arrive at {exporter} {len(missing - held.keys())} are in no topic; "
            f"the others are in {topic} from {offsets[:1]} to {offsets[-1:]}, and its group goes on at "
            f"{committed(self._broker, f'{self._topic}.{lane}.{exporter}')}"
        )

    def _dead_letters(self) -> Mapping[str, Mapping[str, str]]:
        letters = dead_letters(self.journal)
        if (self._second.journal / "dead_letters.db").exists():
            for exporter, dead in dead_letters(self._second.journal).items():
                letters.setdefault(exporter, {}).update(dead)
        return letters

    def _journal_settings(self) -> str:
        return (
            f"type: kafka, brokers: ['{self._broker.address}'], topic: {self._topic}, group: {self._topic}, "
            f"create: true, replication_factor: 1, {self.plan.journal}"
        )

    def _end_fleet(self) -> None:
        if self._second.process is not None and self._second.process.poll() is None:
            self._second.kill()
        self._await_broker()


def _process(daemon: Daemon) -> "subprocess.Popen[bytes]":
    assert daemon.process is not None
    return daemon.process
