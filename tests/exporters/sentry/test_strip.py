import pytest

from exporters.sentry import strip

CANARY = "canary-7f3a"


SENSITIVE = """
    password db.passwd client_secret token access-token api_key apiKey apikey auth auth.method credentials session session.id
    sessionId private_key card_number cardNumber ssn USER_SSN http.request.header.authorization Authorization Cookie
    http.request.header.Proxy-Authorization http.request.header.cookie http.response.header.set_cookie
    http.request.header.x-api-key http.request.header.x_auth_token http.request.header.x-csrf-token
    http.request.header.x-forwarded-for http.request.header.x-real-ip http.request.header.forwarded
"""


@pytest.mark.parametrize("key", SENSITIVE.split())
def test_a_value_of_this_name_is_filtered_whole(key: str) -> None:
    assert strip.attributes({key: [CANARY]}, pii=False) == {key: "[Filtered]"}
    assert strip.attributes({"outer": [{key: CANARY}]}, pii=False) == {"outer": [{key: "[Filtered]"}]}


@pytest.mark.parametrize("key", ["author", "tokens_used", "http.request.header.accept", "secretary", "passwords", "k"])
def test_a_value_of_another_name_stays(key: str) -> None:
    assert strip.attributes({key: "v"}, pii=False) == {key: "v"}


@pytest.mark.parametrize("key", ["user.email", "user.name", "client.address"])
def test_persons_are_left_out_unless_wanted(key: str) -> None:
    assert strip.attributes({key: CANARY}, pii=False) == {}
    assert strip.attributes({key: CANARY}, pii=True) == {key: CANARY}


def test_addresses_that_proxies_add_stay_where_they_are_wanted() -> None:
    key = "http.request.header.x-forwarded-for"
    assert strip.attributes({key: "v"}, pii=True) == {key: "v"}


@pytest.mark.parametrize(
    ("key", "value", "left"),
    [
        ("url.full", f"https://u:{CANARY}@shop.test:8443/a/b?q={CANARY}#{CANARY}", "https://shop.test:8443/a/b"),
        ("anything", f"postgres://u:{CANARY}@db.test/shop", "postgres://db.test/shop"),
        ("url.full", f"http://[{CANARY}", "[Filtered]"),
        ("http.target", f"/a?q={CANARY}", "/a"),
        ("url.query", f"q={CANARY}", "[Filtered]"),
        ("anything", "no url", "no url"),
    ],
)
def test_urls_lose_user_info_and_query(key: str, value: str, left: str) -> None:
    assert strip.attributes({key: value}, pii=True) == {key: left}
