"""The last look before data leaves for Sentry: credentials by their names, and what identifies a person.

Works on values by what they are called; what stands inside of texts is the `redact` processor's duty.
"""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from pipeline.remembered import remembered
from pipeline.types import Value

FILTERED: Final = "[Filtered]"
HEADERS: Final = frozenset(
    {"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "x-auth-token", "x-csrf-token"}
)
CLIENT_HEADERS: Final = frozenset({"x-forwarded-for", "x-real-ip", "forwarded"})
"""They name a person's address: kept with `send_default_pii`."""
HEADER_PREFIXES: Final = ("http.request.header.", "http.response.header.")
SENSITIVE: Final = (
    *("password", "passwd", "secret", "token", "api_key", "apikey", "auth", "credentials", "session", "private_key"),
    *("card_number", "ssn"),
)
"""Whole words of a key: `author` and `tokens_used` are none of them."""
PERSONAL: Final = frozenset(
    {"user.email", "user.name", "user.full_name", "user.username", "user.ip_address", "client.address", "client.ip"}
)
"""Attributes dropped without `send_default_pii`."""
TARGETS: Final = frozenset({"http.target", "url.query"})
"""Attributes with a part of a URL, without its scheme."""

_HUMP: Final = re.compile(r"([a-z0-9])([A-Z])")
_NO_WORD: Final = re.compile(r"[^a-z0-9]+")
_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}://")


def attributes(found: Mapping[str, Value], *, pii: bool) -> dict[str, Value]:
    """Return attributes of a record, span or resource without what must not leave."""
    kept = {}
    for key, value in found.items():
        if pii or key not in PERSONAL:
            kept[key] = _value(key, value, pii=pii)
    return kept


def url(text: str) -> str:
    """Return a URL without user info, query and fragment."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return FILTERED
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


@remembered(4096)
def is_sensitive(key: str, *, pii: bool) -> bool:
    """Return whether a value of this name is filtered whole, whatever it is."""
    header = _header(key)
    if header in HEADERS or (header in CLIENT_HEADERS and not pii):
        return True
    words = _NO_WORD.sub("_", _HUMP.sub(r"\1_\2", key).lower())
    return any(f"_{word}_" in f"_{words}_" for word in SENSITIVE)


def _header(key: str) -> str:
    """Return the header that a key names, if it names one, in lower case with `-`."""
    name = key.lower()
    for prefix in HEADER_PREFIXES:
        name = name.removeprefix(prefix)
    return name.replace("_", "-")


def _value(key: str, value: Any, *, pii: bool) -> Any:
    if is_sensitive(key, pii=pii):
        return FILTERED
    if isinstance(value, str):
        if key in TARGETS:
            return value.partition("?")[0] if key == "http.target" else FILTERED
        return url(value) if _URL.match(value) else value
    if isinstance(value, Mapping):
        return attributes(value, pii=pii)
    if isinstance(value, list | tuple):
        return [_value("", inner, pii=pii) for inner in value]
    return value
