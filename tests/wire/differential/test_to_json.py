"""`to_json`: kernel and reference."""

import struct
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.types import SIGNALS, Signal
from pipeline.wire.reference.tables import DELIMITED, FIXED32, FIXED64, VARINT, root
from pipeline.wire.reference.walk import MAX_DEPTH, delimited, encode_varint
from tests import stock
from tests.differential import both, mutants, outcome, signals_and_inputs
from tests.strategies import oddly

KERNEL, REFERENCE = both("to_json", "to_json")


def check(payload: bytes, signal: Signal) -> None:
    assert outcome(lambda: KERNEL(payload, signal, "otlp")) == outcome(lambda: REFERENCE(payload, signal, "otlp"))


def check_body(value: bytes) -> None:
    check(delimited(1, delimited(2, delimited(2, delimited(5, value)))), "logs")


@pytest.mark.parametrize("signal", SIGNALS)
def test_the_same_of_every_field_when_it_has_its_default(signal: Signal) -> None:
    for path in stock.paths(signal):
        table = root(signal)
        for each in path[:-1]:
            inner = table.fields[each.number].message
            assert inner is not None
            table = inner
        field = table.fields[path[-1].number]
        tag = encode_varint(field.number << 3 | field.wire)
        payload = tag + {VARINT: b"\x00", DELIMITED: b"\x00", FIXED64: bytes(8), FIXED32: bytes(4)}[field.wire]
        for each in reversed(path[:-1]):
            payload = delimited(each.number, payload)
        check(payload, signal)


@given(signals_and_inputs())
def test_the_same_of_all_inputs(drawn: tuple[Signal, bytes]) -> None:
    check(drawn[1], drawn[0])
    check(drawn[1] * 2, drawn[0])


@pytest.mark.parametrize("signal", SIGNALS)
def test_the_same_of_mutants(signal: Signal) -> None:
    for mutant in mutants(signal, 5_000):
        check(mutant, signal)


@pytest.mark.parametrize("signal", SIGNALS)
def test_the_same_of_every_field_once_and_over_again(signal: Signal) -> None:
    random = Random(12)
    paths = stock.paths(signal)
    for path in paths:
        planted = stock.planted(signal, path)
        check(planted, signal)
        check(oddly(planted + stock.planted(signal, random.choice(paths)), signal, random), signal)


pieces = st.sampled_from(
    [b"\xc3", b"\xa9", b"\xe0\x80", b"\xed\xa0\x80", b"\xf0\x9f\x98\x80", b"\xf4\x90", b"\xf0\x9f", b"\xe2\x80\xa8"]
)


@given(st.lists(pieces | st.binary(max_size=4) | st.text(max_size=3).map(str.encode), max_size=8).map(b"".join))
def test_the_same_of_texts_and_bytes(text: bytes) -> None:
    check_body(delimited(1, text))
    check_body(delimited(7, text))
    check(delimited(1, delimited(2, delimited(2, delimited(9, text)))), "logs")


def test_the_same_of_every_byte_and_every_pair_behind_a_lead() -> None:
    check_body(delimited(1, bytes(range(256))))
    check_body(delimited(1, b".".join(bytes([lead, other]) for lead in range(0xC0, 256) for other in range(256))))
    check_body(delimited(1, b".".join(bytes([lead, other, 0x80]) for lead in range(0xE0, 256) for other in range(0x70, 0xD0))))


@given(st.integers(0, 2**64 - 1) | st.floats().map(lambda value: int.from_bytes(struct.pack("<d", value), "little")))
def test_the_same_of_doubles(bits: int) -> None:
    check_body(b"\x21" + bits.to_bytes(8, "little"))


def _value(random: Random, depth: int) -> bytes:
    members = []
    for _ in range(random.randrange(4)):
        match random.randrange(3 if depth else 2):
            case 0:
                members.append(delimited(1, b"text"))
            case 1:
                members.append(b"\x18\x05")
            case _:
                inner = b"".join(
                    delimited(1, _value(random, depth - 1) if array else delimited(2, _value(random, depth - 1)))
                    for array in [random.random() < 0.5]
                    for _ in range(2)
                )
                members.append(delimited(random.choice([5, 6]), inner))
    return b"".join(members)


def test_the_same_of_values_in_parts_with_several_members() -> None:
    random = Random(13)
    for _ in range(3_000):
        bodies = [delimited(5, _value(random, 3)) for _ in range(random.randrange(1, 4))]
        check(delimited(1, delimited(2, delimited(2, b"".join(bodies)))), "logs")


@pytest.mark.parametrize("levels", [MAX_DEPTH - 1, MAX_DEPTH, MAX_DEPTH + 1, 5_000])
def test_the_same_of_deep_values(levels: int) -> None:
    value = delimited(1, b"deep")
    for level in range(levels):
        value = delimited(5, delimited(1, value)) if level % 2 else delimited(6, delimited(1, delimited(2, value)))
    check_body(value)


@pytest.mark.parametrize("arguments", [(b"", "logs", "yaml"), (b"\x08", "logs", "yaml")])
def test_the_same_refusal_of_a_layout_that_there_is_not(arguments: Any) -> None:
    for to_json in (KERNEL, REFERENCE):
        with pytest.raises(ValueError, match="no such layout: yaml"):
            to_json(*arguments)
