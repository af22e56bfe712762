"""How long another thread stands still while the kernel works on one batch, which has the interpreter's lock released."""

import math
import resource
import threading
import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import Final

from benchmarks.corpus import corpus
from benchmarks.measure import Figure, Scale
from pipeline import wire
from processors.redact import Config, compile_rules

CALL: Final = 0.01
"""Seconds that one call takes (redaction contract §11)."""


def run(scale: Scale) -> Iterator[Figure]:
    """Watch a clock in this thread while another one redacts."""
    redactor = wire.Redactor(compile_rules(Config()))
    payload = corpus("logs", 5, scale).payloads[0]
    started = time.thread_time()
    redactor.redact(payload, "logs")
    payload *= math.ceil(CALL * scale.share / (time.thread_time() - started))

    watched = [_watched(lambda: redactor.redact(payload, "logs")) for _ in range(scale.rounds)]
    yield Figure("one call", median(took for took, _ in watched) * 1e3, "ms")
    # The least of the rounds: what the kernel does to another thread it does in all of them, what a busy machine does is chance.
    yield Figure("worst stall of another thread during a call", min(stall for _, stall in watched) * 1e3, "ms")


def _watched(work: Callable[[], object]) -> tuple[float, float]:
    """Return the CPU seconds that work took in a thread of its own, and the longest time in which this thread saw no clock.

    Only times at whose end it had waited of its own will count, thus for the lock: a busy machine takes the processor away too.
    """
    begin = threading.Event()
    took: list[float] = []

    def timed() -> None:
        begin.wait()
        started = time.thread_time()
        work()
        took.append(time.thread_time() - started)

    thread = threading.Thread(target=timed)
    thread.start()
    seen, waits, worst = time.perf_counter(), _waits(), 0.0
    begin.set()
    ended = False
    while not ended:
        ended = bool(took)  # once more after the end: the thread that ended took the lock for it
        before, waited = time.perf_counter(), _waits()
        if waited != waits:
            worst = max(worst, time.perf_counter() - seen)
        seen, waits = before, waited
    thread.join()
    return took[0], worst


def _waits() -> int:
    return resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw
