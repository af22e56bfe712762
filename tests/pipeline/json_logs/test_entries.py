import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.json_logs.entries import Bad, Kind, Object, Text, read

MAX = 1 << 20


def outline(body: bytes, kind: Kind | None = "json", max_line: int = MAX) -> list[object]:
    """Return objects as dicts, texts as strings, and what is bad as (number, error)."""
    return [
        entry.members if isinstance(entry, Object) else entry.text if isinstance(entry, Text) else (entry.number, entry.error)
        for entry in read(body, kind, max_line)
    ]


@pytest.mark.parametrize(
    "body",
    [
        b'[{"a":1},{"a":2}]',
        b'[ {"a" :1} ,\n{"a":2}\n]\n',
        b'{"a":1}\n{"a":2}\n',
        b'{"a":1}\r\n\r\n{"a":2}',
        b'{"a":1}{"a":2}',
        b'{"a":1} \t{"a":2}\n\n',
        b'{\n  "a": 1\n}\n{\n  "a": 2\n}\n',
        b'\xef\xbb\xbf{"a":1}{"a":2}',
        b' \n[{"a":1},{"a":2}]',
    ],
)
@pytest.mark.parametrize("kind", ["json", None])
def test_every_shape_of_json_gives_its_objects(body: bytes, kind: Kind | None) -> None:
    assert outline(body, kind) == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize("kind", ["json", "lines", "text", None])
@pytest.mark.parametrize("body", [b"", b"\n \n", b"\xef\xbb\xbf"])
def test_nothing_gives_nothing(body: bytes, kind: Kind | None) -> None:
    assert outline(body, kind) == []


def test_an_empty_array_gives_nothing() -> None:
    assert outline(b" [ ] ") == []


@pytest.mark.parametrize(
    ("body", "entries"),
    [
        (b'[{"a":1},{"b"},{"c":3}]', [{"a": 1}, (2, "invalid JSON at column 5: expected ':'")]),
        (b'[{"a":1},{"b":2}', [{"a": 1}, {"b": 2}, (3, "invalid JSON: expected ',' or ']'")]),
        (b'[{"a":1} {"b":2}]', [{"a": 1}, (2, "invalid JSON: expected ',' or ']'")]),
        (b'[{"a":1},]', [{"a": 1}, (2, "invalid JSON at column 1: expected a value")]),
        (b"[", [(1, "invalid JSON at column 1: expected a value")]),
        (b'[{"a":1}]x', [{"a": 1}, (2, "invalid JSON: text after the array")]),
        (b'[{"a":1},2,"x",[{}],{"b":2}]', [{"a": 1}, *[(n, "expected a JSON object") for n in (2, 3, 4)], {"b": 2}]),
        (b'[{"a":"\xff"},{"b":2}]', [(1, "invalid UTF-8 at byte 7"), {"b": 2}]),
        (b'[{"a":NaN},{"b":2}]', [(1, "NaN and Infinity are no JSON")]),
        (b'[{"a":' + b"[" * 64 + b"]" * 64 + b'},{"b":2}]', [(1, "nested deeper than 64")]),
        (b"[" * 10_000, [(1, "nested deeper than 64")]),
    ],
)
def test_a_broken_element_ends_its_array(body: bytes, entries: list[object]) -> None:
    assert outline(body) == entries


@pytest.mark.parametrize("kind", ["json", "lines"])
@pytest.mark.parametrize(
    ("body", "entries"),
    [
        (b'{"a":1}\n{"b"\n{"c":3}\n', [{"a": 1}, 2, {"c": 3}]),
        (b'{"a":1}\n{"b":\n{"c":3}\n{"d":4}\n', [{"a": 1}, 2, {"c": 3}, {"d": 4}]),
        (b'{"a":1}\nstarted\n{"c":3}', [{"a": 1}, 2, {"c": 3}]),
        (b'{"a":1}\n[1]\n"x"\n4\n{"c":3}', [{"a": 1}, 2, 3, 4, {"c": 3}]),
        (b'{"a":"\xff"}\n{"b":NaN}\n{"c":3}', [1, 2, {"c": 3}]),
        (b"{" * 2000 + b'\n{"a":' * 2000 + b'\n{"c":3}', [*range(1, 2002), {"c": 3}]),
    ],
)
def test_a_bad_line_costs_no_other_line(body: bytes, kind: Kind, entries: list[object]) -> None:
    assert [entry.members if isinstance(entry, Object) else entry.number for entry in read(body, kind, MAX)] == entries


def test_a_broken_object_over_several_lines_costs_no_other_object() -> None:
    assert outline(b'{"a":1}\n{\n "a": 1,\n "b" 2\n}\n{\n "c": 3\n}\n') == [
        {"a": 1},
        (2, "invalid JSON at column 17: expected ':'"),
        (5, "expected a JSON object"),
        {"c": 3},
    ]


def test_endless_broken_objects_cost_little_each() -> None:
    body = b'{"a":[\n{}\n,\n' * 3000
    entries = outline(body)
    assert len(entries) <= 9000
    assert {} in entries


@pytest.mark.parametrize(
    "unit", [b"{}", b"{} ", b'{"a":[\n', b'{"a":[\n{}\n,\n', b'{"a":[' + b"{}," * 60 + b"\n", b'{"a":"\xff"}\n', b'{"a":1}x\n']
)
def test_four_times_the_body_costs_four_times_the_time(unit: bytes) -> None:
    def cost(size: int) -> float:
        body = unit * (size // len(unit))
        started = time.process_time()
        for _ in read(body, "json", MAX):
            pass
        return time.process_time() - started

    assert min(cost(480_000) for _ in range(2)) < 10 * min(cost(120_000) for _ in range(2)) + 0.05


def test_text_is_one_record_a_line() -> None:
    body = b'started\r\n\n  indented\n{"a":1}\n{"b"\n"x"\n\xff\nlast'
    assert outline(body, "text") == [
        "started",
        "  indented",
        {"a": 1},
        (5, "invalid JSON at column 5: expected ':'"),
        '"x"',
        (7, "invalid UTF-8 at byte 1"),
        "last",
    ]
    assert outline(body, None) == outline(body, "text")


@pytest.mark.parametrize("kind", ["json", "lines", "text"])
def test_a_line_over_the_limit_is_refused_alone(kind: Kind) -> None:
    body = b'{"a":"' + b"x" * 12 + b'"}\n{"a":"' + b"x" * 13 + b'"}\n{"a":1}'
    assert outline(body, kind, 20) == [{"a": "x" * 12}, (2, "longer than 20 bytes"), {"a": 1}]
    bad = next(entry for entry in read(body, kind, 20) if isinstance(entry, Bad))
    assert (bad.reason, bad.raw) == ("line_too_long", b'{"a":"' + b"x" * 13 + b'"}')


def test_small_objects_in_one_long_line_are_taken() -> None:
    assert outline(b'{"a":1}' * 10, "json", 20) == [{"a": 1}] * 10
    assert outline(b"[" + b'{"a":1},' * 10 + b'{"b":"' + b"x" * 20 + b'"}]', "json", 20) == [
        *[{"a": 1}] * 10,
        (11, "longer than 20 bytes"),
    ]


json_objects = st.dictionaries(st.text(max_size=4), st.none() | st.booleans() | st.integers() | st.text(), max_size=4)


@given(st.lists(json_objects, max_size=5))
def test_an_array_and_its_lines_hold_the_same_objects(objects: list[dict[str, object]]) -> None:
    lines = "\n".join(map(json.dumps, objects)).encode()
    array = json.dumps(objects).encode()
    assert outline(array) == outline(lines) == outline(lines, "lines") == outline(lines, "text")


lines = (
    st.binary(max_size=20) | st.text('{}[]":,a1 -.\\', max_size=20).map(str.encode) | json_objects.map(json.dumps).map(str.encode)
)


@given(st.lists(lines.filter(lambda line: b"\n" not in line), max_size=8), st.sampled_from(["lines", "text"]))
def test_no_line_is_lost(written: list[bytes], kind: Kind) -> None:
    expected = [number for number, line in enumerate(written, 1) if line.removesuffix(b"\r").strip()]
    assert [entry.number for entry in read(b"\n".join(written), kind, MAX)] == expected


@given(st.binary(max_size=80) | st.text('{}[]":,a1 -.\\\n', max_size=80).map(str.encode))
def test_nothing_in_a_body_of_json_is_passed_over(body: bytes) -> None:
    for kind in ("json", None):
        entries = list(read(body, kind, MAX))
        kept = b"".join(entry.text.encode() if isinstance(entry, Text) else entry.raw for entry in entries)
        assert len(b"".join(kept.split())) <= len(b"".join(body.split()))
        assert bool(entries) or not body.removeprefix(b"\xef\xbb\xbf").strip(b" \t\r\n\v\f[]")
