"""What every extension promises: it answers over HTTP until it is cancelled, and frees its address then."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from config.load import load
from pipeline import Host, registry
from pipeline.service import Service
from tests.contracts.listening import assert_free
from tests.contracts.settings import built
from tests.raw_http import RawConnection

NOTHING = "{receivers: {otlp: }, exporters: {debug: }, service: {pipelines: {logs: {receivers: [otlp], exporters: [debug]}}}}"


@pytest.mark.parametrize("name", registry.names("extension"))
async def test_it_answers_until_cancelled_and_frees_its_address(name: str, host: Host, free_port: int) -> None:
    spec, started, address = load([f"yaml:{NOTHING}"], environ={}).spec, asyncio.Event(), f"127.0.0.1:{free_port}"
    assert spec is not None
    extension: Any = built("extension", name, LISTEN=address)
    extension.host = replace(host, id=name, started=started.set)
    run = asyncio.create_task(extension.run(Service(spec, host.metrics, host.log, "1.2.3")))
    async with asyncio.timeout(10):
        await started.wait()
    async with RawConnection.to(address) as connection:
        assert (await connection.post("/no/such/path", method="GET")).status == 404
    run.cancel()
    with suppress(asyncio.CancelledError):
        await run
    assert_free(address)
