import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.text import json_bytes, shortened, text
from pipeline.types import Value


@pytest.mark.parametrize(
    ("value", "out"),
    [
        ("é", "é"),
        (None, ""),
        (True, "true"),
        (False, "false"),
        (7, "7"),
        (2.0, "2.0"),
        (float("nan"), "NaN"),
        (float("-inf"), "-Infinity"),
        (b"\x00\xff", "AP8="),
        ({"a": [1, None, b"\xff", float("nan")]}, '{"a":[1,null,"/w==",null]}'),
    ],
)
def test_values_have_one_text_form(value: Value, out: str) -> None:
    assert text(value) == out


def test_json_is_compact_and_not_escaped() -> None:
    assert json_bytes({"é": (1, 2)}) == '{"é":[1,2]}'.encode()


@given(st.text(alphabet='aé😀"\\\n\x01', max_size=40), st.integers(2, 60))
def test_a_shortened_text_is_the_longest_beginning_that_fits(long: str, limit: int) -> None:
    short = shortened(long, limit)
    assert long.startswith(short)
    assert len(orjson.dumps(short)) <= limit
    assert short == long or len(orjson.dumps(long[: len(short) + 1])) > limit
