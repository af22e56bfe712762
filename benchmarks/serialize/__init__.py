"""From records to bytes: OTLP (`wire.encode`) and OTLP/JSON (`wire.to_json`)."""

from collections.abc import Iterator
from functools import partial

from benchmarks.corpus import SIGNALS, corpus
from benchmarks.measure import Figure, Scale, each, interleaved
from pipeline import wire


def run(scale: Scale) -> Iterator[Figure]:
    """Serialise logs and spans."""
    for signal in SIGNALS:
        found = corpus(signal, 5, scale)
        decoded = [wire.records(payload, signal) for payload in found.payloads]
        encode, to_json = partial(wire.encode, signal=signal), partial(wire.to_json, signal=signal, layout=wire.OTLP)
        encoded = interleaved({"encode": encode}, decoded, scale)["encode"]
        written = interleaved({"to_json": to_json}, found.payloads, scale)["to_json"]
        yield Figure(f"{signal}, encode", each(encoded, found.records), "us/record")
        yield Figure(f"{signal}, to_json", each(written, found.records), "us/record")
