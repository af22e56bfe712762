"""Where a match may begin and end (redaction contract B2, B3), and the text of escapes."""

import re
from collections.abc import Iterator
from typing import Final, TypeAlias

Span: TypeAlias = tuple[int, int]
"""A range of bytes in a text: start, end."""

_WORD: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")
_JOINED: Final = re.compile(rb"-[0-9A-Za-z]|\.[0-9]")
_ESCAPE: Final = re.compile(rb"(?:\\[nrtbf]|\\u[0-9A-Fa-f]{4}|%[0-9A-Fa-f]{2})\Z")


def bounded_left(text: bytes, start: int) -> bool:
    """Tell whether a match may start here: at the start, after a byte that is no word character, or after an escape."""
    return start == 0 or text[start - 1] not in _WORD or _ESCAPE.search(text, max(0, start - 6), start) is not None


def bounded_right(text: bytes, end: int) -> bool:
    """Tell whether a match may end here."""
    return end == len(text) or text[end] not in _WORD


def alone(text: bytes, start: int, end: int) -> bool:
    """Tell whether boundaries stand around, and no group before or behind makes it part of something longer, as in a UUID."""
    return (
        bounded_left(text, start)
        and bounded_right(text, end)
        and text[max(0, start - 1) : start] not in (b".", b"-")
        and _JOINED.match(text, end) is None
    )


def behind_escape(text: bytes, start: int, *, percent: bool = True) -> int:
    """Return `start`, or the offset behind the escape whose letters stand there: in `\\nfoo` the word is `foo`."""
    before = text[start - 1 : start]
    if before == b"\\":
        if text[start : start + 1] in (b"n", b"r", b"t", b"b", b"f"):
            return start + 1
        if _ESCAPE.search(text, start - 1, start + 5):
            return start + 5
    elif percent and before == b"%" and _ESCAPE.search(text, start - 1, start + 2):
        return start + 2
    return start


def overlapping(pattern: "re.Pattern[bytes]", text: bytes) -> Iterator["re.Match[bytes]"]:
    """Yield a match from each place where one starts. For patterns of bounded length only: the cost is length times text."""
    found = pattern.search(text)
    while found is not None:
        yield found
        found = pattern.search(text, found.start() + 1)
