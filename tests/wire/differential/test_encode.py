"""`encode`: kernel and reference."""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.types import SIGNALS, Signal
from pipeline.wire.model import LogRecord, Metric, Point, Record, Resource, Scope, Span
from pipeline.wire.reference.walk import MAX_DEPTH
from tests.differential import both
from tests.strategies import records_of

KERNEL, REFERENCE = both("encode", "encode")


class Level(IntEnum):
    INFO = 9
    HUGE = 2**70


class Word(StrEnum):
    ID = "ab" * 8


class Log(LogRecord):
    """A record whose type is none of the three, but descends from one."""


def outcome(call: Callable[[], bytes]) -> Any:
    try:
        return call()
    except Exception as error:  # any refusal of the reference is right
        return type(error), str(error)


def check(records: Sequence[Record], signal: Signal) -> None:
    assert outcome(lambda: KERNEL(records, signal)) == outcome(lambda: REFERENCE(records, signal))


def logs(*each: dict[str, Any]) -> list[Record]:
    resource, scope = Resource(attributes={"service.name": "cart"}), Scope(name="lib")
    return [LogRecord(resource=resource, scope=scope, **fields) for fields in each]


def structs(value: Any) -> Iterator[Any]:
    """Yield the structs that a record is made of."""
    if isinstance(value, list):
        for each in value:
            yield from structs(each)
    elif isinstance(value, msgspec.Struct):
        yield value
        for name in value.__struct_fields__:
            yield from structs(getattr(value, name))


numbers = [
    *(None, True, False, 0, -1, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**63 - 1, 2**63, 2**64 - 1, 2**64, 10**5_000),
    *(-(2**31), -(2**31) - 1, -(2**63), -(2**63) - 1, 0.0, -0.0, 1.5, float("nan"), float("inf"), Level.INFO, Level.HUGE),
]
words = [
    *("", "text", "\ud800", "\ud83d\ude00", "é\udfff", "caf\u00e9", "\U0001f600", Word.ID, "sum", "gauge", "summary"),
    *("AB12", "ab 12 ", "abc", "xy", "\uff11\uff12", b"", b"bytes", bytearray(b"mutable"), memoryview(b"view")),
]
collections = [
    *([], [1], [None], [2.5, 1], ["\ud800"], [True], [2**64], (), ("a", 1), (1.0, 2), {1}, frozenset(), range(3)),
    *([(1.0, 2.0)], [(1, 0)], [(0.0, -0.0)], [(None, 1.0)], [(1.0,)], [[1.0, 2.0]]),
    *({}, {"k": "v"}, {"": None}, {"k": {"k": [1, "two", {"three": 3.0}]}}, {1: 2}, {"k": {1}}, {"\ud800": "\udc00"}),
    *(OrderedDict(b=1, a=2), MappingProxyType({"k": 1})),
]
strange = st.one_of(
    st.sampled_from([*numbers, *words, *collections, object(), Resource(), Scope(), Log]),
    st.text(st.characters(exclude_categories=[])),
    st.integers(),
    st.floats(),
    st.dictionaries(st.text(max_size=4), st.integers() | st.text(max_size=200), max_size=12),
    st.lists(st.integers(0, 2**64) | st.floats() | st.text(max_size=3), max_size=4),
)


@given(st.sampled_from(SIGNALS).flatmap(lambda signal: st.tuples(st.just(signal), records_of(signal, max_size=6))))
def test_the_same_of_records(drawn: tuple[Signal, Sequence[Record]]) -> None:
    check(drawn[1], drawn[0])
    check((*drawn[1], *drawn[1]), drawn[0])


@pytest.mark.parametrize("signal", SIGNALS)
def test_the_reference_is_not_asked_about_plain_records(signal: Signal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(KERNEL.__module__ + ".reference", lambda *_: pytest.fail("asked"))

    @given(records_of(signal))
    def check(records: Sequence[Record]) -> None:
        assert KERNEL(records, signal) == REFERENCE(records, signal)

    check()
    unusual = logs({"body": [2**64, "\ud800", Level.INFO, Word.ID], "severity_number": Level.INFO, "trace_id": "AB" * 16})
    assert KERNEL(unusual, "logs") == REFERENCE(unusual, "logs")


@given(st.sampled_from(SIGNALS).flatmap(lambda signal: st.tuples(st.just(signal), records_of(signal))), st.data())
def test_the_same_of_records_with_something_strange_in_them(drawn: tuple[Signal, Sequence[Record]], data: st.DataObject) -> None:
    signal, records = drawn
    parts = [part for record in records for part in structs(record)]
    for _ in range(data.draw(st.integers(0, 3)) if parts else 0):
        part = data.draw(st.sampled_from(parts))
        setattr(part, data.draw(st.sampled_from(part.__struct_fields__)), data.draw(strange))
    check(records, signal)


@given(strange)
def test_the_same_of_strange_values(value: Any) -> None:
    check(logs({"body": value}), "logs")
    check(logs({"body": [value, {"k": value}]}, {"attributes": {"k": value, "l": (value,)}}), "logs")


@given(strange, st.sampled_from(LogRecord.__struct_fields__))
def test_the_same_of_strange_fields(value: Any, name: str) -> None:
    (record,) = logs({})
    setattr(record, name, value)
    check([record], "logs")


def test_the_same_of_a_field_that_was_deleted() -> None:
    (record,) = logs({})
    delattr(record, "severity_text")
    check([record], "logs")


@given(st.lists(st.sampled_from(["log", "span", "point", "descendant", "none", "text"]), max_size=3), st.sampled_from(SIGNALS))
def test_the_same_of_records_of_other_types(kinds: list[str], signal: Signal) -> None:
    of: dict[str, Any] = {"resource": Resource(), "scope": Scope()}
    made: dict[str, Any] = {
        "log": LogRecord(**of),
        "span": Span(**of, trace_id="ab" * 16, span_id="ab" * 8),
        "point": Point(**of, metric=Metric(name="m", type="gauge"), value=1),
        "descendant": Log(**of),
        "none": None,
        "text": "text",
    }
    check([made[kind] for kind in kinds], signal)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3)), max_size=12))
def test_the_same_groups(chosen: list[tuple[int, int, int]]) -> None:
    """By identity, and else by what would be written: 1 and True are not the same."""
    resources = [Resource(), Resource(attributes={"k": 1}), Resource(attributes={"k": True}), Resource(attributes={"k": 1})]
    scopes = [Scope(), Scope(name="a"), Scope(name="a", schema_url="b"), Scope(name="a")]
    metrics = [
        Metric(name="m", type="gauge"),
        Metric(name="m", type="sum", temporality=2),
        Metric(name="m", type="gauge", temporality=2, monotonic=True),
        Metric(name="m", type="gauge", metadata={"k": "v"}),
    ]
    check(
        [
            Point(resource=resources[resource], scope=scopes[scope], metric=metrics[metric], value=value)
            for value, (resource, scope, metric) in enumerate(chosen)
        ],
        "metrics",
    )
    check(
        [
            LogRecord(resource=resources[resource], scope=scopes[scope], time=value)
            for value, (resource, scope, _) in enumerate(chosen)
        ],
        "logs",
    )


@pytest.mark.parametrize("size", [0, 1, 119, 120, 121, 125, 126, 127, 128, 16_370, 16_383, 16_384, 2_097_151, 2_097_152])
def test_the_same_at_the_borders_of_lengths(size: int) -> None:
    text = "x" * size
    check(
        logs({"body": text, "attributes": {"k": text, "n": [text]}}, {"attributes": {text: 1, "k" + text: {"m": text}}}), "logs"
    )


@pytest.mark.parametrize("levels", [MAX_DEPTH - 1, MAX_DEPTH, MAX_DEPTH + 1, 300])
@pytest.mark.parametrize("wrap", [lambda value: [value], lambda value: {"k": value}], ids=["arrays", "maps"])
def test_the_same_of_deep_values(levels: int, wrap: Callable[[Any], Any]) -> None:
    value: Any = "deep"
    for _ in range(levels):
        value = wrap(value)
    check(logs({"body": value}), "logs")
    check(logs({"attributes": {"k": value}}), "logs")
    check([LogRecord(resource=Resource(attributes={"k": value}), scope=Scope())], "logs")


def test_the_first_of_several_refusals_is_the_same() -> None:
    check(logs({"time": -1}, {"trace_id": "xyz"}), "logs")
    check(logs({"trace_id": "xyz"}, {"time": -1}), "logs")


def test_the_same_of_what_is_iterated_once() -> None:
    records = logs({"time": 1}, {"time": -1})
    assert KERNEL(iter(records[:1]), "logs") == REFERENCE(records[:1], "logs")
    with pytest.raises(OverflowError):
        KERNEL(iter(records), "logs")
    with pytest.raises(KeyError):
        KERNEL([], "profiles")
