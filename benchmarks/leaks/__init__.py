"""Memory over ten million redacted records, and over as many refusals as that takes: RSS after each tenth, in one process."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from benchmarks.corpus import SIGNALS, corpus
from benchmarks.measure import Figure, Scale
from pipeline import wire
from processors.redact import Config, compile_rules

RECORDS: Final = 10_000_000
REFUSALS: Final = 1_000_000
TENTHS: Final = 10
PAGE: Final = os.sysconf("SC_PAGE_SIZE")


def run(scale: Scale) -> Iterator[Figure]:
    """Redact the corpus again and again; then the same payloads cut short, which are refused."""
    redactor = wire.Redactor(compile_rules(Config()))
    found = [corpus(signal, 50, scale) for signal in SIGNALS]
    payloads = [(payload, each.signal) for each in found for payload in each.payloads]

    def redact(at: int) -> None:
        redactor.redact(*payloads[at % len(payloads)])

    yield from _watched("redacted", redact, scale.of(RECORDS) // scale.records)

    cut = [(payload[: -1 - at], signal) for at, (payload, signal) in enumerate(payloads)]
    calls: Sequence[Callable[[bytes, str], object]] = (redactor.redact, wire.validate, wire.records)  # type: ignore[assignment]

    def refuse(at: int) -> None:
        try:
            calls[at % len(calls)](*cut[at % len(cut)])
        except wire.Malformed:
            return
        raise AssertionError("a payload that was cut short was taken")

    yield from _watched("refused", refuse, scale.of(REFUSALS) // scale.records)


def _watched(name: str, work: Callable[[int], None], calls: int) -> Iterator[Figure]:
    """Work, and yield how large the process is after each tenth; the first one is where caches and arenas find their size."""
    sizes = []
    for tenth in range(TENTHS):
        for at in range(calls // TENTHS + 1):
            work(at + tenth)
        sizes.append(_resident())
        yield Figure(f"{name}, RSS at {tenth + 1} of {TENTHS}", sizes[-1], "MiB")
    yield Figure(f"{name}, RSS grown since the first tenth", sizes[-1] - sizes[0], "MiB")


def _resident() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE / 2**20
