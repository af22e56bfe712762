"""Compression of bodies as we do it, out and in, beside zlib at its default level."""

import zlib
from collections.abc import Iterator
from functools import partial
from typing import Final

from benchmarks.corpus import corpus
from benchmarks.measure import Figure, Scale, interleaved, rate
from pipeline.net.compression import Compression, compress, decompress

CODINGS: Final[tuple[Compression, ...]] = ("gzip", "zstd")


def run(scale: Scale) -> Iterator[Figure]:
    """Compress and decompress batches of the 5 % corpus; rates count uncompressed bytes."""
    payloads = corpus("logs", 5, scale).payloads
    for coding in CODINGS:
        packed = [compress(payload, coding) for payload in payloads]
        out = interleaved({coding: partial(compress, compression=coding)}, payloads, scale)
        back = interleaved({coding: partial(decompress, encoding=coding, limit=1 << 30)}, packed, scale)
        yield Figure(f"{coding} out", rate(out[coding], payloads), "MB/s")
        yield Figure(f"{coding} in", rate(back[coding], payloads), "MB/s")
        yield Figure(f"{coding} size", sum(map(len, packed)) / sum(map(len, payloads)), "ratio")
    yield Figure("zlib level 6 out", rate(interleaved({"zlib": zlib.compress}, payloads, scale)["zlib"], payloads), "MB/s")
    yield Figure("zlib level 6 size", sum(len(zlib.compress(payload)) for payload in payloads) / sum(map(len, payloads)), "ratio")
