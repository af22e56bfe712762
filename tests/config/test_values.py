"""The value syntax of config contract §4."""

import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import values
from config.values import KINDS, Fault


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        *(("500ms", 0.5), ("30s", 30), ("5m", 300), ("1h30m", 5400), ("1.5s", 1.5), ("2d", 172800), ("0", 0)),
        *(("10us", 1e-5), ("10µs", 1e-5), ("1ns", 1e-9), ("0s", 0), ("1m1h", 3660)),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    assert values.duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["", "1hour", "-1s", "1 s", "s", "1.s", ".5s", "1e3s", "30", "00", "1s ", "1S", "٣s", "9" * 31 + "s"]
)
def test_no_durations(text: str) -> None:
    with pytest.raises(Fault) as refused:
        values.duration(text)
    assert refused.value.code == "E107"


@pytest.mark.parametrize(
    ("text", "size"),
    [
        *(("1048576", 1 << 20), ("512KiB", 512 << 10), ("256MiB", 256 << 20), ("2GB", 2 * 10**9), ("1.5GiB", 3 << 29)),
        *(("1kB", 1000), ("1KB", 1000), ("7B", 7), ("0", 0), ("1GiB", 1 << 30)),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert values.size(text) == size


@pytest.mark.parametrize("text", ["", "256 megs", "256 MiB", "1.5", "1.5B", "-1", "1TB", "1mib", "MiB", "1e3", "0x10"])
def test_no_sizes(text: str) -> None:
    with pytest.raises(Fault) as refused:
        values.size(text)
    assert refused.value.code == "E108"


def test_size_that_no_machine_has() -> None:
    with pytest.raises(Fault) as refused:
        values.size("99999999999999GiB")
    assert refused.value.code == "E104"


@pytest.mark.parametrize(
    ("text", "share"), [("25%", 0.25), ("0.25", 0.25), ("0%", 0), ("100%", 1), ("1", 1), ("0", 0), ("0.5%", 0.005)]
)
def test_shares(text: str, share: float) -> None:
    assert values.percent(text) == pytest.approx(share)


@pytest.mark.parametrize(
    ("text", "code", "label"),
    [
        ("250%", "E104", "0% to 100%"),
        ("-1%", "E104", "0% to 100%"),
        ("25", "E104", "did you mean `25%`?"),
        ("101", "E104", "0 to 1"),
        ("often", "E109", ""),
        ("%", "E109", ""),
        ("nan", "E109", ""),
    ],
)
def test_no_shares(text: str, code: str, label: str) -> None:
    with pytest.raises(Fault) as refused:
        values.percent(text)
    assert (refused.value.code, refused.value.label) == (code, label)


def test_rates() -> None:
    assert values.rate("100/s") == 100
    assert values.rate("6000/m") == 100
    for text in ("100", "100/h", "/s", "-1/s"):
        with pytest.raises(Fault, match="bad rate"):
            values.rate(text)


@pytest.mark.parametrize(
    "text", ["127.0.0.1:4318", "localhost:0", "[::1]:4317", "[::]:1", "0.0.0.0:65535", "unix:/run/x", "a-b.c:9"]
)
def test_addresses(text: str) -> None:
    assert values.endpoint(text) == text


@pytest.mark.parametrize(
    ("text", "message", "label"),
    [
        ("127.0.0.1:99999", "port 99999 is out of range", "1 to 65535"),
        ("localhost", "address has no port", "host:port"),
        ("localhost:http", "address has no port", "host:port"),
        (":4318", "address has no host", "did you mean `127.0.0.1:4318`?"),
        ("::1:4318", "IPv6 address needs brackets", "did you mean `[::1]:4318`?"),
        ("http://h:1", "expected host:port, got a URL", ""),
        ("unix:run", "path of a socket starts with `/`", "unix:/path"),
        ("a b:1", "bad host name", ""),
        ("", "address has no port", "host:port"),
    ],
)
def test_no_addresses(text: str, message: str, label: str) -> None:
    with pytest.raises(Fault) as refused:
        values.endpoint(text)
    assert (refused.value.code, refused.value.message, refused.value.label) == ("E111", message, label)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("otlp.example.com", "URL has no scheme"),
        ("ftp://h", "URL scheme `ftp` is not supported"),
        ("https://", "URL has no host"),
        ("https:///path", "URL has no host"),
        ("https://h:99999", "bad host or port in URL"),
        ("https://[::1", "bad host or port in URL"),
        ("https://h/a b", "bad URL"),
    ],
)
def test_no_urls(text: str, message: str) -> None:
    with pytest.raises(Fault) as refused:
        values.url(text)
    assert (refused.value.code, refused.value.message) == ("E111", message)


def test_scheme_is_offered_only_for_what_looks_like_a_host() -> None:
    for text, label in (("h.example:4318/x", "did you mean `https://h.example:4318/x`?"), ("what is this", "")):
        with pytest.raises(Fault) as refused:
            values.url(text)
        assert refused.value.label == label


def test_globs() -> None:
    for text in ("*", "**/x.yaml", "a?[a-z]", "[!a]", "[]]", "plain"):
        assert values.glob(text) == text
    for text in ("", "[a", "a[", "[a]["):
        with pytest.raises(Fault) as refused:
            values.glob(text)
        assert refused.value.code == "E111"


@pytest.mark.parametrize(("text", "number"), [("42", 42), ("-7", -7), ("+7", 7), ("0x1F", 31), ("0o17", 15), ("0", 0)])
def test_integers(text: str, number: int) -> None:
    assert values.integer(text) == number


def test_ambiguous_octal_is_refused_with_both_readings() -> None:
    with pytest.raises(Fault) as refused:
        values.integer("0123")
    assert refused.value.label == "write 123 or 0o123"


def test_only_true_and_false_are_booleans() -> None:
    assert [values.boolean(text) for text in ("true", "False", "TRUE")] == [True, False, True]
    for text, label in (
        ("yes", "did you mean `true`?"),
        ("off", "did you mean `false`?"),
        ("1", "did you mean `true`?"),
        ("x", ""),
    ):
        with pytest.raises(Fault) as refused:
            values.boolean(text)
        assert refused.value.label == label


@given(st.text(max_size=40), st.sampled_from(sorted(KINDS)))
def test_any_text_gives_a_value_or_a_fault(text: str, kind: str) -> None:
    read: Callable[[str], Any] = KINDS[kind].read
    with suppress(Fault):
        value = read(text)
        assert not isinstance(value, float) or math.isfinite(value)


@given(
    st.integers(0, 10**6), st.sampled_from(["ms", "s", "m", "h"]), st.integers(0, 10**6), st.sampled_from(["ms", "s", "m", "h"])
)
def test_a_sequence_of_durations_is_their_sum(one: int, unit: str, other: int, second: str) -> None:
    total = values.duration(f"{one}{unit}") + values.duration(f"{other}{second}")
    assert values.duration(f"{one}{unit}{other}{second}") == pytest.approx(total)
