from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporters.sentry import trim
from exporters.sentry.events import SAID_ELSEWHERE, Events, Labels
from exporters.sentry.origins import PLATFORMS
from exporters.sentry.spans import GRPC_STATUS, HTTP_STATUS, operation, status, transactions
from pipeline.types import Value
from pipeline.wire.model import Event, LogRecord, Resource, Scope, Span
from tests.exporters.sentry.relay import complaints
from tests.strategies import span_ids, trace_ids, values

TRACE, SPAN, PARENT = "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174", "00f067aa0ba902b7"
TIME = 1_700_000_000_123_000_000
NOW = 1_700_000_010.0
STACK = """Traceback (most recent call last):
  File "/app/cart/views.py", line 42, in checkout
    charge(card)
  File "/usr/lib/python3.11/site-packages/requests/api.py", line 59, in request
requests.exceptions.Timeout: timed out"""
RESOURCE: dict[str, Value] = {
    "service.name": "cart",
    "service.version": "1.4.2",
    "deployment.environment.name": "test",
    "host.name": "web-1",
    "telemetry.sdk.language": "python",
    "process.runtime.name": "cpython",
    "process.runtime.version": "3.11.7",
    "os.type": "linux",
    "host.arch": "amd64",
    "k8s.namespace.name": "shop",
}
EXCEPTION: dict[str, Value] = {
    "exception.type": "requests.exceptions.Timeout",
    "exception.message": "timed out",
    "exception.stacktrace": STACK,
}


def span(**fields: Any) -> Span:
    given: dict[str, Any] = {
        "resource": Resource(RESOURCE),
        "scope": Scope("cart.views"),
        "trace_id": TRACE,
        "span_id": SPAN,
        "parent_span_id": PARENT,
        "name": "POST /checkout",
        "kind": 2,
        "status_code": 2,
        "end_time": TIME,
    }
    return Span(**given | fields)


def accepted(event: dict[str, Any]) -> dict[str, Any]:
    """Return an event as it is sent, if Sentry takes it without a complaint."""
    sent: dict[str, Any] = orjson.loads(trim.event_bytes(event)[0])
    assert not complaints(sent)
    return sent


def of_span(
    exception: dict[str, Value] | None = None, labels: Labels | None = None, time: int = TIME, now: float = NOW, **fields: Any
) -> dict[str, Any]:
    events = Events(labels or Labels(), now, TIME)
    event = events.of_span(
        span(**fields),
        Event(time=time, name="exception", attributes=EXCEPTION if exception is None else exception),
        0,
        "POST /checkout",
    )
    return accepted(event)


def of_log(labels: Labels | None = None, events: Events | None = None, **fields: Any) -> dict[str, Any]:
    given: dict[str, Any] = {"resource": Resource(RESOURCE), "scope": Scope("cart.views"), "time": TIME, "severity_number": 17}
    event = (events or Events(labels or Labels(), NOW, TIME)).of_log(LogRecord(**given | fields))
    return accepted(event)


def test_the_golden_event() -> None:
    event = of_span()
    assert len(event.pop("event_id")) == 32
    assert event.pop("sdk")["name"] == "sluice"
    assert event == {
        "timestamp": 1700000000.123,
        "platform": "python",
        "level": "error",
        "logger": "cart.views",
        "server_name": "web-1",
        "release": "cart@1.4.2",
        "environment": "test",
        "transaction": "POST /checkout",
        "exception": {
            "values": [
                {
                    "type": "Timeout",
                    "module": "requests.exceptions",
                    "value": "timed out",
                    "mechanism": {"type": "auto.otlp.exception", "handled": True},
                    "stacktrace": {
                        "frames": [
                            {
                                "filename": "cart/views.py",
                                "abs_path": "/app/cart/views.py",
                                "function": "checkout",
                                "lineno": 42,
                                "context_line": "charge(card)",
                                "in_app": True,
                            },
                            {
                                "filename": "requests/api.py",
                                "abs_path": "/usr/lib/python3.11/site-packages/requests/api.py",
                                "function": "request",
                                "lineno": 59,
                                "in_app": False,
                            },
                        ]
                    },
                }
            ]
        },
        "contexts": {
            "trace": {"trace_id": TRACE, "span_id": SPAN, "parent_span_id": PARENT, "op": "function", "status": "internal_error"},
            "runtime": {"name": "cpython", "version": "3.11.7"},
            "os": {"name": "linux"},
            "device": {"arch": "amd64"},
            "otel": {"resource": {"k8s.namespace.name": "shop"}},
        },
        "tags": {"service.name": "cart", "otel.scope": "cart.views"},
    }


def test_the_contracts_golden_event_is_accepted() -> None:
    golden = orjson.loads("""
        {"event_id":"0af7651916cd43dd8448eb211c80319c","timestamp":1700000000.123,"platform":"python","level":"error",
         "logger":"cart.views","server_name":"web-1","release":"cart@1.4.2","environment":"test","transaction":"POST /checkout",
         "exception":{"values":[{"type":"Timeout","module":"requests.exceptions","value":"timed out",
          "mechanism":{"type":"auto.otlp.exception","handled":true}}]},
         "contexts":{"trace":{"trace_id":"5b8efff798038103d269b633813fc60c","span_id":"eee19b7ec3c1b174"}},
         "tags":{"otel.scope":"cart.views"},"sdk":{"name":"sluice","version":"0.1.0"},"user":{"id":"42"}}""")
    assert not complaints(golden)
    assert complaints({**golden, "level": "warn"})  # so the normaliser does look


@pytest.mark.parametrize("language", ["erlang", *PLATFORMS])
def test_every_platform_is_taken(language: str) -> None:
    of_span(resource=Resource({"telemetry.sdk.language": language}))


@pytest.mark.parametrize(
    ("resource", "platform"),
    [
        ({"telemetry.sdk.language": "nodejs"}, "node"),
        ({"process.runtime.name": "CPython"}, "python"),
        ({"telemetry.sdk.language": "erlang"}, "other"),
    ],
)
def test_platform(resource: dict[str, Value], platform: str) -> None:
    assert of_span({"exception.type": "E"}, resource=Resource(resource))["platform"] == platform


def test_the_stack_tells_the_platform_where_nothing_else_does() -> None:
    assert of_log(resource=Resource({}), attributes=EXCEPTION)["platform"] == "python"


@pytest.mark.parametrize(
    ("language", "kind", "type_and_module"),
    [
        ("python", "a.b.C", ("C", "a.b")),
        ("java", "a.b.C$D", ("C$D", "a.b")),
        ("nodejs", "a.b.C", ("a.b.C", None)),
        ("go", "*errors.errorString", ("*errors.errorString", None)),
    ],
)
def test_types_are_split_where_the_language_does(language: str, kind: str, type_and_module: tuple[str, str | None]) -> None:
    (value,) = of_span({"exception.type": kind}, resource=Resource({"telemetry.sdk.language": language}))["exception"]["values"]
    assert (value["type"], value.get("module")) == type_and_module


def test_an_exception_without_a_name_has_one() -> None:
    assert of_span({})["exception"]["values"][0]["type"] == "Error"


@pytest.mark.parametrize(("escaped", "handled"), [(True, False), ("true", False), (False, True), (None, True)])
def test_an_exception_that_left_its_span_is_not_handled(escaped: Value, handled: bool) -> None:
    event = of_span({**EXCEPTION, "exception.escaped": escaped})
    assert event["exception"]["values"][0]["mechanism"]["handled"] is handled


def test_a_chain_runs_from_the_cause_to_the_caught_one() -> None:
    stack = "a.Outer: o\n\tat a.B.c(B.java:1)\nCaused by: a.Middle: m\n\tat a.B.d(B.java:2)\nCaused by: a.Inner: i\n"
    attributes: dict[str, Value] = {"exception.type": "a.Outer", "exception.message": "said", "exception.stacktrace": stack}
    values = of_span(attributes, resource=Resource({"telemetry.sdk.language": "java"}))["exception"]["values"]
    assert [(value["type"], value["value"]) for value in values] == [("Inner", "i"), ("Middle", "m"), ("Outer", "said")]
    chain = [(value["mechanism"]["exception_id"], value["mechanism"].get("parent_id")) for value in values]
    assert chain == [(2, 1), (1, 0), (0, None)]


def test_a_stack_without_a_known_form_goes_as_text_and_is_counted() -> None:
    events = Events(Labels(), NOW, TIME)
    event = of_log(events=events, attributes={"exception.type": "E", "exception.stacktrace": "no stack here " + "é" * 20_000})
    assert event["extra"]["exception.stacktrace"].startswith("no stack here é")
    assert len(event["extra"]["exception.stacktrace"].encode()) <= 16_000
    assert "stacktrace" not in event["exception"]["values"][0]
    assert events.unparsed == {"python": 1}


@pytest.mark.parametrize(
    ("number", "level"),
    [(24, "fatal"), (21, "fatal"), (20, "error"), (16, "warning"), (9, "info"), (8, "debug"), (1, "debug"), (0, "error")],
)
def test_levels(number: int, level: str) -> None:
    assert of_log(severity_number=number, attributes=EXCEPTION)["level"] == level


def test_an_error_log_is_a_message_in_its_trace() -> None:
    event = of_log(body={"a": 1}, trace_id=TRACE, span_id=SPAN)
    assert event["logentry"] == {"formatted": '{"a":1}'}
    assert event["contexts"]["trace"] == {"trace_id": TRACE, "span_id": SPAN}
    assert "exception" not in event


def test_a_log_without_anything_is_an_event_all_the_same() -> None:
    of_log(resource=Resource(), scope=Scope(), time=0)
    assert of_log(body="x" * 10_000)["logentry"]["formatted"] == "x" * 8192


def test_times_are_microseconds_and_fall_back() -> None:
    assert of_span(time=1_700_000_000_123_456_789)["timestamp"] == 1700000000.123456
    assert of_log(time=0, observed_time=TIME - 10**9)["timestamp"] == 1699999999.123
    assert of_log(time=0)["timestamp"] == 1700000000.123


def test_events_older_than_a_month_keep_their_time_in_a_tag() -> None:
    assert of_span(now=NOW + 31 * 86_400)["tags"]["original_timestamp"] == "2023-11-14T22:13:20.123000+00:00"
    assert "original_timestamp" not in of_span()["tags"]


def test_ids_follow_from_the_data() -> None:
    assert of_span()["event_id"] == of_span()["event_id"]
    assert (
        len(
            {
                of_span()["event_id"],
                of_span({})["event_id"],
                of_span(time=TIME + 1)["event_id"],
                of_span(span_id=PARENT)["event_id"],
            }
        )
        == 4
    )


def test_logs_that_are_alike_have_ids_of_their_own() -> None:
    one, other = Events(Labels(), NOW, TIME), Events(Labels(), NOW + 1, TIME)
    ids = [of_log(events=one, body="b")["event_id"] for _ in range(3)]
    assert len(set(ids)) == 3
    assert [of_log(events=other, body="b")["event_id"] for _ in range(3)] == ids


def test_tags_are_chosen_attributes_on_one_line() -> None:
    event = of_span(attributes := {**EXCEPTION, "error.type": "time\nout", "http.response.status_code": 504, "other": "x"})
    assert event["tags"] == {
        "service.name": "cart",
        "otel.scope": "cart.views",
        "http.response.status_code": "504",
        "error.type": "time out",
    }
    assert event["contexts"]["otel"]["attributes"] == {"other": attributes["other"]}
    assert of_span({**EXCEPTION, "error.type": "x" * 300})["tags"]["error.type"] == "x" * 200


def test_the_request_has_no_query_and_no_login() -> None:
    login = "u:" + "p"
    event = of_span({**EXCEPTION, "url.full": f"https://{login}@shop.test/a?b=c", "http.request.method": "POST"})
    assert event["request"] == {"url": "https://shop.test/a", "method": "POST"}


def test_persons_are_named_by_id_alone_unless_wanted() -> None:
    attributes: dict[str, Value] = {"user.id": "42", "user.email": "a@b.test", "user.name": "ann", "client.address": "192.0.2.1"}
    assert of_log(attributes=attributes)["user"] == {"id": "42"}
    assert of_log(Labels(pii=True), attributes=attributes)["user"] == {
        "id": "42",
        "email": "a@b.test",
        "username": "ann",
        "ip_address": "192.0.2.1",
    }
    assert of_log(attributes={"enduser.id": "7"})["user"] == {"id": "7"}


@pytest.mark.parametrize(
    ("value", "fingerprint"),
    [("one", ["one"]), (["{{ default }}", "two", 3], ["{{ default }}", "two", "3"]), (None, None), (5, None)],
)
def test_fingerprints(value: Value, fingerprint: list[str] | None) -> None:
    assert of_log(attributes={"sentry.fingerprint": value}).get("fingerprint") == fingerprint


def test_other_attributes_are_a_context_within_its_limit() -> None:
    event = of_log(attributes={"small": "s", "large": "x" * 5000, "nested": {"k": [1, b"\xff", None]}})
    assert event["contexts"]["otel"]["attributes"] == {"small": "s", "nested": {"k": [1, "/w==", None]}}


@pytest.mark.parametrize(
    ("kind", "attributes", "op"),
    [
        (2, {"http.request.method": "GET"}, "http.server"),
        (3, {"http.request.method": "GET"}, "http.client"),
        (3, {"db.system": "redis"}, "db"),
        (4, {"messaging.system": "kafka"}, "queue.publish"),
        (5, {"messaging.system": "kafka"}, "queue.process"),
        (3, {"rpc.system": "grpc"}, "rpc"),
        (1, {}, "function"),
    ],
)
def test_operations(kind: int, attributes: dict[str, Value], op: str) -> None:
    assert operation(span(kind=kind, attributes=attributes)) == op


STATUSES: list[tuple[int, dict[str, Any], str]] = [
    (0, {}, "ok"),
    (1, {"http.response.status_code": 500}, "ok"),
    (2, {}, "internal_error"),
    (2, {"http.response.status_code": 418}, "internal_error"),
    *((2, {"http.response.status_code": code}, name) for code, name in HTTP_STATUS.items()),
    *((2, {"rpc.grpc.status_code": code}, name) for code, name in enumerate(GRPC_STATUS) if code),
]


@pytest.mark.parametrize(("code", "attributes", "name"), STATUSES)
def test_statuses(code: int, attributes: dict[str, Value], name: str) -> None:
    found = span(status_code=code, attributes=attributes)
    assert status(found) == name
    accepted(Events(Labels(), NOW, TIME).of_span(found, Event(time=TIME, attributes=EXCEPTION), 0, ""))


def test_transactions_are_named_by_the_local_root() -> None:
    root = span(span_id="a" * 16, parent_span_id="f" * 16, name="root", kind=2)
    child = span(span_id="b" * 16, parent_span_id="a" * 16, name="child", kind=1)
    leaf = span(span_id="c" * 16, parent_span_id="b" * 16, name="leaf", kind=1)
    orphan = span(span_id="d" * 16, parent_span_id="e" * 16, name="orphan", kind=1)
    names = transactions([leaf, child, root, orphan])
    assert [names[TRACE, digit * 16] for digit in "abcd"] == ["root", "root", "root", "orphan"]


def test_spans_that_are_their_own_ancestors_have_a_transaction() -> None:
    one = span(span_id="a" * 16, parent_span_id="b" * 16, name="one", kind=1)
    other = span(span_id="b" * 16, parent_span_id="a" * 16, name="other", kind=1)
    assert len(transactions([one, other])) == 2


def huge() -> dict[str, Any]:
    frames = [{"function": f"f{n}", "filename": "x" * 2000, "context_line": "y" * 3000, "lineno": n} for n in range(1, 251)]
    event = of_span()
    event["exception"]["values"] = [{"type": "E", "stacktrace": {"frames": frames}} for _ in range(3)]
    return {**event, "extra": {"exception.stacktrace": "z"}}


@pytest.mark.parametrize("limit", [3_000_000, 1_600_000, 600_000, 100_000, 20_000])
def test_a_large_event_is_trimmed_until_it_fits(limit: int) -> None:
    event = huge()
    before = orjson.dumps(event)
    body, trimmed = trim.event_bytes(event, limit)
    left = orjson.loads(body)
    assert trimmed
    assert len(body) <= limit
    assert left["tags"]["sluice.trimmed"] == "true"
    assert "extra" not in left
    frames = left["exception"]["values"][0]["stacktrace"]["frames"]
    assert (frames[0]["lineno"], frames[-1]["lineno"]) == (1, 250)
    assert orjson.dumps(event) == before


def test_an_event_that_fits_is_left_alone() -> None:
    event = of_span()
    assert trim.event_bytes(event) == (orjson.dumps(event), False)


KEYS = sorted(
    {*SAID_ELSEWHERE, "k8s.pod.name", "http.response.status_code", "some.key", "exception.escaped", "password", "url.query"}
)
ODD = st.dictionaries(
    st.sampled_from(KEYS), values() | st.sampled_from(["None", "latest", "..", "a/b\nc", STACK, "https://[", "x" * 9000])
)


@settings(deadline=None, max_examples=50)
@given(about=ODD, attributes=ODD, name=st.text(max_size=100), trace_id=trace_ids(), span_id=span_ids() | st.just(""))
def test_sentry_takes_whatever_attributes_hold(
    about: dict[str, Value], attributes: dict[str, Value], name: str, trace_id: str, span_id: str
) -> None:
    resource, scope = Resource(about), Scope(name, attributes=attributes)
    of_span(attributes, resource=resource, scope=scope, trace_id=trace_id, span_id=span_id or SPAN, attributes=about)
    of_log(resource=resource, scope=scope, trace_id=trace_id, span_id=span_id, body=name, attributes=attributes)
