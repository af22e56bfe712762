"""The redaction kernel with all default detectors: rate, share of protobuf's time, what it left, what it touched for nothing."""

from collections.abc import Iterator
from functools import partial

from benchmarks.against_protobuf import against_protobuf
from benchmarks.corpus import SIGNALS, corpus
from benchmarks.measure import Figure, Scale, interleaved, rate
from pipeline import wire
from pipeline.net.compression import compress, decompress
from processors.redact import Config, compile_rules


def run(scale: Scale) -> Iterator[Figure]:
    """Redact clean batches, and batches of which 5 % and 50 % of the records hold something."""
    redactor = wire.Redactor(compile_rules(Config()))
    for signal in SIGNALS:
        for percent in (0, 5, 50):
            found = corpus(signal, percent, scale)
            yield from against_protobuf(found, partial(redactor.redact, signal=signal), scale)
            redacted = [redactor.redact(payload, signal)[0] for payload in found.payloads]
            if percent:
                left = sum(
                    secret.encode() in out for out, secrets in zip(redacted, found.planted, strict=True) for secret in secrets
                )
                yield Figure(f"{found.name}, planted values left", left, "values")
            else:
                same = sum(out is payload for out, payload in zip(redacted, found.payloads, strict=True))
                yield Figure(f"{found.name}, same object", same / len(redacted), "share")
    yield from _compressed(redactor, scale)


def _compressed(redactor: wire.Redactor, scale: Scale) -> Iterator[Figure]:
    """Yield what a core does end to end when both sides compress."""
    payloads = corpus("logs", 5, scale).payloads
    packed = {compress(payload, "gzip"): payload for payload in payloads}

    def through(body: bytes) -> bytes:
        return compress(redactor.redact(decompress(body, "gzip", 1 << 30), "logs")[0], "gzip")

    samples = interleaved({"through": through}, list(packed), scale)
    yield Figure("logs 5 %, gunzip + redact + gzip", rate(samples["through"], list(packed.values())), "MB/s")
