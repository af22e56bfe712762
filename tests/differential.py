"""The kernel against the reference: the same answer or the same refusal, of everything that can come in."""

from collections.abc import Callable, Iterator
from importlib import import_module
from random import Random
from typing import Any

from hypothesis import strategies as st

from pipeline import wire
from pipeline.types import SIGNALS, Signal
from tests import stock
from tests.mutants import mutated
from tests.parts.found import kernel
from tests.strategies import odd_payloads, oddly, payloads


def both(module: str, name: str) -> tuple[Any, Any]:
    """Return a function or class as kernel and reference have it; skips where nothing is compiled."""
    return getattr(kernel(module), name), getattr(import_module(f"pipeline.wire.reference.{module}"), name)


def outcome(call: Callable[[], Any]) -> Any:
    """Return what a call returns, or where and why it refused."""
    try:
        return call()
    except wire.Malformed as refusal:
        return "malformed", refusal.offset, refusal.what


def inputs(signal: Signal) -> st.SearchStrategy[bytes]:
    """Payloads as encoders write them, in odd but legal forms, and with faults."""
    faulty = st.builds(lambda payload, seed: mutated(payload, Random(seed)), odd_payloads(signal), st.integers(0, 2**32))
    return payloads(signal) | odd_payloads(signal) | faulty


def signals_and_inputs() -> st.SearchStrategy[tuple[Signal, bytes]]:
    """Inputs of any signal."""
    return st.sampled_from(SIGNALS).flatmap(lambda signal: st.tuples(st.just(signal), inputs(signal)))


def mutants(signal: Signal, count: int, seed: int = 20_261_121) -> Iterator[bytes]:
    """Yield payloads that have every field of the schema somewhere, with faults."""
    random = Random(seed)
    seeds = [stock.planted(signal, path) for path in stock.paths(signal)]
    for _ in range(count):
        yield mutated(oddly(b"".join(random.sample(seeds, 3)), signal, random), random)
