import asyncio
import gzip
import os
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import orjson
import pytest
import structlog

from pipeline import Busy, ConfigError, Host, Rejected, TooLarge
from pipeline.admission import Admission, declared_cost
from pipeline.net.http_server import HttpRequest, HttpResponse, Listeners, Refusal, Route, Timeouts
from pipeline.settings import BasicLogin, BearerToken, Cors, HeaderToken, HttpListener, ListenerAuth, ServerTls
from pipeline.telemetry import catalogue
from pipeline.telemetry.metrics import Metrics
from pipeline.types import Secret
from tests.raw_http import RawConnection, request

LISTENER = HttpListener(endpoint="127.0.0.1:0")
LIMIT = 200_000


def refuse(content_type: str, refusal: Refusal) -> HttpResponse:
    return HttpResponse(refusal.status, orjson.dumps({"error": refusal.message, "type": content_type}))


async def echo(request: HttpRequest) -> HttpResponse:
    return HttpResponse(body=request.body, content_type="application/octet-stream")


def route(path: str = "/echo", handle: object = echo, **settings: object) -> Route:
    return Route(path, handle, refuse=refuse, **{"max_body": LIMIT, **settings})


@asynccontextmanager
async def served(host: Host, *routes: Route, listener: HttpListener = LISTENER) -> AsyncIterator[RawConnection]:
    async with host.listeners.http(listener, routes, component="test") as address, RawConnection.to(address) as connection:
        yield connection


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.001)


@pytest.fixture
async def quick(admission: Admission, metrics: Metrics) -> AsyncIterator[Listeners]:
    """Listeners that wait for nobody."""
    listeners = Listeners(admission, metrics, structlog.get_logger(), timeouts=Timeouts(head=0.05, body=0.05, drain=0.2))
    yield listeners
    await listeners.aclose(0.2)


# ---- what a handler gets and gives ----


async def test_a_handler_gets_the_request(host: Host) -> None:
    seen: list[HttpRequest] = []

    async def keep(request: HttpRequest) -> HttpResponse:
        seen.append(request)
        return HttpResponse(202, b"ok", "text/plain", {"X-Extra": "1"})

    async with served(host, route("/logs/{service}", keep)) as connection:
        answer = await connection.post("/logs/a%2Fb%20c?x=1&x=2", b"body", Content_Type="Text/Plain; charset=utf-8", X_Name="v")
    assert (answer.status, answer.body) == (202, b"ok")
    assert answer.headers["content-type"] == "text/plain"
    assert answer.headers["x-extra"] == "1"
    assert answer.headers["server"] == "sluice"
    [request] = seen
    assert (request.method, request.params, request.content_type) == ("POST", {"service": "a/b c"}, "text/plain")
    assert request.query.getall("x") == ["1", "2"]
    assert request.headers["x-name"] == "v"
    assert request.body == b"body"
    assert request.raw is request.body


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/echo", 200),
        ("/echo/", 200),
        ("/echo//", 404),
        ("/Echo", 404),
        ("/", 404),
        ("/echo/x", 404),
        ("/p/", 404),
        ("/p/x/", 200),
    ],
)
async def test_paths(host: Host, path: str, status: int) -> None:
    async with served(host, route(), route("/p/{id}")) as connection:
        assert (await connection.post(path)).status == status


async def test_one_path_with_two_methods(host: Host) -> None:
    async def got(_: HttpRequest) -> HttpResponse:
        return HttpResponse(body=b"got")

    async with served(host, route(), route(handle=got, methods=("GET", "HEAD"))) as connection:
        assert (await connection.post("/echo", b"x")).body == b"x"
        assert (await connection.post("/echo", method="GET")).body == b"got"
        answer = await connection.post("/echo", method="PUT")
    assert (answer.status, answer.headers["allow"]) == (405, "POST, GET, HEAD")


async def test_a_route_that_does_not_decode_can_still_ask_for_it(host: Host) -> None:
    async def decoded(request: HttpRequest) -> HttpResponse:
        assert request.body is request.raw
        return HttpResponse(body=request.body[:2] + await request.decoded())

    async with served(host, route(handle=decoded, decode=False)) as connection:
        answer = await connection.post("/echo", gzip.compress(b"text"), Content_Encoding="gzip")
        assert answer.body == b"\x1f\x8btext"
        assert (await connection.post("/echo", b"junk", Content_Encoding="gzip")).status == 400
        assert (await connection.post("/echo", gzip.compress(bytes(LIMIT + 1)), Content_Encoding="gzip")).status == 413


@pytest.mark.parametrize(
    ("error", "status", "retry"),
    [
        (Busy("later"), 503, "1"),
        (Busy("later", 7.2), 503, "8"),
        (Busy("later", 600), 503, "30"),
        (Rejected("malformed", "bad"), 400, None),
        (TooLarge("big"), 413, None),
        (Refusal(429, "slow", 90), 429, "90"),
        (RuntimeError("secret text"), 500, None),
    ],
)
async def test_what_a_handler_raises_is_answered(host: Host, error: Exception, status: int, retry: str | None) -> None:
    async def fail(_: HttpRequest) -> HttpResponse:
        raise error

    async with served(host, route(handle=fail)) as connection:
        answer = await connection.post("/echo", b"x")
        assert (answer.status, answer.headers.get("retry-after")) == (status, retry)
        assert b"secret" not in answer.body
        assert (await connection.post("/echo", b"x")).status == status, "the connection lives on"
    assert host.metrics.value(catalogue.RECEIVER_REQUESTS, receiver="test", code=str(status)) == 2


async def test_room_is_kept_for_what_goes_on_after_the_answer(host: Host) -> None:
    work = asyncio.get_running_loop().create_future()

    async def answer_early(request: HttpRequest) -> HttpResponse:
        request.hold(work)
        return HttpResponse(202)

    async with served(host, route(handle=answer_early)) as connection:
        assert (await connection.post("/echo", b"x")).status == 202
        assert host.admission.used_bytes == declared_cost(1, compressed=False)
        work.set_result(None)
        await asyncio.sleep(0)
        assert host.admission.used_bytes == 0


# ---- the checks, in their order ----


def bearer(token: str) -> ListenerAuth:
    return ListenerAuth(bearer=BearerToken(token=Secret(token)))


async def test_the_first_check_that_fails_answers(host: Host) -> None:
    """Each step mends one fault; the next check in the order of the contract answers then."""
    small = Admission(1, host.metrics)
    host.listeners = Listeners(small, host.metrics, host.log)
    token, content_type = "t" * 20, "application/json"
    checked = route(auth=bearer(token), content_types=(content_type,))
    wrong = {"method": "PUT", "Content_Type": "text/html", "Content_Encoding": "br", "Content_Length": str(LIMIT + 1)}
    mends: list[tuple[int, dict[str, str]]] = [
        (405, {"method": "POST"}),
        (401, {"Authorization": f"Bearer {token}"}),
        (415, {"Content_Type": content_type}),
        (415, {"Content_Encoding": "gzip"}),
        (413, {"Content_Length": "3"}),
        (413, {}),  # larger than the whole budget
    ]
    async with host.listeners.http(LISTENER, [checked], component="test") as address:
        for status, mend in mends:
            async with RawConnection.to(address) as connection:
                assert (await connection.post("/echo", **wrong)).status == status
            wrong |= mend
    assert small.used_bytes == 0


@pytest.mark.parametrize(
    ("settings", "good", "bad", "challenge"),
    [
        (
            ListenerAuth(bearer=BearerToken(token=Secret("to" + "ken"))),
            ["Bearer token", "bearer token", "BEARER  token"],
            ["", "token", "Bearer", "Bearer tokens", "Bearer toke", "Basic dG9rZW4=", "Bearer tok\u00e9n"],
            'Bearer realm="sluice"',
        ),
        (
            ListenerAuth(basic=BasicLogin(username="me", password=Secret("p:w"))),
            ["Basic bWU6cDp3"],
            ["", "Basic bWU6cA==", "Basic !", "Basic bWU6cDp3x", "Bearer bWU6cDp3"],
            'Basic realm="sluice", charset="UTF-8"',
        ),
    ],
)
async def test_credentials(host: Host, settings: ListenerAuth, good: list[str], bad: list[str], challenge: str) -> None:
    async with served(host, route(auth=settings)) as connection:
        for value in good:
            assert (await connection.post("/echo", Authorization=value)).status == 200
        for value in bad:
            answer = await connection.post("/echo", Authorization=value)
            assert (answer.status, answer.headers["www-authenticate"]) == (401, challenge)
        assert (await connection.post("/echo")).status == 401


async def test_a_credential_in_a_header_of_ones_own(host: Host) -> None:
    settings = ListenerAuth(header=HeaderToken(name="X-Key", token=Secret("abc")))
    async with served(host, route(auth=settings)) as connection:
        assert (await connection.post("/echo", X_Key="abc")).status == 200
        assert (await connection.post("/echo", X_Key="abcd")).status == 401


async def test_two_kinds_of_credentials_are_a_config_error(host: Host) -> None:
    both = ListenerAuth(bearer=BearerToken(token=Secret("a")), header=HeaderToken(name="x", token=Secret("b")))
    with pytest.raises(ConfigError):
        async with served(host, route(auth=both)):
            pass


# ---- sizes ----


async def test_the_size_limit_is_exact(host: Host) -> None:
    async with served(host, route()) as connection:
        assert (await connection.post("/echo", bytes(LIMIT))).status == 200
        assert (await connection.post("/echo", gzip.compress(bytes(LIMIT)), Content_Encoding="gzip")).status == 200
        assert (await connection.post("/echo", gzip.compress(bytes(LIMIT + 1)), Content_Encoding="gzip")).status == 413
        answer = await connection.post("/echo", bytes(LIMIT + 1))
        assert (answer.status, answer.headers["connection"]) == (413, "close")


async def test_a_declared_length_above_the_limit_is_refused_before_a_byte_came(host: Host) -> None:
    async with served(host, route()) as connection:
        answer = await connection.post("/echo", Content_Length=str(LIMIT + 1))
        assert (answer.status, answer.headers["connection"]) == (413, "close")


def chunked(body: bytes, size: int = 8192) -> bytes:
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


async def test_chunked_bodies(host: Host) -> None:
    async with served(host, route()) as connection:
        for size in (1, 10_000, LIMIT):
            await connection.send(request("/echo", Transfer_Encoding="chunked") + chunked(bytes(size)))
            answer = await connection.answer()
            assert (answer.status, len(answer.body)) == (200, size)
        await connection.send(request("/echo", Transfer_Encoding="chunked") + chunked(bytes(LIMIT + 1)))
        assert (await connection.answer()).status == 413


async def test_an_endless_chunked_body_is_cut(host: Host, admission: Admission) -> None:
    async with served(host, route()) as connection:
        await connection.send(request("/echo", Transfer_Encoding="chunked") + b"fffffff\r\n" + bytes(LIMIT + 1))
        answer = await connection.answer()
        assert (answer.status, answer.headers["connection"]) == (413, "close")
    assert admission.used_bytes == 0


async def test_broken_chunks_are_a_client_error(host: Host) -> None:
    async with served(host, route()) as connection:
        await connection.send(request("/echo", Transfer_Encoding="chunked") + b"5\r\nabc")
        await connection.send(b"dezz\r\n")
        assert (await connection.answer()).status == 400


# ---- the connection ----


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/nowhere", {}, 404),
        ("/echo", {"method": "PUT"}, 405),
        ("/typed", {"Content_Type": "text/html"}, 415),
        ("/echo", {"Content_Encoding": "br"}, 415),
        ("/echo", {"Content_Encoding": "gzip"}, 400),
        ("/closed", {}, 503),
    ],
)
async def test_a_connection_outlives_an_error(host: Host, path: str, headers: dict[str, str], status: int) -> None:
    async def busy(_: HttpRequest) -> HttpResponse:
        raise Busy("no")

    routes = route(), route("/typed", content_types=("a/b",)), route("/closed", busy)
    async with served(host, *routes) as connection:
        for _ in range(3):
            answer = await connection.post(path, b"x" * 10_000, **headers)
            assert (answer.status, answer.headers.get("connection")) == (status, None)
        assert (await connection.post("/echo", b"still here")).body == b"still here"


async def test_a_large_body_that_is_refused_unread_ends_the_connection(host: Host, admission: Admission) -> None:
    async with admission.lease(admission.limit_bytes), served(host, route()) as connection:
        await connection.send(request("/echo", Content_Length="100000"))
        answer = await connection.answer()
        assert (answer.status, answer.headers["connection"]) == (503, "close")
        assert 1 <= int(answer.headers["retry-after"]) <= 30


async def test_expect_is_met_only_when_the_head_is_good(host: Host) -> None:
    async with served(host, route()) as connection:
        await connection.send(request("/echo", Expect="100-continue", Content_Length="4"))
        assert await connection.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        await connection.send(b"body")
        assert (await connection.answer()).body == b"body"
        assert (await connection.post("/echo", Expect="200-maybe")).status == 417
        await connection.send(request("/nowhere", Expect="100-continue", Content_Length="4"))
        answer = await connection.answer()
        assert (answer.status, answer.headers["connection"]) == (404, "close")


async def test_a_slow_head_is_cut(quick: Listeners) -> None:
    async with quick.http(LISTENER, [route()], component="test") as address, RawConnection.to(address) as connection:
        await connection.send(b"POST /echo HT")
        assert await connection.is_closed()


async def test_a_connection_between_requests_is_not_cut_by_the_time_limit_of_heads(quick: Listeners) -> None:
    async with quick.http(LISTENER, [route()], component="test") as address, RawConnection.to(address) as connection:
        assert (await connection.post("/echo")).status == 200
        await asyncio.sleep(0.1)
        assert (await connection.post("/echo")).status == 200


async def test_a_body_that_stalls_is_cut_and_its_room_is_free(quick: Listeners, admission: Admission) -> None:
    async with quick.http(LISTENER, [route()], component="test") as address, RawConnection.to(address) as connection:
        await connection.send(request("/echo", b"", Content_Length="5000"))
        await until(lambda: admission.used_bytes > 0)
        for _ in range(10):  # a byte now and then is no progress
            await connection.send(b"x")
            await asyncio.sleep(0.01)
        answer = await connection.answer()
        assert (answer.status, answer.headers["connection"]) == (408, "close")
    assert admission.used_bytes == 0


async def test_a_body_that_makes_progress_may_take_its_time(quick: Listeners) -> None:
    async with quick.http(LISTENER, [route()], component="test") as address, RawConnection.to(address) as connection:
        await connection.send(request("/echo", b"", Content_Length="20480"))
        for _ in range(10):
            await connection.send(b"x" * 2048)
            await asyncio.sleep(0.02)
        assert (await connection.answer()).status == 200


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01", 400),
        (b"POST /echo HTTP/1.1\r\nContent-Length: two\r\n\r\n", 400),
        (b"POST /echo HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"POST /echo HTTP/1.1\r\nX: " + b"a" * 20_000 + b"\r\n\r\n", 431),
        (b"POST /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n", 431),
    ],
)
async def test_what_is_not_http_gets_a_readable_answer(host: Host, sent: bytes, status: int) -> None:
    async with served(host, route()) as connection:
        await connection.send(sent)
        answer = await connection.answer()
        assert answer.status == status
        assert orjson.loads(answer.body)["code"] == 3
        assert await connection.is_closed()
    assert host.metrics.value(catalogue.RECEIVER_REQUESTS, code=str(status)) == 1


async def test_too_many_headers(host: Host) -> None:
    async with served(host, route()) as connection:
        await connection.send(b"POST /echo HTTP/1.1\r\n" + b"X: y\r\n" * 1000 + b"\r\n")
        assert (await connection.answer()).status in {400, 431}


# ---- memory ----


async def test_room_is_held_while_the_handler_runs(host: Host, admission: Admission) -> None:
    held: list[int] = []

    async def look(_: HttpRequest) -> HttpResponse:
        held.append(admission.used_bytes)
        return HttpResponse()

    async with served(host, route(handle=look, max_body=10 << 20)) as connection:
        await connection.post("/echo", b"x")
        await connection.post("/echo", bytes(100_000))
        await connection.post("/echo", gzip.compress(bytes(5 << 20)), Content_Encoding="gzip")
    assert held[:2] == [128 * 1024, 200_000]
    assert 10 << 20 <= held[2] <= 11 << 20
    assert admission.used_bytes == 0
    assert host.metrics.value(catalogue.ADMISSION_INFLIGHT) == 0


async def test_a_body_that_outgrows_the_budget_is_refused_while_it_is_read(host: Host) -> None:
    small = Admission(4 << 20, host.metrics)
    listeners = Listeners(small, host.metrics, host.log)
    async with listeners.http(LISTENER, [route(max_body=64 << 20)], component="test") as address:
        async with RawConnection.to(address) as connection:
            answer = await connection.post("/echo", gzip.compress(bytes(5 << 20)), Content_Encoding="gzip")
            assert answer.status == 413
        async with RawConnection.to(address) as connection, small.lease(2 << 20):
            answer = await connection.post("/echo", gzip.compress(bytes(1 << 20)), Content_Encoding="gzip")
            assert answer.status == 503
    assert small.used_bytes == 0


async def test_clients_that_leave_give_their_room_back(host: Host, admission: Admission) -> None:
    """F19: a thousand clients disconnect at random."""
    async with host.listeners.http(LISTENER, [route()], component="test") as address:
        whole = request("/echo", os.urandom(3000))

        async def leave(seed: int) -> None:
            async with RawConnection.to(address) as connection:
                await connection.send(whole[: random.Random(seed).randrange(len(whole) + 1)])

        for batch in range(10):
            await asyncio.gather(*(leave(batch * 100 + one) for one in range(100)))
        await until(lambda: admission.used_bytes == 0 and host.metrics.value(catalogue.RECEIVER_CONNECTIONS) == 0)
        async with RawConnection.to(address) as connection:
            assert (await connection.post("/echo", b"x")).status == 200


async def test_a_client_that_leaves_does_not_stop_the_handler(host: Host, admission: Admission) -> None:
    entered, go, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slow(_: HttpRequest) -> HttpResponse:
        entered.set()
        await go.wait()
        done.set()
        return HttpResponse()

    async with host.listeners.http(LISTENER, [route(handle=slow)], component="test") as address:
        async with RawConnection.to(address) as connection:
            await connection.send(request("/echo", b"x"))
            await entered.wait()
        await until(lambda: host.metrics.value(catalogue.RECEIVER_CONNECTIONS) == 0)
        assert admission.used_bytes > 0
        go.set()
        await asyncio.wait_for(done.wait(), 5)
        await until(lambda: admission.used_bytes == 0)


async def test_idle_connections_do_not_keep_others_from_being_served(host: Host) -> None:
    """F20, with as many connections as a test may open."""
    async with host.listeners.http(LISTENER, [route()], component="test") as address:
        host_name, _, port = address.rpartition(":")
        idle = [await asyncio.open_connection(host_name, int(port)) for _ in range(400)]
        async with RawConnection.to(address) as connection:
            assert (await connection.post("/echo", b"x")).status == 200
        assert host.metrics.value(catalogue.RECEIVER_CONNECTIONS, receiver="test") >= 400
        for _, writer in idle:
            writer.close()
            await writer.wait_closed()


async def test_64_connections_at_once_lose_nothing(host: Host) -> None:
    got: list[bytes] = []

    async def keep(request: HttpRequest) -> HttpResponse:
        got.append(request.body)
        return HttpResponse()

    async def post(address: str, name: int) -> None:
        async with RawConnection.to(address) as connection:
            for number in range(10):
                assert (await connection.post("/echo", b"%d-%d" % (name, number))).status == 200

    async with host.listeners.http(LISTENER, [route(handle=keep)], component="test") as address:
        await asyncio.gather(*(post(address, name) for name in range(64)))
    assert len(got) == len(set(got)) == 640


# ---- CORS ----

CORS = Cors(allowed_origins=("https://app.example.com", "https://*.test:3000"), allowed_headers=("x-key",), max_age=60)


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://app.example.com", True),
        ("https://a.b.test:3000", True),
        ("https://.test:3000", True),
        ("https://test:3000", False),
        ("https://app.example.com.evil.org", False),
        ("http://app.example.com", False),
        ("null", False),
    ],
)
async def test_cors(host: Host, origin: str, allowed: bool) -> None:
    async with served(host, route(cors=CORS, auth=bearer("x"))) as connection:
        asked = await connection.post("/echo", method="OPTIONS", Origin=origin, Access_Control_Request_Method="POST")
        assert asked.status == (204 if allowed else 405)
        refused = await connection.post("/echo", Origin=origin)
    assert refused.status == 401
    for answer in (asked, refused):
        assert answer.headers.get("access-control-allow-origin") == (origin if allowed else None)
        assert answer.headers.get("vary") == ("Origin" if allowed else None)
    if allowed:
        assert asked.body == b""
        assert asked.headers["access-control-allow-methods"] == "POST"
        assert asked.headers["access-control-allow-headers"] == "content-type, content-encoding, x-key"
        assert asked.headers["access-control-max-age"] == "60"


async def test_without_cors_a_preflight_is_a_wrong_method(host: Host) -> None:
    async with served(host, route()) as connection:
        answer = await connection.post("/echo", method="OPTIONS", Origin="https://a", Access_Control_Request_Method="POST")
    assert (answer.status, "access-control-allow-origin" in answer.headers) == (405, False)


# ---- addresses ----


async def test_two_components_share_an_address(host: Host, free_port: int) -> None:
    listener = HttpListener(endpoint=f"127.0.0.1:{free_port}")
    async with host.listeners.http(listener, [route("/a")], component="a") as one:
        async with host.listeners.http(listener, [route("/b")], component="b") as other:
            assert one == other
            async with RawConnection.to(one) as connection:
                assert (await connection.post("/a", b"a")).body == b"a"
                assert (await connection.post("/b", b"b")).body == b"b"
                with pytest.raises(ConfigError, match="/a"):
                    async with host.listeners.http(listener, [route("/a")], component="c"):
                        pass
                other_tls = HttpListener(endpoint=listener.endpoint, tls=ServerTls(cert_file="c", key_file="k"))
                with pytest.raises(ConfigError, match="tls"):
                    async with host.listeners.http(other_tls, [route("/d")], component="d"):
                        pass
        async with RawConnection.to(one) as connection:
            assert (await connection.post("/b")).status == 404
            assert (await connection.post("/a")).status == 200
    with pytest.raises(ConnectionRefusedError):
        async with RawConnection.to(one):
            pass
    assert host.metrics.value(catalogue.RECEIVER_REQUESTS, receiver="b") == 1


async def test_an_address_in_use_is_an_os_error(host: Host) -> None:
    async with host.listeners.http(LISTENER, [route()], component="a") as address:
        others = Listeners(host.admission, host.metrics, host.log)
        with pytest.raises(OSError, match="in use"):
            async with others.http(HttpListener(endpoint=address), [route()], component="b"):
                pass


async def test_a_unix_socket(host: Host, tmp_path: Path) -> None:
    path = tmp_path / "s.sock"
    async with served(host, route(), listener=HttpListener(endpoint=f"unix:{path}")) as connection:
        assert (await connection.post("/echo", b"x")).body == b"x"
    assert not path.exists()


async def test_ipv6(host: Host) -> None:
    async with host.listeners.http(HttpListener(endpoint="[::1]:0"), [route()], component="a") as address:
        assert address.startswith("[::1]:")


# ---- the end ----


async def test_a_stop_lets_the_requests_under_way_finish(host: Host) -> None:
    entered, go = asyncio.Event(), asyncio.Event()

    async def slow(request: HttpRequest) -> HttpResponse:
        entered.set()
        await go.wait()
        return HttpResponse(body=request.body)

    async with host.listeners.http(LISTENER, [route(), route("/slow", slow)], component="test") as address:
        connect = RawConnection.to
        async with connect(address) as busy, connect(address) as late, connect(address) as idle:
            assert (await idle.post("/echo")).status == 200
            await busy.send(request("/slow", b"x"))
            await late.send(request("/slow", Content_Length="4") + b"bo")
            await entered.wait()
            await until(lambda: host.admission.used_bytes == 4 * 64 * 1024)
            closing = asyncio.create_task(host.listeners.aclose(5))
            assert await idle.is_closed()
            with pytest.raises(ConnectionRefusedError):
                async with RawConnection.to(address):
                    pass
            await late.send(b"dy")
            go.set()
            for connection, body in ((busy, b"x"), (late, b"body")):
                answer = await connection.answer()
                assert (answer.status, answer.body, answer.headers["connection"]) == (200, body, "close")
            await closing


async def test_a_stop_waits_no_longer_than_its_grace(host: Host) -> None:
    async def hang(_: HttpRequest) -> HttpResponse:
        await asyncio.Event().wait()
        raise AssertionError

    async with served(host, route(handle=hang)) as connection:
        await connection.send(request("/echo", b"x"))
        await until(lambda: host.admission.used_bytes > 0)
        await asyncio.wait_for(host.listeners.aclose(0.05), 3)
        assert await connection.is_closed()
        await until(lambda: host.admission.used_bytes == 0)
