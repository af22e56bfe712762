"""Mutated payloads: refused as malformed, or understood as stock protobuf understands them; never anything else."""

import re
from random import Random
from typing import Final

import pytest
from google.protobuf.message import DecodeError

from pipeline import wire
from pipeline.types import SIGNALS, Signal
from tests import stock
from tests.mutants import mutated
from tests.strategies import oddly

MUTANTS: Final = 3_400
"""Of each signal: more than 10,000 in all."""

LONG_VARINT: Final = re.compile(rb"[\x80-\xff]{5}")


def only_stock_refuses(payload: bytes, error: DecodeError) -> bool:
    """Tell whether stock protobuf refuses what OTLP allows: bad UTF-8, deep values, tags and lengths of more than five bytes."""
    return "bad UTF-8" in str(error) or "MaxDepth" in str(error) or LONG_VARINT.search(payload) is not None


@pytest.mark.parametrize("signal", SIGNALS)
def test_mutants_are_malformed_or_what_stock_protobuf_reads(signal: Signal) -> None:
    random = Random(20_261_121)
    seeds = [stock.planted(signal, path) for path in stock.paths(signal)]
    accepted = refused = 0
    for _ in range(MUTANTS):
        mutant = mutated(oddly(b"".join(random.sample(seeds, 3)), signal, random), random)
        try:
            payload, items, rejected = wire.validate(mutant, signal)
        except wire.Malformed as error:
            refused += 1
            if error.offset not in range(len(mutant) + 1):
                pytest.fail(f"no such offset: {error}")
            continue
        accepted += 1
        assert (payload is mutant) or rejected or len(payload) < len(mutant)
        assert wire.validate(payload, signal) == (payload, items, 0)
        records = wire.records(payload, signal)
        assert len(records) == items
        wire.from_json(wire.to_json(payload, signal, wire.OTLP), signal)
        assert sum(len(wire.records(part, signal)) for part in wire.split(payload, signal, max_items=1, max_bytes=50)) == items
        stock.parsed(wire.encode(records, signal), signal)
        try:
            message = stock.parsed(payload, signal)
        except DecodeError as error:
            if not only_stock_refuses(payload, error):
                pytest.fail(f"accepted, but {error}: {payload.hex()}")
        else:
            assert len(list(stock.items(message))) == items
    assert min(accepted, refused) > MUTANTS // 10
