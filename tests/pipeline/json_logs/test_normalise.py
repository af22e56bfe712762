"""The rules and tables that every format shares: json-logs contract §2, §3, §4."""

import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import json_text, wire
from pipeline.json_logs.entries import Object, Text
from pipeline.json_logs.normalise import Normaliser, Options, Tally
from pipeline.json_text import JsonError
from pipeline.trace_ids import TraceContext
from pipeline.wire.model import LogRecord

T = 1772600767123000000
TR = "4bf92f3577b34da6a3ce929d0e0e4736"
SP = "00f067aa0ba902b7"
NOW = T + 10**9


def normalise(line: str | dict[str, Any], *, service: str = "", **options: Any) -> tuple[LogRecord, Tally]:
    raw = (line if isinstance(line, str) else json.dumps(line)).encode()
    parsed = json_text.parse(raw)
    assert isinstance(parsed.value, dict)
    normaliser = Normaliser(Options(**options), NOW, service)
    return normaliser.record(Object(1, raw, parsed.value, parsed.duplicates)), normaliser.tally


def record_of(line: str | dict[str, Any], **options: Any) -> LogRecord:
    return normalise(line, **options)[0]


# ---- §2 ----


def test_used_members_are_gone_and_the_others_keep_name_and_type() -> None:
    record = record_of('{"msg":"x","level":"info","n":1,"f":1.0,"b":true,"o":{"a":{"b":[1,"x"]}},"z":null}')
    assert record.attributes == {"n": 1, "f": 1.0, "b": True, "o": {"a": {"b": [1, "x"]}}}
    assert isinstance(record.attributes["f"], float)


def test_flatten_joins_nested_names_with_dots() -> None:
    record = record_of('{"msg":"x","o":{"a":{"b":1,"e":{}},"l":[{"c":1}]},"o.a.b":2}', flatten=True)
    assert record.attributes == {"o.a.b": 2, "o.a.e": {}, "o.l": [{"c": 1}]}


def test_the_last_of_equal_members_counts() -> None:
    record, tally = normalise('{"msg":"x","a":1,"a":2}')
    assert (record.attributes, tally.duplicates) == ({"a": 2}, 1)


def test_integers_beyond_int64_become_text() -> None:
    assert record_of('{"msg":"x","a":18446744073709551615,"b":-9223372036854775808}').attributes == {
        "a": "18446744073709551615",
        "b": -(2**63),
    }


@pytest.mark.parametrize("body", ["x", "", 1, 1.5, True, [1, {"a": 1}], {"a": 1}])
def test_a_message_may_be_anything(body: object) -> None:
    assert record_of({"message": body, "a": 1}).body == body


def test_without_a_message_the_body_is_what_is_left() -> None:
    record = record_of('{"level":"error","a":{"b":1},"error":"refused"}')
    assert (record.body, record.attributes) == ({"a": {"b": 1}}, {"exception.message": "refused"})


def test_the_original_is_kept_when_asked_for() -> None:
    line = '{"msg": "x"}'
    assert record_of(line, keep_original=True).attributes == {"log.record.original": line}
    text = Normaliser(Options(keep_original=True), NOW).record(Text(1, "started"))
    assert (text.body, text.attributes) == ("started", {"log.record.original": "started"})


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("2026 WARN disk", (13, "WARN")),
        ("an Error, then fatal", (17, "Error")),
        ("x" * 60 + " error", (0, "")),
        ("errors", (0, "")),
    ],
)
def test_text_gets_a_severity_only_when_asked_for(line: str, level: tuple[int, str]) -> None:
    record = Normaliser(Options(text_severity=True), NOW).record(Text(1, line))
    assert (record.severity_number, record.severity_text) == level
    assert Normaliser(Options(), NOW).record(Text(1, line)).severity_number == 0


# ---- §3 ----


@pytest.mark.parametrize(
    ("members", "resource"),
    [
        ({"service": "a"}, {"service.name": "a"}),
        ({"service": {"name": "a", "version": "1"}}, {"service.name": "a", "service.version": "1"}),
        ({"service.name": "a", "service": "b"}, {"service.name": "a"}),
        ({"dd.service": "a", "dd.version": "1", "dd.env": "e"},
         {"service.name": "a", "service.version": "1", "deployment.environment.name": "e"}),
        ({"dd": {"service": "a"}}, {"service.name": "a"}),
        ({"otelServiceName": "a"}, {"service.name": "a"}),
        ({"serviceContext": {"service": "a", "version": "1"}}, {"service.name": "a", "service.version": "1"}),
        ({"version": "1"}, {"service.version": "1"}),
        ({"version": 1}, {}),
        ({"deployment": {"environment": {"name": "e"}}}, {"deployment.environment.name": "e"}),
        ({"deployment.environment": "e"}, {"deployment.environment.name": "e"}),
        ({"env": "e"}, {"deployment.environment.name": "e"}),
        ({"environment": "e"}, {"deployment.environment.name": "e"}),
        ({"hostname": "h", "pid": 7}, {"host.name": "h", "process.pid": 7}),
        ({"host": "h"}, {"host.name": "h"}),
        ({"host": {"name": "h", "ip": "::1"}}, {"host.name": "h"}),
        ({"process": {"pid": 7}}, {"process.pid": 7}),
        ({"pid": "7"}, {"process.pid": 7}),
        ({"pid": True, "service": ["a"], "host": {"ip": "::1"}}, {}),
        ({"Service": "a", "HOST": "h"}, {"service.name": "a", "host.name": "h"}),
        ({"name": "n"}, {}),
    ],
)  # fmt: skip
def test_well_known_members_describe_the_resource(members: dict[str, Any], resource: dict[str, Any]) -> None:
    assert record_of({"msg": "x", **members}).resource.attributes == resource


def test_what_describes_nothing_stays_an_attribute() -> None:
    members = {"service": ["a"], "version": 1, "host": {"ip": "::1"}, "pid": True}
    assert record_of({"msg": "x", **members}).attributes == members
    assert record_of({"msg": "x", "service.name": "a", "service": "b"}).attributes == {"service": "b"}
    assert record_of({"msg": "x", "host": {"name": "h", "ip": "::1"}}).attributes == {"host": {"ip": "::1"}}


def test_a_service_is_named_by_the_record_then_the_path_then_the_settings_and_never_invented() -> None:
    assert record_of('{"msg":"x","service":"own"}', service="path", service_name="set").resource.attributes == {
        "service.name": "own"
    }
    assert record_of('{"msg":"x"}', service="path", service_name="set").resource.attributes == {"service.name": "path"}
    assert record_of('{"msg":"x"}', service_name="set").resource.attributes == {"service.name": "set"}
    assert record_of('{"msg":"x"}').resource.attributes == {}


@pytest.mark.parametrize("member", ["logger", "logger_name", "loggerName", "log.logger"])
def test_the_logger_is_the_scope(member: str) -> None:
    assert record_of({"msg": "x", member: "app.web"}).scope.name == "app.web"


def test_thread_and_code_have_their_attributes() -> None:
    record = record_of({"msg": "x", "thread_name": "main", "thread": 7, "pathname": "/a.py", "lineno": 3, "funcName": "run"})
    assert record.attributes == {
        "thread.name": "main", "thread.id": 7, "code.file.path": "/a.py", "code.line.number": 3, "code.function.name": "run",
    }  # fmt: skip
    assert record_of({"msg": "x", "filename": "report.pdf"}).attributes == {"filename": "report.pdf"}


def test_records_of_one_source_share_resource_and_scope() -> None:
    normaliser = Normaliser(Options(), NOW)
    one, other = (normaliser.record(Object(1, b"", {"msg": "x", "service": "a", "logger": "l", "n": n}, 0)) for n in range(2))
    assert one.resource is other.resource
    assert one.scope is other.scope


# ---- §4.1 ----


@pytest.mark.parametrize(
    "member",
    ["@timestamp", "timestamp", "time", "ts", "@t", "asctime", "timeMillis", "eventTime", "date", "datetime",
     "__REALTIME_TIMESTAMP"],
)  # fmt: skip
def test_each_member_may_hold_the_time(member: str) -> None:
    record = record_of({"msg": "x", member: 1772600767123})
    assert (record.time, record.attributes) == (T, {})


def test_the_first_time_that_can_be_read_wins_and_the_others_stay() -> None:
    record = record_of('{"msg":"x","ts":"1772600767","time":"soon","@timestamp":{"a":1},"date":1}')
    assert record.time == 1772600767 * 10**9
    assert record.attributes == {"time": "soon", "@timestamp": {"a": 1}, "date": 1}


@pytest.mark.parametrize("members", ['"ts":1772600767.123456789', '"ts":"1772600767.123456789"', '"TS":1772600767.123456789'])
def test_fractions_keep_every_digit(members: str) -> None:
    assert record_of(f'{{"msg":"x",{members}}}').time == 1772600767123456789


def test_fractions_of_a_formats_own_time_keep_every_digit() -> None:
    assert record_of('{"level":30,"msg":"x","time":1772600767123.456789}').time == 1772600767123456789


@pytest.mark.parametrize(
    "value",
    ["1", "-1772600767123", "1e400", "-1e400", "946684799", "1772687168.2", '"1999-12-31T23:59:59Z"', '"2026-03-06T05:06:07Z"'],
)
def test_times_out_of_range_stay_attributes_and_are_counted(value: str) -> None:
    record, tally = normalise(f'{{"msg":"x","time":{value}}}')
    assert record.time == 0
    assert list(record.attributes) == ["time"]
    assert tally.bad_times == (0 if "e400" in value else 1)


def test_times_without_a_zone_are_read_in_the_one_of_the_settings() -> None:
    line = '{"msg":"x","asctime":"2026-03-04 06:06:07,123"}'
    assert record_of(line, zone=ZoneInfo("Europe/Berlin")).time == T
    assert record_of(line).time == T + 3600 * 10**9


# ---- §4.2, §4.3: levels ----


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ('{"level":"LOUD"}', (0, "LOUD")),
        ('{"level":"Error"}', (17, "Error")),
        ('{"severity":"critical"}', (18, "critical")),
        ('{"levelname":"CRITICAL"}', (21, "CRITICAL")),
        ('{"levelname":"critical"}', (21, "critical")),
        *[(f'{{"levelno":{n}}}', (sev, text)) for n, sev, text in [
            (10, 5, "DEBUG"), (20, 9, "INFO"), (30, 13, "WARNING"), (40, 17, "ERROR"), (50, 21, "CRITICAL"),
            (14, 8, "14"), (21, 10, "21"), (29, 12, "29"), (53, 24, "53"), (99, 24, "99"), (9, 0, "9"),
            (0, 0, "0"), (-1, 0, "-1"),
        ]],
        *[(f'{{"level":{n}}}', (sev, text)) for n, sev, text in [
            (10, 1, "trace"), (20, 5, "debug"), (30, 9, "info"), (40, 13, "warn"), (50, 17, "error"), (60, 21, "fatal"),
            (0, 0, "0"), (3, 0, "3"), (7, 0, "7"), (35, 0, "35"), (400, 0, "400"),
        ]],
        ('{"level":30,"time":1772600767123,"pid":1}', (9, "info")),
        ('{"level":30,"levelname":"WARNING"}', (13, "WARNING")),
        ('{"level":"info","levelno":40}', (9, "info")),
        ('{"level":true}', (0, "")),
        ('{"level":1.5}', (0, "")),
        ('{"log":{"level":"warn"}}', (13, "warn")),
        ("{}", (0, "")),
    ],
)  # fmt: skip
def test_levels_have_the_numbers_of_the_contract(line: str, level: tuple[int, str]) -> None:
    record = record_of(line)
    assert (record.severity_number, record.severity_text) == level


@pytest.mark.parametrize(
    ("members", "attributes"),
    [
        ('"level":"error","severity":"info"', {"severity": "info"}),
        ('"level":"error","severity":"ERR"', {}),
        ('"level":"info","levelno":40', {}),
        ('"level":30,"severity":"WARN"', {}),
        ('"level":40,"severity":"WARN"', {}),
    ],
)
def test_a_level_that_says_the_same_goes_and_one_that_disagrees_stays(members: str, attributes: dict[str, Any]) -> None:
    assert record_of(f'{{"msg":"x",{members}}}').attributes == attributes


# ---- §4.3: messages ----


@pytest.mark.parametrize("member", ["message", "msg", "event", "log", "short_message", "body", "MESSAGE", "text", "@m"])
def test_each_member_may_hold_the_message(member: str) -> None:
    record = record_of({member: "x", "a": 1})
    assert (record.body, record.attributes) == ("x", {"a": 1})


def test_one_message_wins_and_the_other_stays() -> None:
    record = record_of('{"msg":"b","message":"a","text":"c"}')
    assert (record.body, record.attributes) == ("a", {"msg": "b", "text": "c"})
    pino = record_of('{"level":30,"time":1772600767123,"msg":"b","message":"a"}')
    assert (pino.body, pino.attributes) == ("b", {"message": "a"})


def test_an_object_called_log_is_no_message() -> None:
    record = record_of('{"log":{"file":"a"},"text":"x"}')
    assert (record.body, record.attributes) == ("x", {"log": {"file": "a"}})


# ---- §4.3: trace ids ----


@pytest.mark.parametrize(
    ("members", "trace", "span", "flags"),
    [
        ({"trace_id": TR, "span_id": SP, "trace_flags": "01"}, TR, SP, 1),
        ({"traceId": TR.upper(), "spanId": SP.upper(), "trace_flags": 1}, TR, SP, 1),
        ({"trace": {"id": TR}, "span": {"id": SP}}, TR, SP, 0),
        ({"trace.id": TR, "span.id": SP}, TR, SP, 0),
        ({"otelTraceID": TR, "otelSpanID": SP, "otelTraceSampled": True}, TR, SP, 1),
        ({"trace_id": TR, "trace_sampled": False}, TR, "", 0),
        ({"trace_id": "4bf92f35-77b3-4da6-a3ce-929d0e0e4736"}, TR, "", 0),
        ({"trace_id": "a3ce929d0e0e4736"}, "0000000000000000a3ce929d0e0e4736", "", 0),
        ({"trace_id": "1234567890123456"}, "0000000000000000000462d53c8abac0", "", 0),
        ({"dd.trace_id": "11803532876627986230", "dd.span_id": "67667974448284343"}, "0" * 16 + TR[16:], SP, 0),
        ({"dd": {"trace_id": 11803532876627986230, "span_id": 67667974448284343}}, "0" * 16 + TR[16:], SP, 0),
        ({"dd.trace_id": TR}, TR, "", 0),
        ({"xray_trace_id": "1-5759e988-bd862e3fe1be46a994272793"}, "5759e988bd862e3fe1be46a994272793", "", 0),
        ({"logging.googleapis.com/trace": f"projects/demo/traces/{TR}"}, TR, "", 0),
        ({"mdc": {"traceId": TR, "spanId": SP}}, TR, SP, 0),
        ({"contextMap": {"trace_id": TR, "span_id": SP}}, TR, SP, 0),
        ({"trace_id": "0", "traceId": TR}, TR, "", 0),
    ],
)
def test_ids_are_found_under_every_name(members: dict[str, Any], trace: str, span: str, flags: int) -> None:
    record = record_of({"msg": "x", **members})
    assert (record.trace_id, record.span_id, record.flags) == (trace, span, flags)
    assert record.attributes == ({"trace_id": "0"} if members.get("trace_id") == "0" else {})


@pytest.mark.parametrize(
    "bad", [TR[:-1], TR + "0", "0" * 32, "0" * 16, "0", "", "18446744073709551616", -5, "-5", "xyz", {"a": 1}, 1.5, True]
)
def test_bad_ids_stay_attributes_with_what_belongs_to_them_and_are_counted(bad: Any) -> None:
    members = {"trace_id": bad, "span_id": SP, "trace_flags": "01"}
    record, tally = normalise({"msg": "x", **members})
    assert (record.trace_id, record.span_id, record.flags, record.attributes) == ("", "", 0, members)
    assert tally.bad_ids == 1


def test_a_span_without_a_trace_stays_an_attribute() -> None:
    record, tally = normalise({"msg": "x", "span_id": SP})
    assert (record.span_id, record.attributes, tally.bad_ids) == ("", {"span_id": SP}, 0)


def test_ids_of_the_request_are_lent_to_records_without() -> None:
    normaliser = Normaliser(Options(), NOW, context=TraceContext(TR, SP, 1))
    lent = normaliser.record(Object(1, b"", {"msg": "x"}, 0))
    own = normaliser.record(Object(1, b"", {"msg": "x", "trace_id": "1" * 32}, 0))
    assert (lent.trace_id, lent.span_id, lent.flags) == (TR, SP, 1)
    assert (own.trace_id, own.span_id, own.flags) == ("1" * 32, "", 0)


# ---- §4.3: exceptions ----

PYTHON = 'Traceback (most recent call last):\n  File "pay.py", line 3, in charge\nValueError: declined'
NODE = "TypeError: x is not a function\n    at a.js:1:1"
JAVA = "java.io.IOException: closed\n\tat A.b(A.java:1)"


@pytest.mark.parametrize("member", ["err", "error", "exception", "thrown", "throwable"])
@pytest.mark.parametrize(
    ("value", "parts"),
    [
        ({"type": "E", "message": "m", "stack": "s"}, ("E", "m", "s")),
        ({"name": "E", "msg": "m", "stack_trace": "s"}, ("E", "m", "s")),
        ({"class": "E", "exc_value": "m", "stackTrace": ["a\n", "b", "c\n"]}, ("E", "m", "a\nb\nc\n")),
        ({"className": "E", "localizedMessage": "m"}, ("E", "m", None)),
        ({"kind": "E"}, ("E", None, None)),
        (PYTHON, ("ValueError", "declined", PYTHON)),
        (PYTHON + "\n", ("ValueError", "declined", PYTHON + "\n")),
        ("Traceback (x):\nKeyboardInterrupt", ("KeyboardInterrupt", None, "Traceback (x):\nKeyboardInterrupt")),
        (NODE, ("TypeError", "x is not a function", NODE)),
        (JAVA, ("java.io.IOException", "closed", JAVA)),
        ("it broke\n    at a.js:1:1", (None, "it broke", "it broke\n    at a.js:1:1")),
        ("dial refused", (None, "dial refused", None)),
        ({"type": "E", "message": "m", "stack": "E: m\n at x", "cause": {"type": "C", "message": "n", "stack": "C: n\n at y"}},
         ("E", "m", "E: m\n at x\nCaused by: C: n\n at y")),
        ({"type": "E", "message": "m", "cause": {"type": "C", "message": "n", "stack": " at y", "cause": "deep"}},
         ("E", "m", "E: m\nCaused by: C: n\n at y\nCaused by: deep")),
    ],
)  # fmt: skip
def test_errors_become_exception_attributes(member: str, value: Any, parts: tuple[str | None, ...]) -> None:
    names = ("exception.type", "exception.message", "exception.stacktrace")
    expected = {name: part for name, part in zip(names, parts, strict=True) if part is not None}
    assert record_of({"msg": "x", member: value}).attributes == expected


def test_parts_of_an_error_without_a_place_keep_their_names() -> None:
    error = {"type": "E", "name": "F", "code": "ECONNREFUSED", "cause": {"message": "m", "errno": 4}}
    assert record_of({"msg": "x", "err": error}).attributes == {
        "exception.type": "E",
        "exception.name": "F",
        "exception.code": "ECONNREFUSED",
        "exception.stacktrace": "E\nCaused by: m",
        "exception.cause": {"errno": 4},
    }


@pytest.mark.parametrize("value", [True, 5, {}, {"code": 5}, [], [{"type": "E"}], ""])
def test_what_is_no_error_stays_an_attribute(value: Any) -> None:
    assert record_of({"msg": "x", "error": value}).attributes == {"error": value}


def test_the_first_error_wins_and_the_other_stays() -> None:
    assert record_of('{"msg":"x","error":"b","err":"a"}').attributes == {"exception.message": "a", "error": "b"}


# ---- whole ----

names = st.sampled_from(
    ["level", "Level", "severity", "levelno", "time", "timestamp", "ts", "date", "msg", "message", "event", "log", "err",
     "exception", "error", "trace_id", "trace", "dd", "span_id", "trace_flags", "service", "service.name", "host", "pid",
     "hostname", "logger",
     "thread", "lineno", "filename", "v", "name", "id", "stack", "cause", "type", "exc_type", "exc_value", "frames"]
)  # fmt: skip
leaves = (
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=5)
    | st.sampled_from([TR, SP, "error", "30", "2026-03-04T05:06:07Z", PYTHON, 30, 1772600767123])
)  # fmt: skip
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names | st.text(max_size=3), inner, max_size=4)
)


@given(st.dictionaries(names | st.text(max_size=4), values, max_size=8), st.booleans())
def test_any_object_becomes_a_record_that_survives_the_wire(members: dict[str, Any], flatten: bool) -> None:
    line = json.dumps(members, allow_nan=True).replace("Infinity", "1e999")
    record = record_of(line, flatten=flatten, keep_original=True)
    payload = wire.encode([record], "logs")
    assert wire.validate(payload, "logs") == (payload, 1, 0)
    assert wire.records(payload, "logs") == [record]
    assert wire.records(wire.from_json(wire.to_json(payload, "logs", "otlp"), "logs"), "logs") == [record]


@given(st.binary(max_size=100))
def test_mutated_lines_are_records_or_json_errors(noise: bytes) -> None:
    base = b'{"level":50,"time":1772600767123.5,"pid":4242,"trace_id":"a3ce929d0e0e4736","err":{"stack":"x"},"msg":"f"}'
    place = len(noise) % len(base)
    raw = base[:place] + noise[:3] + base[place:]
    try:
        parsed = json_text.parse(raw)
    except JsonError:
        return
    if isinstance(parsed.value, dict):
        Normaliser(Options(), NOW).record(Object(1, raw, parsed.value, parsed.duplicates))
