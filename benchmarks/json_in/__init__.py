"""Log lines in JSON to OTLP: what the receiver `json_logs` does between the body of a request and the batch."""

import time
from collections.abc import Iterator

from benchmarks.corpus import json_lines
from benchmarks.measure import Figure, Scale, each, interleaved
from pipeline.json_logs.normalise import Normaliser, Options
from receivers.json_logs import Config, JsonLogs


def run(scale: Scale) -> Iterator[Figure]:
    """Read bodies of the 5 % corpus, one object a line."""
    bodies = json_lines(scale)
    receiver = JsonLogs(Config())

    def normalise(body: bytes) -> int:
        normaliser = Normaliser(Options(), time.time_ns())
        return receiver._normalise(body, "lines", normaliser)[1]  # noqa: SLF001  # the receiver's own way, without HTTP

    if normalise(bodies[0]) != scale.records:
        raise RuntimeError("not every line became a record")
    samples = interleaved({"normalise": normalise}, bodies, scale)
    yield Figure("JSON line to OTLP record", each(samples["normalise"], scale.records), "us/record")
