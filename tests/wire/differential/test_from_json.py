"""`from_json`: kernel and reference."""

import json
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.types import SIGNALS, Signal
from pipeline.wire.reference.to_json import to_json
from pipeline.wire.reference.walk import MAX_DEPTH
from tests import stock
from tests.differential import both, outcome
from tests.mutants import mutated
from tests.strategies import payloads

KERNEL, REFERENCE = both("from_json", "from_json")


def check(text: bytes, signal: Signal) -> None:
    assert outcome(lambda: KERNEL(text, signal)) == outcome(lambda: REFERENCE(text, signal))


def check_record(members: str, signal: Signal = "logs") -> None:
    check(f'{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{{members}}}]}}]}}]}}'.encode("utf-8", "surrogatepass"), signal)


def texts(signal: Signal) -> st.SearchStrategy[bytes]:
    return payloads(signal).map(lambda payload: to_json(payload, signal, "otlp"))


signals_and_texts = st.sampled_from(SIGNALS).flatmap(lambda signal: st.tuples(st.just(signal), texts(signal)))


def oddly(text: bytes, random: Random) -> str:
    """Return the same JSON as no encoder writes it."""
    return _odd(json.loads(text), random)


def _odd(value: Any, random: Random) -> str:
    def space() -> str:
        return random.choice(["", "", "", " ", "\n\t", "\r\n"])

    if isinstance(value, dict):
        members = [(key, _odd(each, random)) for key, each in value.items()]
        random.shuffle(members)
        if random.random() < 0.2:
            members.insert(random.randrange(len(members) + 1), ("unknown", random.choice(_UNKNOWN)))
        if members and random.random() < 0.2:
            key, _ = random.choice(members)
            members.insert(random.randrange(len(members) + 1), (key, random.choice([*_UNKNOWN, *(each for _, each in members)])))
        return "{" + ",".join(f"{space()}{_text(key, random)}{space()}:{space()}{each}{space()}" for key, each in members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(space() + _odd(each, random) + space() for each in value) + space() + "]"
    if isinstance(value, str):
        if random.random() < 0.3 and value.lstrip("-").isdigit():
            return value
        return _text(value, random)
    if isinstance(value, float | int) and not isinstance(value, bool) and random.random() < 0.3:
        return json.dumps(str(value)) if random.random() < 0.7 else f"{value}e0"
    return json.dumps(value)


def _text(text: str, random: Random) -> str:
    kind = random.random()
    return (
        json.dumps(text, ensure_ascii=kind < 0.5) if kind < 0.95 else '"' + "".join(f"\\u{ord(c):04X}" for c in text[:50]) + '"'
    )


_UNKNOWN = [
    "null",
    "true",
    "false",
    "0",
    "-1.5E+7",
    "1e999",
    "1.0",
    '"\\u00e9\\n\\ud800"',
    "[]",
    "{}",
    '[{"a":[1,"b",null]}, {}]',
    '""',
]


@given(signals_and_texts)
def test_the_same_of_what_to_json_writes(drawn: tuple[Signal, bytes]) -> None:
    check(drawn[1], drawn[0])


@given(signals_and_texts, st.integers(0, 2**32))
def test_the_same_of_odd_texts(drawn: tuple[Signal, bytes], seed: int) -> None:
    random = Random(seed)
    odd = oddly(drawn[1], random).encode()
    check(odd, drawn[0])
    check(mutated(odd, random), drawn[0])


@pytest.mark.parametrize("signal", SIGNALS)
def test_the_same_of_mutants(signal: Signal) -> None:
    random = Random(14)
    seeds = [to_json(stock.planted(signal, path), signal, "otlp") for path in stock.paths(signal)]
    for seed in seeds:
        check(seed, signal)
        for _ in range(40):
            odd = oddly(seed, random).encode()
            check(odd, signal)
            check(mutated(odd, random), signal)


@pytest.mark.parametrize("signal", SIGNALS)
def test_the_same_of_every_field_when_it_has_its_default(signal: Signal) -> None:
    for path in stock.paths(signal):
        for text in ("0", '"0"', '""', "false", "null", "[]", "{}"):
            for each in reversed(path):
                text = (
                    f'{{"{each.json_name}":{text}}}'
                    if each is path[-1] or not each.is_repeated
                    else f'{{"{each.json_name}":[{text}]}}'
                )
            check(text.encode(), signal)


NUMBERS = [
    *(
        "0",
        "-0",
        "1",
        "-1",
        "01",
        "+1",
        "1.",
        ".5",
        "1.0",
        "1.5",
        "1e2",
        "1E+2",
        "1e-2",
        "10e-1",
        "-",
        "",
        " 1",
        "1 ",
        "0x1",
        "1_0",
    ),
    *(
        "NaN",
        "Infinity",
        "-Infinity",
        "nan",
        "inf",
        "1e308",
        "1e309",
        "-1e999",
        "1e-400",
        "0.1",
        "5e-324",
        "0.0",
        "-0.0",
        "1e",
        "\uff11",
    ),
    *(str(2**bits + more) for bits in (31, 32, 63, 64) for more in (-1, 0, 1)),
    *(str(-(2**bits) + more) for bits in (31, 32, 63) for more in (-1, 0, 1)),
    *("9" * 19, "9" * 20, "9" * 21, "9" * 5_000, "1" + "0" * 400, "0." + "3" * 80, "1" * 63 + ".0", "0" * 30),
    *("true", "false", "null", "nul", "tru", "[]", "{}", '"x"', "True"),
]


@pytest.mark.parametrize("quote", ["", '"'], ids=["bare", "quoted"])
def test_the_same_of_numbers(quote: str) -> None:
    for number in NUMBERS:
        value = quote + number + quote
        for key in ("timeUnixNano", "severityNumber", "flags", "droppedAttributesCount", "severityText", "traceId", "body"):
            check_record(f'"{key}":{value}')
        for key in ("intValue", "doubleValue", "boolValue", "stringValue", "bytesValue", "arrayValue", "kvlistValue", "other"):
            check_record(f'"body":{{"{key}":{value}}}')
        point = f'"count":{value},"bucketCounts":[{value},1],"explicitBounds":[1, {value}],"min":{value},"sum":0'
        check(
            f'{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{{"histogram":{{"dataPoints":[{{{point}}}]}}}}]}}]}}]}}'.encode(),
            "metrics",
        )
        point = f'"scale":{value},"positive":{{"offset":{value},"bucketCounts":[1,{value}]}},"zeroThreshold":{value}'
        metric = f'"exponentialHistogram":{{"dataPoints":[{{{point}}}]}}'
        check(f'{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{{{metric}}}]}}]}}]}}'.encode(), "metrics")


strings = st.lists(
    st.sampled_from(
        [
            *(
                '\\"',
                "\\\\",
                "\\/",
                "\\b",
                "\\f",
                "\\n",
                "\\r",
                "\\t",
                "\\u0041",
                "\\u00e9",
                "\\u20ac",
                "\\uFFFF",
                "\\u0000",
                "\\x",
            ),
            *(
                "\\ud83d\\ude00",
                "\\ud83d",
                "\\ude00",
                "\\ud83d\\u0041",
                "\\ud83d\\ud83d\\ude00",
                "\\u12",
                "\\u 123",
                "\\u+123",
                "\\",
            ),
            *('"', "é", "\U0001f600", "\x7f", "\x1f", "\n", "\ud800", "\ufeff", "12345678", "a", "{", "/"),
        ]
    ),
    max_size=5,
).map("".join)


@given(strings)
def test_the_same_of_strings(text: str) -> None:
    check_record(f'"severityText":"{text}","body":{{"stringValue":"{text}"}},"attributes":[{{"key":"{text}"}}]')
    check_record(f'"other{text}":["{text}"],"{text}":1,"severityText":"y"')
    check_record(f'"body":{{"bytesValue":"{text}"}}, "traceId":"{text}"')


@given(st.text("AQaz09+/-_=\n \\", max_size=12))
def test_the_same_of_base64(text: str) -> None:
    check_record(f'"body":{{"bytesValue":"{text}"}}')


@given(st.text("0aAfFgG-_ é", min_size=1, max_size=2), st.sampled_from([0, 1, 15, 16, 17, 31, 32, 33]))
def test_the_same_of_ids(digits: str, size: int) -> None:
    check_record(f'"traceId":"{(digits * 33)[:size]}","spanId":"{(digits * 33)[:size]}"')


@given(
    st.lists(
        st.sampled_from(
            ['"stringValue":"a"', '"intValue":1', '"intValue":2', '"stringValue":null', '"boolValue":false', '"x":1']
        ),
        max_size=5,
    )
)
def test_the_same_of_members_of_a_oneof_and_keys_that_come_again(members: list[str]) -> None:
    check_record(f'"body":{{{",".join(members)}}}')


@pytest.mark.parametrize(
    "wrap", [lambda v: f'{{"arrayValue":{{"values":[{v}]}}}}', lambda v: f'{{"kvlistValue":{{"values":[{{"value":{v}}}]}}}}']
)
@pytest.mark.parametrize("levels", [1, MAX_DEPTH - 1, MAX_DEPTH, MAX_DEPTH + 1])
def test_the_same_of_deep_values(levels: int, wrap: Callable[[str], str]) -> None:
    value = '{"intValue":1}'
    for _ in range(levels):
        value = wrap(value)
    check_record(f'"body":{value}')


@pytest.mark.parametrize("levels", [99, 100, 101, 102, 100_000])
def test_the_same_of_deep_unknown_values(levels: int) -> None:
    check_record(f'"other":{"[" * levels}{"]" * levels}')
    check_record(f'"other":{"[" * levels}')


@pytest.mark.parametrize(
    "text",
    [
        *(b"", b" ", b"{}", b" {} ", b"{}x", b"{}\x00", b"{}{}", b"[]", b"null", b"1", b'""', b"\xef\xbb\xbf{}", b"{\xff}"),
        *(
            b'{"a":1,}',
            b"{,}",
            b'{"a" 1}',
            b'{"a":}',
            b"{'a':1}",
            b'{"\\',
            b'{"resource\\u004cogs":[{}]}',
            b'{"resourceLogs":null}',
        ),
        *(b'{"resourceLogs":[null]}', b'{"resourceLogs":{}}', b'{"resourceLogs":[1]}', b'{"resourceLogs":[{}]}'),
        *(b'{"resourceLogs":[{},]}', b'{"resourceLogs":[{}'),
    ],
)
def test_the_same_of_what_is_hardly_an_object(text: bytes) -> None:
    check(text, "logs")
    check(text, "metrics")


@pytest.mark.parametrize("signal", SIGNALS)
def test_the_reference_is_not_asked_about_plain_texts(signal: Signal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(KERNEL.__module__ + ".reference", lambda *_: pytest.fail("asked"))

    @given(texts(signal))
    def check(text: bytes) -> None:
        assert KERNEL(text, signal) == REFERENCE(text, signal)

    check()
