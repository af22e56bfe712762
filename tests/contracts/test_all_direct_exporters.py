"""What every exporter without a cursor promises: it folds whatever is valid, and serves until it is told to stop."""

import asyncio
from contextlib import suppress
from copy import deepcopy
from dataclasses import replace
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import Batch, DirectExporter, Host, registry
from pipeline.types import Signal
from tests.contracts.listening import assert_free, until_listening
from tests.contracts.samples import sample
from tests.contracts.settings import built, hosted, settings_of
from tests.strategies import batches

NAMES: Final = [name for name in registry.names("exporter") if issubclass(registry.find("exporter", name), DirectExporter)]
CASES: Final = [(name, signal) for name in NAMES for signal in sorted(registry.find("exporter", name).signals)]

every_direct_exporter = pytest.mark.parametrize(("name", "signal"), CASES)


@every_direct_exporter
@settings(max_examples=20)
@given(data=st.data())
def test_it_folds_whatever_is_valid_and_leaves_it_untouched(name: str, signal: Signal, data: st.DataObject) -> None:
    exporter = hosted("exporter", name)
    for batch in (Batch(b"", signal, 0), data.draw(batches(signal)), data.draw(batches(signal))):
        before, records = deepcopy(batch), deepcopy(batch.records())
        exporter.fold(batch)
        exporter.fold(batch)
        assert batch == before
        assert batch.records() == records


@pytest.mark.parametrize("name", NAMES)
async def test_it_serves_until_cancelled_and_frees_its_address(name: str, host: Host, free_port: int) -> None:
    address = f"127.0.0.1:{free_port}"
    exporter: Any = built("exporter", name, LISTEN=address)
    exporter.host = replace(host, id=name)
    run = asyncio.create_task(exporter.run())
    if "LISTEN" in settings_of("exporter", name):
        await until_listening(address, run)
    else:
        await asyncio.wait([run], timeout=0.1)
    for signal in exporter.signals:
        exporter.fold(sample(signal, 3))
    run.cancel()
    with suppress(asyncio.CancelledError):
        await run
    assert_free(address)
