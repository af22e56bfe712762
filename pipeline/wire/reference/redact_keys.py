"""What the name of an attribute or a JSON member says (redaction contract §2.8).

Globs over names know `**` for anything, `*` for anything without a dot, `?` for one byte that is no dot.

A name is read as words: it is split at whatever is no letter or digit, at the steps of camel case, and between letters and
digits, so `user.apiKey`, `USER_API_KEY` and `x-api-key2` all hold the words `api key`.
"""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final, TypeVar

import re2

from pipeline.wire.rules import KeyRules

T = TypeVar("T")

WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z\x80-\xff]+|[0-9]+")
"""A word of a name that is read as Latin-1."""
_WILDCARD: Final = re.compile(rb"\*\*|.", re.DOTALL)
_CACHED: Final = 4096
LONGEST: Final = 256
"""Longer names are no names: nobody vouches for them as safe."""


def words(name: str) -> tuple[str, ...]:
    """Return the words of a name in lower case."""
    return tuple(word.lower() for word in WORD.findall(name))


class KeyJudge:
    """What names say, by a set of rules. Answers are remembered: names come again and again."""

    def __init__(self, rules: KeyRules) -> None:
        self.sensitive = remembered(_sensitive(rules))
        """Whether the value under a name is replaced unseen."""
        self.safe = remembered(_short(globs(rules.safe)))
        """Whether text under a name is not scanned."""
        self.listed: Callable[[bytes], bool] = (
            (lambda _: True) if rules.listed is None else remembered(_short(globs(rules.listed)))
        )
        """Whether an attribute of this name may stay."""


def _sensitive(rules: KeyRules) -> Callable[[bytes], bool]:
    runs = frozenset(map(words, map(as_read, rules.sensitive)))
    longest = max(map(len, runs), default=0)
    excepted = globs(rules.exceptions)
    denied = globs(rules.sensitive_globs, ignore_case=True)
    exempt = frozenset(name.encode() for name in rules.exempt)

    def sensitive(name: bytes) -> bool:
        own = words(name.decode("latin-1"))
        listed = _holds(own, runs, longest) and not excepted(".".join(own).encode("latin-1"))
        return name not in exempt and (listed or denied(name))

    return sensitive


def _short(fits: Callable[[bytes], bool]) -> Callable[[bytes], bool]:
    return lambda name: len(name) <= LONGEST and fits(name)


def globs(patterns: Iterable[str], *, ignore_case: bool = False) -> Callable[[bytes], bool]:
    """Return a function that tells whether a whole name fits one of these; case is that of ASCII."""
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.dot_nl = True
    texts = [pattern.encode().lower() if ignore_case else pattern.encode() for pattern in patterns]
    expressions = [_WILDCARD.sub(_written, text) for text in texts]
    if not expressions:
        return lambda _: False
    compiled = re2.compile(b"|".join(expressions), options)
    return lambda name: compiled.fullmatch(name.lower() if ignore_case else name) is not None


def _written(found: "re.Match[bytes]") -> bytes:
    return {b"**": b".*", b"*": b"[^.]*", b"?": b"[^.]"}.get(found.group()) or b"\\x%02x" % found.group()[0]


def as_read(name: str) -> str:
    """Return a name as names are read: its UTF-8 as Latin-1."""
    return name.encode().decode("latin-1")


def last_word(names: Iterable[str]) -> Callable[[bytes], str | None]:
    """Return a function of a name: its last word when it ends in the words of one of these, else None."""
    known = frozenset(map(words, map(as_read, names)))
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
