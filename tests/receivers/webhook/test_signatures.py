"""Published and own vectors of webhooks contract §7.1, §7.2, and the negative cases of §7.3 that need no server."""

import base64
import hashlib
import hmac
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from pipeline.types import Secret
from receivers.webhook.delivery import Delivery, Refused
from receivers.webhook.sender import Sender, Verified
from receivers.webhook.settings import Config, sender_of

BODY = b'{"hello":"world"}'
SECRET = "test-secret-" + "not-real"
GITHUB = "sha256=220eed18cc171fbf06726a0dd797f0211a2d1cb2b468b10a3397069c8eea231f"
STRIPE = "49fe4a94edbe1bc32b6b10c3f897b901881ee54b75ce07d41d156c3a02f89403"
HEX = GITHUB.removeprefix("sha256=")


def sender(type: str, *secrets: str, **settings: Any) -> Sender:
    return sender_of(Config(sender=type, secrets=tuple(map(Secret, secrets or (SECRET,))), **settings))  # type: ignore[arg-type]


def delivery(body: bytes = BODY, *headers: tuple[str, str], content_type: str = "application/json") -> Delivery:
    return Delivery("POST", "/hooks/x", CIMultiDictProxy(CIMultiDict(headers)), content_type, body, received_at=0)


def refusal(who: Sender, what: Delivery) -> tuple[int, str]:
    with pytest.raises(Refused) as caught:
        who.verify(what)
    assert SECRET not in str(caught.value)
    return caught.value.status, caught.value.reason


# ---- vectors ----


def test_the_vector_that_github_publishes() -> None:
    signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    github = sender("github", "It's a Secret to Everybody")
    assert github.verify(delivery(b"Hello, World!", ("X-Hub-Signature-256", signature))) == Verified(0)


def test_own_vectors() -> None:
    assert sender("github").verify(delivery(BODY, ("x-hub-signature-256", GITHUB))) == Verified(0)
    stripe = delivery(BODY, ("Stripe-Signature", f"t=1700000000,v1={STRIPE}"))
    assert sender("stripe").verify(stripe) == Verified(0, 1700000000)


@pytest.mark.parametrize(
    ("settings", "headers"),
    [
        ({"header": "X-Sig"}, {"X-Sig": HEX}),
        ({"header": "X-Sig", "prefix": "sha256="}, {"X-Sig": GITHUB}),
        ({"header": "X-Sig", "prefix": "v1="}, {"X-Sig": f"v1={HEX}"}),
        ({"header": "X-Sig", "encoding": "base64"}, {"X-Sig": base64.b64encode(bytes.fromhex(HEX)).decode()}),
        ({"header": "X-Sig", "encoding": "base64url"}, {"X-Sig": base64.urlsafe_b64encode(bytes.fromhex(HEX)).decode()}),
        ({"header": "X-Sig", "algorithm": "sha1"}, {"X-Sig": "41329033a567eb9fde25c3285676d3625191e060"}),
        (
            {"header": "X-Sig", "algorithm": "sha512"},
            {"X-Sig": hmac.new(SECRET.encode(), BODY, hashlib.sha512).hexdigest()},
        ),
        ({"header": "X-Sig", "template": "{ts}.{body}", "timestamp_header": "X-Time"}, {"X-Sig": STRIPE, "X-Time": "1700000000"}),
        (
            {"header": "X-Sig", "prefix": "v0=", "template": "v0:{ts}:{body}", "timestamp_header": "X-Time"},
            {"X-Sig": "v0=f3cde1e82a7c518a1bd082cc15654614c3204b558d18ecf2725029b23b86e0d2", "X-Time": "1700000000"},
        ),
        (
            {"header": "X-Sig", "template": "{ts}:{body}", "timestamp_header": "X-Time"},
            {"X-Sig": "4e30e5093beda8c69dc824454c0d81477c4a4044cd0c671f1b986c561818470f", "X-Time": "1700000000"},
        ),
        (
            {"header": "X-Sig", "template": "{method} {path} {id} {body}", "id_header": "X-Id"},
            {"X-Sig": hmac.new(SECRET.encode(), b"POST /hooks/x 7 " + BODY, hashlib.sha256).hexdigest(), "X-Id": "7"},
        ),
    ],
)
def test_the_settings_describe_many_schemes(settings: dict[str, Any], headers: dict[str, str]) -> None:
    generic = sender("generic_hmac", **settings)
    signed_at = 1700000000 if "timestamp_header" in settings else None
    assert generic.verify(delivery(BODY, *headers.items())) == Verified(0, signed_at)
    assert refusal(generic, delivery(BODY + b" ", *headers.items())) == (401, "mismatch")


def test_the_vector_of_standard_webhooks_fits_the_generic_scheme() -> None:
    key = base64.b64decode("dGVzdC1rZXktbm90" + "LXJlYWwtMjRieXRl").decode()
    generic = sender(
        "generic_hmac", key, header="webhook-signature", prefix="v1,", encoding="base64", template="{id}.{ts}.{body}",
        timestamp_header="webhook-timestamp", id_header="webhook-id",
    )  # fmt: skip
    headers = (
        ("webhook-id", "msg_test1"),
        ("webhook-timestamp", "1700000000"),
        ("webhook-signature", "v1,u34n78B+iiiBLN48yzzJDc2JRiVUXOwO5F4j32O3zTc="),
    )
    assert generic.verify(delivery(BODY, *headers)) == Verified(0, 1700000000)


# ---- negative cases ----


@pytest.mark.parametrize("body", [b'{"hello":"worle"}', BODY + b"\n", b'{"hello": "world"}', b""])
def test_any_other_body_is_a_mismatch(body: bytes) -> None:
    assert refusal(sender("github"), delivery(body, ("X-Hub-Signature-256", GITHUB))) == (401, "mismatch")
    stripe = delivery(body, ("Stripe-Signature", f"t=1700000000,v1={STRIPE}"))
    assert refusal(sender("stripe"), stripe) == (401, "mismatch")


def test_hex_may_be_upper_case() -> None:
    sender("github").verify(delivery(BODY, ("X-Hub-Signature-256", f"sha256={HEX.upper()}")))
    sender("stripe").verify(delivery(BODY, ("Stripe-Signature", f"t=1700000000,v1={STRIPE.upper()}")))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", (400, "missing_header")),
        (" ", (400, "missing_header")),
        ("sha256=", (400, "bad_header")),
        (HEX, (400, "bad_header")),
        (f"sha1={HEX}", (400, "bad_header")),
        ("sha256=zz", (400, "bad_header")),
        (f"sha256={HEX[:-1]}", (400, "bad_header")),
        (f"sha256={HEX[:-2]}", (401, "mismatch")),
        (f"sha256={HEX}00", (401, "mismatch")),
        (f"sha256={HEX[:2]} {HEX[2:]}", (400, "bad_header")),
        ("sha256=" + "ab" * 500_000, (401, "mismatch")),
        ("sha256=" + "\uff41" * 64, (400, "bad_header")),
    ],
)
def test_garbled_github_headers(value: str, expected: tuple[int, str]) -> None:
    assert refusal(sender("github"), delivery(BODY, ("X-Hub-Signature-256", value))) == expected


def test_missing_doubled_and_old_github_headers() -> None:
    github = sender("github")
    sha1 = ("X-Hub-Signature", "sha1=41329033a567eb9fde25c3285676d3625191e060")
    assert refusal(github, delivery()) == (400, "missing_header")
    assert refusal(github, delivery(BODY, sha1)) == (401, "mismatch")
    assert refusal(github, delivery(BODY, *[("X-Hub-Signature-256", GITHUB)] * 2)) == (400, "bad_header")
    assert github.verify(delivery(BODY, sha1, ("X-Hub-Signature-256", GITHUB))) == Verified(0)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", (400, "missing_header")),
        (",", (400, "missing_header")),
        ("t=1700000000", (400, "bad_header")),
        (f"v1={STRIPE}", (400, "bad_header")),
        (f"t=soon,v1={STRIPE}", (400, "bad_header")),
        (f"t=-1,v1={STRIPE}", (400, "bad_header")),
        (f"t=1700000000,t=1700000000,v1={STRIPE}", (400, "bad_header")),
        ("t=1700000000,v1=", (400, "bad_header")),
        ("t=1700000000,v1=zz", (400, "bad_header")),
        (f"t=1700000001,v1={STRIPE}", (401, "mismatch")),
        (f"t=1700000000,v0={STRIPE}", (401, "mismatch")),
        (f"t=1700000000,v1={STRIPE[:-2]}", (401, "mismatch")),
    ],
)
def test_garbled_stripe_headers(value: str, expected: tuple[int, str]) -> None:
    assert refusal(sender("stripe"), delivery(BODY, ("Stripe-Signature", value))) == expected


def test_one_right_stripe_signature_is_enough() -> None:
    stripe = sender("stripe")
    wrong = "00" * 32
    assert stripe.verify(delivery(BODY, ("Stripe-Signature", f"t=1700000000,v1={wrong},v1={STRIPE},v0={wrong}"))).secret == 0
    halves = (("Stripe-Signature", "t=1700000000"), ("stripe-signature", f"v1={STRIPE}"))
    assert stripe.verify(delivery(BODY, *halves)).secret == 0


def test_generic_timestamps_have_to_be_there_and_seconds() -> None:
    generic = sender("generic_hmac", header="X-Sig", template="{ts}.{body}", timestamp_header="X-Time")
    assert refusal(generic, delivery(BODY, ("X-Sig", STRIPE))) == (400, "missing_header")
    assert refusal(generic, delivery(BODY, ("X-Sig", STRIPE), ("X-Time", "1.5"))) == (400, "bad_header")


@pytest.mark.parametrize("value", ["%%%%", "abc", "ab=c", "", "=", "\uff41bcd"])
def test_bad_base64_is_a_bad_header(value: str) -> None:
    generic = sender("generic_hmac", header="X-Sig", encoding="base64")
    assert refusal(generic, delivery(BODY, ("X-Sig", value)))[0] == 400


def test_secrets_are_rotated() -> None:
    signed = delivery(BODY, ("X-Hub-Signature-256", GITHUB))
    assert sender("github", SECRET, "old").verify(signed) == Verified(0)
    assert sender("github", "new", SECRET).verify(signed) == Verified(1)
    assert sender("github", SECRET, SECRET).verify(signed) == Verified(0)
    assert refusal(sender("github", "new", "old"), signed) == (401, "mismatch")


@pytest.mark.parametrize(
    ("type", "settings", "good", "bad", "challenge"),
    [
        ("bearer", {}, {"Authorization": "Bearer tok:en"}, ["Bearer token", "Basic tok:en", "tok:en", "Bearer", ""], "Bearer"),
        ("bearer", {}, {"Authorization": "bearer  tok:en "}, [], "Bearer"),
        ("basic", {}, {"Authorization": "Basic dG9rOmVu"}, ["Basic dG9rOmVv", "Basic ???", "Bearer dG9rOmVu", ""], "Basic "),
        ("header_token", {"header": "X-Token"}, {"X-Token": "tok:en"}, ["tok:em", "", "TOK:EN"], ""),
    ],
)
def test_credentials_are_compared(
    type: str, settings: dict[str, str], good: dict[str, str], bad: list[str], challenge: str
) -> None:
    who = sender(type, "other", "tok:en", **settings)
    assert who.verify(delivery(BODY, *good.items())) == Verified(1)
    for value in bad:
        with pytest.raises(Refused) as caught:
            who.verify(delivery(BODY, (next(iter(good)), value)))
        assert (caught.value.status, caught.value.reason) == (401, "mismatch")
        assert caught.value.challenge.startswith(challenge)
    assert refusal(who, delivery(BODY)) == (401, "mismatch")


@given(st.text(), st.sampled_from(["github", "stripe", "generic_hmac", "bearer", "basic", "header_token"]))
def test_no_header_verifies_by_chance_or_breaks_anything(value: str, type: str) -> None:
    settings = {"header": "X-Sig"} if type in ("generic_hmac", "header_token") else {}
    headers = [(name, value) for name in ("X-Hub-Signature-256", "Stripe-Signature", "X-Sig", "Authorization")]
    with pytest.raises(Refused):
        sender(type, **settings).verify(delivery(BODY, *headers))
