"""`wire.to_json`: OTLP/JSON as otlp contract §3 has it sent, judged by stock protobuf's own JSON."""

import base64
import json
import math
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from hypothesis import given

from pipeline import wire
from pipeline.types import SIGNALS, Signal
from pipeline.wire.model import LogRecord, Resource, Scope
from pipeline.wire.reference.walk import delimited
from tests import stock
from tests.strategies import odd_payloads, payloads

PATHS = [(signal, path) for signal in SIGNALS for path in stock.paths(signal)]


def with_hex_ids(written: Any) -> Any:
    """Return stock ProtoJSON with its ids in hex, the one thing in which OTLP/JSON is different when enums are integers."""
    if isinstance(written, list):
        return [with_hex_ids(each) for each in written]
    if not isinstance(written, dict):
        return written
    ids = ("traceId", "spanId", "parentSpanId")
    return {key: base64.b64decode(value).hex() if key in ids else with_hex_ids(value) for key, value in written.items()}


def stock_json(payload: bytes, signal: Signal) -> Any:
    return with_hex_ids(MessageToDict(stock.parsed(payload, signal), use_integers_for_enums=True))


def body(value: Any) -> str:
    payload = wire.encode([LogRecord(resource=Resource(), scope=Scope(), body=value)], "logs")
    return wire.to_json(payload, "logs", wire.OTLP).decode()


@pytest.mark.parametrize("signal", SIGNALS)
def test_it_is_the_json_of_stock_protobuf_but_for_the_ids(signal: Signal) -> None:
    @given(odd_payloads(signal))
    def check(payload: bytes) -> None:
        assert json.loads(wire.to_json(payload, signal, wire.OTLP)) == stock_json(payload, signal)

    check()


@pytest.mark.parametrize("signal", SIGNALS)
def test_reading_it_again_gives_the_same_payload(signal: Signal) -> None:
    @given(payloads(signal))
    def check(payload: bytes) -> None:
        assert wire.from_json(wire.to_json(payload, signal, wire.OTLP), signal) == payload

    check()


@pytest.mark.parametrize(("signal", "path"), PATHS, ids=[stock.name_of(path) for _, path in PATHS])
def test_every_field_survives(signal: Signal, path: stock.Path) -> None:
    planted = stock.planted(signal, path)
    written = wire.to_json(planted, signal, wire.OTLP)
    assert json.loads(written) == stock_json(planted, signal)
    assert stock.parsed(wire.from_json(written, signal), signal) == stock.parsed(planted, signal)


def test_spelling() -> None:
    assert body(5).endswith('"body":{"intValue":"5"}}]}]}]}')
    assert '"doubleValue":"NaN"' in body(math.nan)
    assert '"doubleValue":"Infinity"' in body(math.inf)
    assert '"doubleValue":"-Infinity"' in body(-math.inf)
    assert '"doubleValue":-0.0' in body(-0.0)
    assert '"boolValue":false' in body(False)
    assert '"bytesValue":"+/8="' in body(b"\xfb\xff")
    assert '"stringValue":"é\\n\\u0000😀"' in body("é\n\0😀")
    assert '{"values":[{"key":"k","value":{}}]}' in body({"k": None})
    assert '"arrayValue":{}' in body([])


def test_invalid_utf8_becomes_replacement_characters() -> None:
    payload = delimited(1, delimited(2, delimited(2, delimited(3, b"caf\xe9"))))
    assert json.loads(wire.to_json(payload, "logs", wire.OTLP))["resourceLogs"][0]["scopeLogs"][0]["logRecords"] == [
        {"severityText": "caf\ufffd"}
    ]


def test_nothing_is_an_empty_object() -> None:
    assert wire.to_json(b"", "logs", wire.OTLP) == b"{}"


def test_malformed_payloads_and_unknown_layouts_are_refused() -> None:
    with pytest.raises(wire.Malformed):
        wire.to_json(b"\x0a\x01", "logs", wire.OTLP)
    with pytest.raises(ValueError, match="no such layout"):
        wire.to_json(b"", "logs", "flat")  # type: ignore[arg-type]
