"""What a change did: the working tree and another revision, measured in turn by the harness of the working tree.

`python -m benchmarks.compare REVISION [CASE ...]`. The revision is checked out and installed under .bench, with the libraries of
this environment. Where the ranges of both sides' runs overlap, the effect may be noise, and is marked so.
"""

import argparse
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Final, TypeAlias

from benchmarks.report import number, table, values

SCRATCH: Final = Path(".bench")
ROUNDS: Final = 3

Runs: TypeAlias = Mapping[tuple[str, str, str], Sequence[float]]
"""The values of one side by case, figure and unit, one a round."""


def main() -> int:
    """Measure both sides a few times in turn and print the effect on every figure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare", description=__doc__)
    parser.add_argument("revision", help="what to compare with")
    parser.add_argument("cases", nargs="*", metavar="CASE", help="default all")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="runs of each side (%(default)s)")
    options = parser.parse_args()
    sides = {"base": installed(options.revision), "mine": Path.cwd()}
    found: dict[str, dict[tuple[str, str, str], list[float]]] = {side: defaultdict(list) for side in sides}
    for at in range(options.rounds):
        for side, directory in sides.items() if at % 2 == 0 else reversed(sides.items()):
            print(f"… round {at + 1}, {side}", file=sys.stderr, flush=True)
            for key, value in measured(directory, options.cases).items():
                found[side][key].append(value)
    print("\n".join(effects(found["base"], found["mine"])))
    return 0


def installed(revision: str) -> Path:
    """Return a directory with the product as it is at a revision, built there, and with the benchmarks of the working tree."""
    commit = _output("git", "rev-parse", "--verify", f"{revision}^{{commit}}")
    site = SCRATCH.resolve() / "base" / commit
    if not site.exists():
        with tempfile.TemporaryDirectory() as directory:
            tree = str(Path(directory) / "tree")
            subprocess.run(["git", "worktree", "add", "--quiet", "--detach", tree, commit], check=True)
            try:
                pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
                subprocess.run([*pip, "--target", str(site), tree], check=True)
            finally:
                subprocess.run(["git", "worktree", "remove", "--force", tree], check=True)
    link = site / "benchmarks"
    link.unlink(missing_ok=True)
    link.symlink_to(Path(__file__).resolve().parent)
    return site


def measured(directory: Path, cases: Sequence[str]) -> Mapping[tuple[str, str, str], float]:
    """Return the values of one run with the product in a directory. A case that breaks says so on stderr and is left out."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "results.json"
        command = [sys.executable, "-m", "benchmarks", "--json", str(path), *cases]
        subprocess.run(command, check=False, cwd=directory, stdout=subprocess.DEVNULL)
        return values(path)


def effects(base: Runs, mine: Runs) -> Iterator[str]:
    """Yield the table: medians of both sides, and by how much the value changed."""
    rows = []
    for (case, figure, unit), new in mine.items():
        old = base.get((case, figure, unit))
        if old is None:
            continue
        before, after = median(old), median(new)
        effect = f"{(after / before - 1) * 100:+.1f} %" if before else ""
        overlap = min(old) <= max(new) and min(new) <= max(old)
        rows.append((case, figure, number(before), number(after), unit, effect, "noise" if overlap else ""))
    return table(("case", "figure", "base", "mine", "unit", "effect", ""), rows, right={2, 3, 5})


def _output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
