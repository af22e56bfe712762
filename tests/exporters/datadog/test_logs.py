from typing import Any

import orjson
import pytest

from exporters.datadog.logs import MAX_LOG_BYTES, layout
from pipeline import wire
from pipeline.types import Value
from pipeline.wire.layout import LogObjects
from pipeline.wire.model import LogRecord, Resource, Scope
from tests.exporters.datadog.models import is_log

TRACE, SPAN = "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174"


def found(record: LogRecord) -> LogObjects:
    return wire.log_objects(wire.encode([record], "logs"), layout(""))


def mapped(resource: dict[str, Value] | None = None, scope: dict[str, Value] | None = None, **fields: Any) -> dict[str, Any]:
    objects = found(LogRecord(resource=Resource(resource or {}), scope=Scope(attributes=scope or {}), **fields))
    (log,) = orjson.loads(objects.text)
    assert is_log(log)
    return dict(log)


def test_the_worked_example() -> None:
    log = mapped(
        {"service.name": "cart", "deployment.environment.name": "test", "host.name": "web-1"},
        severity_number=17,
        severity_text="ERROR",
        body="card declined",
        time=1_700_000_000_123_000_000,
        trace_id=TRACE,
        span_id=SPAN,
        attributes={"http": {"status": 402}},
    )
    assert log.pop("ddsource") == "otlp"  # of the table of intake fields; the example shows the mapping alone
    assert log == orjson.loads("""
        {"message":"card declined","hostname":"web-1","service":"cart","ddtags":"service:cart,env:test,otel_source:sluice",
         "status":"ERROR","@timestamp":"2023-11-14T22:13:20.123Z","otel.timestamp":"1700000000123000000",
         "otel.severity_text":"ERROR","otel.severity_number":"17",
         "dd.trace_id":"15161849952847513100","otel.trace_id":"5b8efff798038103d269b633813fc60c",
         "dd.span_id":"17213210219539181940","otel.span_id":"eee19b7ec3c1b174",
         "http.status":402,"service.name":"cart","deployment.environment.name":"test","host.name":"web-1"}""")


@pytest.mark.parametrize("key", ["msg", "message", "log", "Message"])
def test_rule_1_a_message_attribute_is_the_message(key: str) -> None:
    log = mapped(body="body", attributes={key: "from the attribute"})
    assert log["message"] == "from the attribute"
    assert key == "message" or key not in log


@pytest.mark.parametrize("key", ["status", "severity", "level", "syslog.severity", "LEVEL"])
def test_rule_1_a_status_attribute_is_the_status(key: str) -> None:
    assert mapped(severity_text="INFO", attributes={key: "warning"})["status"] == "warning"


@pytest.mark.parametrize("key", ["traceid", "trace_id", "contextmap.traceid", "oteltraceid", "traceId"])
def test_rule_1_a_trace_id_attribute_links_the_log(key: str) -> None:
    log = mapped(attributes={key: TRACE.upper()})
    assert (log["dd.trace_id"], log["otel.trace_id"]) == ("15161849952847513100", TRACE.upper())
    assert key not in log


@pytest.mark.parametrize("key", ["spanid", "span_id", "contextmap.spanid", "otelspanid"])
def test_rule_1_a_span_id_attribute_links_the_log(key: str) -> None:
    log = mapped(attributes={key: SPAN})
    assert (log["dd.span_id"], log["otel.span_id"]) == ("17213210219539181940", SPAN)


def test_rule_1_what_is_no_id_is_left_out_and_counted() -> None:
    record = LogRecord(resource=Resource(), scope=Scope(), attributes={"trace_id": "req-1", "span_id": "eee1", "spanid": 5})
    objects = found(record)
    assert (objects.bad_trace_ids, objects.bad_span_ids) == (1, 2)
    (log,) = orjson.loads(objects.text)
    assert not [key for key in log if key.endswith(("trace_id", "span_id", "spanid"))]


def test_rule_1_tags_of_the_record_are_appended() -> None:
    assert mapped({"service.name": "cart"}, attributes={"ddtags": "team:a"})["ddtags"] == "service:cart,otel_source:sluice,team:a"


def test_rule_1_maps_are_flattened_down_to_depth_ten() -> None:
    deep: Value = {"leaf": 1}
    for _ in range(9):
        deep = {"k": deep}
    log = mapped(attributes={"top": deep})
    assert log["top" + ".k" * 9] == '{"leaf":1}'


@pytest.mark.parametrize(
    ("value", "out"),
    [("a", "a"), (7, 7), (2.5, 2.5), (True, True), (["a", 1], '["a",1]'), (b"\xff", "/w=="), (None, ""), (float("nan"), "NaN")],
)
def test_rule_1_values_keep_their_json_type_where_json_has_it(value: Value, out: object) -> None:
    assert mapped(attributes={"k": value})["k"] == out


def test_rule_2_resource_and_scope_are_copied_as_text_and_the_later_copy_wins() -> None:
    log = mapped({"k": 1, "both": 2, "hostname": "h", "service": "s"}, {"both": 3}, attributes={"k": 0})
    assert (log["k"], log["both"], log["otel.hostname"], log["otel.service"]) == ("1", "3", "h", "s")
    assert "hostname" not in log
    assert "service" not in log


def test_rule_3_the_records_own_ids_win() -> None:
    log = mapped(trace_id=TRACE, span_id=SPAN, attributes={"trace_id": "0" * 31 + "1", "span_id": "0" * 15 + "1"})
    assert (log["otel.trace_id"], log["otel.span_id"]) == (TRACE, SPAN)


@pytest.mark.parametrize(
    ("trace_id", "decimal"),
    [
        ("4bf92f3577b34da6a3ce929d0e0e4736", "11803532876627986230"),
        ("6b00d85a0000000000000000000003e7", "999"),
        ("0000000000000000eee19b7ec3c1b174", "17213210219539181940"),
        ("ffffffffffffffffffffffffffffffff", "18446744073709551615"),
    ],
)
def test_rule_3_trace_ids_are_the_low_64_bits_in_decimal(trace_id: str, decimal: str) -> None:
    assert mapped(trace_id=trace_id)["dd.trace_id"] == decimal


@pytest.mark.parametrize(("span_id", "decimal"), [("00f067aa0ba902b7", "67667974448284343"), ("0000000000000001", "1")])
def test_rule_3_span_ids_are_decimal(span_id: str, decimal: str) -> None:
    assert mapped(span_id=span_id)["dd.span_id"] == decimal


@pytest.mark.parametrize(
    ("number", "status"),
    [(0, ""), (-3, ""), (1, "trace"), (4, "trace"), (5, "debug"), (8, "debug"), (9, "info"), (12, "info"), (13, "warn")],
)
def test_rule_4_status_by_low_number(number: int, status: str) -> None:
    assert mapped(severity_number=number)["status"] == status


@pytest.mark.parametrize(
    ("number", "status"), [(16, "warn"), (17, "error"), (20, "error"), (21, "fatal"), (24, "fatal"), (25, "error")]
)
def test_rule_4_status_by_high_number(number: int, status: str) -> None:
    assert mapped(severity_number=number)["status"] == status


def test_rule_4_severity_text_goes_verbatim_before_the_number() -> None:
    assert mapped(severity_number=9, severity_text="Notice")["status"] == "Notice"


def test_rule_5_severity_is_kept_as_text() -> None:
    log = mapped(severity_number=9, severity_text="Info")
    assert (log["otel.severity_text"], log["otel.severity_number"]) == ("Info", "9")
    assert "otel.severity_number" not in mapped()


def test_rule_6_the_observed_time_stands_in_for_the_time() -> None:
    log = mapped(observed_time=1_700_000_000_999_999_999)
    assert (log["otel.timestamp"], log["@timestamp"]) == ("1700000000999999999", "2023-11-14T22:13:20.999Z")
    assert "@timestamp" not in mapped()


@pytest.mark.parametrize("time", [1, 2**64 - 1])
def test_rule_6_absurd_times_have_a_form(time: int) -> None:
    assert mapped(time=time)["otel.timestamp"] == str(time)


@pytest.mark.parametrize(
    ("body", "message"),
    [("text", "text"), ({"a": [1, None]}, '{"a":[1,null]}'), (["a"], '["a"]'), (None, ""), (5, "5"), (True, "true")],
)
def test_rule_7_the_body_as_text_is_the_message(body: Value, message: str) -> None:
    assert mapped(body=body)["message"] == message


def test_rule_8_tags_end_with_the_sender() -> None:
    assert mapped(event_name="device.crash")["ddtags"] == "otel_source:sluice"
    assert mapped(event_name="device.crash")["otel.event_name"] == "device.crash"


def test_rule_9_exceptions_fill_error_tracking() -> None:
    log = mapped(attributes={"exception.type": "KeyError", "exception.message": "'k'", "exception.stacktrace": "Traceback"})
    assert (log["error.kind"], log["error.message"], log["error.stack"]) == ("KeyError", "'k'", "Traceback")


@pytest.mark.parametrize(
    ("resource", "source"),
    [
        ({}, "otlp"),
        ({"telemetry.sdk.language": "go"}, "go"),
        ({"telemetry.sdk.language": "go", "datadog.log.source": "nginx"}, "nginx"),
    ],
)
def test_the_source_is_named(resource: dict[str, Value], source: str) -> None:
    assert mapped(resource)["ddsource"] == source


def test_the_service_of_the_record_counts_where_the_resource_names_none() -> None:
    assert mapped(attributes={"service.name": "cart"})["service"] == "cart"


def test_a_log_over_a_megabyte_loses_the_end_of_its_message_on_a_character_boundary() -> None:
    log = mapped(body="é" * 700_000, attributes={"k": "v"})
    assert log["sluice.truncated"] is True
    assert log["k"] == "v"
    assert set(log["message"]) == {"é"}
    assert MAX_LOG_BYTES - 4 <= len(orjson.dumps(log)) <= MAX_LOG_BYTES


def test_escapes_count_as_they_are_sent() -> None:
    log = mapped(body="\x01" * 300_000)
    assert MAX_LOG_BYTES - 8 <= len(orjson.dumps(log)) <= MAX_LOG_BYTES


def test_a_huge_attribute_is_cut_and_the_message_stays() -> None:
    log = mapped(body="short", attributes={"huge": "x" * 3_000_000, "k": "v"})
    assert (log["message"], log["k"], log["sluice.truncated"]) == ("short", "v", True)
    assert len(log["huge"]) > 900_000


def test_too_many_attributes_are_left_out_as_the_last_resort() -> None:
    log = mapped(body="short", attributes={f"key-{index}-{'x' * 40}": index for index in range(30_000)})
    assert log == {"message": "short", "status": "", "ddtags": "otel_source:sluice", "ddsource": "otlp", "sluice.truncated": True}
