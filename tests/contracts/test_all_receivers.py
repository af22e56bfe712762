"""What every receiver promises: an answer once the data is safe, when to come again, and nothing handed on that it can't read."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Final

import pytest

from pipeline import Busy, Host, Rejected, registry, wire
from tests.contracts.doors import DOORS, PLANTED, Door, door
from tests.contracts.listening import assert_free
from tests.contracts.settings import SECRET, built
from tests.daemon import free_ports
from tests.receivers.serving import Sink, serving

FETCHING: Final = {"kafka"}
"""Nobody knocks at their door: they ask for data themselves. Their own tests hold them to the same promises."""
NAMES: Final = [name for name in registry.names("receiver") if name not in FETCHING]
CASES: Final = [(name, way) for name in NAMES for way in DOORS.get(name, ("missing",))]

every_receiver = pytest.mark.parametrize("name", NAMES)
every_door = pytest.mark.parametrize(("name", "way"), CASES)


@pytest.fixture
def addresses() -> Mapping[str, str]:
    return {name: f"127.0.0.1:{port}" for name, port in zip(("LISTEN", "LISTEN_TOO"), free_ports(2), strict=True)}


@asynccontextmanager
async def open_door(name: str, way: str, host: Host, addresses: Mapping[str, str]) -> AsyncIterator[tuple[Door, str, Sink]]:
    """Give a way into a running receiver, its address, and the pipeline behind it."""
    chosen, receiver = door(name, way), _receiver(name, addresses)
    async with serving(receiver, host, name) as sink:
        yield chosen, addresses[chosen.listen], sink


def _receiver(name: str, addresses: Mapping[str, str]) -> Any:
    return built("receiver", name, **addresses)


@every_door
async def test_what_comes_in_is_consumed_once_and_then_answered(
    name: str, way: str, host: Host, addresses: Mapping[str, str]
) -> None:
    async with open_door(name, way, host, addresses) as (door, address, sink):
        told = await door.knock(address, door.good)
        assert (told.answer, told.retry_after) == ("taken", None)
        [batch] = sink.batches
    assert wire.validate(batch.payload, batch.signal) == (batch.payload, batch.items, 0)
    assert batch.items == 1
    assert batch.signal in registry.find("receiver", name).signals
    assert batch.context.receiver == name
    assert batch.context.transport == ("grpc" if way == "grpc" else "http")
    assert batch.context.received_at > 0


@every_door
async def test_there_is_no_answer_before_the_data_is_safe(name: str, way: str, host: Host, addresses: Mapping[str, str]) -> None:
    async with open_door(name, way, host, addresses) as (door, address, sink):
        sink.gate = asyncio.Event()
        client = asyncio.create_task(door.knock(address, door.good))
        await reached(sink)
        assert not client.done()
        sink.gate.set()
        assert (await client).answer == "taken"
    assert len(sink.batches) == 1


@every_door
async def test_a_client_that_leaves_stops_nothing(name: str, way: str, host: Host, addresses: Mapping[str, str]) -> None:
    async with open_door(name, way, host, addresses) as (door, address, sink):
        sink.gate = asyncio.Event()
        client = asyncio.create_task(door.knock(address, door.good))
        await reached(sink)
        client.cancel()
        await asyncio.gather(client, return_exceptions=True)
        sink.gate.set()
        async with asyncio.timeout(10):
            while not sink.batches:
                await asyncio.sleep(0.001)
    assert len(sink.batches) == 1


@every_door
async def test_garbage_is_refused_and_never_handed_on(name: str, way: str, host: Host, addresses: Mapping[str, str]) -> None:
    async with open_door(name, way, host, addresses) as (door, address, sink):
        told = await door.knock(address, door.garbage)
        assert (told.answer, told.retry_after) == ("refused", None)
        assert PLANTED not in told.text
        assert sink.batches == []
        assert (await door.knock(address, door.good)).answer == "taken"


@every_door
@pytest.mark.parametrize(("retry_after", "told_after"), [(3.0, 3.0), (None, 1.0)])
async def test_a_busy_pipeline_asks_to_come_again(
    name: str, way: str, retry_after: float | None, told_after: float, host: Host, addresses: Mapping[str, str]
) -> None:
    async with open_door(name, way, host, addresses) as (door, address, sink):
        sink.failures = [Busy("full", retry_after, code="queue_full")]
        told = await door.knock(address, door.good)
        assert (told.answer, told.retry_after) == ("busy", told_after)
        assert (await door.knock(address, door.good)).answer == "taken"
    assert len(sink.batches) == 1


@every_door
async def test_what_a_pipeline_rejects_is_refused(name: str, way: str, host: Host, addresses: Mapping[str, str]) -> None:
    async with open_door(name, way, host, addresses) as (door, address, sink):
        sink.failures = [Rejected("malformed", "it is bad")]
        told = await door.knock(address, door.good)
        assert (told.answer, told.retry_after) == ("refused", None)
        assert b"it is bad" in told.text


@every_door
async def test_a_fault_of_ours_is_not_taken_and_not_told(name: str, way: str, host: Host, addresses: Mapping[str, str]) -> None:
    async with open_door(name, way, host, addresses) as (door, address, sink):
        sink.failures = [RuntimeError(SECRET)]
        told = await door.knock(address, door.good)
        assert told.answer == "failed"
        assert SECRET.encode() not in told.text


@every_receiver
async def test_its_addresses_are_free_once_it_is_cancelled(name: str, host: Host, addresses: Mapping[str, str]) -> None:
    doors = {door(name, way).listen for way in DOORS.get(name, ("missing",))}
    for _ in range(2):
        async with serving(_receiver(name, addresses), host, name):
            for listen in doors:
                with pytest.raises(OSError, match="in use"):
                    assert_free(addresses[listen])
        for listen in doors:
            assert_free(addresses[listen])


@every_receiver
async def test_it_does_not_start_at_an_address_that_is_taken(name: str, host: Host, addresses: Mapping[str, str]) -> None:
    receiver = _receiver(name, addresses)
    started = asyncio.Event()
    receiver.host = replace(host, id=name, started=started.set)
    port = int(addresses["LISTEN"].rpartition(":")[2])
    with socket.create_server(("127.0.0.1", port)), pytest.raises(OSError, match="in use"):
        async with asyncio.timeout(10):
            await receiver.run(Sink().consume)
    assert not started.is_set()


async def reached(sink: Sink) -> None:
    """Wait until the pipeline has a batch in its hands."""
    async with asyncio.timeout(10):
        while not sink.waiting:
            await asyncio.sleep(0.001)
