from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import timestamps
from pipeline.timestamps import SECOND

T = 1772600767123000000  # 2026-03-04T05:06:07.123Z
T0 = 1772600767000000000
TN = 1772600767123456789


@pytest.mark.parametrize(
    ("value", "time"),
    [
        (1772600767, T0),
        ("1772600767", T0),
        (1772600767.123, T),
        ("1772600767.123", T),
        ("1772600767.123456789", TN),
        ("1772600767.1234567899999999999999999999999999", TN),
        (1772600767123, T),
        ("1772600767123.456789", TN),
        (1772600767123000, T),
        (1772600767123456789, TN),
        ("1.772600767123e9", T),
        ("1772600767.", T0),
        (10**11 - 1, (10**11 - 1) * SECOND),
        (10**11, 10**11 * 10**6),
        (10**11 + 1, (10**11 + 1) * 10**6),
        (10**14 - 1, (10**14 - 1) * 10**6),
        (10**14, 10**14 * 1000),
        (10**14 + 1, (10**14 + 1) * 1000),
        (10**17 - 1, (10**17 - 1) * 1000),
        (10**17, 10**17),
        (10**17 + 1, 10**17 + 1),
        ("99999999999.999999999", 99999999999999999999),
        (-1772600767, -T0),
        (-(10**14), -(10**17)),
        ("1e-300", 0),
    ],
)
def test_the_unit_of_a_number_follows_from_its_magnitude(value: object, time: int) -> None:
    assert timestamps.parse(value) == time


@pytest.mark.parametrize("digits", range(13))
@pytest.mark.parametrize("mark", [".", ","])
def test_fractions_are_cut_after_nine_digits(digits: int, mark: str) -> None:
    fraction = "123456789987"[:digits]
    time = T0 + int(fraction[:9].ljust(9, "0") or 0)
    assert timestamps.parse(f"2026-03-04T05:06:07{mark if digits else ''}{fraction}Z") == time


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-03-04T05:06:07.123Z", T),
        ("2026-03-04t05:06:07.123z", T),
        ("2026-03-04 05:06:07.123Z", T),
        ("2026-03-04 05:06:07,123", T),
        ("2026-03-04T06:06:07.123+01:00", T),
        ("2026-03-04T06:06:07.123+0100", T),
        ("2026-03-03 22:36:07.123 -0630", T),
        ("2026/03/04 05:06:07", T0),
        ("Wed, 04 Mar 2026 05:06:07 +0000", T0),
        ("Wed, 04 Mar 2026 05:06:07 GMT", T0),
        ("4 Mar 2026 06:06:07 +0100", T0),
        ("4 Mar 2026 05:06 +0000", T0 - 7 * SECOND),
        ("Wed Mar  4 05:06:07 2026", T0),
        ("Wed Mar 14 05:06:07 2026", T0 + 10 * 86400 * SECOND),
        ("2016-12-31T23:59:60Z", 1483228799999999999),
        ("2016-12-31T23:59:60.5Z", 1483228799999999999),
    ],
)
def test_every_text_form_is_read(text: str, time: int) -> None:
    assert timestamps.parse(text) == time


@pytest.mark.parametrize(
    "value",
    ["", "now", "2026-03-04", "2026-13-04T05:06:07Z", "2026-02-30T05:06:07Z", "2026-03-04T24:06:07Z", "2026-03-04T05:60:07Z",
     "2026-03-04T05:06:61Z", "2026-03-04T05:06:07+24:00", "0000-03-04T05:06:07Z", "2026-03-04T05:06:07Q", "2026-03/04 05:06:07",
     "Wed, 04 Foo 2026 05:06:07 +0000", "1e400", "9" * 100, "٢026-03-04T05:06:07Z", True, None, [], {}, b"1"],
)  # fmt: skip
def test_what_says_no_time_is_none(value: object) -> None:
    assert timestamps.parse(value) is None  # type: ignore[arg-type]


def test_a_text_without_a_zone_is_read_in_the_given_one() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert timestamps.parse("2026-03-04 06:06:07,123", berlin) == T
    assert timestamps.parse("2026-07-04 07:06:07", berlin) == timestamps.parse("2026-07-04T05:06:07Z")
    assert timestamps.parse("2026-03-04 05:06:07.123Z", berlin) == T


@given(st.text() | st.from_regex(r"[0-9T:. ,/+-]{0,40}") | st.floats() | st.integers())
def test_nothing_is_an_error(value: str | float) -> None:
    time = timestamps.parse(value)
    assert time is None or isinstance(time, int)


def test_sane_times_lie_between_2000_and_tomorrow() -> None:
    assert timestamps.is_sane(T, T)
    assert timestamps.is_sane(T + 86400 * SECOND, T)
    assert not timestamps.is_sane(T + 86400 * SECOND + 1, T)
    assert timestamps.is_sane(946684800 * SECOND, T)
    assert not timestamps.is_sane(946684800 * SECOND - 1, T)
