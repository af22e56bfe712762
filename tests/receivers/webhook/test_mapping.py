"""What deliveries become: webhooks contract §5, §6 and the worked mappings of §8."""

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from pipeline import json_text, wire
from pipeline.trace_ids import derive_span_id, derive_trace_id
from pipeline.types import Value
from pipeline.wire.model import LogRecord
from receivers.webhook.delivery import Delivery, Refused
from receivers.webhook.payloads import parse, point
from receivers.webhook.record import Style, records
from receivers.webhook.settings import Config, sender_of

NOW = 1772600768000000000
T0 = 1772600767000000000
SHA = "0123456789abcdef0123456789abcdef01234567"


def mapped(
    sender: str, payload: Value, *headers: tuple[str, str], style: dict[str, Any] | None = None, **settings: Any
) -> list[LogRecord]:
    who = sender_of(Config(sender=sender, verify="none", **settings))  # type: ignore[arg-type]
    body = json.dumps(payload).encode()
    delivery = Delivery("POST", "/x", CIMultiDictProxy(CIMultiDict(headers)), "application/json", body, received_at=NOW)
    told = who.tell(delivery, who.parse(body, "application/json"))
    options: dict[str, Any] = {"payload": "attributes", "trace": "derive", "trust_traceparent": False, "headers": ()} | (
        style or {}
    )
    found = records(told.events, delivery, body, told.id, told.id, Style(type=who.type, endpoint="pay", **options))
    assert wire.records(wire.encode(found, "logs"), "logs") == found
    return found


def shown(record: LogRecord) -> dict[str, Any]:
    """Return a record in the notation of the contract, without what every record has."""
    assert record.observed_time == NOW
    assert record.resource.attributes == {"service.name": "pay"}
    common = {"webhook.payload", "webhook.type", "webhook.endpoint", "webhook.delivery_id"}
    parts = {
        "t": record.time,
        "sev": record.severity_number,
        "text": record.severity_text,
        "event": record.event_name,
        "body": record.body,
        "attrs": {name: value for name, value in record.attributes.items() if name not in common},
    }
    return {name: value for name, value in parts.items() if value}


STRIPE = {
    "id": "evt_0001", "type": "invoice.payment_failed", "created": 1772600767, "livemode": False,
    "data": {"object": {"id": "in_0001", "object": "invoice"}},
}  # fmt: skip
WORKFLOW = {
    "action": "completed",
    "workflow_run": {
        "id": 42, "name": "ci", "conclusion": "failure", "head_branch": "main", "head_sha": SHA,
        "updated_at": "2026-03-04T05:06:07Z",
    },
    "repository": {"full_name": "octo/shop"},
    "sender": {"login": "octo"},
}  # fmt: skip


def test_the_worked_stripe_example() -> None:
    (record,) = mapped("stripe", STRIPE)
    assert shown(record) == {
        "t": T0, "sev": 17, "text": "ERROR", "event": "stripe.invoice.payment_failed", "body": "invoice.payment_failed in_0001",
        "attrs": {"stripe.object_id": "in_0001", "stripe.livemode": False, "trace.derived": True},
    }  # fmt: skip
    assert record.trace_id == derive_trace_id("webhook:stripe", "in_0001")
    assert record.span_id == derive_span_id(record.trace_id, "evt_0001")
    assert record.flags == 0
    assert record.attributes["webhook.payload"] == STRIPE
    assert {name: record.attributes[f"webhook.{name}"] for name in ("type", "endpoint", "delivery_id")} == {
        "type": "stripe", "endpoint": "pay", "delivery_id": "evt_0001",
    }  # fmt: skip


def test_the_worked_github_example() -> None:
    (record,) = mapped("github", WORKFLOW, ("X-GitHub-Event", "workflow_run"), ("X-GitHub-Delivery", "d-1"))
    assert shown(record) == {
        "t": T0, "sev": 17, "text": "ERROR", "event": "github.workflow_run.completed", "body": "ci failure on main (octo/shop)",
        "attrs": {
            "vcs.repository.name": "octo/shop", "vcs.ref.head.name": "main", "vcs.ref.head.revision": SHA,
            "github.action": "completed", "github.sender": "octo", "trace.derived": True,
        },
    }  # fmt: skip
    assert record.trace_id == derive_trace_id("webhook:github", "42")
    assert record.span_id == derive_span_id(record.trace_id, "d-1")
    assert record.attributes["webhook.delivery_id"] == "d-1"


def test_derived_ids_are_the_worked_ones() -> None:
    (record,) = mapped(
        "github", {"zen": "x"}, ("X-GitHub-Event", "ping"), ("X-GitHub-Delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958")
    )
    assert record.trace_id == "7058244a9c4607ddab9a83c6bb9c0740"
    (record,) = mapped("stripe", {"id": "evt_0001"})
    assert record.trace_id == "e17cafea25b297ef026e2571bc06b5f6"


@pytest.mark.parametrize(
    ("event", "payload", "expected"),
    [
        ("push", {"ref": "refs/heads/main", "after": SHA, "commits": [{}, {}, {}], "sender": {"login": "octo"},
                  "head_commit": {"timestamp": "2026-03-04T06:06:07+01:00"}, "repository": {"full_name": "octo/shop"}},
         {"t": T0, "event": "github.push", "body": "push to main by octo (3 commits)",
          "attrs": {"vcs.repository.name": "octo/shop", "vcs.ref.head.name": "main", "vcs.ref.head.revision": SHA,
                    "github.sender": "octo"}}),
        ("push", {"ref": "refs/heads/old", "after": "0" * 40, "commits": [{}], "head_commit": None},
         {"event": "github.push", "body": "push to old (1 commit)", "attrs": {"vcs.ref.head.name": "old"}}),
        ("pull_request", {"action": "opened", "pull_request": {"id": 9, "number": 12, "title": "Fix\n cart",
                          "updated_at": "2026-03-04T05:06:07Z", "head": {"ref": "fix", "sha": SHA}}, "sender": {"login": "octo"},
                          "repository": {"full_name": "octo/shop"}},
         {"t": T0, "event": "github.pull_request.opened", "body": "pull_request opened #12 Fix cart by octo (octo/shop)",
          "attrs": {"vcs.repository.name": "octo/shop", "vcs.ref.head.name": "fix", "vcs.ref.head.revision": SHA,
                    "github.action": "opened", "github.sender": "octo"}}),
        ("check_run", {"action": "completed", "check_run": {"name": "lint", "conclusion": "timed_out", "head_sha": SHA,
                       "check_suite": {"head_branch": "main"}}},
         {"sev": 17, "text": "ERROR", "event": "github.check_run.completed", "body": "lint timed_out on main",
          "attrs": {"vcs.ref.head.name": "main", "vcs.ref.head.revision": SHA, "github.action": "completed"}}),
        ("check_suite", {"action": "completed", "check_suite": {"conclusion": "success", "app": {"name": "CI"}}},
         {"event": "github.check_suite.completed", "body": "CI success", "attrs": {"github.action": "completed"}}),
        ("issues", {"action": "closed", "issue": {"number": 5, "updated_at": "2026-03-04T05:06:07Z"}},
         {"t": T0, "event": "github.issues.closed", "body": "issues closed #5", "attrs": {"github.action": "closed"}}),
        ("issue_comment", {"action": "created", "comment": {"updated_at": "2026-03-04T05:06:07Z"}},
         {"t": T0, "event": "github.issue_comment.created", "body": "issue_comment created",
          "attrs": {"github.action": "created"}}),
        ("dependabot_alert", {"action": "created", "alert": {"number": 1, "security_advisory": {"severity": "high"}}},
         {"sev": 13, "text": "WARN", "event": "github.dependabot_alert.created", "body": "dependabot_alert created #1",
          "attrs": {"github.action": "created"}}),
        ("code_scanning_alert", {"action": "created", "alert": {"rule": {"security_severity_level": "critical"}}},
         {"sev": 17, "text": "ERROR", "event": "github.code_scanning_alert.created", "body": "code_scanning_alert created",
          "attrs": {"github.action": "created"}}),
        ("dependabot_alert", {"action": "fixed", "alert": {"security_advisory": {"severity": "critical"}}},
         {"event": "github.dependabot_alert.fixed", "body": "dependabot_alert fixed", "attrs": {"github.action": "fixed"}}),
        ("ping", {"zen": "x"}, {"event": "github.ping", "body": "ping"}),
        ("", {}, {"event": "github", "body": "event"}),
    ],
)  # fmt: skip
def test_github_events(event: str, payload: dict[str, Any], expected: dict[str, Any]) -> None:
    (record,) = mapped("github", payload, ("X-GitHub-Event", event), style={"trace": "none"})
    assert shown(record) == {"t": NOW, "sev": 9, "text": "INFO", **expected}


@pytest.mark.parametrize(
    ("payload", "correlation"),
    [
        ({"workflow_run": {"id": 42}}, "42"),
        ({"pull_request": {"id": 9}, "after": SHA}, "9"),
        ({"after": SHA}, SHA),
        ({"after": "0" * 40}, "d-1"),
        ({}, "d-1"),
    ],
)
def test_related_github_deliveries_share_a_trace(payload: dict[str, Any], correlation: str) -> None:
    (record,) = mapped("github", payload, ("X-GitHub-Event", "x"), ("X-GitHub-Delivery", "d-1"))
    assert record.trace_id == derive_trace_id("webhook:github", correlation)


@pytest.mark.parametrize(
    ("kind", "level"),
    [
        ("charge.failed", (17, "ERROR")),
        ("charge.dispute.created", (17, "ERROR")),
        ("invoice.past_due", (13, "WARN")),
        ("payment_intent.requires_action", (13, "WARN")),
        ("radar.early_fraud_warning.created", (13, "WARN")),
        ("charge.succeeded", (9, "INFO")),
    ],
)
def test_stripe_severities(kind: str, level: tuple[int, str]) -> None:
    (record,) = mapped("stripe", {"id": "evt_1", "type": kind})
    assert (record.severity_number, record.severity_text) == level


def test_more_of_stripe() -> None:
    (record,) = mapped(
        "stripe",
        {**STRIPE, "livemode": True, "api_version": "2025-01-01", "request": {"id": "req_1", "idempotency_key": "key-1"}},
    )
    assert shown(record)["attrs"] == {
        "stripe.object_id": "in_0001", "stripe.livemode": True, "stripe.api_version": "2025-01-01", "stripe.request_id": "req_1",
        "trace.derived": True,
    }  # fmt: skip
    assert record.trace_id == derive_trace_id("webhook:stripe", "key-1")


def test_pointers_find_what_a_generic_payload_says() -> None:
    payload = {
        "id": 7,
        "kind": "order.paid",
        "at": "2026-03-04T05:06:07Z",
        "lvl": "Warning",
        "text": "paid",
        "o": {"n": [1, {"a/b": 2}]},
    }
    (record,) = mapped(
        "generic_hmac", payload, header="X", id_path="/id", event_path="/kind", time_path="/at", severity_path="/lvl",
        message_path="/text", attributes={"n": "/o/n/1/a~1b", "none": "/x"},
    )  # fmt: skip
    assert shown(record) == {
        "t": T0, "sev": 13, "text": "Warning", "event": "webhook.order.paid", "body": "paid",
        "attrs": {"n": 2, "trace.derived": True},
    }  # fmt: skip
    assert record.trace_id == derive_trace_id("webhook:generic_hmac", "7")
    assert record.attributes["webhook.delivery_id"] == "7"


def test_without_pointers_the_body_is_the_payload() -> None:
    for payload in ({"a": {"b": 1}}, [1, "x"], "x", 5):
        (record,) = mapped("bearer", payload, ("X-Id", "i-1"), id_header="X-Id")
        assert shown(record) == {"sev": 9, "text": "INFO", "event": "webhook", "body": payload, "attrs": {"trace.derived": True}}
        assert record.attributes["webhook.payload"] == payload
    (record,) = mapped("bearer", {"a": 1})
    assert (record.trace_id, "webhook.delivery_id" in record.attributes) == ("", False)


def test_a_list_of_records_is_a_record_each() -> None:
    found = mapped("basic", {"id": "d", "list": [{"m": "a"}, {"m": "b"}]}, id_path="/id", records_path="/list", message_path="/m")
    assert [(record.body, record.attributes["webhook.payload"]) for record in found] == [("a", {"m": "a"}), ("b", {"m": "b"})]
    with pytest.raises(Refused, match="no list of records"):
        mapped("basic", {"list": {}}, records_path="/list")
    with pytest.raises(Refused, match="more than 100000 records"):
        mapped("basic", {"list": [1] * 100_001}, records_path="/list")


@pytest.mark.parametrize(
    ("style", "expected"),
    [("attributes", STRIPE), ("string", json.dumps(STRIPE)), ("none", None)],
)
def test_the_payload_is_kept_as_the_settings_say(style: str, expected: Value) -> None:
    (record,) = mapped("stripe", STRIPE, style={"payload": style})
    assert record.attributes.get("webhook.payload") == expected


def test_listed_headers_are_kept() -> None:
    headers = (("User-Agent", "Stripe/1.0"), ("X-Twice", "a"), ("X-Twice", "b"), ("X-Odd", "\udcff"))
    (record,) = mapped("stripe", STRIPE, *headers, style={"headers": ("user-agent", "X-Twice", "x-odd", "x-none")})
    kept = {name: value for name, value in record.attributes.items() if name.startswith("http.")}
    assert kept == {
        "http.request.header.user-agent": "Stripe/1.0", "http.request.header.x-twice": "a, b",
        "http.request.header.x-odd": "\ufffd",
    }  # fmt: skip


def test_a_trusted_traceparent_comes_first() -> None:
    trace, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    header = ("traceparent", f"00-{trace}-{span}-01")
    (record,) = mapped("stripe", STRIPE, header, style={"trust_traceparent": True})
    assert (record.trace_id, record.span_id, record.flags) == (trace, span, 1)
    assert "trace.derived" not in record.attributes
    for style, headers in [
        ({}, [header]),
        ({"trust_traceparent": True}, [header, header]),
        ({"trust_traceparent": True}, [("traceparent", "x")]),
    ]:
        (record,) = mapped("stripe", STRIPE, *headers, style=style)
        assert record.trace_id == derive_trace_id("webhook:stripe", "in_0001")
    for trace_style in ("none", "payload"):
        (record,) = mapped("stripe", STRIPE, style={"trace": trace_style})
        assert (record.trace_id, "trace.derived" in record.attributes) == ("", False)


@pytest.mark.parametrize("created", [0, -1, 10**30, "soon", None, {"a": 1}, True, 4102444800])
def test_absurd_times_are_not_taken(created: Any) -> None:
    (record,) = mapped("stripe", {**STRIPE, "created": created})
    assert record.time == 0


# ---- payloads ----


@pytest.mark.parametrize(
    ("body", "content_type", "form", "expected"),
    [
        (b'{"a":1}', "application/json", False, {"a": 1}),
        (b'{"a":1}', "", False, {"a": 1}),
        (b'{"a":1}', "application/vnd.x+json", False, {"a": 1}),
        (b"payload=%7B%22a%22%3A%22b+c%22%7D", "application/x-www-form-urlencoded", True, {"a": "b c"}),
        (b'{"a":1,"a":2}', "application/json", False, {"a": 2}),
        (json.dumps({"a": "x" * 10_000_000}).encode(), "application/json", False, {"a": "x" * 10_000_000}),
    ],
)
def test_payloads_are_parsed(body: bytes, content_type: str, form: bool, expected: Value) -> None:
    assert parse(body, content_type, form=form) == expected


@pytest.mark.parametrize(
    ("body", "content_type", "form", "status"),
    [
        (b"", "application/json", False, 400),
        (b"{", "application/json", False, 400),
        (b'{"a":NaN}', "application/json", False, 400),
        (b'{"a":"\xff"}', "application/json", False, 400),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "application/json", False, 400),
        (b"payload=1", "application/x-www-form-urlencoded", False, 400),
        (b"other=1", "application/x-www-form-urlencoded", True, 400),
        (b"payload=1&payload=2", "application/x-www-form-urlencoded", True, 400),
        (b"&a=1" * 2000, "application/x-www-form-urlencoded", True, 400),
        (b"{}", "text/plain", False, 400),
        (b"{}", "application/xml", False, 415),
        (b"{}", "image/png", True, 415),
    ],
)
def test_other_payloads_are_refused(body: bytes, content_type: str, form: bool, status: int) -> None:
    with pytest.raises(Refused) as caught:
        parse(body, content_type, form=form)
    assert (caught.value.status, caught.value.reason) == (status, "parse")


@pytest.mark.parametrize("sender", ["github", "stripe"])
@pytest.mark.parametrize("body", [b"[]", b'"x"', b"1", b"null"])
def test_some_senders_post_objects_only(sender: str, body: bytes) -> None:
    with pytest.raises(Refused, match="expected a JSON object"):
        sender_of(Config(sender=sender, verify="none")).parse(body, "application/json")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("pointer", "expected"),
    [
        ("/a/0", 1),
        ("/a/1/~0~1", 2),
        ("/", 3),
        ("/a/2", None),
        ("/a/-1", None),
        ("/a/x", None),
        ("/a/0/0", None),
        ("/b", None),
        ("/a/" + "9" * 30, None),
    ],
)
def test_json_pointers(pointer: str, expected: Value) -> None:
    assert point({"a": [1, {"~/": 2}], "": 3}, pointer) == expected


names = st.sampled_from(
    ["id", "type", "data", "object", "created", "livemode", "request", "idempotency_key", "action", "repository", "full_name",
     "sender", "login", "ref", "after", "commits", "head_commit", "timestamp", "workflow_run", "conclusion", "alert", "rule",
     "number", "title"]
)  # fmt: skip
payloads = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names | st.text(max_size=3), inner, max_size=5),
    max_leaves=30,
)


@given(
    st.dictionaries(names, payloads),
    st.sampled_from(["push", "workflow_run", "check_suite", "pull_request", "x_alert", ""]),
    st.sampled_from(["github", "stripe"]),
)
def test_any_payload_maps_without_error(payload: dict[str, Any], event: str, sender: str) -> None:
    (record,) = mapped(sender, payload, ("X-GitHub-Event", event), ("X-GitHub-Delivery", hashlib.sha256(b"x").hexdigest()))
    assert record.attributes["webhook.payload"] == json_text.parse(json.dumps(payload).encode()).value
