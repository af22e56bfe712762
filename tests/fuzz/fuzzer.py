"""Runs inputs through kernel and reference, keeps what is new, and makes small what differs.

The work is done in a child: a crash or an endless loop ends only the child, and shared memory says which input it was.
"""

import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from mmap import mmap
from pathlib import Path
from random import Random
from struct import Struct
from typing import Final, NamedTuple

from tests.fuzz.inputs import Lineage, descendant, lineage, of_lineage, structure, written
from tests.fuzz.minimise import minimised
from tests.fuzz.targets import TARGETS, Difference, Input, Target, compare

MAX_SECONDS_OF_ONE: Final = 60
"""An input that takes longer has hung."""
MAX_KINDS: Final = 12
"""So many kinds of differences are enough for one run."""
_MAX_LINEAGE: Final = 16
_MAX_CORPUS: Final = 4_000
_OWN_FAULT: Final = 70
"""Exit status of a child that raised; sanitizers use 1."""
_NOTE_BYTES: Final = 1 << 12
_COUNTS: Final = Struct("<QQQ")


class Job(NamedTuple):
    """What to do: for how long, from which seed, and where the corpus is kept (None: nowhere)."""

    seconds: float
    seed: int
    corpus: Path | None


class Result(NamedTuple):
    """What a run came to."""

    failures: int
    executions: int
    inputs: int


def compiled() -> tuple[Target, ...]:
    """Return the targets that the kernel serves."""
    return tuple(target for target in TARGETS if target.compiled)


def run(job: Job) -> Result:
    """Fuzz; print each failure as it is found."""
    note = mmap(-1, _NOTE_BYTES)
    end = time.monotonic() + job.seconds
    failures = executions = inputs = 0
    seed = job.seed
    while (left := end - time.monotonic()) > 0:
        counts = mmap(-1, _COUNTS.size)
        status = in_child(lambda left=left, seed=seed, counts=counts: _Run(job, seed, left, note, counts).run())  # type: ignore[misc]
        found, ran, made = _COUNTS.unpack_from(counts)
        failures, executions, inputs = failures + found, executions + ran, inputs + made
        if not status:
            break
        if status == _OWN_FAULT:
            sys.exit("fuzz: the fuzzer itself is at fault")
        failures += 1
        _report_crash(status, note)
        if failures >= MAX_KINDS:
            break
        seed = Random(seed).getrandbits(32)
    return Result(failures, executions, inputs)


def in_child(work: Callable[[], None]) -> int:
    """Do work in a process of its own; return how it exited: 0, or the negative number of the signal that ended it."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        try:
            work()
            sys.stdout.flush()
        except BaseException:
            sys.excepthook(*sys.exc_info())
            os._exit(_OWN_FAULT)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


class _Run:
    """One child's work."""

    def __init__(self, job: Job, seed: int, seconds: float, note: mmap, counts: mmap) -> None:
        self.random = Random(seed)
        self.end = time.monotonic() + seconds
        self.path = job.corpus
        self.note = note
        self.counts = counts
        self.targets = compiled()
        self.corpus: list[tuple[Lineage, Input]] = []
        self.seen: set[str] = set()
        self.kinds: Counter[tuple[str, ...]] = Counter()
        self.executions = self.inputs = self.failures = 0
        self.count()

    def run(self) -> None:
        """Try what the corpus has, then ever new inputs."""
        for seeds in self.load():
            if time.monotonic() < self.end:
                self.try_one(seeds, of_lineage(seeds), new=False)
        while time.monotonic() < self.end and len(self.kinds) < MAX_KINDS:
            seed = self.random.getrandbits(32)
            if self.corpus and self.random.random() < 0.7:
                parents, parent = self.random.choice(self.corpus)
                self.try_one((*parents, seed), descendant(parent, seed), new=True)
            else:
                self.try_one((seed,), of_lineage((seed,)), new=True)

    def try_one(self, seeds: Lineage, given: Input, *, new: bool) -> None:
        """Compare all that an input can be given to; keep it when something about it was never seen."""
        found = structure(given)
        self.inputs += 1
        for target in self.targets:
            if target.form == given.form:
                for option in self.options(target, seeds[-1]):
                    note(self.note, seeds, target, option)
                    difference, words = compare(target, option, given)
                    found |= words
                    self.executions += 1
                    if difference is not None:
                        self.report(difference, seeds, target, option, given)
        self.count()
        if found <= self.seen:
            return
        self.seen |= found
        if len(seeds) < _MAX_LINEAGE and len(self.corpus) < _MAX_CORPUS:
            self.corpus.append((seeds, given))
            if new and self.path is not None:
                with self.path.open("a") as file:
                    file.write(f"{written(seeds)}\n")

    def options(self, target: Target, seed: int) -> set[int]:
        """Return the first way to ask a target, the default, and another."""
        return {0, seed % len(target.options)}

    def load(self) -> list[Lineage]:
        """Return what earlier runs found remarkable."""
        if self.path is None or not self.path.exists():
            return []
        return [lineage(line) for line in self.path.read_text().split()][-_MAX_CORPUS:]

    def report(self, difference: Difference, seeds: Lineage, target: Target, option: int, given: Input) -> None:
        """Print a difference that is the first of its kind, made small."""
        self.kinds[difference.kind] += 1
        if self.kinds[difference.kind] > 1:
            return
        self.failures += 1
        self.count()
        signal.alarm(0)

        def differs(smaller: Input) -> bool:
            return compare(target, option, smaller)[0] is not None

        small = minimised(given, differs)
        again = compare(target, option, small)[0]
        show("DIFFERENCE", seeds, target, option, small, again or difference)

    def count(self) -> None:
        """Tell the parent how far it went."""
        _COUNTS.pack_into(self.counts, 0, self.failures, self.executions, self.inputs)


def note(shared: mmap, seeds: Lineage, target: Target, option: int) -> None:
    """Say what is tried now, for the case that nobody can say it afterwards, and start the clock."""
    text = f"{written(seeds)} {TARGETS.index(target)} {option}\0".encode()
    shared[: len(text)] = text
    signal.alarm(MAX_SECONDS_OF_ONE)


def _report_crash(status: int, shared: mmap) -> None:
    text, number, option = shared[:].split(b"\0")[0].decode().split(" ")
    seeds, target = lineage(text), TARGETS[int(number)]
    what = f"HANG (over {MAX_SECONDS_OF_ONE} s)" if status == -signal.SIGALRM else f"CRASH (exit status {status})"

    def crashes(smaller: Input) -> bool:
        return bool(in_child(lambda: _quietly(target, int(option), smaller)))

    given = of_lineage(seeds)
    small = given if status == -signal.SIGALRM else minimised(given, crashes)
    show(what, seeds, target, int(option), small, None)


def _quietly(target: Target, option: int, given: Input) -> None:
    sys.stdout.flush()
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
        signal.alarm(MAX_SECONDS_OF_ONE)
        compare(target, option, given)


def show(what: str, seeds: Lineage, target: Target, option: int, small: Input, difference: Difference | None) -> None:
    """Print a failure: where, how to replay it, the input made small, and both answers."""
    way = target.options[option][0] or "no options"
    print(f"{what} in {target.name} ({way}), {small.signal} as {small.form}: SEED={written(seeds)}")
    print(f"  input {small.data.hex()}")
    if difference is not None:
        print(f"  reference {_shown(difference.expected, difference.given)}")
        print(f"  kernel    {_shown(difference.given, difference.expected)}")
    sys.stdout.flush()


def _shown(answer: object, other: object) -> str:
    """Return an answer as text, of two that are alike only what is different."""
    if isinstance(answer, dict) and isinstance(other, dict):
        answer = {
            key: value.hex() if isinstance(value, bytes) else value for key, value in answer.items() if other.get(key) != value
        }
    return str(answer)[:2_000]
