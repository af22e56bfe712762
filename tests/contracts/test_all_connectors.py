"""What every connector promises: a flush hands over what was folded, once, as valid batches of what it produces."""

import time
from collections.abc import Sequence
from copy import deepcopy
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import Batch, Connector, registry, wire
from pipeline.types import SIGNALS, Signal
from tests.contracts.samples import sample
from tests.contracts.settings import hosted
from tests.strategies import batches

NAMES: Final = registry.names("connector")
CASES: Final = [(name, signal) for name in NAMES for signal in sorted(registry.find("connector", name).signals)]
SECOND: Final = 10**9

every_connector = pytest.mark.parametrize(("name", "signal"), CASES)


def connector(name: str) -> Connector:
    component: Connector = hosted("connector", name)
    return component


def assert_valid(connector: Connector, flushed: Sequence[Batch]) -> None:
    for batch in flushed:
        assert batch.signal in connector.produces
        assert batch.items
        assert wire.validate(batch.payload, batch.signal) == (batch.payload, batch.items, 0)
        assert batch.context.receiver == connector.host.id


@pytest.mark.parametrize("name", NAMES)
def test_it_says_what_it_produces_and_how_often(name: str) -> None:
    connector_ = connector(name)
    assert connector_.produces
    assert connector_.produces <= set(SIGNALS)
    assert connector_.interval > 0


@every_connector
@settings(max_examples=20)
@given(data=st.data())
def test_it_flushes_valid_batches_of_whatever_is_valid(name: str, signal: Signal, data: st.DataObject) -> None:
    one = connector(name)
    for _ in range(2):
        batch = data.draw(batches(signal))
        before, records = deepcopy(batch), deepcopy(batch.records())
        one.fold(batch)
        assert batch == before
        assert batch.records() == records
    assert_valid(one, one.flush(time.time_ns()))


@every_connector
def test_what_was_flushed_is_not_flushed_again(name: str, signal: Signal) -> None:
    one, now = connector(name), time.time_ns()
    assert list(one.flush(now)) == []
    one.fold(Batch(b"", signal, 0))
    assert list(one.flush(now + SECOND)) == []
    one.fold(sample(signal, 3))
    flushed = one.flush(now + 2 * SECOND)
    assert flushed
    assert_valid(one, flushed)
    assert list(one.flush(now + 3 * SECOND)) == []
