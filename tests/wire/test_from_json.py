"""`wire.from_json`: every row of the table of otlp contract §3."""

import json
import math
from typing import Any

import pytest

from pipeline import wire
from pipeline.wire.model import LogRecord, Point, Span
from pipeline.wire.reference.walk import MAX_DEPTH

BINARY = bytes.fromhex(
    "0a5d0a180a160a0c736572766963652e6e616d6512060a04636172741241123f0901002a36fe9c971710111a054552524f522a0f0a0d"
    "63617264206465636c696e65644a100102030405060708090a0b0c0d0e0f1052081112131415161718"
)
TEXT = b"""{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"cart"}}]},
 "scopeLogs":[{"logRecords":[{"timeUnixNano":"1700000000000000001","severityNumber":17,"severityText":"ERROR",
  "body":{"stringValue":"card declined"},
  "traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"1112131415161718"}]}]}]}"""


def log(members: str) -> LogRecord:
    """Read one log record, given as the text of its members."""
    text = f'{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{{members}}}]}}]}}]}}'
    (record,) = wire.records(wire.from_json(text.encode(), "logs"), "logs")
    assert isinstance(record, LogRecord)
    return record


def body(text: str) -> Any:
    return log(f'"body":{text}').body


def value(kind: str, text: str | int) -> str:
    return f'{{"{kind}":{text}}}'


def span(members: str) -> Span:
    text = f'{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{{members}}}]}}]}}]}}'
    (record,) = wire.records(wire.from_json(text.encode(), "traces"), "traces")
    assert isinstance(record, Span)
    return record


def point(kind: str, members: str) -> Point:
    metric = f'{{"name":"m","{kind}":{{"dataPoints":[{{{members}}}]}}}}'
    text = f'{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{metric}]}}]}}]}}'
    (record,) = wire.records(wire.from_json(text.encode(), "metrics"), "metrics")
    assert isinstance(record, Point)
    return record


def refused(members: str, match: str) -> None:
    with pytest.raises(wire.Malformed, match=match):
        log(members)


def test_the_minimal_request_is_the_same_in_both_encodings() -> None:
    assert wire.from_json(TEXT, "logs") == BINARY
    assert json.loads(wire.to_json(BINARY, "logs", wire.OTLP)) == json.loads(TEXT)


def test_ids_are_hex_in_either_case_or_empty() -> None:
    record = span('"traceId":"0102030405060708090A0b0C0d0E0f10","spanId":"1112131415161718","parentSpanId":""')
    assert (record.trace_id, record.span_id, record.parent_span_id) == (
        "0102030405060708090a0b0c0d0e0f10",
        "1112131415161718",
        "",
    )
    (link,) = span('"links":[{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"1112131415161718"}]').links
    assert (link.trace_id, link.span_id) == ("0102030405060708090a0b0c0d0e0f10", "1112131415161718")
    (exemplar,) = point("gauge", '"exemplars":[{"spanId":"1112131415161718"}]').exemplars
    assert (exemplar.trace_id, exemplar.span_id) == ("", "1112131415161718")


@pytest.mark.parametrize(
    "text", ["01", "0" * 31, "0" * 33, "0" * 16, "g" * 32, "AQIDBAUGBwgJCgsMDQ4PEA==", " " * 32, "01 " * 10 + "01", "é" * 32]
)
def test_other_trace_ids_are_refused(text: str) -> None:
    refused(f'"traceId":"{text}"', "traceId must be 32 hex digits or empty")


def test_other_span_ids_are_refused() -> None:
    refused('"spanId":"111213141516171"', "spanId must be 16 hex digits or empty")
    refused('"spanId":12', "spanId must be a string")


@pytest.mark.parametrize("number", [0, 9, 24, 25, 2**31 - 1, -1])
def test_enums_are_integers_known_or_not(number: int) -> None:
    assert log(f'"severityNumber":{number}').severity_number == number


@pytest.mark.parametrize("text", ['"SEVERITY_NUMBER_INFO"', '"9"', "true", "9.5", "2147483648", "[9]"])
def test_enums_as_names_or_anything_else_are_refused(text: str) -> None:
    refused(f'"severityNumber":{text}', "severityNumber must be")


def test_keys_in_snake_case_are_unknown_and_unknown_keys_are_ignored_at_any_depth() -> None:
    record = log(
        '"severity_text":"x","new":{"deep":[{"traceId":5}]},"body":{"stringValue":"b","later":[1e999,null]},"other":null'
    )
    assert (record.severity_text, record.body) == ("", "b")
    assert wire.from_json(b'{"resourceSpans":5,"x":[[]]}', "logs") == b""


@pytest.mark.parametrize("text", ['"1700000000000000001"', "1700000000000000001"])
def test_64_bit_integers_arrive_exact_as_string_or_number(text: str) -> None:
    assert log(f'"timeUnixNano":{text}').time == 1700000000000000001


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63), 2**53 + 1, 0, -1])
def test_int_values_are_exact(number: int) -> None:
    assert body(value("intValue", number)) == body(value("intValue", f'"{number}"')) == number
    assert point("sum", f'"asInt":"{number}"').value == point("sum", f'"asInt":{number}').value == number


def test_counts_are_exact_in_lists_too() -> None:
    record = point("histogram", '"count":18446744073709551615,"bucketCounts":["18446744073709551615",9007199254740993]')
    assert (record.count, record.counts) == (2**64 - 1, [2**64 - 1, 2**53 + 1])


@pytest.mark.parametrize("text", ["7", '"7"', "7.0", "70e-1", "0.7e1", '"7.0"', '"7e0"'])
def test_32_bit_integers_are_numbers_or_decimal_strings_with_an_integral_value(text: str) -> None:
    assert log(f'"droppedAttributesCount":{text},"flags":{text}').dropped_attributes_count == 7


@pytest.mark.parametrize(
    ("text", "expected"), [("1e2", 100), ("1.0", 1), ("9.223372036854775807e18", 2**63 - 1), ("-0", 0), ("-0.0", 0)]
)
def test_integers_may_be_written_with_point_or_exponent(text: str, expected: int) -> None:
    assert body(value("intValue", text)) == expected


@pytest.mark.parametrize(
    "text",
    ["9223372036854775808", "-9223372036854775809", "1.5", "1e-1", "1e19", "1e999999999", "1e99999999999999999999",
     "1e-999999999", "9" * 5000,
     '"9223372036854775808"', '"1.5"', '""', '" 1"', '"1 "', '"+1"', '"01"', '"0x1"', '"1_0"', '"\\u0661"', '"one"',
     "true", "[1]", "{}"],
)  # fmt: skip
def test_other_integers_are_refused(text: str) -> None:
    refused(f'"body":{value("intValue", text)}', "intValue must be")


@pytest.mark.parametrize(
    ("field", "text"),
    [("flags", "4294967296"), ("flags", "-1"), ("timeUnixNano", "-1"), ("timeUnixNano", "18446744073709551616")],
)
def test_integers_beyond_their_field_are_refused(field: str, text: str) -> None:
    refused(f'"{field}":{text}', f"{field} must be in range")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1.5", 1.5), ("3", 3.0), ('"1.5"', 1.5), ('"-2e-3"', -0.002), ('"Infinity"', math.inf), ('"-Infinity"', -math.inf),
     ("1e308", 1e308), ("1" + "0" * 30, 1e30), ("1e-999", 0.0)],
)  # fmt: skip
def test_doubles_are_numbers_strings_or_the_three_specials(text: str, expected: float) -> None:
    read = body(value("doubleValue", text))
    assert read == expected
    assert isinstance(read, float)


def test_not_a_number_and_negative_zero_are_doubles() -> None:
    assert math.isnan(body('{"doubleValue":"NaN"}'))
    assert str(body('{"doubleValue":-0}')) == str(body('{"doubleValue":-0.0}')) == "-0.0"


@pytest.mark.parametrize("text", ["true", '"inf"', '"nan"', '"1,5"', '""', "[]", "1e309", '"-1e309"', '"1.5 "'])
def test_other_doubles_are_refused(text: str) -> None:
    refused(f'"body":{value("doubleValue", text)}', "doubleValue must be")


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity"])
def test_bare_specials_are_not_json(text: str) -> None:
    refused(f'"body":{value("doubleValue", text)}', "invalid JSON")


def test_bools_are_true_and_false_only() -> None:
    assert body('{"boolValue":true}') is True
    assert body('{"boolValue":false}') is False
    for text in ("0", "1", '"true"', "[]"):
        refused(f'"body":{value("boolValue", text)}', "boolValue must be true or false")


@pytest.mark.parametrize("text", ["+/8A", "-_8A", "+_8A"])
def test_bytes_are_base64_in_either_alphabet(text: str) -> None:
    assert body(value("bytesValue", f'"{text}"')) == b"\xfb\xff\x00"


@pytest.mark.parametrize(("text", "expected"), [("", b""), ("AA", b"\0"), ("AA==", b"\0"), ("AAA", b"\0\0"), ("AAA=", b"\0\0")])
def test_padding_of_bytes_is_optional(text: str, expected: bytes) -> None:
    assert body(value("bytesValue", f'"{text}"')) == expected


@pytest.mark.parametrize("text", ["A", "AA=", "AA===", "AAA==", "A=A=", "A A", "AA\\n", "AA.A", "AAAA====", "ÄÄ"])
def test_other_base64_is_refused(text: str) -> None:
    refused(f'"body":{{"bytesValue":"{text}"}}', "bytesValue must be base64")


def test_null_is_absent() -> None:
    assert log('"timeUnixNano":null,"body":null,"attributes":null,"traceId":null') == log("")
    assert body('{"stringValue":null,"intValue":"5"}') == 5
    assert wire.from_json(b'{"resourceLogs":null}', "logs") == b""


@pytest.mark.parametrize(
    ("members", "match"),
    [
        ('"severityText":5', "severityText must be a string"),
        ('"severityText":5.5', "severityText must be a string"),
        ('"attributes":{}', "attributes must be an array"),
        ('"attributes":[5]', "KeyValue must be an object"),
        ('"attributes":[null]', "KeyValue must be an object"),
        ('"body":"text"', "AnyValue must be an object"),
        ('"body":[]', "AnyValue must be an object"),
    ],
)
def test_wrong_json_types_are_refused(members: str, match: str) -> None:
    refused(members, match)


def test_values_are_of_every_kind() -> None:
    text = '{"kvlistValue":{"values":[{"key":"a","value":{"arrayValue":{"values":[{"stringValue":"x"},{},{"intValue":1}]}}}]}}'
    assert body(text) == {"a": ["x", None, 1]}
    assert body("{}") is None
    assert body('{"arrayValue":{}}') == []
    assert body('{"kvlistValue":{"values":[{"key":"k"}]}}') == {"k": None}
    assert body('{"stringValueStrindex":5}') is None


def test_two_members_of_a_oneof_are_refused() -> None:
    refused('"body":{"stringValue":"a","intValue":1}', "AnyValue has two members of the oneof value")
    with pytest.raises(wire.Malformed, match="NumberDataPoint has two members"):
        point("gauge", '"asInt":1,"asDouble":1.5')


def test_the_last_of_duplicate_keys_wins() -> None:
    assert log('"severityText":"a","severityText":"b"').severity_text == "b"
    assert body('{"stringValue":"a","stringValue":"b"}') == "b"


@pytest.mark.parametrize(
    ("text", "offset"),
    [(b"\xef\xbb\xbf{}", 0), (b"{}x", 2), (b"{} {}", 3), (b"{", 1), (b"", 0), (b"nul", 0), (b'{"a":1,}', 7), (b"{'a':1}", 1),
     (b'{"\xc3\xa9":\n!}', 7), (b'{"a":"\x01"}', 6), (b'{"a":01}', 6)],
)  # fmt: skip
def test_what_is_not_json_is_refused_with_its_place(text: bytes, offset: int) -> None:
    with pytest.raises(wire.Malformed, match=f"invalid JSON at byte {offset}"):
        wire.from_json(text, "logs")


@pytest.mark.parametrize(
    ("text", "offset"), [(b'{"a":"\xff"}', 6), (b'{"\xed\xa0\x80":1}', 2), (b"\xfe\xff\x00{", 0), (b'{"a":"\xc3', 6)]
)
def test_invalid_utf8_is_refused(text: bytes, offset: int) -> None:
    with pytest.raises(wire.Malformed, match=f"invalid UTF-8 at byte {offset}"):
        wire.from_json(text, "logs")


@pytest.mark.parametrize("text", [b"[]", b"5", b'"x"', b"null", b"true"])
def test_the_top_level_is_an_object(text: bytes) -> None:
    with pytest.raises(wire.Malformed, match="LogsData must be an object"):
        wire.from_json(text, "logs")


def test_an_empty_request_is_an_empty_payload() -> None:
    assert wire.from_json(b" \r\n\t{} ", "logs") == wire.from_json(b'{"resourceLogs":[]}', "logs") == b""


@pytest.mark.parametrize("template", ['{"arrayValue":{"values":[%s]}}', '{"kvlistValue":{"values":[{"value":%s}]}}'])
def test_values_nest_to_the_limit_and_no_further(template: str) -> None:
    text = '{"intValue":1}'
    for _ in range(MAX_DEPTH):
        text = template % text
    assert body(text) is not None
    refused('"body":' + template % text, "deeper than 100 levels")


@pytest.mark.parametrize("opening", [b'{"a":', b"[", b'{"resourceLogs":['])
def test_endless_nesting_is_refused_wherever_it_is(opening: bytes) -> None:
    with pytest.raises(wire.Malformed, match="nested too deep"):
        wire.from_json(b'{"x":' + opening * 100_000, "logs")


def test_a_lone_surrogate_becomes_a_replacement_character_and_a_pair_is_one_character() -> None:
    assert body(r'{"stringValue":"\ud83d cut \ud83d\ude00"}') == "\ufffd cut \U0001f600"


def test_no_message_holds_what_was_sent() -> None:
    secret = "hunter" + "2"
    for members in (
        f'"severityNumber":"{secret}"',
        f'"traceId":"{secret}"',
        f'"{secret}":\\',
        f'"flags":"{secret}"',
        f'"body":"{secret}"',
    ):
        with pytest.raises(wire.Malformed) as error:
            log(members)
        assert secret not in str(error.value)
        assert error.value.__cause__ is None
