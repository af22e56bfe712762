"""Consistent probability sampling at 25 %: walking, deciding, cutting out, and noting the threshold on what stays."""

from collections.abc import Iterator
from functools import partial

from benchmarks.against_protobuf import against_protobuf
from benchmarks.corpus import SIGNALS, corpus
from benchmarks.measure import Figure, Scale
from pipeline import wire


def run(scale: Scale) -> Iterator[Figure]:
    """Sample logs and spans."""
    sampler = wire.Sampler(wire.threshold(0.25))
    for signal in SIGNALS:
        found = corpus(signal, 5, scale)
        yield from against_protobuf(found, partial(sampler.keep, signal=signal), scale)
        dropped = sum(sampler.keep(payload, signal)[1] for payload in found.payloads)
        yield Figure(f"{found.name}, kept", 1 - dropped / (found.records * len(found.payloads)), "share")
