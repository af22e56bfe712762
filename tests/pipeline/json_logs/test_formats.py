"""Every example of json-logs contract §5 gives exactly the stated record."""

import json
import random
from collections.abc import Mapping
from typing import Any

import pytest

from pipeline import json_text
from pipeline.json_logs.entries import Object
from pipeline.json_logs.normalise import Normaliser, Options
from pipeline.types import Value
from pipeline.wire.model import LogRecord

T = 1772600767123000000
TN = 1772600767123456789
TR = "4bf92f3577b34da6a3ce929d0e0e4736"
SP = "00f067aa0ba902b7"
NOW = T + 10**9

PINO = (
    r'{"level":50,"time":1772600767123,"pid":4242,"hostname":"web-1","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736",'
    r'"span_id":"00f067aa0ba902b7","trace_flags":"01","orderId":17,"err":{"type":"TypeError","message":"x is not a function",'
    r'"stack":"TypeError: x is not a function\n    at a.js:1:1"},"msg":"failed"}'
)
STRUCTLOG = (
    '{"event":"document_uploaded","doc_id":"d-9","request_id":"req-000042","level":"warning",'
    '"timestamp":"2026-03-04T05:06:07.123456789Z"}'
)
GENERIC = '{"time":"2026-03-04T05:06:07.123Z","lvl":"W","text":"x"}'

GOLDENS: list[tuple[str, str, dict[str, Any]]] = [
    (
        "pino",
        PINO,
        {
            "res": {"host.name": "web-1", "process.pid": 4242}, "t": T, "sev": 17, "text": "error", "body": "failed",
            "attrs": {
                "orderId": 17, "exception.type": "TypeError", "exception.message": "x is not a function",
                "exception.stacktrace": "TypeError: x is not a function\n    at a.js:1:1",
            },
            "trace": TR, "span": SP, "flags": 1,
        },
    ),
    (
        "structlog",
        STRUCTLOG,
        {
            "t": TN, "sev": 13, "text": "warning", "body": "document_uploaded",
            "attrs": {"doc_id": "d-9", "request_id": "req-000042"},
        },
    ),
    ("generic", GENERIC, {"t": T, "body": "x", "attrs": {"lvl": "W"}}),
]  # fmt: skip


def normalise(line: str, **options: Any) -> tuple[LogRecord, Normaliser]:
    parsed = json_text.parse(line.encode())
    assert isinstance(parsed.value, dict)
    normaliser = Normaliser(Options(**options), NOW)
    return normaliser.record(Object(1, line.encode(), parsed.value, parsed.duplicates)), normaliser


def shown(record: LogRecord) -> dict[str, Value]:
    """Return a record in the notation of json-logs contract §1."""
    assert record.observed_time == NOW
    parts: dict[str, Value] = {
        "res": record.resource.attributes,
        "scope": record.scope.name,
        "t": record.time,
        "sev": record.severity_number,
        "text": record.severity_text,
        "event": record.event_name,
        "attrs": record.attributes,
        "trace": record.trace_id,
        "span": record.span_id,
        "flags": record.flags,
    }
    return {"body": record.body, **{name: value for name, value in parts.items() if value}}


@pytest.mark.parametrize(("format_id", "line", "expected"), GOLDENS, ids=[golden[0] for golden in GOLDENS])
def test_the_example_gives_the_stated_record(format_id: str, line: str, expected: Mapping[str, Any]) -> None:
    record, normaliser = normalise(line)
    assert shown(record) == expected
    assert normaliser.tally.formats == {format_id: 1}


@pytest.mark.parametrize(("format_id", "line", "expected"), GOLDENS, ids=[golden[0] for golden in GOLDENS])
def test_the_order_of_members_does_not_matter(format_id: str, line: str, expected: Mapping[str, Any]) -> None:
    members = list(json.loads(line).items())
    for seed in range(100):
        random.Random(seed).shuffle(members)
        record, normaliser = normalise(json.dumps(dict(members)))
        assert shown(record) == expected
        assert normaliser.tally.formats == {format_id: 1}


@pytest.mark.parametrize(
    ("line", "format_id", "expected"),
    [
        ('{"message":"x"}', "generic", {"body": "x"}),
        ("{}", "generic", {"body": {}}),
        ('{"a":1,"b":null}', "generic", {"body": {"a": 1}}),
        ('{"level":"info","time":1772600767123,"pid":1,"hostname":"h","msg":"x"}', "pino",
         {"res": {"host.name": "h", "process.pid": 1}, "t": T, "sev": 9, "text": "info", "body": "x"}),
        ('{"level":"info","time":"2026-03-04T05:06:07.123Z","msg":"x"}', "generic",
         {"t": T, "sev": 9, "text": "info", "body": "x"}),
        ('{"level":30,"time":1772600767123,"err":{"type":"Error","message":"boom"}}', "pino",
         {"t": T, "sev": 9, "text": "info", "body": "boom", "attrs": {"exception.type": "Error", "exception.message": "boom"}}),
        ('{"level":35,"time":1772600767123,"msg":"x"}', "pino", {"t": T, "sev": 9, "text": "35", "body": "x"}),
        ('{"event":"x","level":"exception"}', "structlog", {"sev": 17, "text": "exception", "body": "x"}),
        ('{"event":"x","level":"critical"}', "structlog", {"sev": 21, "text": "critical", "body": "x"}),
        ('{"event":"x","level":"error","msg":"y"}', "generic",
         {"sev": 17, "text": "error", "body": "y", "attrs": {"event": "x"}}),
        ('{"event":"x"}', "generic", {"body": "x"}),
        ('{"event":{"kind":"k"},"level":"info"}', "generic", {"sev": 9, "text": "info", "body": {"kind": "k"}}),
        ('{"MESSAGE":"x","Level":"WARN","TimeStamp":"2026-03-04T05:06:07.123Z"}', "generic",
         {"t": T, "sev": 13, "text": "WARN", "body": "x"}),
        ('{"Event":"x","level":"info"}', "generic", {"sev": 9, "text": "info", "body": "x"}),
    ],
)  # fmt: skip
def test_formats_are_told_apart(line: str, format_id: str, expected: Mapping[str, Any]) -> None:
    record, normaliser = normalise(line)
    assert shown(record) == expected
    assert normaliser.tally.formats == {format_id: 1}


def test_a_line_that_does_not_fit_a_forced_format_is_generic() -> None:
    record, normaliser = normalise(STRUCTLOG, format="pino")
    assert normaliser.tally.formats == {"generic": 1}
    assert record.body == "document_uploaded"
    assert normalise(STRUCTLOG, format="structlog")[1].tally.formats == {"structlog": 1}
    assert normalise(PINO, format="generic")[1].tally.formats == {"generic": 1}


def test_a_stream_of_all_formats_gives_the_records_of_each_alone() -> None:
    lines = [golden[1] for golden in GOLDENS] * 5
    normaliser = Normaliser(Options(), NOW)
    together = [
        normaliser.record(Object(1, line.encode(), json_text.parse(line.encode()).value, 0))  # type: ignore[arg-type]
        for line in lines
    ]
    assert together == [normalise(line)[0] for line in lines]


def test_a_structlog_exception_list_is_rendered_as_a_traceback() -> None:
    stacks = [
        {
            "exc_type": "RuntimeError", "exc_value": "outer", "exc_notes": ["see 7"], "syntax_error": None, "is_cause": False,
            "frames": [{"filename": "app.py", "lineno": 9, "name": "main", "locals": {"x": "1"}}],
            "is_group": False, "exceptions": [],
        },
        {
            "exc_type": "KeyError", "exc_value": "'id'", "is_cause": True,
            "frames": [{"filename": "app.py", "lineno": 3, "name": "load"}],
        },
    ]  # fmt: skip
    record, _ = normalise(json.dumps({"event": "failed", "level": "error", "exception": stacks}))
    assert record.attributes == {
        "exception.type": "RuntimeError",
        "exception.message": "outer",
        "exception.stacktrace": (
            "Traceback (most recent call last):\n"
            '  File "app.py", line 9, in main\n'
            "RuntimeError: outer\n"
            "Caused by: KeyError: 'id'\n"
            '  File "app.py", line 3, in load'
        ),
        "exception.exc_notes": ["see 7"],
    }
