"""The condition language (components contract §1)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.conditions import Condition, ConditionError, parse
from pipeline.types import SIGNALS
from pipeline.wire.model import LogRecord, Metric, Point, Resource, Scope, Span
from tests.strategies import records_of

SHOP = Resource(attributes={"service.name": "shop", "replicas": 3})
SCOPE = Scope(name="app.pay")


def log(**fields: Any) -> LogRecord:
    return LogRecord(resource=SHOP, scope=SCOPE, **fields)


def span(**fields: Any) -> Span:
    return Span(resource=SHOP, scope=SCOPE, **fields)


def point(**fields: Any) -> Point:
    return Point(resource=SHOP, scope=SCOPE, metric=Metric(name="http.requests", type="sum"), **fields)


@pytest.mark.parametrize(
    ("text", "record"),
    [
        ('body == "started"', log(body="started")),
        ("body == 5", log(body=5)),
        ("severity_number >= ERROR", log(severity_number=17)),
        ("severity_number == WARN3", log(severity_number=15)),
        ("severity_number == SEVERITY_NUMBER_INFO", log(severity_number=9)),
        ('severity_text == "warn"', log(severity_text="warn")),
        ('event_name != "other"', log(event_name="device.app.lifecycle")),
        ('name =~ "^GET /"', span(name="GET /cart")),
        ('name !~ "health"', span(name="GET /cart")),
        ("kind == SPAN_KIND_SERVER", span(kind=2)),
        ("status.code == STATUS_CODE_ERROR", span(status_code=2)),
        ("status.code != 2", span()),
        ("duration > 250ms", span(start_time=1, end_time=250_000_002)),
        ("duration == 1m30.5s", span(start_time=1, end_time=90_500_000_001)),
        ("duration <= 1000", span(start_time=1, end_time=1001)),
        ('trace_id == "4bf92f3577b34da6a3ce929d0e0e4736"', log(trace_id="4bf92f3577b34da6a3ce929d0e0e4736")),
        ('span_id == "00f067aa0ba902b7"', span(span_id="00f067aa0ba902b7")),
        ('attributes["http.status"] >= 500', span(attributes={"http.status": 503})),
        ('attributes["ratio"] < 1', log(attributes={"ratio": 0.5})),
        ('attributes["n"] == 5.0', log(attributes={"n": 5})),
        ('attributes["ok"] == true', log(attributes={"ok": True})),
        ('attributes["a\\"b\\\\"] == "line\\n"', log(attributes={'a"b\\': "line\n"})),
        ('resource.attributes["service.name"] in ["cart", "shop"]', point()),
        ('attributes["x"] in [1, "a", nil]', log()),
        ('scope.name == "app.pay"', span()),
        ('metric.name =~ "requests$" and metric.type == "sum"', point()),
        ("severity_number > -1", log(severity_number=1)),
        ("not(severity_number<INFO)", log(severity_number=9)),
    ],
)
def test_each_path_is_compared_by_its_own_kind_of_literal(text: str, record: Any) -> None:
    assert parse(text).matches(record)
    assert not parse(f"not ({text})").matches(record)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("{t} or {f} and {f}", True),
        ("({t} or {f}) and {f}", False),
        ("not {f} and {f}", False),
        ("not ({f} and {f})", True),
        ("not not {t}", True),
        ("{f} or {f} or {t}", True),
        ("{t} and {t} and {f}", False),
        ("not {t} or {t}", True),
    ],
)
def test_or_binds_weaker_than_and_and_both_weaker_than_not(text: str, wanted: bool) -> None:
    condition = text.format(t='body == "x"', f='body == "y"')
    assert parse(condition).matches(log(body="x")) is wanted


MISSING = [
    ("body", log()),
    ('attributes["k"]', span()),
    ('attributes["k"]', log(attributes={"k": None})),
    ('resource.attributes["k"]', point()),
    ("severity_text", log()),
    ("severity_text", span()),
    ("name", log()),
    ("name", span()),
    ("event_name", log()),
    ("trace_id", log()),
    ("trace_id", point()),
    ("span_id", log()),
    ("metric.name", span()),
    ("metric.type", log()),
]


@pytest.mark.parametrize(("path", "record"), MISSING)
def test_what_is_missing_equals_only_nil(path: str, record: Any) -> None:
    assert parse(f"{path} == nil").matches(record)
    for false in ('== "x"', '!= "x"', '< "x"', '>= "x"', '=~ ""', '!~ "x"', 'in ["x", "y"]', "!= nil"):
        assert not parse(f"{path} {false}").matches(record), false


@pytest.mark.parametrize(
    ("text", "record"),
    [
        ("severity_number < FATAL", log()),
        ("severity_number != INFO", log()),
        ("kind == 0", log()),
        ("status.code != 2", log()),
        ("duration < 1s", span(start_time=0, end_time=5)),
        ("duration < 1s", span(start_time=5, end_time=0)),
        ("duration < 1s", log()),
    ],
)
def test_unset_numbers_are_missing_where_zero_means_nothing(text: str, record: Any) -> None:
    assert not parse(text).matches(record)
    assert parse(f"{text.split()[0]} == nil").matches(record)


@pytest.mark.parametrize("value", [True, "5", b"5", [5], {"n": 5}, None])
def test_unlike_types_never_compare(value: Any) -> None:
    record = log(attributes={"k": value})
    for operator in ("==", "!=", "<", "<=", ">", ">="):
        assert not parse(f'attributes["k"] {operator} 5').matches(record)
    assert not parse('attributes["k"] in [5, 1]').matches(record)


def test_true_is_not_one() -> None:
    assert not parse('attributes["k"] == true').matches(log(attributes={"k": 1}))
    assert not parse('attributes["k"] == 1').matches(log(attributes={"k": True}))


@pytest.mark.parametrize("value", [5, True, b"five", ["five"]])
def test_expressions_match_only_text(value: Any) -> None:
    record = log(body=value)
    assert not parse('body =~ ""').matches(record)
    assert not parse('body !~ "x"').matches(record)


FAULTS = [
    ("", 0, "expected a path, got the end"),
    ("body", 4, "expected a comparison, got the end"),
    ("boby == 1", 0, "unknown path `boby`; did you mean `body`?"),
    ("severity == 1", 0, "unknown path `severity`; did you mean `severity_text`?"),
    ("body == ", 8, "expected a literal, got the end"),
    ("body = 5", 5, "unexpected `=`"),
    ('body == "x', 8, "the text never ends"),
    ("body == 'x'", 8, "unexpected `'`"),
    ("body == started", 8, "expected a literal, got `started`; text stands in double quotes"),
    ("name == cart", 8, "expected a literal, got `cart`; text stands in double quotes"),
    ("(body == 1", 10, "expected `)`, got the end"),
    ("body == 1)", 9, "expected `and`, `or` or the end, got `)`"),
    ("body == 1 && body == 2", 10, "unexpected `&`"),
    ("body == 1 body == 2", 10, "expected `and`, `or` or the end, got `body`"),
    ("attributes == 1", 11, 'expected a key: `attributes["key"]`, got `==`'),
    ("attributes[k] == 1", 11, 'expected a key: `attributes["key"]`, got `k`'),
    ('attributes["k" == 1', 15, "expected `]`, got `==`"),
    ("body in 5", 8, "expected `[`, got `5`"),
    ("body in []", 9, "expected a literal, got `]`"),
    ("body in [1 2]", 11, "expected `,` or `]`, got `2`"),
    ('severity_number == "ERROR"', 19, "`severity_number` is an integer, never text"),
    ("severity_number == ERR", 19, "`ERR` is no value of `severity_number`; did you mean `ERROR`?"),
    ("severity_number == 0", 19, "a severity of 0 is an absent one: compare with `nil`"),
    ('severity_number =~ "1"', 16, "`severity_number` is an integer, never text"),
    ("severity_number == true", 19, "`severity_number` is an integer, never `true`"),
    ("severity_number < 5s", 18, "`severity_number` is no duration"),
    ("severity_text == 5", 17, "`severity_text` is text, never a number"),
    ("severity_text == WARN", 17, "expected a literal, got `WARN`; text stands in double quotes"),
    ("status.code == ERROR", 15, "`ERROR` is no value of `status.code`; did you mean `STATUS_CODE_ERROR`?"),
    ('duration > "5s"', 11, "`duration` is a duration, never text"),
    ('attributes["t"] > 5s', 18, '`attributes["t"]` is no duration'),
    ("body < nil", 7, "`nil` has no order: use `==` or `!=`"),
    ("body >= true", 8, "`true` has no order: use `==` or `!=`"),
    ('severity_number in [1, "2"]', 23, "`severity_number` is an integer, never text"),
    ('body =~ "(?=x)"', 8, "RE2 refuses the pattern: invalid perl operator: (?="),
    ("body =~ 5", 8, "expected a regular expression in double quotes"),
    ('body == "\\d"', 9, "unknown escape `\\d`; a backslash itself is written `\\\\`"),
    ("body == 99999999999999999999", 8, "the number is too long"),
    ("not " * 51 + "body == 1", 200, "nested deeper than 50"),
    ('body == "\ud800"', 8, "the text is not valid Unicode"),
]


@pytest.mark.parametrize(("text", "offset", "message"), FAULTS)
def test_a_fault_says_where_and_what(text: str, offset: int, message: str) -> None:
    with pytest.raises(ConditionError) as fault:
        parse(text)
    assert (fault.value.offset, fault.value.message) == (offset, message)


WORDS = ["body", "attributes", '["k"]', "severity_number", "duration", "==", "=~", "!~", "<", "in", "[", "]", "(", ")", ","]
WORDS += ["and", "or", "not", "nil", "true", '"x"', '"(a"', "5", "1.5", "5s", "ERROR", "-", "µs", "\\", '"']


@given(st.one_of(st.text(), st.lists(st.sampled_from(WORDS)).map(" ".join), st.lists(st.sampled_from(WORDS)).map("".join)))
def test_any_text_is_a_condition_or_a_located_fault(text: str) -> None:
    result = _parsed(text)
    if isinstance(result, ConditionError):
        assert 0 <= result.offset <= len(text)
        assert result.message
    else:
        assert parse(text) == result
        assert hash(parse(text)) == hash(result)


def _parsed(text: str) -> Condition | ConditionError:
    try:
        return parse(text)
    except ConditionError as fault:
        return fault


PARSED = [
    parse(text) for text in ('attributes["k"] < 5 or body =~ "a"', "severity_number >= WARN", 'name != "x"', "duration > 1s")
]


@given(st.sampled_from(SIGNALS).flatmap(records_of))
def test_conditions_answer_for_any_record(records: Any) -> None:
    for condition in PARSED:
        for record in records:
            assert condition.matches(record) in (True, False)


def test_a_condition_says_what_it_looks_at() -> None:
    condition = parse('name == "x" and not (attributes["k"] in [1] or trace_id =~ "^0")')
    assert [str(path) for path in condition.paths()] == ["name", 'attributes["k"]', "trace_id"]
