"""Enrichment: looking for trace ids of logs that lack one, attributes on resource and record."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from benchmarks.against_protobuf import against_protobuf
from benchmarks.corpus import DATA, SIGNALS, Corpus, corpus
from benchmarks.measure import Figure, Scale
from pipeline import Batch
from processors.enrich import Config, Enrich


def run(scale: Scale) -> Iterator[Figure]:
    """Enrich logs and spans that have their ids, and logs that carry none anywhere, which are searched in vain."""
    ids = Enrich(Config())
    everything = Enrich(Config(environment="production", resource={"cloud.zone": "b"}, attributes={"team": "shop"}))
    for signal in SIGNALS:
        found = corpus(signal, 5, scale)
        yield from against_protobuf(found, partial(_process, everything, found), scale)
    bare = _without_ids(corpus("logs", 5, scale))
    for figure in against_protobuf(bare, partial(_process, ids, bare), scale):
        yield figure._replace(name=f"{figure.name}, no ids")


def _process(enrich: Enrich, found: Corpus, payload: bytes) -> Batch:
    return enrich.process(Batch(payload, found.signal, found.records))


def _without_ids(found: Corpus) -> Corpus:
    payloads = []
    for payload in found.payloads:
        root: Any = DATA[found.signal].FromString(payload)
        for record in root.resource_logs[0].scope_logs[0].log_records:
            record.ClearField("trace_id")
            record.ClearField("span_id")
        payloads.append(root.SerializeToString())
    return found._replace(payloads=payloads)
