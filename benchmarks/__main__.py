"""Run cases: `python -m benchmarks`, or some of them by name."""

import argparse
import shlex
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final, TypeAlias

from benchmarks.cases import CASES, case
from benchmarks.machine import machine
from benchmarks.measure import Figure, Scale
from benchmarks.report import Report, Row, lines, machine_lines, row, write

Runs: TypeAlias = Mapping[str, Callable[[Scale], Iterator[Figure]]]

RESULTS: Final = Path(".bench/results.json")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print, write; return 1 when a case broke. A missed bar is no error."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"default all: {', '.join(CASES)}")
    parser.add_argument("--json", type=Path, default=RESULTS, metavar="PATH", help="where the same goes as JSON (%(default)s)")
    parser.add_argument("--command", help="case `pipeline` with another daemon: its command line, which no shell reads")
    parser.add_argument("--port", type=int, default=4318, help="where that daemon takes OTLP/HTTP (%(default)s)")
    parser.add_argument("--sink-port", type=int, default=4319, help="where that daemon sends OTLP/HTTP (%(default)s)")
    parser.add_argument("--load-seconds", type=float, default=Scale().load_seconds, help="of load for a daemon (%(default)s)")
    options = parser.parse_args(arguments)
    names = options.cases or (["pipeline"] if options.command else CASES)
    if unknown := set(names) - set(CASES):
        parser.error(f"no such case: {', '.join(sorted(unknown))}")
    if options.command and names != ["pipeline"]:
        parser.error("--command is for the case `pipeline` alone")
    runs: Runs = {name: case(name).run for name in names}
    if options.command:
        from benchmarks.pipeline import run_peer

        runs = {"pipeline": partial(run_peer, command=shlex.split(options.command), port=options.port, sink=options.sink_port)}
    return run(runs, Scale(load_seconds=options.load_seconds), options.json)


def run(runs: Runs, scale: Scale, path: Path) -> int:
    """Run cases one after the other, each one's rows printed as they are there."""
    report = Report(machine(scale), [])
    print("\n".join(machine_lines(report.machine)), flush=True)
    rows: list[Row] = []
    broken = []
    for name, measure in runs.items():
        print(f"… {name}", file=sys.stderr, flush=True)
        try:
            for figure in measure(scale):
                rows.append(row(name, figure))  # one by one: what a case found before it broke is kept  # noqa: PERF401
        except Exception:
            broken.append(name)
            traceback.print_exc()
    print("\n", "\n".join(lines(rows)), sep="")
    missed = sum(each.held is False for each in rows)
    print(f"\n{sum(each.held is True for each in rows)} bars held, {missed} missed", *(f", {name} is broken" for name in broken))
    write(Report(report.machine, rows), path)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
