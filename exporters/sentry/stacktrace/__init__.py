"""Stack traces as text become frames, for Python, the JVM, V8 and Go (sentry contract §5.3).

Parsing takes time in proportion to the text, of which 256 KiB and 1,000 lines are read, and never fails: what has no form that
is known gives None.
"""

from collections.abc import Callable, Mapping
from typing import Final

from exporters.sentry.stacktrace import go, java, javascript, python
from exporters.sentry.stacktrace.frames import MAX_EXCEPTIONS, Parsed

MAX_TEXT: Final = 256 * 1024
MAX_LINES: Final = 1000
MAX_LINE: Final = 4096
"""Characters; what a longer line holds behind them is not read."""

_PARSERS: Final[Mapping[str, Callable[[list[str]], Parsed | None]]] = {
    "python": python.parse,
    "go": go.parse,
    "javascript": javascript.parse,
    "node": javascript.parse,
    "java": java.parse,
}
_ANY: Final = ("python", "go", "javascript", "java")
"""Tried in this order where the platform is not known."""


def parse(text: str, platform: str = "other") -> Parsed | None:
    """Return what a stack trace says, or None. `platform` is Sentry's word; `other` stands for one that is not known."""
    lines = [line[:MAX_LINE] for line in text[:MAX_TEXT].splitlines()[:MAX_LINES]]
    for name in _ANY if platform == "other" else (platform,):
        if name in _PARSERS and (parsed := _PARSERS[name](lines)):
            parsed.exceptions = parsed.exceptions[-MAX_EXCEPTIONS:]
            return parsed
    return None
