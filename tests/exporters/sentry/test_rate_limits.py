import pytest

from exporters.sentry.rate_limits import ALL, HEADER, RateLimits

NOW = 1000.0
ROWS: list[tuple[int, dict[str, str], dict[str, float]]] = [
    (429, {HEADER: "60:error:organization"}, {"error": 1060}),
    (429, {HEADER: "60:error;transaction:key"}, {"error": 1060, "transaction": 1060}),
    (429, {HEADER: "60::organization"}, {ALL: 1060}),
    (
        429,
        {HEADER: "60:transaction:key, 2700:default;error;security:organization"},
        {"transaction": 1060, "default": 3700, "error": 3700, "security": 3700},
    ),
    (200, {HEADER: "30:log_item:project:quota_exceeded"}, {"log_item": 1030}),
    (429, {HEADER: "2.5:span:key"}, {"span": 1002.5}),
    (429, {HEADER: "60:brand_new:key"}, {}),
    (429, {HEADER: "60:brand_new;error:key"}, {"error": 1060}),
    (429, {HEADER: "60:error:key, 10:error:key"}, {"error": 1060}),
    (429, {HEADER: "60:metric_bucket:organization:quota_exceeded:custom"}, {}),
    (429, {HEADER: "60:error:organization:reason:ns:future:fields"}, {"error": 1060}),
    (429, {HEADER: "  60 : error : key ,  5:span:key "}, {"error": 1060, "span": 1005}),
    (429, {HEADER: "abc:error:key, 5:span:key"}, {"span": 1005}),
    (429, {HEADER: "-5:error:key"}, {}),
    (429, {"Retry-After": "120"}, {ALL: 1120}),
    (429, {"Retry-After": "Thu, 01 Jan 1970 00:18:00 GMT"}, {ALL: 1080}),
    (429, {}, {ALL: 1060}),
    (429, {HEADER: "60:error:key", "Retry-After": "120"}, {"error": 1060}),
    (200, {"Retry-After": "120"}, {}),
    (503, {"Retry-After": "20"}, {}),
    (429, {HEADER: "99999999:error:key"}, {"error": 1000 + 86_400}),
]


@pytest.mark.parametrize(("status", "headers", "until"), ROWS, ids=range(1, 22))
def test_row(status: int, headers: dict[str, str], until: dict[str, float]) -> None:
    limits = RateLimits()
    limits.note(status, headers, NOW, wall=NOW)
    assert limits.until == until


@pytest.mark.parametrize("text", ["nan:error:key", "inf:error:key", "", ",", ":", "::::", "60", "é:error"])
def test_nonsense_limits_nothing_but_what_it_says(text: str) -> None:
    limits = RateLimits()
    limits.note(429, {HEADER: text}, NOW)
    assert limits.until in ({}, {ALL: 1060})


def test_a_shorter_limit_does_not_end_a_longer_one() -> None:
    limits = RateLimits()
    limits.note(429, {HEADER: "60:error:key"}, NOW)
    limits.note(429, {HEADER: "10:error:key"}, NOW)
    assert limits.wait(("error",), NOW) == 60


def test_a_limit_of_all_covers_each_and_ends() -> None:
    limits = RateLimits()
    limits.note(429, {HEADER: "60::organization"}, NOW)
    assert (limits.wait(("error",), NOW + 59), limits.wait(("error",), NOW + 60)) == (1, 0)


def test_one_category_does_not_limit_another() -> None:
    limits = RateLimits()
    limits.note(429, {HEADER: "60:log_byte:key"}, NOW)
    assert (limits.wait(("error",), NOW), limits.wait(("log_item", "log_byte"), NOW)) == (0, 60)
