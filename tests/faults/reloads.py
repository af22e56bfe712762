"""Many reloads of a daemon under load, a third of them with a fault; the oracle says what was lost.

    python -m tests.faults.reloads --count 500 --seed 7
    python -m tests.faults.reloads --count 500 --kills 10       # SIGKILL, and another start, after each tenth reload or so

What one run tells: the requests that got no answer or another one than 200, the ids that were acknowledged and did not arrive,
and, after each tenth of the reloads, the daemon's memory, its open files and the journal's size.
"""

import argparse
import os
import random
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.daemon import Daemon, free_ports, running, until
from tests.faults.oracle import Load, Sink

FAULTS: Mapping[str, Callable[[str, Mapping[str, int]], str]] = {
    "syntax": lambda text, ports: text.replace("receivers:", "receivers: [", 1),
    "unknown field": lambda text, ports: text.replace("endpoint:", "endpoind:", 1),
    "no such exporter": lambda text, ports: text.replace("exporters: [", "exporters: [nowhere, ", 1),
    "empty": lambda text, ports: "",
    "half written": lambda text, ports: text[: len(text) // 2],
    "address taken": lambda text, ports: text.replace(
        "  json_logs:", f"  json_logs/taken: {{endpoint: '127.0.0.1:{ports['sink']}'}}\n  json_logs:", 1
    ).replace("receivers: [json_logs", "receivers: [json_logs/taken, json_logs", 1),
    "journal changed": lambda text, ports: text.replace("  journal: {", "  journal: {max_bytes: 1GiB, ", 1),
}


@dataclass
class Figures:
    """What a run came to."""

    seed: int
    applied: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    """Seconds from the signal to the outcome."""
    requests: int = 0
    answers: list[float] = field(default_factory=list)
    """Seconds: the median, the 99th percentile and the slowest."""
    owed: int = 0
    lost: int = 0
    duplicates: int = 0
    not_200: int = 0
    broken: Counter[str] = field(default_factory=Counter)
    resident: list[int] = field(default_factory=list)
    """MiB."""
    descriptors: list[int] = field(default_factory=list)
    journal: list[int] = field(default_factory=list)
    """MiB."""
    kills: int = 0


def config(chance: random.Random, ports: dict[str, int], journal: str = "disk") -> str:
    """Return a sound configuration: what receives and where everything has to arrive stay, all else may change."""
    second = chance.random() < 0.5
    prometheus = chance.random() < 0.5
    pipeline = chance.choice(["logs", "logs", "logs/other"])
    exporter = chance.choice(["otlp_http/0", "otlp_http/0", "otlp_http/renamed"])
    receivers = ["json_logs", *(["otlp"] if chance.random() < 0.5 else [])]
    processors = chance.choice([["redact"], ["redact", "enrich"], ["redact"]])
    exporters = [exporter, *(["otlp_http/second"] if second else [])]
    timeout, compression = chance.choice(["2s", "3s"]), chance.choice(["gzip", "none"])
    return f"""
receivers:
  json_logs: {{endpoint: '127.0.0.1:{ports["logs"]}', max_request_body_size: {chance.choice(["32MiB", "64MiB"])}}}
  otlp: {{protocols: {{http: {{endpoint: '127.0.0.1:{ports["otlp"]}'}}}}}}
processors:
  redact: {{detectors: {chance.choice(["[email, card]", "[email]"])}}}
  enrich: {{attributes: {{team: shop}}}}
exporters:
  {exporter}: {{endpoint: 'http://127.0.0.1:{ports["sink"]}', timeout: {timeout}, compression: {compression}}}
  otlp_http/second: {{endpoint: 'http://127.0.0.1:{ports["second"]}', timeout: {chance.choice(["2s", "3s"])}}}
  prometheus: {{endpoint: '127.0.0.1:{ports["prometheus"]}'}}
extensions:
  health: {{endpoint: '127.0.0.1:{ports["health"]}'}}
service:
  watch: false
  journal: {{type: {journal}}}
  extensions: [health]
  telemetry: {{metrics: {{address: '127.0.0.1:{ports["metrics"]}'}}}}
  limits: {{shutdown_timeout: 10s}}
  pipelines:
    {pipeline}:
      receivers: [{", ".join(receivers)}]
      processors: [{", ".join(processors)}]
      exporters: [{", ".join(exporters)}]
""" + (f"    metrics: {{receivers: [{receivers[-1]}], exporters: [prometheus]}}\n" if prometheus and "otlp" in receivers else "")


def everything(text: str, ports: dict[str, int]) -> str:
    """Return a configuration with every pipeline and exporter that may have been there, so that nothing is left an orphan."""
    head, _, _ = text.partition("  pipelines:")
    names = ["otlp_http/0", "otlp_http/renamed"]
    missing = "".join(
        f"\n  {name}: {{endpoint: 'http://127.0.0.1:{ports['sink']}'}}" for name in names if f"  {name}:" not in head
    )
    pipeline = f"{{receivers: [json_logs], processors: [redact], exporters: [{', '.join(names)}, otlp_http/second]}}"
    return f"""{head.replace("exporters:", "exporters:" + missing)}  pipelines:
    logs: {pipeline}
    logs/other: {pipeline}
"""


def run(directory: Path, count: int, seed: int, *, kills: int = 0, journal: str = "disk") -> Figures:
    """Reload `count` times under load, with a SIGKILL after one in `kills`; return the figures."""
    chance, figures = random.Random(seed), Figures(seed)
    names = ("logs", "otlp", "sink", "second", "prometheus", "health", "metrics")
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    file = directory / "sluice.yaml"
    file.write_text(config(chance, ports, journal))
    daemon = Daemon(file, directory / "journal", ports["health"], ports["metrics"])
    with ExitStack() as stack:
        sink = stack.enter_context(Sink(ports["sink"]))
        stack.enter_context(Sink(ports["second"]))
        stack.enter_context(running(daemon))
        loads = [Load(ports["logs"], 1), Load(ports["logs"], 1, keeps_alive=False)]
        loads[1].begin_at(1 << 40)
        with loads[0], loads[1]:
            for number in range(count):
                fault = chance.choice(sorted(FAULTS)) if chance.random() < 1 / 3 else ""
                text = config(chance, ports, journal)
                file.write_text(FAULTS[fault](text, ports) if fault else text)
                figures.slowest = max(figures.slowest, _reload(daemon, fault))
                figures.refused[fault] += bool(fault)
                figures.applied += not fault
                if kills and chance.random() < 1 / kills:
                    daemon.kill()
                    file.write_text(text)
                    daemon.start()
                    figures.kills += 1
                if number % max(count // 10, 1) == 0:
                    figures.resident.append(_resident(daemon))
                    figures.descriptors.append(_descriptors(daemon))
                    figures.journal.append(_mebibytes(daemon.journal))
        file.write_text(everything(config(chance, ports, journal), ports))
        _reload(daemon, "")
        owed = loads[0].owed | loads[1].owed
        figures.owed, figures.lost = len(owed), len(_missing_for(owed, sink, 30.0))
        until(lambda: daemon.imbalances() == {}, 30, "the balance of the books")
        figures.duplicates = sum(sink.received.values()) - len(sink.received)
        seconds = sorted(loads[0].seconds + loads[1].seconds)
        figures.requests = len(seconds)
        figures.answers = [round(seconds[int(share * (len(seconds) - 1))], 4) for share in (0.5, 0.99, 1.0)]
        figures.not_200 = sum(load.refused for load in loads)
        figures.broken = loads[0].broken + loads[1].broken
        figures.refused = +figures.refused
        assert daemon.stop() == 0, daemon.text()
    return figures


def _missing_for(owed: set[str], sink: Sink, seconds: float) -> set[str]:
    """Return what has not arrived when so much time has passed."""
    deadline = time.monotonic() + seconds
    while (missing := owed - sink.received.keys()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return missing


def _reload(daemon: Daemon, fault: str) -> float:
    """Send the signal; return how long it took until the outcome that was to be expected."""
    before = {result: daemon.metric("sluice_reloads_total", result=result) for result in ("applied", "unchanged", "refused")}
    assert daemon.process is not None
    started = time.monotonic()
    daemon.process.send_signal(signal.SIGHUP)

    def outcome() -> list[str]:
        return [result for result in before if daemon.metric("sluice_reloads_total", result=result) > before[result]]

    result = until(outcome, 40, "the outcome of a reload")
    assert (result == ["refused"]) == bool(fault), (fault, result, daemon.text()[-2000:])
    return time.monotonic() - started


def _resident(daemon: Daemon) -> int:
    assert daemon.process is not None
    pages = int(Path(f"/proc/{daemon.process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") >> 20


def _descriptors(daemon: Daemon) -> int:
    assert daemon.process is not None
    return len(list(Path(f"/proc/{daemon.process.pid}/fd").iterdir()))


def _mebibytes(directory: Path) -> int:
    """Return what the files of a directory take on the disk, as far as they are still there when they are looked at."""
    total = 0
    for path in directory.rglob("*"):
        with suppress(FileNotFoundError):
            total += path.stat().st_blocks * 512
    return total >> 20


def main() -> None:
    """Print the figures of one run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4)))
    parser.add_argument("--kills", type=int, default=0, help="a SIGKILL after one reload in so many; 0 for none")
    parser.add_argument("--journal", default="disk", choices=["disk", "memory"])
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    with tempfile.TemporaryDirectory() as directory:
        figures = run(Path(directory), arguments.count, arguments.seed, kills=arguments.kills, journal=arguments.journal)
    for name, value in vars(figures).items():
        print(f"{name:12} {dict(value) if isinstance(value, Counter) else value}")
    if figures.lost or (not figures.kills and (figures.broken or figures.not_200)):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
