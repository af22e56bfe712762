"""The address of a Sentry project, with its key."""

from typing import Final
from urllib.parse import SplitResult, urlsplit

from msgspec import Struct

from pipeline import ConfigError

FORM: Final = "https://<key>@<host>/<project>"


class Dsn(Struct, frozen=True):
    """Where envelopes go, and the key that they show."""

    endpoint: str
    public_key: str
    secret_key: str = ""
    """Of very old DSNs; passed on when it is there."""

    def __repr__(self) -> str:
        return f"Dsn({self.endpoint!r})"  # the keys never print


def parse(text: str) -> Dsn:
    """Return what a DSN says. Raises `ConfigError` for one that lacks scheme, key, host or project; its text shows no key."""
    try:
        parts = urlsplit(text.strip())
        port = f":{parts.port}" if parts.port is not None else ""
    except ValueError:
        raise _fault("the DSN is no URL") from None
    path, _, project = parts.path.rstrip("/").rpartition("/")
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    if parts.scheme not in ("http", "https"):
        raise _fault(f"the DSN `{_masked(parts)}` must begin with http:// or https://")
    if not parts.username:
        raise _fault(f"the DSN `{_masked(parts)}` has no key")
    if not host:
        raise _fault(f"the DSN `{_masked(parts)}` has no host")
    if not project:
        raise _fault(f"the DSN `{_masked(parts)}` has no project")
    endpoint = f"{parts.scheme}://{host}{port}{path}/api/{project}/envelope/"
    return Dsn(endpoint, parts.username, parts.password or "")


def _masked(parts: SplitResult) -> str:
    host = parts.netloc.rpartition("@")[2]
    key = "***@" if "@" in parts.netloc else ""
    return f"{parts.scheme}://{key}{host}{parts.path}"


def _fault(message: str) -> ConfigError:
    return ConfigError("E111", message, path=("dsn",), help=f"a DSN looks like {FORM}")
