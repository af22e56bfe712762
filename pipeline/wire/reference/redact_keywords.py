"""Keywords: what is too common to be told alone is meant where one of its words stands near (redaction contract §2.2, §2.8).

Near is the name that a text stands under, or the 40 bytes before the match. A keyword is a run of whole words, as in the names of
attributes, with one character at most between them: `tel` stands in `user_tel: ` and in `homeTel=`, not in `hotel `.
"""

import re
from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

from pipeline.wire.reference.redact_keys import LONGEST, WORD, words

REACH: Final = 40
"""Bytes before a match."""
Near: TypeAlias = Callable[[bytes, int, bytes], bool]
"""Tells whether a keyword stands near what starts at this offset of a text that has this name."""

_WORDS: Final = re.compile(rb"[A-Za-z0-9\x80-\xff]++")
_IN_WORD: Final = re.compile(rb"[A-Za-z0-9\x80-\xff]{2}")


def near(keywords: Iterable[str]) -> Near:
    """Return the function for one detector's keywords."""
    runs = "|".join(re.escape(".".join(words(each))) for each in keywords)
    pattern = re.compile(rf"(?:\A|[.,])(?:{runs})(?:[.,]|\Z)" if runs else r"(?!)")

    def tell(text: bytes, start: int, name: bytes) -> bool:
        return in_name(name) or pattern.search(_joined(_before(text, start))) is not None

    def in_name(name: bytes) -> bool:
        return len(name) <= LONGEST and pattern.search(_joined(name)) is not None

    return tell


def _before(text: bytes, start: int) -> bytes:
    """Return what stands before a match, without a word that begins farther away than `REACH`."""
    low = max(0, start - REACH)
    if low and _IN_WORD.match(text, low - 1, start):
        low = _WORDS.match(text, low, start).end()  # type: ignore[union-attr]  # it stands in one
    return text[low:start]


def _joined(text: bytes) -> str:
    """Return the words of a text in lower case, with a dot between neighbours, a comma where more lies between."""
    joined, end = "", 0
    for word in WORD.finditer(text.decode("latin-1")):
        joined += ("." if word.start() - end <= 1 else ",") * bool(joined) + word.group().lower()
        end = word.end()
    return joined
