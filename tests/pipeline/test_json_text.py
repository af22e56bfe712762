import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import json_text
from pipeline.json_text import JsonError, Parsed, parse, parse_at, with_decimals


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        ('{"a":null,"b":{"c":null},"d":[null]}', {"b": {}, "d": [None]}),
        ('{"a":9223372036854775807,"b":-9223372036854775808}', {"a": 2**63 - 1, "b": -(2**63)}),
        ('{"a":9223372036854775808}', {"a": "9223372036854775808"}),
        ('{"a":18446744073709551616}', {"a": "18446744073709551616"}),
        ('{"a":-9223372036854775809,"b":[18446744073709551616]}', {"a": "-9223372036854775809", "b": ["18446744073709551616"]}),
        ('{"a":' + "9" * 5000 + "}", {"a": "9" * 5000}),
        ('{"a":1e400,"b":-1e400}', {"a": "1e400", "b": "-1e400"}),
        ('{"a":1e300,"b":1.0,"c":-0.5}', {"a": 1e300, "b": 1.0, "c": -0.5}),
        ('{"a":"\\ud83d","\\ude00":1}', {"a": "\ufffd", "\ufffd": 1}),
        ('{"a":"\\ud83d\\ude00"}', {"a": "\U0001f600"}),
        ('{"a":"say \\":\\" : x"}', {"a": 'say ":" : x'}),
        (' [1, "x"]\r\n', [1, "x"]),
        ("18446744073709551616", "18446744073709551616"),
        ('"x"', "x"),
    ],
)
def test_what_an_attribute_can_hold_is_kept(text: str, value: object) -> None:
    assert parse(text.encode()) == Parsed(value, 0)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "value", "duplicates"),
    [
        ('{"a":1,"a":2}', {"a": 2}, 1),
        ('{"a" : 1, "a":2}', {"a": 2}, 1),
        ('{"a":1,"a"\n:2}', {"a": 2}, 1),
        ('{"a":{"b":1,"b":2,"b":3},"c":[{"d":1,"d":null}]}', {"a": {"b": 3}, "c": [{}]}, 3),
        ('{"a":":","a":1}', {"a": 1}, 1),
        ('{"a":1,"\\u0061":2}', {"a": 2}, 1),
    ],
)
def test_the_last_of_equal_members_wins_and_the_others_are_counted(text: str, value: object, duplicates: int) -> None:
    assert parse(text.encode()) == Parsed(value, duplicates)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (b'{"level":"info" "msg":"x"}', "invalid JSON at column 17: expected ','"),
        (b'{"a"1}', "invalid JSON at column 5: expected ':'"),
        (b"{a:1}", "invalid JSON at column 2: expected a member name"),
        (b'{"a":1,}', "invalid JSON at column 8: expected a member name"),
        (b'{"a":1 , }', "invalid JSON at column 10: expected a member name"),
        (b'{"a":[1,]}', "invalid JSON at column 9: expected a value"),
        (b'{"a":secret}', "invalid JSON at column 6: expected a value"),
        (b'{"a":"sec', "invalid JSON at column 6: string is not closed"),
        (b'{"a":"\\q"}', "invalid JSON at column 7: bad escape"),
        (b'{"a":"\\u12"}', "invalid JSON at column 8: bad \\u escape"),
        (b'{"a":"\t"}', "invalid JSON at column 7: control character in a string"),
        (b'{"a":1} x', "invalid JSON at column 9: text after the value"),
        (b'{"a":NaN}', "NaN and Infinity are no JSON"),
        (b'{"a":-Infinity}', "NaN and Infinity are no JSON"),
        (b'{"a":"\xff"}', "invalid UTF-8 at byte 7"),
        (b"", "invalid JSON at column 1: expected a value"),
        (b'{"a":' * 64 + b"1" + b"}" * 64, ""),
        (b'{"a":' * 65 + b"1" + b"}" * 65, "nested deeper than 64"),
        (b"[" * 65 + b"]" * 65, "nested deeper than 64"),
        (b"[" * 65, "nested deeper than 64"),
        (b'{"[":"[[[[",' * 64, "invalid JSON at column 13: expected a member name"),
        (b'["\\"[",' * 70, "nested deeper than 64"),
        (b"[" * 100_000, "nested deeper than 64"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "nested deeper than 64"),
    ],
)
def test_faults_say_where_and_what_and_never_hold_the_text(text: bytes, fault: str) -> None:
    if not fault:
        parse(text)
        return
    with pytest.raises(JsonError) as caught:
        parse(text)
    assert str(caught.value) == fault


def test_a_long_string_is_read() -> None:
    text = json.dumps({"a": "x" * 10_000_000}).encode()
    assert parse(text).value == {"a": "x" * 10_000_000}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=20,
)


@given(json_values, st.sampled_from([None, 1]), st.booleans())
def test_both_parsers_agree(value: object, indent: int | None, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    assert parse(text.encode()) == parse_at(text, 0)[0]


@given(st.binary(max_size=60) | st.text('{}[]":,\\ud8e0123.-n \t', max_size=60).map(str.encode))
def test_no_bytes_are_an_error_of_another_kind(text: bytes) -> None:
    try:
        parsed = parse(text)
    except JsonError:
        return
    json.dumps(parsed.value, ensure_ascii=False, allow_nan=False).encode()


def test_values_are_found_one_after_the_other() -> None:
    text = '{"a":1} {"a":1,"a":2}[3]'
    first, end = parse_at(text, 0)
    second, after = parse_at(text, end + 1)
    assert (first, end) == (Parsed({"a": 1}, 0), 7)
    assert second == Parsed({"a": 2}, 1)
    assert parse_at(text, after)[0].value == [3]
    with pytest.raises(JsonError, match="column 2: expected a member name"):
        parse_at('{"a":1} {b', 8)


def test_decimals_keep_every_digit() -> None:
    assert with_decimals(b'{"ts":1772600767.123456789,"n":1}') == {"ts": "1772600767.123456789", "n": 1}
    assert math.isclose(parse(b'{"ts":1772600767.123456789}').value["ts"], 1772600767.1234568)  # type: ignore[index,call-overload]


def test_text_is_utf_8() -> None:
    assert json_text.decode("ä".encode()) == "ä"
    with pytest.raises(JsonError, match="invalid UTF-8 at byte 2"):
        json_text.decode(b"a\xff")
