import pytest

from exporters.sentry import dsn
from pipeline import ConfigError

KEY, SECRET = "abc" + "123", "def" + "456"


@pytest.mark.parametrize(
    ("text", "endpoint", "secret"),
    [
        (f"https://{KEY}@sentry.example.com/42", "https://sentry.example.com/api/42/envelope/", ""),
        (f"https://{KEY}:{SECRET}@sentry.example.com/42", "https://sentry.example.com/api/42/envelope/", SECRET),
        (f"http://{KEY}@localhost:9000/sentry/sub/7", "http://localhost:9000/sentry/sub/api/7/envelope/", ""),
        (f"https://{KEY}@o1.ingest.example.com/42/", "https://o1.ingest.example.com/api/42/envelope/", ""),
        (f"https://{KEY}@sentry.example.com/42?x=1", "https://sentry.example.com/api/42/envelope/", ""),
        (f"https://{KEY}@[::1]:9000/shop", "https://[::1]:9000/api/shop/envelope/", ""),
    ],
)
def test_a_dsn_names_key_and_endpoint(text: str, endpoint: str, secret: str) -> None:
    assert dsn.parse(text) == dsn.Dsn(endpoint, KEY, secret)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("https://sentry.example.com/42", "the DSN `https://sentry.example.com/42` has no key"),
        (f"https://{KEY}@sentry.example.com/", "the DSN `https://***@sentry.example.com/` has no project"),
        (f"ftp://{KEY}@sentry.example.com/42", "the DSN `ftp://***@sentry.example.com/42` must begin with http:// or https://"),
        (f"https://{KEY}@/42", "the DSN `https://***@/42` has no host"),
        (f"https://{KEY}@sentry.example.com:port/42", "the DSN is no URL"),
        (KEY, "must begin with http:// or https://"),
    ],
)
def test_a_faulty_dsn_is_a_located_error_without_the_key(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message.replace("*", r"\*")) as fault:
        dsn.parse(text)
    assert (fault.value.code, fault.value.path) == ("E111", ("dsn",))
    assert text == KEY or KEY not in str(fault.value)
