"""How the text of a setting is read: durations, sizes, shares, addresses and the rest of config contract §4."""

import math
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit


class Fault(Exception):
    """Text that a setting can't take.

    `hidden` is the message where the text must not be shown, because it came from the environment.
    """

    def __init__(self, code: str, message: str, *, label: str = "", help: str = "", hidden: str = "", offset: int = 0) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.label = label
        self.help = help
        self.hidden = hidden or message
        self.offset = offset
        """Where inside the text the fault stands."""


class Kind(NamedTuple):
    """A kind of setting: what it is called in messages, and how its text is read."""

    expected: str
    read: Callable[[str], Any]


_SECONDS: Final[Mapping[str, Fraction]] = {
    "ns": Fraction(1, 10**9),
    "us": Fraction(1, 10**6),
    "µs": Fraction(1, 10**6),
    "μs": Fraction(1, 10**6),
    "ms": Fraction(1, 1000),
    "s": Fraction(1),
    "m": Fraction(60),
    "h": Fraction(3600),
    "d": Fraction(86400),
}
_BYTES: Final[Mapping[str, int]] = {
    "": 1,
    "B": 1,
    "kB": 1000,
    "KB": 1000,
    "MB": 1000**2,
    "GB": 1000**3,
    "KiB": 1024,
    "MiB": 1024**2,
    "GiB": 1024**3,
}
_DIGITS: Final = r"[0-9]{1,30}(?:\.[0-9]{1,30})?"
_DURATION_PART: Final = re.compile(rf"({_DIGITS})(ns|us|µs|μs|ms|s|m|h|d)")
_DURATION: Final = re.compile(rf"(?:{_DURATION_PART.pattern})+")
_SIZE: Final = re.compile(rf"({_DIGITS})([A-Za-z]*)")
_NUMBER: Final = re.compile(rf"[-+]?{_DIGITS}")
_RATE: Final = re.compile(rf"({_DIGITS})/(s|m)")
_HOST: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,252})")
_IPV6: Final = re.compile(r"\[[0-9A-Fa-f:.]+(?:%[A-Za-z0-9._-]+)?\]")
_LOOK_AROUND: Final = re.compile(r"\(\?(?:[=!]|<[=!])")

_DURATION_HELP: Final = "examples: 500ms, 30s, 5m, 1h30m"
_SIZE_HELP: Final = "examples: 512KiB, 256MiB, 2GB, 1048576"
_PERCENT: Final = "a percentage or a number from 0 to 1"
_LARGEST: Final = 2**63 - 1


def duration(text: str) -> float:
    """Return seconds."""
    if text == "0":
        return 0.0
    if re.fullmatch(_DIGITS, text):
        raise Fault("E107", "duration needs a unit", label=f"did you mean `{text}s`?")
    if text.startswith("-") and _DURATION.fullmatch(text[1:]):
        raise Fault("E107", "a duration can't be negative")
    if not _DURATION.fullmatch(text):
        raise Fault("E107", "bad duration", help=_DURATION_HELP)
    seconds = sum(Fraction(number) * _SECONDS[unit] for number, unit in _DURATION_PART.findall(text))
    if seconds > _LARGEST:
        raise Fault("E107", "bad duration", help=_DURATION_HELP)
    return float(seconds)


def size(text: str) -> int:
    """Return bytes."""
    found = _SIZE.fullmatch(text)
    if not found or found[2] not in _BYTES or ("." in found[1] and found[2] in ("", "B")):
        raise Fault("E108", "bad size", help=_SIZE_HELP)
    count = int(Decimal(found[1]) * _BYTES[found[2]])
    if count > _LARGEST:
        raise Fault("E104", f"{text} is out of range", label=f"at most {_LARGEST}", hidden="size is out of range")
    return count


def percent(text: str) -> float:
    """Return a share from 0 to 1."""
    figure = text.removesuffix("%")
    if not _NUMBER.fullmatch(figure):
        raise Fault("E109", f"expected {_PERCENT}, got text", help="examples: 25%, 0.25")
    share, most = float(figure), 1 if figure == text else 100
    if 0 <= share <= most:
        return share / most
    label = "0% to 100%" if most == 100 else "0 to 1"
    if 1 < share <= 100:
        label = f"did you mean `{figure.removeprefix('+')}%`?"
    raise Fault("E104", f"{text} is out of range", label=label, hidden="share is out of range")


def rate(text: str) -> float:
    """Return events per second."""
    found = _RATE.fullmatch(text)
    if not found:
        raise Fault("E107", "bad rate", help="examples: 100/s, 6000/m")
    return float(Fraction(found[1]) / _SECONDS[found[2]])


def endpoint(text: str) -> str:
    """Return an address to listen on, as it was written."""
    if text.startswith("unix:"):
        if not text.startswith("unix:/"):
            raise Fault("E111", "path of a socket starts with `/`", label="unix:/path")
        return text
    host, colon, port = text.rpartition(":")
    if "://" in text:
        raise Fault("E111", "expected host:port, got a URL")
    if not colon or not re.fullmatch("[0-9]{1,10}", port):
        raise Fault("E111", "address has no port", label="host:port")
    if ":" in host and not host.startswith("["):
        raise Fault("E111", "IPv6 address needs brackets", label=f"did you mean `[{host}]:{port}`?")
    if int(port) > 65535:
        raise Fault("E111", f"port {port} is out of range", label="1 to 65535", hidden="port is out of range")
    if not host:
        raise Fault("E111", "address has no host", label=f"did you mean `127.0.0.1:{port}`?")
    if not (_HOST.fullmatch(host) or _IPV6.fullmatch(host)):
        raise Fault("E111", "bad host name")
    return text


def url(text: str) -> str:
    """Return an http or https URL, as it was written."""
    scheme, separator, rest = text.partition("://")
    if not separator:
        label = f"did you mean `https://{text}`?" if re.fullmatch(r"[\w.-]+(:[0-9]+)?(/\S*)?", text) else ""
        raise Fault("E111", "URL has no scheme", label=label)
    if scheme not in ("http", "https"):
        raise Fault(
            "E111", f"URL scheme `{scheme}` is not supported", label="http or https", hidden="URL scheme is not supported"
        )
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise Fault("E111", "bad host or port in URL") from error
    if not rest or not parts.hostname:
        raise Fault("E111", "URL has no host")
    if port == 0 or any(character.isspace() or not character.isprintable() for character in text):
        raise Fault("E111", "bad URL")
    return text


def regex(text: str) -> str:
    """Return a pattern that RE2 takes, as it was written."""
    import re2  # seldom needed

    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(text, options)
    except re2.error as error:
        reason = error.args[0].decode(errors="replace") if isinstance(error.args[0], bytes) else str(error)
        advice = "look-around is not supported; use `near` or a validator" if _LOOK_AROUND.search(text) else ""
        refused = "RE2 refuses the pattern"
        raise Fault("E110", f"{refused}: {reason}", help=advice, hidden=refused) from error
    return text


def glob(text: str) -> str:
    """Return a glob whose brackets are closed, as it was written."""
    if not text:
        raise Fault("E111", "glob is empty")
    if re.search(r"\[", re.sub(r"\[[!^]?\]?[^\]]*\]", "", text)):
        raise Fault("E111", "bad glob: `[` without `]`")
    return text


def condition(text: str) -> str:
    """Return a condition that `pipeline.conditions` understands, as it was written."""
    from pipeline.conditions import ConditionError, parse  # seldom needed

    try:
        parse(text)
    except ConditionError as error:
        raise Fault("E112", f"bad condition: {error.message}", offset=error.offset, hidden="bad condition") from error
    return text


def integer(text: str) -> int:
    """Return a whole number, written decimal, `0x…` or `0o…`."""
    if re.fullmatch(r"[-+]?0[0-9]+", text):
        number = text.lstrip("+-0") or "0"
        hint = f"write {number} or 0o{number}"
        raise Fault("E102", "expected an integer, got an ambiguous octal", label=hint)
    if re.fullmatch(r"[-+]?[0-9]{1,100}", text):
        return int(text)
    if re.fullmatch(r"0x[0-9A-Fa-f]{1,80}|0o[0-7]{1,80}", text):
        return int(text, 0)
    raise Fault("E102", f"expected an integer, got {named(text)}")


def number(text: str) -> float:
    """Return a decimal number."""
    if re.fullmatch(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", text) and math.isfinite(float(text)):
        return float(text)
    raise Fault("E102", f"expected a number, got {named(text)}")


def boolean(text: str) -> bool:
    """Return `true` or `false`, in any case; `yes`, `on` and `1` are neither."""
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    meant = {"yes": "true", "on": "true", "1": "true", "no": "false", "off": "false", "0": "false"}.get(text.lower())
    raise Fault("E102", f"expected true or false, got {named(text)}", label=f"did you mean `{meant}`?" if meant else "")


def named(text: str) -> str:
    """Return what unquoted text is to YAML (1.2, core schema): a boolean, an integer, a number, or text."""
    if text in ("true", "True", "TRUE", "false", "False", "FALSE"):
        return "a boolean"
    if re.fullmatch(r"[-+]?[0-9]+|0x[0-9A-Fa-f]+|0o[0-7]+", text):
        return "an integer"
    if re.fullmatch(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", text):
        return "a number"
    return "text"


KINDS: Final[Mapping[str, Kind]] = {
    "text": Kind("text", str),
    "integer": Kind("an integer", integer),
    "number": Kind("a number", number),
    "boolean": Kind("true or false", boolean),
    "secret": Kind("text", str),
    "duration": Kind("a duration", duration),
    "size": Kind("a size", size),
    "percent": Kind(_PERCENT, percent),
    "rate": Kind("a rate", rate),
    "endpoint": Kind("an address", endpoint),
    "url": Kind("a URL", url),
    "regex": Kind("a regular expression", regex),
    "glob": Kind("a glob", glob),
    "condition": Kind("a condition", condition),
}
"""By the name in `Meta.extra["kind"]`."""
UNQUOTED: Final = frozenset(("integer", "number", "boolean"))
"""Kinds that are not text to YAML: quoted, they are refused."""
