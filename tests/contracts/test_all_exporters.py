"""What every exporter promises: each item is in its requests or skipped, and each answer of a destination has one meaning."""

import asyncio
import traceback
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import replace
from typing import Any, Final, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import Batch, Busy, Exporter, Host, Rejected, Request, TooLarge, Unauthorized, registry, wire
from pipeline.types import Signal
from tests.contracts.samples import sample
from tests.contracts.settings import SECRET, built, hosted
from tests.scripted_http import HANG, OK, RESET, ScriptedServer, answer
from tests.strategies import batches


class Manners(NamedTuple):
    """Where destinations differ by their vendors' contracts."""

    credential: type[Exception]
    """What 401 and 403 mean: `Unauthorized` waits for a better credential, `Rejected` gives the data up."""
    pace: type[Exception]
    """What 429 means: `Busy` sends the same request again, `Rejected` does not."""


MANNERS: Final[Mapping[str, Manners]] = {
    "datadog": Manners(credential=Unauthorized, pace=Busy),
    "otlp_http": Manners(credential=Rejected, pace=Busy),
    "sentry": Manners(credential=Unauthorized, pace=Rejected),
}
NAMES: Final = [name for name in registry.names("exporter") if issubclass(registry.find("exporter", name), Exporter)]
CASES: Final = [(name, signal) for name in NAMES for signal in sorted(registry.find("exporter", name).signals)]

NOT_HTTP: Final = {"kafka"}
"""Their destinations have answers of their own, for which their own tests are there."""

every_exporter = pytest.mark.parametrize(("name", "signal"), CASES)
every_http_exporter = pytest.mark.parametrize(("name", "signal"), [case for case in CASES if case[0] not in NOT_HTTP])
few = settings(max_examples=20)


def manners(name: str) -> Manners:
    if name not in MANNERS:
        pytest.fail(f"what 401 and 429 of {name} mean is not under contract yet: give it a line in MANNERS")
    return MANNERS[name]


# ---- encode and split ----


@every_exporter
def test_an_empty_batch_is_no_request(name: str, signal: Signal) -> None:
    assert list(hosted("exporter", name).encode(Batch(b"", signal, 0))) == []


@every_exporter
@few
@given(data=st.data())
def test_every_item_is_in_a_request_or_skipped(name: str, signal: Signal, data: st.DataObject) -> None:
    batch = data.draw(batches(signal))
    requests = hosted("exporter", name).encode(batch)
    assert sum(request.items for request in requests) <= batch.items
    for request in requests:
        assert_holds_what_it_says(request, batch)


@every_exporter
@few
@given(data=st.data())
def test_the_batch_is_left_untouched(name: str, signal: Signal, data: st.DataObject) -> None:
    batch = data.draw(batches(signal))
    before, records = deepcopy(batch), deepcopy(batch.records())
    hosted("exporter", name).encode(batch)
    assert batch == before
    assert batch.records() == records


@every_exporter
def test_a_split_loses_nothing(name: str, signal: Signal) -> None:
    exporter, batch = hosted("exporter", name), sample(signal, 7)
    requests = list(exporter.encode(batch))
    assert sum(request.items for request in requests) == 7
    while requests:
        request = requests.pop()
        parts = exporter.split(request)
        if len(parts) == 1:
            assert parts[0] is request
            continue
        assert sum(part.items for part in parts) == request.items
        for part in parts:
            assert_holds_what_it_says(part, batch)
            assert part.raw_bytes < request.raw_bytes
        requests += parts


def assert_holds_what_it_says(request: Request, batch: Batch) -> None:
    held = request.batch
    assert wire.validate(held.payload, batch.signal) == (held.payload, held.items, 0)
    assert 0 <= request.items <= held.items <= batch.items
    assert all(record in batch.records() for record in held.records())
    assert (held.signal, held.context) == (batch.signal, batch.context)
    assert request.body
    assert request.raw_bytes > 0


# ---- send ----

REFUSAL: Final = b'{"errors":["' + SECRET.encode() + b'"]}'
"""A destination that shows us our own credential."""
ANSWERS: Final[Mapping[str, tuple[bytes, Callable[[str], type[Exception] | None]]]] = {
    "200": (OK, lambda _: None),
    "202": (answer(202), lambda _: None),
    "400": (answer(400, REFUSAL), lambda _: Rejected),
    "401": (answer(401, REFUSAL), lambda name: manners(name).credential),
    "403": (answer(403, REFUSAL), lambda name: manners(name).credential),
    "404": (answer(404, REFUSAL), lambda _: Rejected),
    "413": (answer(413, REFUSAL), lambda _: TooLarge),
    "429": (answer(429, REFUSAL), lambda name: manners(name).pace),
    "502": (answer(502, b"<html>"), lambda _: Busy),
    "503": (answer(503, REFUSAL), lambda _: Busy),
    "504": (answer(504), lambda _: Busy),
    "reset": (RESET, lambda _: Busy),
    "cut": (answer(200, b"{}", Content_Length="100"), lambda _: Busy),
    "nonsense": (b"SSH-2.0-OpenSSH_9.9\r\n\r\n", lambda _: Busy),
}


@asynccontextmanager
async def sending(name: str, signal: Signal, host: Host, script: bytes) -> AsyncIterator[tuple[Any, Request, ScriptedServer]]:
    """Give an exporter, a request for it to send, and the destination."""
    async with ScriptedServer.running([script] * 10) as peer:
        exporter: Any = built("exporter", name, PEER=peer.url.removeprefix("http://"))
        exporter.host = replace(host, id=name)
        yield exporter, exporter.encode(sample(signal))[0], peer


@every_http_exporter
@pytest.mark.parametrize("kind", ANSWERS)
async def test_every_answer_has_its_meaning(name: str, signal: Signal, kind: str, host: Host) -> None:
    script, meaning = ANSWERS[kind]
    async with sending(name, signal, host, script) as (exporter, request, peer):
        error = await error_of(exporter, request)
    assert type(error) is (meaning(name) or type(None))
    assert SECRET in str(peer.received[0].headers.values())
    assert peer.received[0].body
    if error is not None:
        assert_is_discreet(error)
        assert getattr(error, "code", None) == (kind if kind.isdecimal() else "reset")


@every_http_exporter
@pytest.mark.parametrize("status", [429, 503])
async def test_a_busy_destination_says_for_how_long(name: str, signal: Signal, status: int, host: Host) -> None:
    async with sending(name, signal, host, answer(status, Retry_After="7")) as (exporter, request, _):
        error = await error_of(exporter, request)
    if status == 503 or manners(name).pace is Busy:
        assert isinstance(error, Busy)
        assert error.retry_after == 7


@every_exporter
async def test_a_destination_that_is_down_is_busy(name: str, signal: Signal, host: Host, free_port: int) -> None:
    exporter: Any = built("exporter", name, PEER=f"127.0.0.1:{free_port}")
    exporter.host = replace(host, id=name)
    error = await error_of(exporter, exporter.encode(sample(signal))[0])
    assert type(error) is Busy
    assert (error.code, error.retry_after) == ("connect", None)
    assert_is_discreet(error)


@every_http_exporter
async def test_a_request_may_be_sent_again_and_twice_at_once(name: str, signal: Signal, host: Host) -> None:
    async with sending(name, signal, host, OK) as (exporter, request, peer):
        await asyncio.gather(exporter.send(request), exporter.send(request))
        await exporter.send(request)
        assert len(peer.received) == 3


@every_http_exporter
async def test_a_send_can_be_cancelled(name: str, signal: Signal, host: Host) -> None:
    async with sending(name, signal, host, HANG) as (exporter, request, peer):
        task = asyncio.create_task(exporter.send(request))
        async with asyncio.timeout(10):
            while not peer.received:
                await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def error_of(exporter: Exporter, request: Request) -> Exception | None:
    """Return what `send` raises."""
    try:
        async with asyncio.timeout(10):
            await exporter.send(request)
    except (Busy, Rejected) as error:
        return error
    return None


def assert_is_discreet(error: Exception) -> None:
    """Fail when an error, or what it came from, shows a credential or telemetry."""
    shown = "".join(traceback.format_exception(error)) + repr(error)
    for private in (SECRET, "payment", "shop"):
        assert private not in shown
