"""OTLP logs as the JSON of Datadog's logs intake, gzip included: `encode` of the exporter, from bytes to request bodies."""

from collections.abc import Iterator

from benchmarks.corpus import corpus
from benchmarks.measure import Figure, Scale, each, interleaved
from exporters.datadog import Config, Datadog
from pipeline import Batch
from pipeline.types import Secret


def run(scale: Scale) -> Iterator[Figure]:
    """Encode batches of the 5 % corpus with the defaults of the exporter."""
    found = corpus("logs", 5, scale)
    exporter = Datadog(Config(api_key=Secret("benchmark")))

    def encode(payload: bytes) -> int:
        requests = exporter.encode(Batch(payload, "logs", found.records))  # a new batch: its records are not decoded yet
        return sum(request.items for request in requests)

    if encode(found.payloads[0]) != found.records:
        raise RuntimeError("not every record is in a request")
    samples = interleaved({"encode": encode}, found.payloads, scale)
    yield Figure("from OTLP to gzip", each(samples["encode"], found.records), "us/record")
