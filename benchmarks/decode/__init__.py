"""From bytes to records (`wire.records`), the check of every batch (`wire.validate`), and from OTLP/JSON (`wire.from_json`)."""

from collections.abc import Callable, Iterator
from functools import partial

from benchmarks.corpus import DATA, SIGNALS, corpus
from benchmarks.measure import Figure, Scale, each, interleaved
from pipeline import wire


def run(scale: Scale) -> Iterator[Figure]:
    """Decode logs and spans, beside what protobuf needs to parse the same bytes."""
    for signal in SIGNALS:
        found = corpus(signal, 5, scale)
        subjects: dict[str, Callable[[bytes], object]] = {
            "records": partial(wire.records, signal=signal),
            "validate": partial(wire.validate, signal=signal),
            "protobuf parse": DATA[signal].FromString,
        }
        for name, samples in interleaved(subjects, found.payloads, scale).items():
            yield Figure(f"{signal}, {name}", each(samples, found.records), "us/record")
        texts = [wire.to_json(payload, signal, wire.OTLP) for payload in found.payloads]
        samples = interleaved({"from_json": partial(wire.from_json, signal=signal)}, texts, scale)["from_json"]
        yield Figure(f"{signal}, from_json", each(samples, found.records), "us/record")
