"""The same service, once logging with pino under Node and once with structlog, and what Datadog and Sentry get of it."""

import io
import json
import subprocess
from collections.abc import Mapping
from typing import Any

import structlog

from tests.daemon import post, until
from tests.default_pipeline import Default
from tests.interop.planted import CARD, EMAIL, KEY_ID, PASSWORD
from tests.parts.found import pino

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SERVICES = ("node", "python")
SEVERITIES = {"debug": "5", "info": "9", "warn": "13", "error": "17", "fatal": "21"}
SAME = (
    *("otel.severity_number", "otel.trace_id", "otel.span_id", "dd.trace_id", "request_id"),
    *("order.id", "order.email", "step", "password", "n", "share", "tags", "attempt"),
)
"""Members of a Datadog log that both loggers ought to come to."""


class Declined(Exception):
    """A payment was declined."""


def by_pino() -> bytes:
    """Return what a service that logs with pino writes."""
    said = {"trace_id": TRACE, "span_id": SPAN, "email": EMAIL, "card": CARD, "password": PASSWORD, "key": KEY_ID}
    command = ["node", str(pino() / "shop.cjs"), json.dumps(said)]
    return subprocess.run(command, capture_output=True, timeout=30, check=True).stdout


def by_structlog() -> bytes:
    """Return what the same service writes that logs with structlog."""
    lines = io.StringIO()
    root = structlog.wrap_logger(
        structlog.WriteLogger(lines),
        processors=[
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(0),
        cache_logger_on_first_use=False,
    )
    logger = root.bind(service="python", request_id="req-000042", trace_id=TRACE, span_id=SPAN, trace_flags="01")
    for level, method in {**dict.fromkeys(SEVERITIES, ""), "fatal": "critical"}.items():
        getattr(logger, method or level)(f"at {level}", order={"id": 17, "email": EMAIL})
    logger.bind(step="login").info(f"login of {EMAIL} with {KEY_ID}", password=PASSWORD, n=7, share=0.5, tags=["a"])
    try:
        charge()
    except Declined as error:
        logger.exception("charge failed")
        logger.exception(str(error))
    try:
        order()
    except TypeError:
        logger.exception("order failed", attempt=2)
    return lines.getvalue().encode()


def charge() -> None:
    raise Declined(f"card {CARD} was declined")


def order() -> None:
    try:
        charge()
    except Declined as error:
        raise TypeError(f"no order of {EMAIL}") from error


def told(log: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a Datadog log says that does not depend on the language."""
    found = {name: log[name] for name in SAME if name in log}
    if "error.kind" in log:
        found["error.kind"] = log["error.kind"].rpartition(".")[2]
        found["error.message"] = log["error.message"].removesuffix(": card [card] was declined")  # pino adds that of the cause
    return found


def thrown(event: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return type and place of the exceptions of a Sentry event."""
    values = event.get("exception", {}).get("values", [])
    return [(value["type"], value["stacktrace"]["frames"][-1]["function"]) for value in values]


def test_a_logger_in_node_and_one_in_python_tell_the_same(default: Default) -> None:
    for lines in (by_pino(), by_structlog()):
        assert post(default.url(4319, "/logs"), lines, "application/x-ndjson") == (200, b'{"accepted":9,"rejected":0}')
    until(lambda: len(default.intake("datadog/logs")) == 18, what="18 logs at Datadog")
    default.settle()

    logs = {service: [log for log in default.intake("datadog/logs") if log["service"] == service] for service in SERVICES}
    node, python = ({log["message"]: told(log) for log in logs[service]} for service in SERVICES)
    assert node == python
    common = {"otel.trace_id": TRACE, "otel.span_id": SPAN, "dd.trace_id": "11803532876627986230", "request_id": "req-000042"}
    order_of_customer = {"order.id": 17, "order.email": "[email]"}
    declined = {"error.kind": "Declined", "error.message": "card [card] was declined"}
    missing = {"attempt": 2, "error.kind": "TypeError", "error.message": "no order of [email]"}
    login = {"step": "login", "password": "***REDACTED***", "n": 7, "share": 0.5, "tags": '["a"]'}
    assert node == {
        **{f"at {level}": {"otel.severity_number": n, **common, **order_of_customer} for level, n in SEVERITIES.items()},
        "login of [email] with [aws_key_id]": {"otel.severity_number": "9", **common, **login},
        "charge failed": {"otel.severity_number": "17", **common, **declined},
        "card [card] was declined": {"otel.severity_number": "17", **common, **declined},
        "order failed": {"otel.severity_number": "17", **common, **missing},
    }

    events = [event for event in default.intake("sentry/events") if event["contexts"]["trace"]["trace_id"] == TRACE]
    for service in SERVICES:
        of_service = {event["logentry"]["formatted"]: event for event in events if event["tags"]["service.name"] == service}
        assert {message: thrown(event) for message, event in of_service.items()} == {
            "at error": [],
            "at fatal": [],
            "charge failed": [("Declined", "charge")],
            "card [card] was declined": [("Declined", "charge")],
            "order failed": [("Declined", "charge"), ("TypeError", "order")],
        }
        assert of_service["at fatal"]["level"] == "fatal"
