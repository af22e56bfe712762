"""How one message becomes items: what its headers say, what the settings say, and what can't be read."""

import gzip
from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson
import pytest

from pipeline import json_logs, wire
from pipeline.json_logs import Options
from pipeline.types import Signal
from pipeline.wire.model import LogRecord
from receivers.kafka import messages
from receivers.kafka.messages import Encoding, Fault, Messages
from tests.contracts.samples import sample

NOW = 1_772_600_767_000_000_000
BATCH = sample("logs", 2)
OBJECT = b'{"level":"error","service":"shop","msg":"payment failed"}'


class Taken(NamedTuple):
    payload: bytes = b""
    items: int = 0
    faults: Sequence[Fault] = ()


def read(value: bytes, *headers: tuple[str, bytes], encoding: Encoding = "otlp_proto", signal: Signal = "logs") -> Taken:
    reading = Messages(signal, encoding, Options(service_name="unnamed"), 1000).begin(NOW)
    faults = reading.add(value, headers)
    parts = reading.parts()
    return Taken(b"".join(payload for payload, _ in parts), sum(items for _, items in parts), tuple(faults))


def body_of(taken: Taken) -> Any:
    [record] = wire.records(taken.payload, "logs")
    assert isinstance(record, LogRecord)
    return record.resource.attributes["service.name"], record.severity_number, record.body


@pytest.mark.parametrize(
    ("configured", "headers"),
    [
        ("otlp_json", []),
        ("otlp_proto", [("encoding", b"otlp_json")]),
        ("otlp_proto", [("Content-Type", b"application/json; charset=utf-8")]),
        ("text", [("encoding", b"OTLP_JSON"), ("content-type", b"text/plain")]),
    ],
)
def test_otlp_json(configured: Encoding, headers: list[tuple[str, bytes]]) -> None:
    taken = read(wire.to_json(BATCH.payload, "logs", wire.OTLP), *headers, encoding=configured)
    assert (taken.payload, taken.items, taken.faults) == (BATCH.payload, 2, ())


@pytest.mark.parametrize(
    ("configured", "headers"),
    [
        ("otlp_proto", []),
        ("otlp_proto", [("encoding", b"unheard-of"), ("content-type", b"application/x-unheard-of")]),
        ("json_logs", [("content-type", b"application/x-protobuf")]),
        ("json_logs", [("encoding", b"otlp_proto"), ("content-type", b"application/json")]),
    ],
)
def test_otlp_protobuf(configured: Encoding, headers: list[tuple[str, bytes]]) -> None:
    assert read(BATCH.payload, *headers, encoding=configured) == Taken(BATCH.payload, 2)


@pytest.mark.parametrize(
    ("configured", "headers"),
    [
        ("json_logs", []),
        ("json_logs", [("content-type", b"application/json")]),
        ("otlp_proto", [("content-type", b"application/x-ndjson")]),
        ("otlp_proto", [("encoding", b"json_logs")]),
    ],
)
def test_objects_of_loggers(configured: Encoding, headers: list[tuple[str, bytes]]) -> None:
    assert body_of(read(OBJECT, *headers, encoding=configured)) == ("shop", 17, "payment failed")


@pytest.mark.parametrize(("configured", "headers"), [("text", []), ("otlp_proto", [("content-type", b"text/plain")])])
def test_text_is_one_record_a_message(configured: Encoding, headers: list[tuple[str, bytes]]) -> None:
    assert body_of(read(b"two\nlines", *headers, encoding=configured)) == ("unnamed", 0, "two\nlines")


def test_spans_are_never_read_as_logs() -> None:
    batch = sample("traces")
    assert read(batch.payload, ("encoding", b"text"), signal="traces") == Taken(batch.payload, 1)


def test_several_objects_in_one_message_and_a_bad_one_among_them() -> None:
    taken = read(OBJECT + b"\n{broken\n" + OBJECT, encoding="json_logs")
    assert (taken.items, [fault.reason for fault in taken.faults]) == (2, ["bad_line"])


def test_a_message_compressed_by_whoever_wrote_it() -> None:
    assert read(gzip.compress(BATCH.payload), ("content-encoding", b"gzip")) == Taken(BATCH.payload, 2)


def test_a_message_without_a_value_holds_nothing() -> None:
    for encoding in ("otlp_proto", "otlp_json", "json_logs", "text"):
        assert read(b"", encoding=encoding) == Taken()


@pytest.mark.parametrize(
    ("value", "headers", "encoding", "reason"),
    [
        (b"hunter2\xff", [], "otlp_proto", "malformed"),
        (b'{"hunter2"', [], "otlp_json", "malformed"),
        (b"hunter2", [], "json_logs", "bad_line"),
        (b"hunter2\xff", [], "text", "bad_line"),
        (b"hunter2", [("content-encoding", b"gzip")], "otlp_proto", "malformed"),
        (b"hunter2", [("content-encoding", b"br")], "otlp_proto", "malformed"),
        (orjson.dumps({"msg": "hunter2" * 200}), [], "json_logs", "line_too_long"),
    ],
)
def test_what_can_not_be_read_is_named_and_not_shown(
    value: bytes, headers: list[tuple[str, bytes]], encoding: Encoding, reason: str
) -> None:
    taken = read(value, *headers, encoding=encoding)
    assert (taken.items, [fault.reason for fault in taken.faults]) == (0, [reason])
    assert "hunter2" not in taken.faults[0].error


def test_messages_of_all_kinds_keep_their_order() -> None:
    """Those that loggers wrote share a payload as long as nothing else comes between, nor one that is large."""
    reading = Messages("logs", "text", Options(), 100_000).begin(NOW)
    large = orjson.dumps({"msg": "c" * 70_000})
    written: list[tuple[bytes, str]] = [
        (b"a", "text"), (b'{"msg":"b"}', "json_logs"), (large, "json_logs"), (b"d", "text"),
        (BATCH.payload, "otlp_proto"), (b"e", "text"),
    ]  # fmt: skip
    for value, encoding in written:
        assert reading.add(value, [("encoding", encoding.encode())]) == ([] if encoding == "json_logs" else ())
    parts = reading.parts()
    found = [record.body for payload, _ in parts for record in wire.records(payload, "logs") if isinstance(record, LogRecord)]
    assert [str(body)[:9] for body in found] == ["a", "b", "c" * 9, "d", "payment 0", "payment 1", "e"]
    assert [items for _, items in parts] == [2, 1, 1, 2, 1]


def test_a_payload_is_bounded_and_no_message_pays_for_those_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "MAX_ITEMS", 100)
    monkeypatch.setattr(json_logs, "MAX_RECORDS", 1000)
    reading = Messages("logs", "json_logs", Options(), 1000).begin(NOW)
    for _ in range(8):
        assert reading.add(b"{}\n" * 200, ()) == []
    assert [items for _, items in reading.parts()] == [200] * 8
    assert [fault.reason for fault in reading.add(b"{}\n" * 30_000, ())] == ["too_large"]
    assert reading.add(b"{}", ()) == []
    assert [items for _, items in reading.parts()] == [*[200] * 8, 1]
