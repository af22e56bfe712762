"""Records as JSON objects: what stands where, and that every record has a form."""

import json

import pytest
from hypothesis import given

from exporters.kafka.objects import log_object
from pipeline.types import Value
from pipeline.wire.model import LogRecord, Resource, Scope
from tests.strategies import log_records

NAMELESS = Resource(), Scope()


@given(log_records())
def test_every_record_is_an_object(record: LogRecord) -> None:
    written = json.loads(log_object(record))
    assert "message" in written
    assert all(name in written or f"attributes.{name}" in written for name in record.attributes)
    assert written.get("trace_id", "") == record.trace_id or "trace_id" in record.attributes


def test_it_has_the_words_of_loggers() -> None:
    record = LogRecord(
        resource=Resource(attributes={"service.name": "shop", "host.name": "a"}),
        scope=Scope(name="cart"),
        time=1_772_600_767_000_000_001,
        severity_number=18,
        body="payment failed",
        attributes={"host.name": "b", "level": "loud"},
        trace_id="a" * 32,
        span_id="b" * 16,
        flags=1,
        event_name="payment",
    )
    assert json.loads(log_object(record)) == {
        "timestamp": "2026-03-04T05:06:07.000000001Z",
        "level": "error",
        "message": "payment failed",
        "trace_id": "a" * 32,
        "span_id": "b" * 16,
        "trace_flags": 1,
        "logger": "cart",
        "event.name": "payment",
        "service.name": "shop",
        "host.name": "b",
        "attributes.level": "loud",
    }


def test_what_a_record_does_not_have_is_left_out() -> None:
    resource, scope = NAMELESS
    assert json.loads(log_object(LogRecord(resource=resource, scope=scope))) == {"message": None}
    assert json.loads(log_object(LogRecord(resource=resource, scope=scope, time=2**64 - 1, body="x"))) == {
        "timestamp": "2554-07-21T23:34:33.709551615Z",
        "message": "x",
    }


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"\x00\xff", "AP8="),
        ({"a": [1, {"b": b"x"}]}, {"a": [1, {"b": "eA=="}]}),
        (2**70, 2**70),
        ("\udc80", "\udc80"),
        (True, True),
    ],
)
def test_every_value_has_a_form(body: Value, message: object) -> None:
    resource, scope = NAMELESS
    assert json.loads(log_object(LogRecord(resource=resource, scope=scope, body=body)))["message"] == message
