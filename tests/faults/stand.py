"""A daemon under a schedule of faults, its clients, its destinations, and the comparison of what was owed with what arrived."""

import errno
import random
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import ClassVar, Final, Self

from tests.daemon import Daemon, free_ports, until
from tests.faults.destination import Destination
from tests.faults.oracle import LINES_A_REQUEST, Load
from tests.faults.outcome import Outcome, dead_letters, waited
from tests.faults.schedule import DESTINATIONS, Schedule
from tests.faults.shim import Shim

STOP_SECONDS: Final = 3.0
"""`shutdown_timeout`; a stop may take 2 s more (delivery contract §10.1)."""
EXPORTERS: Final = tuple(f"otlp_http/{number}" for number in range(DESTINATIONS))


class Stand:
    """Everything that one schedule needs; each kind of event is a method."""

    recovery_seconds: ClassVar[float] = 20.0
    """How long a daemon may take, once all faults are over, to acknowledge again."""
    delivery_seconds: ClassVar[float] = 40.0
    """How long it has from then on to deliver everything."""

    def __init__(self, directory: Path, plan: Schedule, library: Path) -> None:
        self.plan = plan
        self.outcome = Outcome(plan)
        self._chance = random.Random(plan.seed)
        self._resources = ExitStack()
        self._logs, health, metrics, *ports = free_ports(3 + DESTINATIONS)
        self._ports = ports
        self._health = health
        self._metrics = metrics
        config = directory / "sluice.yaml"
        config.write_text(self._config("1s"))
        self.journal = directory / "journal"
        self.shim = Shim(library, directory, self.journal)
        self._resources.callback(self.shim.close)
        self.daemon = Daemon(config, self.journal, health, metrics, environ=self.shim.environ)
        self._resources.callback(self._end)
        self.destinations = [
            Destination(port, directory / f"destination-{number}.log", plan.seed + number) for number, port in enumerate(ports)
        ]
        for destination in self.destinations:
            self._resources.callback(destination.close)
        self.load = Load(self._logs, clients=3, pause=0.02, padding=400)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._resources.close()

    def run(self) -> Outcome:
        """Live through the schedule; return what it came to."""
        begun = time.monotonic()
        for destination in self.destinations:
            destination.wait()
        self._start()
        with self.load:
            loaded = time.monotonic()
            for event in self.plan.events:
                time.sleep(max(0.0, loaded + event.at - time.monotonic()))
                getattr(self, event.what)(*event.arguments)
            self._heal()
            before = len(self.load.owed)
            until(lambda: len(self.load.owed) > before, self.recovery_seconds, "an acknowledgement after the faults")
        self._settle()
        self._compare()
        self.outcome.seconds = time.monotonic() - begun
        return self.outcome

    # ---- the daemon ----

    def kill(self, power: bool) -> None:  # as events name them
        """SIGKILL, with or without a power cut; start again."""
        self._living()
        self.daemon.kill()
        self._start_again(power)

    def die_at_call(self, number: int, power: bool) -> None:
        """Be killed right before its n-th write or sync from now; start again."""
        process = self._living()
        self.shim.set(calls_to_live=number)
        try:
            process.wait(1.0)
        except subprocess.TimeoutExpired:  # nothing to write, for want of load or room
            self.daemon.kill()
        self.shim.set(calls_to_live=0)
        self._start_again(power)

    def kill_in_stop(self, delay: float, power: bool) -> None:
        """SIGTERM, and SIGKILL before that is through; start again."""
        self._living().send_signal(signal.SIGTERM)
        self._kill_after(delay, power)

    def kill_in_start(self, delay: float, power: bool) -> None:
        """SIGKILL, and another while it starts again; start again."""
        self._living()
        self.daemon.kill()
        self._cut(power)
        self.daemon.launch()
        self._kill_after(delay, power)

    def kill_in_reload(self, delay: float, power: bool) -> None:
        """SIGHUP with another configuration, and SIGKILL shortly after; start again."""
        self.reload(faulty=False)
        self._kill_after(delay, power)

    def terminate(self) -> None:
        """SIGTERM; start again."""
        process = self._living()
        begun, before, waits = time.monotonic(), waited(process.pid), 0.0
        process.send_signal(signal.SIGTERM)
        while process.poll() is None and time.monotonic() < begun + 60:
            waits = max(waits, waited(process.pid) - before)
            time.sleep(0.02)
        seconds = time.monotonic() - begun - waits
        if process.poll() != 0:
            self.outcome.faults.append(f"a stop ended with {process.poll()}")
        if seconds > STOP_SECONDS + 2.0:
            self.outcome.faults.append(f"a stop took {seconds:.1f} s, besides {waits:.1f} s of waiting for a processor")
        self._start_again(power=False)

    def reload(self, faulty: bool) -> None:
        """SIGHUP with another configuration."""
        text = self._config(f"{self._chance.randint(900, 1500)}ms")
        self.daemon.config.write_text(text.replace("endpoint:", "endpoind:", 1) if faulty else text)
        self._living().send_signal(signal.SIGHUP)
        if faulty:  # what a restart will find has to be sound again, once this one was read
            time.sleep(0.3)
            self.daemon.config.write_text(text)

    def jump_clock(self, offset: int) -> None:
        """Set the daemon's wall clock so many nanoseconds from the true one."""
        self.shim.set(clock_offset=offset)

    # ---- its disk ----

    def fill_disk(self, code: int) -> None:
        """Have no room."""
        self.shim.set(write_error=code, allocate_error=code)

    def free_disk(self) -> None:
        """Have room again."""
        self._heal_disk()

    def break_disk(self, operation: str) -> None:
        """Fail each write or sync with EIO."""
        self.shim.set(**{f"{operation}_error": errno.EIO})

    # ---- its destinations ----

    def stop_destination(self, which: int) -> None:
        """SIGSTOP."""
        self.destinations[which].process.send_signal(signal.SIGSTOP)

    def continue_destination(self, which: int) -> None:
        """SIGCONT."""
        self.destinations[which].process.send_signal(signal.SIGCONT)

    def turn_destination(self, which: int, fault: str) -> None:
        """Have it behave otherwise from now on."""
        self.destinations[which].turn(fault)

    # ---- the end ----

    def _heal_disk(self) -> None:
        self.shim.set(write_error=0, sync_error=0, allocate_error=0)

    def _heal(self) -> None:
        self._heal_disk()
        for which in range(DESTINATIONS):
            self.continue_destination(which)
            self.turn_destination(which, "")
        self._living()

    def _settle(self) -> None:
        """Let it deliver; its own books have to close."""
        metric, deadline = self.daemon.metric, time.monotonic() + self.delivery_seconds
        while time.monotonic() < deadline:
            if metric("sluice_queue_items") == 0 and not self.daemon.imbalances() and self._is_delivered():
                break
            time.sleep(0.1)
        else:
            if queued := metric("sluice_queue_items"):
                self.outcome.faults.append(f"{queued:.0f} items are still queued")
            self.outcome.faults += [f"imbalance {account}: {value:.0f}" for account, value in self.daemon.imbalances().items()]

    def _is_delivered(self) -> bool:
        """Return whether nothing is under way that the daemon itself does not know of."""
        return True

    def _compare(self) -> None:
        """Hold what was acknowledged against what arrived and what is in the dead letters."""
        outcome, owed = self.outcome, set(self.load.owed)
        outcome.acknowledged = len(owed)
        outcome.refused = self.load.unsure
        outcome.failed_calls = self.shim.get("failed")
        letters = self._dead_letters()
        for exporter, destination in zip(EXPORTERS, self.destinations, strict=True):
            destination.look()
            dead = letters.get(exporter, {})
            missing = owed - destination.received.keys()
            outcome.dead.update(dead[name] for name in missing & dead.keys())
            missing -= dead.keys()
            outcome.declined += len(missing & destination.declined.keys())
            missing -= destination.declined.keys()
            outcome.duplicates += destination.received.total() - len(destination.received)
            if missing:
                outcome.faults.append(f"{len(missing)} acknowledged ids are lost to {exporter}, {min(missing)} among them")
            strange = [name for name in destination.received if not self.load.issued(name)]
            if strange:
                outcome.faults.append(f"{len(strange)} ids that nobody sent arrived at {exporter}")
        self._compare_counts()

    def _dead_letters(self) -> Mapping[str, Mapping[str, str]]:
        return dead_letters(self.journal)

    def _compare_counts(self) -> None:
        """Hold what the daemon counted since its last start against what was seen from outside."""
        accepted = self.daemon.metric("sluice_receiver_accepted_log_records_total", receiver="json_logs")
        least = len(self.load.owed) - self._acknowledged_before
        most = least + (self.load.unsure - self._unsure_before) * LINES_A_REQUEST
        if not least <= accepted <= most:
            self.outcome.faults.append(f"{accepted:.0f} records counted as accepted, and clients know of {least} to {most}")
        for exporter, destination, before in zip(EXPORTERS, self.destinations, self._arrived_before, strict=True):
            sent = self.daemon.metric("sluice_exporter_sent_log_records_total", exporter=exporter)
            if sent > destination.received.total() - before:
                self.outcome.faults.append(f"{sent:.0f} records counted as sent by {exporter}, more than arrived")

    # ---- parts ----

    def _kill_after(self, seconds: float, power: bool) -> None:
        time.sleep(seconds)
        self.daemon.kill()
        self._start_again(power)

    def _start_again(self, power: bool) -> None:
        self._cut(power)
        self._start()

    def _cut(self, power: bool) -> None:
        """Leave a disk that may be full, but takes what needs no room; after a power cut, without all that was not synced."""
        self.shim.set(write_error=0, sync_error=0)
        if power:
            self.outcome.torn += self.shim.cut_power(self._chance)

    def _start(self) -> None:
        time.sleep(0.05)  # clients read the last answers of the life before
        self._acknowledged_before = len(self.load.owed)
        self._unsure_before = self.load.unsure
        for destination in self.destinations:
            destination.look()
        self._arrived_before = [destination.received.total() for destination in self.destinations]
        self._come_up()

    def _come_up(self) -> None:
        self.daemon.start()

    def _living(self) -> subprocess.Popen[bytes]:
        """Return the daemon's process. Raises AssertionError when it ended by itself."""
        process = self.daemon.process
        assert process is not None
        assert process.poll() is None, f"the daemon ended by itself with {process.poll()}: {self.daemon.text()}"
        return process

    def _end(self) -> None:
        if self.daemon.process is not None and self.daemon.process.poll() is None:
            self.daemon.kill()

    def _journal_settings(self) -> str:
        return self.plan.journal

    def _config(self, timeout: str) -> str:
        """Return the configuration: two pipelines, so that each request is appended to two lanes or to none."""
        exporters = "\n".join(
            f"  {name}: {{endpoint: 'http://127.0.0.1:{port}', timeout: {timeout}, sending_queue: {queue},"
            " retry_on_failure: {initial_interval: 50ms, max_interval: 200ms}}"
            for name, port, queue in zip(EXPORTERS, self._ports, [self.plan.queue, "{}", "{}"], strict=True)
        )
        return f"""
receivers:
  json_logs: {{endpoint: '127.0.0.1:{self._logs}'}}
processors:
  redact: {{detectors: [email, card]}}
exporters:
{exporters}
extensions:
  health: {{endpoint: '127.0.0.1:{self._health}'}}
service:
  watch: false
  extensions: [health]
  telemetry: {{metrics: {{address: '127.0.0.1:{self._metrics}'}}}}
  journal: {{{self._journal_settings()}}}
  limits: {{shutdown_timeout: {STOP_SECONDS:.0f}s}}
  pipelines:
    logs: {{receivers: [json_logs], processors: [redact], exporters: [{", ".join(EXPORTERS[:2])}]}}
    logs/copy: {{receivers: [json_logs], processors: [redact], exporters: [{EXPORTERS[2]}]}}
"""
