"""What a case measures with: figures, how much work there is, and samples taken in turn."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple, TypeVar

Input = TypeVar("Input")


class Figure(NamedTuple):
    """One number that a case came to."""

    name: str
    value: float
    unit: str


class Scale(NamedTuple):
    """How much work a case does. The defaults are those of `make bench`; tests run each case on next to nothing."""

    payloads: int = 8
    records: int = 500
    """Of one payload of the corpus."""
    rounds: int = 8
    """Fewest samples of each subject."""
    seconds: float = 2.0
    """How long samples are taken."""
    load_seconds: float = 10.0
    """How long a daemon is under load."""
    share: float = 1.0
    """Of the sizes that a case names itself."""
    scratch: Path = Path(".bench")
    """Where files go; on a real disk, or the journal's syncs cost nothing."""

    def of(self, size: float) -> int:
        """Return this scale's share of a size, at least 1."""
        return max(1, round(size * self.share))


Samples = Sequence[float]
"""Seconds of CPU, one entry a round."""


def interleaved(
    subjects: Mapping[str, Callable[[Input], object]], inputs: Sequence[Input], scale: Scale
) -> dict[str, list[float]]:
    """Return the CPU seconds of each subject on each input in turn, so that a busy machine slows all of them alike.

    Subjects must work in the calling thread. The order changes from round to round: nobody always finds the caches warm.
    """
    samples: dict[str, list[float]] = {name: [] for name in subjects}
    turns = list(subjects.items())
    for _, subject in turns:
        subject(inputs[0])
    ends = time.monotonic() + scale.seconds
    at = 0
    while at < scale.rounds or time.monotonic() < ends:
        for name, subject in turns:
            started = time.thread_time()
            subject(inputs[at % len(inputs)])
            samples[name].append(time.thread_time() - started)
        turns.reverse()
        at += 1
    return samples


def ratio(one: Samples, other: Samples) -> float:
    """Return the median over the rounds of one subject's time to another's."""
    return median(mine / theirs for mine, theirs in zip(one, other, strict=True))


def rate(samples: Samples, inputs: Sequence[bytes]) -> float:
    """Return the median of MB (10^6 bytes) a second."""
    return median(len(inputs[at % len(inputs)]) / seconds for at, seconds in enumerate(samples)) / 1e6


def each(samples: Samples, items: int) -> float:
    """Return the median of microseconds an item, where every input has as many."""
    return median(samples) / items * 1e6
