"""What a transform costs beside protobuf, which is what everybody else does with the same bytes: parse, then serialise."""

from collections.abc import Callable, Iterator
from functools import partial

from benchmarks.corpus import DATA, Corpus
from benchmarks.measure import Figure, Scale, each, interleaved, rate, ratio


def parse_and_serialise(signal: str, payload: bytes) -> bytes:
    """Return the payload as protobuf writes what it read."""
    return DATA[signal].FromString(payload).SerializeToString()


def against_protobuf(found: Corpus, transform: Callable[[bytes], object], scale: Scale) -> Iterator[Figure]:
    """Yield MB/s, microseconds a record, and the share of protobuf's time, sampled in turn."""
    subjects: dict[str, Callable[[bytes], object]] = {"mine": transform, "protobuf": partial(parse_and_serialise, found.signal)}
    samples = interleaved(subjects, found.payloads, scale)
    yield Figure(f"{found.name}, rate", rate(samples["mine"], found.payloads), "MB/s")
    yield Figure(f"{found.name}, time", each(samples["mine"], found.records), "us/record")
    yield Figure(f"{found.name}, to protobuf", ratio(samples["mine"], samples["protobuf"]), "ratio")
