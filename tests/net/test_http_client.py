import asyncio
import gc
import gzip
import sys
from contextlib import suppress

import pytest

from pipeline import Busy, Host, Rejected
from pipeline.net.http_client import MAX_ANSWER_BYTES, HttpAnswer
from pipeline.settings import BasicLogin, BearerToken, ClientAuth, ClientTls, NetworkExporter
from pipeline.types import Secret
from pipeline.version import VERSION
from tests.scripted_http import HANG, OK, RESET, ScriptedServer, answer

SETTINGS = NetworkExporter(timeout=5)


async def post(host: Host, url: str, settings: NetworkExporter = SETTINGS, body: bytes = b"body", **options: str) -> HttpAnswer:
    client = host.clients.http("test", settings)
    return await client.post(url, body, content_type="text/plain", **options)


async def test_a_request_and_its_answer(host: Host) -> None:
    settings = NetworkExporter(headers={"X-Key": Secret("abc")}, auth=ClientAuth(bearer=BearerToken(token=Secret("t"))))
    async with ScriptedServer.running([answer(418, b"tea", X_Kind="pot")]) as server:
        got = await post(host, f"{server.url}/a?b=c%20d", settings, content_encoding="gzip")
    assert (got.status, got.headers["x-kind"], got.body) == (418, "pot", b"tea")
    [request] = server.received
    assert (request.method, request.path, request.body) == ("POST", "/a?b=c%20d", b"body")
    assert request.headers["content-type"] == "text/plain"
    assert request.headers["content-encoding"] == "gzip"
    assert request.headers["user-agent"] == f"sluice/{VERSION}"
    assert request.headers["x-key"] == "abc"
    assert request.headers["authorization"] == "Bearer t"
    assert "cookie" not in request.headers


async def test_basic_credentials(host: Host) -> None:
    settings = NetworkExporter(auth=ClientAuth(basic=BasicLogin(username="me", password=Secret("p:w"))))
    async with ScriptedServer.running() as server:
        await post(host, server.url, settings)
    assert server.received[0].headers["authorization"] == "Basic bWU6cDp3"


async def test_a_large_body_arrives_whole(host: Host) -> None:
    body = bytes(range(256)) * 16384
    async with ScriptedServer.running() as server:
        await post(host, server.url, body=body)
    assert server.received[0].body == body
    assert server.received[0].headers["content-length"] == str(len(body))


async def test_one_connection_serves_many_requests(host: Host) -> None:
    async with ScriptedServer.running() as server:
        for _ in range(5):
            await post(host, server.url)
    assert server.connections == 1


async def test_redirects_are_not_followed(host: Host) -> None:
    async with ScriptedServer.running([answer(307, Location="http://127.0.0.1:1/")]) as server:
        assert (await post(host, server.url)).status == 307
    assert len(server.received) == 1


async def test_cookies_are_not_kept(host: Host) -> None:
    async with ScriptedServer.running([answer(200, Set_Cookie="a=b")]) as server:
        await post(host, server.url)
        await post(host, server.url)
    assert "cookie" not in server.received[1].headers


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (RESET, "reset"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "reset"),
        (b"HTTP/1.1 200 OK\r\nContent-", "reset"),
        (b"220 smtp.example ESMTP\r\n\r\n", "reset"),
        (HANG, "timeout"),
    ],
)
async def test_network_trouble_is_busy(host: Host, reply: bytes, code: str) -> None:
    async with ScriptedServer.running([reply, OK]) as server:
        with pytest.raises(Busy) as raised:
            await post(host, server.url, NetworkExporter(timeout=0.2))
        assert raised.value.code == code
        assert "127.0.0.1" not in str(raised.value)
        assert (await post(host, server.url, NetworkExporter(timeout=5))).status == 200


async def test_nobody_listens(host: Host, free_port: int) -> None:
    with pytest.raises(Busy) as raised:
        await post(host, f"http://127.0.0.1:{free_port}/")
    assert raised.value.code == "connect"


async def test_what_was_refused_is_not_kept_until_a_collection(host: Host, free_port: int) -> None:
    client, body = host.clients.http("otlp_http/x", NetworkExporter()), bytes(2 << 20)
    gc.collect()
    gc.disable()
    try:
        held = sys.getrefcount(body)
        with suppress(Busy):
            await client.post(f"http://127.0.0.1:{free_port}/", body, content_type="text/plain")
        await asyncio.sleep(0)  # the step of the loop that woke us holds the error until it is through
        assert sys.getrefcount(body) == held
    finally:
        gc.enable()


async def test_a_name_that_does_not_resolve(host: Host) -> None:
    with pytest.raises(Busy) as raised:
        await post(host, "http://nowhere.invalid/", NetworkExporter(timeout=5, proxy="off"))
    assert raised.value.code == "dns"


async def test_tls_to_a_server_without(host: Host) -> None:
    async with ScriptedServer.running() as server:
        with pytest.raises(Busy) as raised:
            await post(host, server.url.replace("http:", "https:"), NetworkExporter(timeout=0.5))
    assert raised.value.code in {"tls", "timeout"}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (NetworkExporter(tls=ClientTls(ca_file="/nonexistent.pem")), "tls.ca_file: cannot use the file"),
        (NetworkExporter(headers={"x-key": Secret("two\nlines")}), "look at `headers`"),
    ],
    ids=["tls", "headers"],
)
async def test_settings_that_no_request_can_be_made_with_are_not_the_fault_of_the_data(
    host: Host, settings: NetworkExporter, said: str
) -> None:
    async with ScriptedServer.running() as server:
        url = server.url.replace("http:", "https:") if settings.tls.ca_file else server.url
        with pytest.raises(Busy, match=said) as raised:
            await post(host, url, settings)
    assert raised.value.code == "settings"
    assert "two" not in str(raised.value)


async def test_an_answer_above_4_mib_is_not_read_and_not_asked_for_again(host: Host) -> None:
    packed = gzip.compress(bytes(MAX_ANSWER_BYTES + 1))
    for reply in (answer(200, bytes(MAX_ANSWER_BYTES + 1)), answer(503, packed, Content_Encoding="gzip")):
        async with ScriptedServer.running([reply]) as server:
            with pytest.raises(Rejected):
                await post(host, server.url)
    exact = answer(200, gzip.compress(bytes(MAX_ANSWER_BYTES)), Content_Encoding="gzip")
    async with ScriptedServer.running([exact]) as server:
        assert len((await post(host, server.url)).body) == MAX_ANSWER_BYTES


async def test_an_answer_that_can_not_be_decompressed_still_has_its_status(host: Host) -> None:
    for encoding in ("gzip", "br"):
        async with ScriptedServer.running([answer(503, b"junk", Content_Encoding=encoding)]) as server:
            got = await post(host, server.url)
        assert (got.status, got.body) == (503, b"")


async def test_a_proxy_of_the_settings_is_used_and_off_ignores_the_environment(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with ScriptedServer.running() as proxy, ScriptedServer.running() as server:
        await post(host, f"{server.url}/in", NetworkExporter(proxy=proxy.url))
        assert [request.path for request in proxy.received] == [f"{server.url}/in"]
        monkeypatch.setenv("http_proxy", proxy.url)
        await post(host, f"{server.url}/in", SETTINGS)
        await post(host, f"{server.url}/in", NetworkExporter(proxy="off"))
        assert len(server.received) == 2, "loopback never goes by the proxy of the environment"
        await post(host, "http://collector.example/in", SETTINGS)
        assert proxy.received[-1].path == "http://collector.example/in"


async def test_the_pool_keeps_a_client_until_its_settings_change(host: Host) -> None:
    one = host.clients.http("a", SETTINGS)
    assert host.clients.http("a", NetworkExporter(timeout=5)) is one
    assert host.clients.http("b", SETTINGS) is not one
    assert host.clients.http("a", NetworkExporter(timeout=6)) is not one


async def test_requests_run_side_by_side(host: Host) -> None:
    async with ScriptedServer.running([HANG]) as server:
        hanging = asyncio.ensure_future(post(host, server.url))
        while not server.received:
            await asyncio.sleep(0.001)
        assert (await post(host, server.url)).status == 200
        hanging.cancel()
        await asyncio.gather(hanging, return_exceptions=True)
