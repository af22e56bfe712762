"""Deliveries over a socket: webhooks contract §1, §2, §4 and the negative cases of §7.3."""

import asyncio
import base64
import gzip
import hashlib
import hmac
import json
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from pipeline import Busy, ConfigError, Host, Rejected
from pipeline.settings import BearerToken, ListenerAuth
from pipeline.telemetry import catalogue
from pipeline.types import Secret
from receivers.webhook import Config, Webhook
from receivers.webhook.settings import Dedup
from tests.raw_http import Answer, RawConnection, request
from tests.receivers.serving import Sink, serving

SECRET = "test-secret-" + "not-real"
PAYLOAD = json.dumps({"id": "evt_0001", "type": "invoice.paid", "data": {"object": {"id": "in_1"}}}).encode()
Serve = Callable[..., AbstractAsyncContextManager[tuple[RawConnection, Sink]]]


@pytest.fixture
def serve(host: Host, free_port: int) -> Serve:
    @asynccontextmanager
    async def serve(
        sender: str = "stripe", *, state_dir: Path | None = None, **settings: Any
    ) -> AsyncIterator[tuple[RawConnection, Sink]]:
        if settings.get("verify") != "none":
            settings.setdefault("secrets", (SECRET,))
            settings["secrets"] = tuple(map(Secret, settings["secrets"]))
        settings.setdefault("timeout", 5.0)
        config = Config(sender=sender, endpoint=f"127.0.0.1:{free_port}", **settings)  # type: ignore[arg-type]
        lent = replace(host, state_dir=state_dir)
        async with serving(Webhook(config), lent, "webhook/pay") as sink, RawConnection.to(config.endpoint) as connection:
            yield connection, sink

    return serve


def stripe(body: bytes = PAYLOAD, *, at: float | None = None, secret: str = SECRET) -> dict[str, str]:
    moment = str(int(time.time() if at is None else at))
    signature = hmac.new(secret.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {"Content-Type": "application/json", "Stripe-Signature": f"t={moment},v1={signature}"}


def github(body: bytes, delivery: str = "d-1", *, secret: str = SECRET, content_type: str = "application/json") -> dict[str, str]:
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {
        "Content-Type": content_type, "X-Hub-Signature-256": f"sha256={signature}", "X-GitHub-Event": "push",
        "X-GitHub-Delivery": delivery,
    }  # fmt: skip


def told(answer: Answer) -> tuple[int, dict[str, Any]]:
    assert answer.headers["content-type"] == "application/json"
    return answer.status, json.loads(answer.body)


ACCEPTED = (200, {"status": "accepted"})
DUPLICATE = (200, {"status": "duplicate"})
MISMATCH = (401, {"error": "signature mismatch"})


async def test_a_signed_delivery_becomes_a_record(serve: Serve, host: Host) -> None:
    async with serve() as (connection, sink):
        assert told(await connection.post("/webhooks/pay", PAYLOAD, **stripe())) == ACCEPTED
    (record,) = sink.records()
    assert (record.event_name, record.body) == ("stripe.invoice.paid", "invoice.paid in_1")
    assert record.resource.attributes == {"service.name": "pay"}
    assert record.attributes["webhook.payload"] == json.loads(PAYLOAD)
    (batch,) = sink.batches
    assert (batch.context.receiver, batch.context.transport, batch.items) == ("webhook/pay", "http", 1)
    assert record.observed_time == batch.context.received_at
    assert host.metrics.value(catalogue.WEBHOOK_REQUESTS, endpoint="pay", code="200") == 1
    assert host.metrics.value(catalogue.WEBHOOK_VERIFIED, endpoint="pay", secret="0") == 1


async def test_github_posts_json_and_forms(serve: Serve) -> None:
    form = b"payload=%7B%22ref%22%3A%22refs%2Fheads%2Fmain%22%7D"
    body = b'{"ref":"refs/heads/main"}'
    async with serve("github", path="/hooks/git") as (connection, sink):
        assert told(await connection.post("/hooks/git", body, **github(body, "d-1"))) == ACCEPTED
        headers = github(form, "d-2", content_type="application/x-www-form-urlencoded")
        assert told(await connection.post("/hooks/git", form, **headers)) == ACCEPTED
        assert (await connection.post("/webhooks/pay", body, **github(body, "d-3"))).status == 404
    assert [record.body for record in sink.records()] == ["push to main (0 commits)"] * 2


@pytest.mark.parametrize(
    "change",
    [lambda body: body[:-1] + b" }", lambda body: body + b"\n", lambda body: json.dumps(json.loads(body), indent=1).encode()],
)
async def test_a_changed_body_is_401_and_never_read(serve: Serve, host: Host, change: Callable[[bytes], bytes]) -> None:
    async with serve() as (connection, sink):
        assert told(await connection.post("/webhooks/pay", change(PAYLOAD), **stripe())) == MISMATCH
        assert told(await connection.post("/webhooks/pay", b"no json", **stripe())) == MISMATCH
    assert not sink.batches
    assert host.metrics.value(catalogue.WEBHOOK_REJECTED, endpoint="pay", reason="mismatch") == 2
    assert host.metrics.value(catalogue.WEBHOOK_REQUESTS, endpoint="pay", code="401") == 2


async def test_missing_and_garbled_signatures_are_400(serve: Serve, host: Host) -> None:
    async with serve() as (connection, sink):
        for value in (None, "", "t=1", "t=1,v1=zz"):
            headers = {} if value is None else {"Stripe-Signature": value}
            status, answer = told(await connection.post("/webhooks/pay", PAYLOAD, **headers))
            assert (status, list(answer)) == (400, ["error"])
        assert host.metrics.value(catalogue.WEBHOOK_REJECTED, reason="missing_header") == 2
        assert host.metrics.value(catalogue.WEBHOOK_REJECTED, reason="bad_header") == 2
        async with RawConnection.to(":".join(map(str, connection.writer.get_extra_info("peername")))) as other:
            await other.send(request("/webhooks/pay", PAYLOAD, Stripe_Signature="v1=" + "ab" * 500_000)[: 64 * 1024])
            assert (await other.answer()).status == 431
    assert not sink.batches


@pytest.mark.parametrize(("offset", "expected"), [(-298, 200), (298, 200), (-310, 403), (310, 403)])
async def test_a_signed_time_has_to_be_near(serve: Serve, host: Host, offset: int, expected: int) -> None:
    async with serve() as (connection, _):
        answer = await connection.post("/webhooks/pay", PAYLOAD, **stripe(at=time.time() + offset))
        wrong = await connection.post("/webhooks/pay", PAYLOAD, **stripe(at=time.time() + offset, secret="x"))
    assert (answer.status, wrong.status) == (expected, 401)
    if expected == 403:
        reason = "too_old" if offset < 0 else "too_new"
        assert host.metrics.value(catalogue.WEBHOOK_REJECTED, endpoint="pay", reason=reason) == 1


@pytest.mark.parametrize(("offset", "expected"), [(-300, 200), (-301, 403), (300, 200), (301, 403)])
async def test_the_boundary_of_the_tolerance_is_accepted(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, offset: int, expected: int
) -> None:
    now = 1_700_000_000
    monkeypatch.setattr("receivers.webhook.time.time_ns", lambda: now * 10**9 + 999_999_999)
    async with serve() as (connection, _):
        assert (await connection.post("/webhooks/pay", PAYLOAD, **stripe(at=now + offset))).status == expected


async def test_the_tolerance_can_be_set(serve: Serve) -> None:
    async with serve(tolerance=10.0) as (connection, _):
        assert (await connection.post("/webhooks/pay", PAYLOAD, **stripe(at=time.time() - 20))).status == 403


async def test_a_replaced_secret_is_seen_to_fall_out_of_use(serve: Serve, host: Host) -> None:
    async with serve(secrets=("", "new", SECRET), dedup="off") as (connection, _):
        for secret, status in [("new", 200), (SECRET, 200), ("neither", 401), ("", 401)]:
            assert (await connection.post("/webhooks/pay", PAYLOAD, **stripe(secret=secret))).status == status
    verified = [host.metrics.value(catalogue.WEBHOOK_VERIFIED, endpoint="pay", secret=label) for label in "012"]
    assert verified == [0, 1, 1]


# ---- replay ----


async def test_a_delivery_that_comes_again_is_recorded_once(serve: Serve, host: Host) -> None:
    async with serve() as (connection, sink):
        assert told(await connection.post("/webhooks/pay", PAYLOAD, **stripe())) == ACCEPTED
        assert told(await connection.post("/webhooks/pay", PAYLOAD, **stripe(at=time.time() - 5))) == DUPLICATE
        other = PAYLOAD.replace(b"evt_0001", b"evt_0002")
        assert told(await connection.post("/webhooks/pay", other, **stripe(other))) == ACCEPTED
    assert len(sink.records()) == 2
    assert host.metrics.value(catalogue.WEBHOOK_DUPLICATES, endpoint="pay") == 1


async def waiting(sink: Sink, number: int) -> None:
    async with asyncio.timeout(5):
        while sink.waiting < number:
            await asyncio.sleep(0)


async def test_deliveries_at_the_same_time_are_recorded_once(serve: Serve, host: Host, free_port: int) -> None:
    async with serve() as (connection, sink), AsyncExitStack() as stack:
        sink.gate = asyncio.Event()
        others = [await stack.enter_async_context(RawConnection.to(f"127.0.0.1:{free_port}")) for _ in range(3)]
        answers = [asyncio.create_task(one.post("/webhooks/pay", PAYLOAD, **stripe())) for one in [connection, *others]]
        await waiting(sink, 1)
        sink.gate.set()
        statuses = sorted(told(answer)[1]["status"] for answer in await asyncio.gather(*answers))
    assert statuses == ["accepted", "duplicate", "duplicate", "duplicate"]
    assert sink.waiting == len(sink.records()) == 1
    assert host.metrics.value(catalogue.WEBHOOK_DUPLICATES, endpoint="pay") == 3


async def test_a_restart_forgets_nothing_where_there_is_a_directory(serve: Serve, tmp_path: Path) -> None:
    for state_dir, again in [(tmp_path, DUPLICATE), (None, ACCEPTED)]:
        async with serve(state_dir=state_dir) as (connection, _):
            await connection.post("/webhooks/pay", PAYLOAD, **stripe())
        async with serve(state_dir=state_dir) as (connection, _):
            assert told(await connection.post("/webhooks/pay", PAYLOAD, **stripe())) == again
    path = tmp_path / "own.db"
    for answer in (ACCEPTED, DUPLICATE):
        async with serve(state_dir=tmp_path, dedup=Dedup(path=str(path))) as (connection, _):
            assert told(await connection.post("/webhooks/pay", PAYLOAD, **stripe())) == answer


async def test_a_damaged_store_is_set_aside_and_a_fresh_one_begun(serve: Serve, tmp_path: Path, host: Host) -> None:
    (tmp_path / "webhooks.db").write_bytes(b"no database" * 1000)
    async with serve(state_dir=tmp_path) as (connection, _):
        for answer in (ACCEPTED, DUPLICATE):
            assert told(await connection.post("/webhooks/pay", PAYLOAD, **stripe())) == answer
    assert host.metrics.value(catalogue.JOURNAL_ERRORS, op="webhooks_damaged") == 1


async def test_after_its_time_a_delivery_is_new_again(serve: Serve, tmp_path: Path) -> None:
    async with serve(state_dir=tmp_path) as (connection, sink):
        await connection.post("/webhooks/pay", PAYLOAD, **stripe())
        with sqlite3.connect(tmp_path / "webhooks.db") as other:
            other.execute("UPDATE deliveries SET first_seen = first_seen - 86400")
        other.close()
        assert told(await connection.post("/webhooks/pay", PAYLOAD, **stripe())) == ACCEPTED
    assert len(sink.records()) == 2


@pytest.mark.parametrize(
    ("failure", "status"), [(Busy("the queue is full", 3), 503), (Rejected("poison", "refused"), 400), (RuntimeError("x"), 500)]
)
async def test_what_the_pipeline_refuses_may_come_again(serve: Serve, host: Host, failure: Exception, status: int) -> None:
    async with serve() as (connection, sink):
        sink.failures.append(failure)
        answer = await connection.post("/webhooks/pay", PAYLOAD, **stripe())
        assert (answer.status, answer.headers.get("retry-after")) == (status, "3" if status == 503 else None)
        assert told(await connection.post("/webhooks/pay", PAYLOAD, **stripe())) == ACCEPTED
    assert len(sink.records()) == 1
    assert host.metrics.value(catalogue.WEBHOOK_REQUESTS, endpoint="pay", code=str(status)) == 1


@pytest.mark.parametrize("dedup", ["id", "off"])
async def test_what_a_slow_pipeline_holds_has_its_room_in_memory(serve: Serve, host: Host, dedup: str) -> None:
    async with serve(timeout=0.05, dedup=dedup) as (connection, sink):
        sink.gate = asyncio.Event()
        assert (await connection.post("/webhooks/pay", PAYLOAD, **stripe())).status == 503
        assert host.admission.used_bytes > 0
        sink.gate.set()
        async with asyncio.timeout(5):
            while host.admission.used_bytes:
                await asyncio.sleep(0.001)
    assert len(sink.records()) == 1


async def test_a_slow_pipeline_is_503_and_its_delivery_is_known_when_it_comes_again(serve: Serve) -> None:
    async with serve(timeout=0.05) as (connection, sink):
        sink.gate = asyncio.Event()
        answer = await connection.post("/webhooks/pay", PAYLOAD, **stripe())
        assert (answer.status, answer.headers["retry-after"]) == (503, "1")
        assert (await connection.post("/webhooks/pay", PAYLOAD, **stripe())).status == 503
        sink.gate.set()
        async with asyncio.timeout(5):
            while told(answer := await connection.post("/webhooks/pay", PAYLOAD, **stripe())) != DUPLICATE:
                assert answer.status == 503
    assert sink.waiting == len(sink.records()) == 1


@pytest.mark.parametrize(
    ("dedup", "bodies", "statuses"),
    [
        ("off", [PAYLOAD] * 2, ["accepted", "accepted"]),
        ("body_hash", [PAYLOAD] * 2, ["accepted", "duplicate"]),
        ("body_hash", [PAYLOAD, PAYLOAD + b" "], ["accepted", "accepted"]),
        ("id", [PAYLOAD, PAYLOAD + b" "], ["accepted", "duplicate"]),
        ("id", [b'{"type":"x"}'] * 2, ["accepted", "accepted"]),
    ],
)
async def test_how_a_delivery_is_known_can_be_set(serve: Serve, dedup: str, bodies: list[bytes], statuses: list[str]) -> None:
    async with serve(dedup=dedup) as (connection, _):
        assert [told(await connection.post("/webhooks/pay", body, **stripe(body)))[1]["status"] for body in bodies] == statuses


async def test_a_store_that_breaks_loses_no_delivery(serve: Serve, tmp_path: Path) -> None:
    async with serve(state_dir=tmp_path) as (connection, sink):
        with sqlite3.connect(tmp_path / "webhooks.db") as other:
            other.execute("CREATE TRIGGER broken BEFORE INSERT ON deliveries BEGIN SELECT RAISE(FAIL, 'no'); END")
        other.close()
        with capture_logs() as logs:
            assert told(await connection.post("/webhooks/pay", PAYLOAD, **stripe())) == ACCEPTED
    assert len(sink.records()) == 1
    assert [entry["error"] for entry in logs] == ["IntegrityError"]


async def test_the_store_is_bounded_and_says_so(serve: Serve, host: Host) -> None:
    async with serve(dedup=Dedup(max=1)) as (connection, _):
        for number in range(3):
            body = json.dumps({"id": f"evt_{number}"}).encode()
            await connection.post("/webhooks/pay", body, **stripe(body))
    assert host.metrics.value(catalogue.WEBHOOK_REJECTED, endpoint="pay", reason="replay_store_full") == 2


# ---- bodies ----


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"a":NaN}', b'{"a":' * 10_000 + b"1" + b"}" * 10_000, b"\xff"])
async def test_a_signed_body_that_is_no_json_is_400(serve: Serve, host: Host, body: bytes) -> None:
    async with serve() as (connection, sink):
        status, answer = told(await connection.post("/webhooks/pay", body, **stripe(body)))
    assert (status, list(answer)) == (400, ["error"])
    assert not sink.batches
    assert host.metrics.value(catalogue.WEBHOOK_REJECTED, endpoint="pay", reason="parse") == 1


@pytest.mark.parametrize(("content_type", "status"), [("application/x-www-form-urlencoded", 400), ("image/png", 415)])
async def test_other_content_types_are_refused(serve: Serve, content_type: str, status: int) -> None:
    async with serve() as (connection, _):
        headers = stripe() | {"Content-Type": content_type}
        assert (await connection.post("/webhooks/pay", PAYLOAD, **headers)).status == status


@pytest.mark.parametrize("setting", ["max_body", "max_request_body_size"])
async def test_bodies_up_to_the_limit_are_taken(serve: Serve, host: Host, free_port: int, setting: str) -> None:
    async with serve(**{setting: 100}):
        for size, status in [(99, 200), (100, 200), (101, 413)]:
            body = json.dumps({"id": str(size)}).encode().ljust(size)
            chunked = request("/webhooks/pay", **stripe(body), Transfer_Encoding="chunked")
            chunked += f"{size:x}\r\n".encode() + body + b"\r\n0\r\n\r\n"
            for message in (request("/webhooks/pay", body, **stripe(body)), chunked):
                async with RawConnection.to(f"127.0.0.1:{free_port}") as connection:
                    await connection.send(message)
                    assert (await connection.answer()).status == status
    assert host.metrics.value(catalogue.WEBHOOK_REJECTED, endpoint="pay", reason="too_large") == 2


async def test_a_compressed_body_is_signed_as_it_was_sent(serve: Serve) -> None:
    packed = gzip.compress(PAYLOAD)
    for decoded_too, status in [(False, 401), (True, 200)]:
        async with serve(verify_decoded=decoded_too) as (connection, sink):
            headers = stripe(packed) | {"Content-Encoding": "gzip"}
            assert told(await connection.post("/webhooks/pay", packed, **headers)) == ACCEPTED
            other = gzip.compress(PAYLOAD.replace(b"0001", b"0002"))
            headers = stripe(gzip.decompress(other)) | {"Content-Encoding": "gzip"}
            assert (await connection.post("/webhooks/pay", other, **headers)).status == status
        assert len(sink.records()) == (2 if decoded_too else 1)


async def test_bombs_and_broken_encodings_are_refused(serve: Serve, free_port: int) -> None:
    bomb = gzip.compress(b" " * (5 * 1024 * 1024 + 1))
    async with serve() as (_, sink):
        for encoding, body, status in [
            ("gzip", bomb, 413),
            ("gzip", bomb[:-9], 413),
            ("gzip", PAYLOAD, 400),
            ("br", PAYLOAD, 415),
        ]:
            async with RawConnection.to(f"127.0.0.1:{free_port}") as other:
                answer = await other.post("/webhooks/pay", body, **stripe(body), Content_Encoding=encoding)
            assert answer.status == status
    assert not sink.batches


async def test_other_methods_are_405(serve: Serve, host: Host) -> None:
    async with serve() as (connection, _):
        answer = await connection.post("/webhooks/pay", PAYLOAD, method="PUT", **stripe())
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert host.metrics.value(catalogue.WEBHOOK_REQUESTS, endpoint="pay", code="405") == 1


# ---- settings that change answers ----


@pytest.mark.parametrize(
    ("on_unlisted", "status", "records"),
    [("drop", 200, ["invoice.paid in_1"]), ("reject", 403, ["invoice.paid in_1"]), ("keep", 200, None)],
)
async def test_events_can_be_listed(serve: Serve, host: Host, on_unlisted: str, status: int, records: list[str] | None) -> None:
    other = json.dumps({"id": "evt_2", "type": "customer.created"}).encode()
    async with serve(events=("invoice.*", "charge.*"), on_unlisted=on_unlisted) as (connection, sink):
        assert (await connection.post("/webhooks/pay", PAYLOAD, **stripe())).status == 200
        assert (await connection.post("/webhooks/pay", other, **stripe(other))).status == status
    assert [record.body for record in sink.records()] == (records or ["invoice.paid in_1", "customer.created"])
    assert host.metrics.value(catalogue.WEBHOOK_REJECTED, endpoint="pay", reason="unlisted") == (
        0 if on_unlisted == "keep" else 1
    )


@pytest.mark.parametrize(
    ("events", "taken"), [(("push",), True), (("push.forced",), True), (("pu*d",), True), (("pull_request",), False)]
)
async def test_github_events_are_listed_with_or_without_their_action(serve: Serve, events: tuple[str, ...], taken: bool) -> None:
    body = b'{"action":"forced"}'
    async with serve("github", events=events) as (connection, sink):
        assert (await connection.post("/webhooks/pay", body, **github(body))).status == 200
    assert bool(sink.batches) == taken


async def test_more_than_the_rate_allows_is_429(serve: Serve, host: Host) -> None:
    async with serve(rate_limit=0.01) as (connection, sink):
        assert (await connection.post("/webhooks/pay", PAYLOAD, **stripe(secret="wrong"))).status == 401
        assert (await connection.post("/webhooks/pay", PAYLOAD, **stripe())).status == 200
        answer = await connection.post("/webhooks/pay", PAYLOAD, **stripe())
        assert answer.status == 429
        assert 90 <= int(answer.headers["retry-after"]) <= 100
    assert len(sink.records()) == 1


async def test_401_may_be_told_as_403(serve: Serve) -> None:
    async with serve(reject_status=403) as (connection, _):
        assert (await connection.post("/webhooks/pay", PAYLOAD, **stripe(secret="x"))).status == 403


async def test_credentials_are_challenged(serve: Serve) -> None:
    for sender, good, challenge in [
        ("bearer", f"Bearer {SECRET}", "Bearer"),
        ("basic", "Basic " + base64.b64encode(SECRET.encode()).decode(), 'Basic realm="sluice"'),
    ]:
        async with serve(sender) as (connection, _):
            assert told(await connection.post("/webhooks/pay", PAYLOAD, Authorization=good)) == ACCEPTED
            answer = await connection.post("/webhooks/pay", PAYLOAD)
            assert (answer.status, answer.headers["www-authenticate"]) == (401, challenge)
    async with serve() as (connection, _):
        assert "www-authenticate" not in (await connection.post("/webhooks/pay", PAYLOAD, **stripe(secret="x"))).headers


async def test_a_generic_signature_over_the_socket(serve: Serve) -> None:
    body = b'{"event": {"id": "e-1", "kind": "k"}, "text": "hi"}'
    moment = str(int(time.time()))
    signature = hmac.new(SECRET.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()
    settings = {
        "header": "X-Sig", "prefix": "sha256=", "template": "{ts}.{body}", "timestamp_header": "X-Time", "id_path": "/event/id",
        "event_path": "/event/kind", "message_path": "/text", "headers": ("user-agent",),
    }  # fmt: skip
    async with serve("generic_hmac", **settings) as (connection, sink):
        headers = {"X-Sig": f"sha256={signature}", "X-Time": moment, "User-Agent": "shop/1"}
        assert told(await connection.post("/webhooks/pay", body, **headers)) == ACCEPTED
        assert told(await connection.post("/webhooks/pay", body, **headers)) == DUPLICATE
    (record,) = sink.records()
    assert (record.event_name, record.body) == ("webhook.k", "hi")
    assert record.attributes["http.request.header.user-agent"] == "shop/1"


async def test_an_endpoint_without_verification_says_so(serve: Serve) -> None:
    with capture_logs() as logs:
        async with serve("github", verify="none") as (connection, sink):
            assert told(await connection.post("/webhooks/pay", b"{}")) == ACCEPTED
    assert len(sink.records()) == 1
    assert [(entry["log_level"], entry["event"]) for entry in logs] == [
        ("warning", "deliveries of this webhook are not verified")
    ]


async def test_several_webhooks_share_an_address(host: Host, free_port: int) -> None:
    address = f"127.0.0.1:{free_port}"
    pay, git = (Webhook(Config(sender=sender, endpoint=address, secrets=(Secret(SECRET),))) for sender in ("stripe", "github"))  # type: ignore[arg-type]
    async with (
        serving(pay, host, "webhook/pay") as paid,
        serving(git, host, "webhook/git") as pushed,
        RawConnection.to(address) as connection,
    ):
        assert told(await connection.post("/webhooks/pay", PAYLOAD, **stripe())) == ACCEPTED
        assert told(await connection.post("/webhooks/git", b"{}", **github(b"{}"))) == ACCEPTED
    assert [len(sink.records()) for sink in (paid, pushed)] == [1, 1]


async def test_no_answer_or_log_line_holds_a_secret_or_a_signature(serve: Serve) -> None:
    signature = hmac.new(SECRET.encode(), PAYLOAD, hashlib.sha256).hexdigest()
    with capture_logs() as logs:
        async with serve("github") as (connection, _):
            bodies = [
                (await connection.post("/webhooks/pay", body, X_Hub_Signature_256=value)).body
                for body in (PAYLOAD, b"x")
                for value in (f"sha256={signature}", f"sha256={signature[:-2]}00", f"sha1={signature}", signature)
            ]
    said = repr(bodies) + repr(logs)
    assert SECRET not in said
    assert signature[:16] not in said


# ---- settings that cannot work ----


def test_an_unnamed_webhook_is_named_by_its_type() -> None:
    assert Config(sender="github").served() == ("/webhooks/{name}",)


@pytest.mark.parametrize(
    ("settings", "code", "path"),
    [
        ({"sender": "stripe"}, "E103", ()),
        ({"sender": "stripe", "secrets": ("", "")}, "E103", ("secrets",)),
        ({"sender": "stripe", "secrets": ("s",), "verify": "none"}, "E106", ("verify",)),
        ({"sender": "stripe", "secrets": ("s",), "header": "X"}, "E101", ("header",)),
        ({"sender": "github", "secrets": ("s",), "tolerance": 5.0}, "E101", ("tolerance",)),
        ({"sender": "github", "secrets": ("s",), "event_path": "/a"}, "E101", ("event_path",)),
        ({"sender": "github", "secrets": ("s",), "path": "hooks"}, "E111", ("path",)),
        ({"sender": "github", "secrets": ("s",), "path": "/{tenant}"}, "E111", ("path",)),
        ({"sender": "github", "secrets": ("s",), "reject_status": 402}, "E104", ("reject_status",)),
        ({"sender": "github", "secrets": ("s",), "headers": ("a", "x-hub-signature-256")}, "E104", ("headers", 1)),
        ({"sender": "github", "secrets": ("s",), "headers": ("Authorization",)}, "E104", ("headers", 0)),
        ({"sender": "stripe", "secrets": ("s",), "dedup": Dedup(ttl=599)}, "E104", ("dedup", "ttl")),
        ({"sender": "stripe", "secrets": ("s",), "tolerance": 86400.0}, "E104", ("dedup", "ttl")),
        ({"sender": "stripe", "secrets": ("s",), "tolerance": 86400.0, "dedup": "id"}, "E104", ("tolerance",)),
        ({"sender": "generic_hmac", "secrets": ("s",)}, "E103", ()),
        ({"sender": "header_token", "secrets": ("s",)}, "E103", ()),
        ({"sender": "generic_hmac", "secrets": ("s",), "header": "X", "template": "{body}{url}"}, "E105", ("template",)),
        ({"sender": "generic_hmac", "secrets": ("s",), "header": "X", "template": "{ts}{body}"}, "E103", ("template",)),
        ({"sender": "generic_hmac", "secrets": ("s",), "header": "X", "template": "{id}{body}"}, "E103", ("template",)),
        ({"sender": "generic_hmac", "secrets": ("s",), "header": "X", "template": "{method}"}, "E104", ("template",)),
        ({"sender": "generic_hmac", "secrets": ("s",), "header": "X", "timestamp_header": "T"}, "E104", ("template",)),
        ({"sender": "generic_hmac", "secrets": ("s",), "header": "X", "tolerance": 5.0}, "E103", ("tolerance",)),
        ({"sender": "generic_hmac", "secrets": ("s",), "header": "X", "event_path": "type"}, "E111", ("event_path",)),
        ({"sender": "generic_hmac", "secrets": ("s",), "header": "X", "attributes": {"a": "b"}}, "E111", ("attributes", "a")),
    ],
)  # fmt: skip
def test_settings_that_cannot_work_are_refused(settings: dict[str, Any], code: str, path: tuple[str | int, ...]) -> None:
    secrets = tuple(map(Secret, settings.get("secrets", ())))
    with pytest.raises(ConfigError) as caught:
        Webhook(Config(**settings | {"secrets": secrets}))
    assert (caught.value.code, caught.value.path) == (code, path)


def test_an_unverified_endpoint_is_worth_a_warning() -> None:
    assert [(each.code, each.path) for each in Config(sender="github", verify="none").warnings()] == [("W109", ("verify",))]
    assert not Config(sender="github").warnings()


def test_it_listens_where_the_contract_says() -> None:
    config = Config(sender="github")
    assert (config.endpoint, config.max_request_body_size, config.timeout) == ("127.0.0.1:8089", 5 << 20, 0.9)


def test_auth_of_the_listener_applies() -> None:
    Webhook(Config(sender="github", verify="none", auth=ListenerAuth(bearer=BearerToken(token=Secret("t")))))
