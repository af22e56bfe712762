import pytest

from pipeline.net.retry_after import retry_after

NOW = 1767225600.0  # Thu, 01 Jan 2026 00:00:00 GMT


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("0", 0.0),
        ("7", 7.0),
        ("Thu, 01 Jan 2026 00:01:30 GMT", 90.0),
        ("Thursday, 01-Jan-26 00:01:30 GMT", 90.0),
        ("Thu Jan  1 00:01:30 2026", 90.0),
        ("Wed, 31 Dec 2025 23:59:00 GMT", 0.0),
        ("1.5", None),
        ("-3", None),
        ("soon", None),
        ("", None),
        ("\u0663", None),
        ("86400", 600.0),
        ("9" * 5000, 600.0),
        ("Fri, 01 Jan 2027 00:00:00 GMT", 600.0),
    ],
)
def test_the_table_of_the_contract(value: str, wait: float | None) -> None:
    assert retry_after({"Retry-After": value}, NOW) == wait


def test_absent() -> None:
    assert retry_after({}) is None
