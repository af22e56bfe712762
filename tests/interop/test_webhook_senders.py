"""Signed deliveries, as their senders publish them, through the whole default pipeline."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.daemon import post, until
from tests.default_pipeline import Default, default_pipeline
from tests.interop import planted, vendors
from tests.interop.planted import CARD, EMAIL, KEY_ID, PASSWORD

GITHUB_SECRET = "It's a Secret" + " to Everybody"
SECRET = "test-secret-" + "not-real"
HELLO = b'{"hello":"world"}'
PUSH = {
    "ref": "refs/heads/main",
    "after": "6dcb09b5b57875f334f61aebed695e2e4193db5e",
    "repository": {"full_name": "octo/shop"},
    "pusher": {"name": "octo", "email": EMAIL},
    "sender": {"login": "octo"},
    "head_commit": {"id": "6dcb09b5b57875f334f61aebed695e2e4193db5e", "message": f"Charge {CARD} with {KEY_ID}"},
    "commits": [{"id": "6dcb09b5b57875f334f61aebed695e2e4193db5e", "author": {"email": EMAIL}, "config": {"password": PASSWORD}}],
}


@pytest.fixture
def default(tmp_path: Path) -> Iterator[Default]:
    secrets = {"GITHUB_WEBHOOK_SECRET": GITHUB_SECRET, "WEBHOOK_SECRET": SECRET}
    with default_pipeline(tmp_path, environ=secrets) as running:
        yield running
        running.settle()
        assert vendors.refused(running) == []
        planted.assert_hidden(running, GITHUB_SECRET, SECRET)


def signature(secret: str, body: bytes) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def github(default: Default, body: bytes, signed: str, delivery: str) -> tuple[int, dict[str, Any]]:
    """Deliver as GitHub does."""
    headers = {"x-hub-signature-256": signed, "x-github-event": "push", "x-github-delivery": delivery, "x-github-hook-id": "1"}
    status, answer = post(default.url(4319, "/webhooks/github"), body, headers=headers)
    return status, json.loads(answer)


def logs(default: Default, count: int) -> list[Any]:
    """Return the logs at Datadog once all was delivered; there have to be so many."""
    until(lambda: len(default.intake("datadog/logs")) >= count, what=f"{count} logs at Datadog")
    default.settle()
    found = default.intake("datadog/logs")
    assert len(found) == count
    return found


def test_the_published_signature_of_github_is_right_and_any_other_is_wrong(default: Default) -> None:
    published = "sha256=" + "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    body = b"Hello, World!"
    assert github(default, body, published, "d-1")[0] == 400  # the signature is right; it is no JSON
    assert default.daemon.metric("sluice_webhook_verified_total", endpoint="github", secret="0") == 1
    assert github(default, body + b"\n", published, "d-2") == (401, {"error": "signature mismatch"})
    assert github(default, body, published[:-1] + "8", "d-3") == (401, {"error": "signature mismatch"})
    rejected = {"parse": 1, "mismatch": 2}
    assert {
        reason: default.daemon.metric("sluice_webhook_rejected_total", endpoint="github", reason=reason) for reason in rejected
    } == rejected
    assert default.daemon.metric("sluice_webhook_requests_total", endpoint="github", code="401") == 2


def test_a_delivery_that_comes_again_is_recorded_once(default: Default) -> None:
    body = json.dumps(PUSH).encode()
    assert github(default, body, signature("wrong", body), "72d3162e") == (401, {"error": "signature mismatch"})
    assert github(default, body, signature(GITHUB_SECRET, body), "72d3162e") == (200, {"status": "accepted"})
    assert github(default, body, signature(GITHUB_SECRET, body), "72d3162e") == (200, {"status": "duplicate"})
    assert github(default, body, signature(GITHUB_SECRET, body), "72d3162f") == (200, {"status": "accepted"})
    one, other = logs(default, 2)
    for log in (one, other):
        assert log["message"] == "push to main by octo (1 commit)"
        assert log["otel.event_name"] == "github.push"
        assert (log["vcs.repository.name"], log["vcs.ref.head.name"]) == ("octo/shop", "main")
        assert log["webhook.payload.pusher.email"] == "[email]"
        assert log["webhook.payload.head_commit.message"] == "Charge [card] with [aws_key_id]"
    assert {one["webhook.delivery_id"], other["webhook.delivery_id"]} == {"72d3162e", "72d3162f"}
    assert one["otel.trace_id"] == other["otel.trace_id"]  # both are about one commit
    assert default.daemon.metric("sluice_webhook_duplicates_total", endpoint="github") == 1
    assert default.daemon.metric("sluice_receiver_accepted_log_records_total", receiver="webhook/github") == 2


def test_a_delivery_is_known_after_a_restart(default: Default) -> None:
    body = json.dumps(PUSH).encode()
    assert github(default, body, signature(GITHUB_SECRET, body), "72d3162e") == (200, {"status": "accepted"})
    default.daemon.kill()
    default.daemon.start()
    assert github(default, body, signature(GITHUB_SECRET, body), "72d3162e") == (200, {"status": "duplicate"})


def test_any_signed_json_becomes_a_log(default: Default) -> None:
    url = default.url(4319, "/webhooks/events")
    known = "sha256=" + "220eed18cc171fbf06726a0dd797f0211a2d1cb2b468b10a3397069c8eea231f"
    assert post(url, HELLO, headers={"X-Signature-256": known}) == (200, b'{"status":"accepted"}')
    order = json.dumps({"order": {"customer": EMAIL, "card": CARD, "password": PASSWORD, "note": KEY_ID}}).encode()
    assert post(url, order, headers={"x-signature-256": signature(SECRET, order)}) == (200, b'{"status":"accepted"}')
    for headers, status in (
        ({"x-signature-256": signature("wrong", order)}, 401),
        ({"x-signature-256": "sha256="}, 400),
        ({}, 400),
    ):
        assert post(url, order, headers=headers)[0] == status
    hello, ordered = sorted(logs(default, 2), key=lambda log: "webhook.payload.hello" not in log)
    assert hello["webhook.payload.hello"] == "world"
    assert {key.rpartition(".")[2]: value for key, value in ordered.items() if key.startswith("webhook.payload.order.")} == {
        "customer": "[email]", "card": "[card]", "password": "***REDACTED***", "note": "[aws_key_id]",
    }  # fmt: skip
    assert {hello["service"], ordered["service"]} == {"events"}
