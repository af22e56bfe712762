import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest, RetryInfo
from google.rpc.status_pb2 import Status

from pipeline import Busy, Host, Rejected, TooLarge
from pipeline.net.grpc_server import Method
from pipeline.settings import BearerToken, GrpcListener, HeaderToken, ListenerAuth, ServerTls
from pipeline.telemetry import catalogue
from pipeline.types import Secret
from tests import certificates

LIMIT = 100_000
LISTENER = GrpcListener(endpoint="127.0.0.1:0", max_request_body_size=LIMIT)
ECHO = "/test.Echo/Export"


async def echo(message: bytes) -> bytes:
    return message


@asynccontextmanager
async def channel(host: Host, method: Method = echo, listener: GrpcListener = LISTENER, **options: Any) -> AsyncIterator[Any]:
    async with host.listeners.grpc(listener, {ECHO: method}, component="test") as address, connected(address, **options) as open_:
        yield open_


@asynccontextmanager
async def connected(address: str, credentials: Any = None) -> AsyncIterator[Any]:
    made = grpc.aio.secure_channel(address, credentials) if credentials else grpc.aio.insecure_channel(address)
    async with made:
        yield made


async def call(open_: Any, message: bytes, path: str = ECHO, **options: Any) -> bytes:
    reply: bytes = await open_.unary_unary(path)(message, timeout=10, **options)
    return reply


async def failure(open_: Any, message: bytes = b"", **options: Any) -> Any:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call(open_, message, **options)
    return raised.value


def status_of(error: Any) -> Status | None:
    details = dict(error.trailing_metadata() or ()).get("grpc-status-details-bin")
    return Status.FromString(details) if details is not None else None


def retry_of(error: Any) -> int | None:
    for detail in (status_of(error) or Status()).details:
        info = RetryInfo()
        if detail.Unpack(info):
            return int(info.retry_delay.seconds)
    return None


async def test_messages_stay_bytes(host: Host) -> None:
    async with channel(host) as open_:
        assert await call(open_, b"\xff\x00not a message") == b"\xff\x00not a message"
        assert await call(open_, b"") == b""
        assert await call(open_, bytes(9000), compression=grpc.Compression.Gzip) == bytes(9000)
        assert await call(open_, bytes(9000), compression=grpc.Compression.Deflate) == bytes(9000)
    assert host.metrics.value(catalogue.RECEIVER_REQUESTS, receiver="test", code="OK") == 4
    assert host.admission.used_bytes == 0


async def test_the_size_limit_is_exact_and_carries_no_retry_info(host: Host) -> None:
    async with channel(host) as open_:
        assert len(await call(open_, bytes(LIMIT))) == LIMIT
        assert len(await call(open_, bytes(LIMIT), compression=grpc.Compression.Gzip)) == LIMIT
        for compression in (grpc.Compression.NoCompression, grpc.Compression.Gzip):
            error = await failure(open_, bytes(LIMIT + 1), compression=compression)
            assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
            assert retry_of(error) is None


@pytest.mark.parametrize("path", ["/test.Echo/Import", "/test.Other/Export", "/"])
async def test_unknown_methods_are_unimplemented(host: Host, path: str) -> None:
    async with channel(host) as open_:
        error = await failure(open_, path=path)
    assert error.code() is grpc.StatusCode.UNIMPLEMENTED
    assert host.metrics.value(catalogue.RECEIVER_REQUESTS, code="UNIMPLEMENTED") == 1


@pytest.mark.parametrize(
    ("raised", "code", "retry"),
    [
        (Busy("later"), grpc.StatusCode.UNAVAILABLE, 1),
        (Busy("later", 7), grpc.StatusCode.UNAVAILABLE, 7),
        (Busy("later", 900), grpc.StatusCode.UNAVAILABLE, 30),
        (Rejected("malformed", "bad"), grpc.StatusCode.INVALID_ARGUMENT, None),
        (TooLarge("big"), grpc.StatusCode.RESOURCE_EXHAUSTED, None),
        (RuntimeError("secret text"), grpc.StatusCode.INTERNAL, None),
    ],
)
async def test_what_a_method_raises_is_answered(host: Host, raised: Exception, code: Any, retry: int | None) -> None:
    async def fail(_: bytes) -> bytes:
        raise raised

    async with channel(host, fail) as open_:
        error = await failure(open_, b"x")
    assert (error.code(), retry_of(error)) == (code, retry)
    status = status_of(error)
    assert status is not None
    assert (status.code, status.message) == (code.value[0], error.details())
    assert "secret" not in error.details()
    if code is grpc.StatusCode.INVALID_ARGUMENT:
        bad = BadRequest()
        assert status.details[0].Unpack(bad)
    assert host.metrics.value(catalogue.RECEIVER_REQUESTS, code=code.name) == 1
    assert host.admission.used_bytes == 0


async def test_no_memory_is_unavailable_with_a_hint(host: Host) -> None:
    async with channel(host) as open_, host.admission.lease(host.admission.limit_bytes):
        error = await failure(open_, b"x")
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    assert 1 <= (retry_of(error) or 0) <= 30


@pytest.mark.parametrize(("endpoint", "client"), [("127.0.0.1:0", "127.0.0.1"), ("[::1]:0", "::1")])
async def test_a_client_that_holds_much_already_leaves_room_for_others(host: Host, endpoint: str, client: str) -> None:
    async with channel(host, listener=GrpcListener(endpoint=endpoint)) as open_:
        host.admission.take(host.admission.limit_bytes * 4 // 5, client)
        assert (await failure(open_, b"x")).code() is grpc.StatusCode.UNAVAILABLE
        host.admission.give_back(host.admission.limit_bytes * 4 // 5, client)
        assert await call(open_, b"x") == b"x"


@pytest.mark.parametrize(
    ("auth", "name", "good"),
    [
        (ListenerAuth(bearer=BearerToken(token=Secret("tok" + "en"))), "authorization", "Bearer token"),
        (ListenerAuth(header=HeaderToken(name="X-Key", token=Secret("abc"))), "x-key", "abc"),
    ],
)
async def test_credentials_come_as_metadata(host: Host, auth: ListenerAuth, name: str, good: str) -> None:
    async with channel(host, listener=GrpcListener(endpoint="127.0.0.1:0", auth=auth)) as open_:
        assert await call(open_, b"x", metadata=((name, good),)) == b"x"
        for metadata in ((), ((name, f"{good}x"),), ((f"{name}-bin", good.encode()),)):
            error = await failure(open_, b"x", metadata=metadata)
            assert error.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_a_message_is_read_only_of_whom_is_let_in(host: Host) -> None:
    auth = ListenerAuth(bearer=BearerToken(token=Secret("tok" + "en")))
    async with channel(host, listener=GrpcListener(endpoint="127.0.0.1:0", auth=auth, max_request_body_size=1000)) as open_:
        too_large = b"x" * 1001
        assert (await failure(open_, too_large)).code() is grpc.StatusCode.UNAUTHENTICATED
        let_in = (("authorization", "Bearer token"),)
        assert (await failure(open_, too_large, metadata=let_in)).code() is grpc.StatusCode.RESOURCE_EXHAUSTED


@pytest.mark.parametrize("leave", ["deadline", "cancel"])
async def test_a_client_that_gives_up_does_not_stop_the_method(host: Host, leave: str) -> None:
    entered, go, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slow(message: bytes) -> bytes:
        entered.set()
        await go.wait()
        done.set()
        return message

    async with channel(host, slow) as open_:
        running = open_.unary_unary(ECHO)(b"x", timeout=0.05 if leave == "deadline" else None)
        await entered.wait()
        if leave == "cancel":
            running.cancel()
        with pytest.raises((grpc.aio.AioRpcError, asyncio.CancelledError)):
            await running
        assert host.admission.used_bytes > 0
        go.set()
        await asyncio.wait_for(done.wait(), 5)
    assert host.admission.used_bytes == 0


async def test_calls_of_one_connection_run_side_by_side(host: Host) -> None:
    waiting = 0
    all_in = asyncio.Event()

    async def together(message: bytes) -> bytes:
        nonlocal waiting
        waiting += 1
        if waiting == 8:
            all_in.set()
        await all_in.wait()
        return message

    async with channel(host, together) as open_:
        replies = await asyncio.gather(*(call(open_, b"%d" % number) for number in range(8)))
    assert replies == [b"%d" % number for number in range(8)]


async def test_a_stop_lets_the_calls_under_way_finish(host: Host) -> None:
    entered, go = asyncio.Event(), asyncio.Event()

    async def slow(message: bytes) -> bytes:
        entered.set()
        await go.wait()
        return message

    async with channel(host, slow) as open_:
        running = asyncio.ensure_future(call(open_, b"x"))
        await entered.wait()
        closing = asyncio.create_task(host.listeners.aclose(5))
        await asyncio.sleep(0)
        go.set()
        assert await running == b"x"
        await closing
        assert (await failure(open_, b"x")).code() is grpc.StatusCode.UNAVAILABLE


async def test_frequent_pings_are_welcome(host: Host) -> None:
    """Ten seconds between pings is the promise; the library counts strikes, so the option itself is looked at."""
    from pipeline.net.grpc_server import _options

    options = dict(_options(LISTENER))
    assert options["grpc.http2.min_ping_interval_without_data_ms"] == 10_000
    assert options["grpc.keepalive_permit_without_calls"] == 1


async def test_connections_may_be_aged(host: Host) -> None:
    listener = GrpcListener(endpoint="127.0.0.1:0", max_connection_age=0.05, max_connection_age_grace=1)
    async with channel(host, listener=listener) as open_:
        assert await call(open_, b"x") == b"x"
        async with asyncio.timeout(10):
            while open_.get_state() is grpc.ChannelConnectivity.READY:
                await asyncio.sleep(0.01)
        assert await call(open_, b"x") == b"x", "the client connects anew"


async def test_an_address_in_use_is_an_os_error(host: Host) -> None:
    async with host.listeners.grpc(LISTENER, {}, component="one") as address:
        with pytest.raises(OSError, match="in use"):
            async with host.listeners.grpc(GrpcListener(endpoint=address), {}, component="other"):
                pass


async def test_a_unix_socket(host: Host, tmp_path: Path) -> None:
    async with channel(host, listener=GrpcListener(endpoint=f"unix:{tmp_path}/g.sock")) as open_:
        assert await call(open_, b"x") == b"x"


async def test_mutual_tls(host: Host, tmp_path: Path) -> None:
    made = certificates.make(tmp_path)
    tls = ServerTls(cert_file=made.server.cert, key_file=made.server.key, client_ca_file=made.ca.cert)
    listener = GrpcListener(endpoint="127.0.0.1:0", tls=tls)
    ca, key, cert = made.ca.pem(), made.client.key_pem(), made.client.pem()
    async with host.listeners.grpc(listener, {ECHO: echo}, component="test") as address:
        async with connected(address, grpc.ssl_channel_credentials(ca, key, cert)) as open_:
            assert await call(open_, b"x") == b"x"
        async with connected(address, grpc.ssl_channel_credentials(ca)) as open_:
            assert (await failure(open_, b"x")).code() is grpc.StatusCode.UNAVAILABLE
