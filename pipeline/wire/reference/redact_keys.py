"""What the name of an attribute or a JSON member says (redaction contract §2.8).

A name is read as words: it is split at whatever is no letter or digit, at the steps of camel case, and between letters and
digits, so `user.apiKey`, `USER_API_KEY` and `x-api-key2` all hold the words `api key`.
"""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final, TypeVar

from pipeline.wire.rules import KeyRules

T = TypeVar("T")

WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z\x80-\xff]+|[0-9]+")
"""A word of a name that is read as Latin-1."""
_CACHED: Final = 4096
LONGEST: Final = 256
"""Longer names are no names: nobody vouches for them as safe."""


def words(name: str) -> tuple[str, ...]:
    """Return the words of a name in lower case."""
    return tuple(word.lower() for word in WORD.findall(name))


def key_judge(rules: KeyRules) -> tuple[Callable[[bytes], bool], Callable[[bytes], bool]]:
    """Return two functions of a name: is its value sensitive, and is text under it safe."""
    runs = frozenset(map(words, rules.sensitive))
    longest = max(map(len, runs), default=0)
    excepted, safe_names = _globs(rules.exceptions), _globs(rules.safe)

    def sensitive(name: bytes) -> bool:
        own = words(name.decode("latin-1"))
        return _holds(own, runs, longest) and not excepted.fullmatch(".".join(own))

    def safe(name: bytes) -> bool:
        return len(name) <= LONGEST and safe_names.fullmatch(name.decode("latin-1")) is not None

    return remembered(sensitive), remembered(safe)


def last_word(names: Iterable[str]) -> Callable[[bytes], str | None]:
    """Return a function of a name: its last word when it ends in the words of one of these, else None."""
    known = frozenset(map(words, names))
    longest = max(map(len, known), default=0)

    def find(name: bytes) -> str | None:
        own = words(name.decode("latin-1"))
        return own[-1] if any(own[-size:] in known for size in range(1, min(longest, len(own)) + 1)) else None

    return remembered(find)


def remembered(judge: Callable[[bytes], T]) -> Callable[[bytes], T]:
    """Return a function of a name that remembers its answers: names come again and again. Long ones are not kept."""
    cached = lru_cache(_CACHED)(judge)
    return lambda name: cached(name) if len(name) <= LONGEST else judge(name)


class DistinctKeys:
    """Keys of one map: a new one that is taken gets the first suffix `_2`, `_3`, … that makes it differ."""

    def __init__(self, taken: Iterable[bytes]) -> None:
        self._taken = set(taken)
        self._numbers: dict[bytes, int] = {}

    def claim(self, key: bytes) -> bytes:
        """Return the key in a form that no other key of the map has."""
        distinct = key
        while distinct in self._taken:
            number = self._numbers[key] = self._numbers.get(key, 1) + 1
            distinct = b"%b_%d" % (key, number)
        self._taken.add(distinct)
        return distinct


def _holds(own: tuple[str, ...], runs: frozenset[tuple[str, ...]], longest: int) -> bool:
    return any(own[at : at + size] in runs for at in range(len(own)) for size in range(1, longest + 1))


def _globs(patterns: Iterable[str]) -> "re.Pattern[str]":
    """Return one expression for globs in which only `*` is special; each holds two stars at most."""
    return re.compile("|".join(re.escape(pattern).replace(r"\*", ".*") for pattern in patterns) or r"(?!)", re.DOTALL)
