"""Users' patterns, and what they excuse (redaction contract §5, §8)."""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import takewhile
from typing import Final

import re2

from pipeline.wire.reference.redact_boundaries import Span
from pipeline.wire.reference.redact_personal import luhn
from pipeline.wire.rules import Allowed, Pattern

_LONGEST_PREFIX: Final = 64
_LEAST_LITERAL: Final = 3
_SEPARATORS: Final = re.compile(rb"[ -]")


def compiled_pattern(pattern: Pattern) -> "re2._Regexp[bytes]":
    """Return the expression of a pattern, for bytes."""
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = not pattern.ignore_case
    return re2.compile(pattern.regex.encode(), options)


def anchor(pattern: Pattern) -> bytes:
    """Return the literal that every match comes with: the given one, or the beginning of each match; empty without one."""
    if pattern.literal:
        return pattern.literal.encode().lower() if pattern.ignore_case else pattern.literal.encode()
    lowest, highest = compiled_pattern(pattern).possiblematchrange(_LONGEST_PREFIX) or (b"", b"")
    prefix = bytes(one for one, _ in takewhile(lambda pair: pair[0] == pair[1], zip(lowest, highest, strict=False)))
    return prefix if len(prefix) >= _LEAST_LITERAL and not pattern.ignore_case else b""


def pattern_matcher(pattern: Pattern, tokens: "re.Pattern[bytes]") -> Callable[[bytes], Iterable[Span]]:
    """Return the matcher of a pattern. It sees the text between replacements: there is nothing to find in them."""
    compiled = compiled_pattern(pattern)
    literal = anchor(pattern)
    valid = validator(pattern.validator)
    near = _near(pattern.near, pattern.near_bytes)

    def spans(text: bytes) -> Iterable[Span]:
        if literal not in (text.lower() if pattern.ignore_case else text):
            return
        at = 0
        for start, end in (*(token.span() for token in tokens.finditer(text)), (len(text), len(text))):
            for found in compiled.finditer(text, at, start):
                first, last = found.span(pattern.group)
                if first < last and valid(text[first:last]) and near(text, first, last):
                    yield first, last
            at = end

    return spans


def validator(name: str) -> Callable[[bytes], bool]:
    """Return what a match has to pass: `luhn`, `mod97`, `entropy>=x`, or nothing. Raises `ValueError` for any other name."""
    if not name:
        return lambda _: True
    if name == "luhn":
        return lambda match: (digits := _SEPARATORS.sub(b"", match)).isdigit() and luhn(digits)
    if name == "mod97":
        return lambda match: (characters := _SEPARATORS.sub(b"", match)).isalnum() and _mod97(characters)
    kind, sign, least = name.partition(">=")
    bits = float(least)
    if kind.strip() != "entropy" or not sign or not 0 < bits <= 8:
        raise ValueError
    return lambda match: entropy(match) >= bits


def _mod97(characters: bytes) -> bool:
    """Tell whether letters and digits pass the check of an IBAN (ISO 7064 mod 97,10)."""
    rest = 0
    for character in characters[4:] + characters[:4]:
        value = int(chr(character), 36)
        rest = (rest * (10 if value < 10 else 100) + value) % 97
    return rest == 1


def entropy(text: bytes) -> float:
    """Return the Shannon entropy of a text in bits a byte."""
    counts = sorted(Counter(text).values())  # sorted: the same sum of floats wherever it is taken
    return math.log2(len(text)) - math.fsum(count * math.log2(count) for count in counts) / len(text)


def _near(words: Sequence[str], reach: int) -> Callable[[bytes, int, int], bool]:
    """Return a function that tells whether one of these stands whole at most so many bytes before a match, or behind it."""
    if not words:
        return lambda _text, _start, _end: True
    word = re2.compile(b"(?i)\\b(?:%b)\\b" % b"|".join(re2.escape(each).encode() for each in words))

    def near(text: bytes, start: int, end: int) -> bool:
        around = ((max(0, start - reach), start), (end, min(len(text), end + reach)))
        return any(word.search(text, low, high) is not None for low, high in around)

    return near


def allowance(allowed: Sequence[Allowed]) -> Callable[[str, bytes], bool]:
    """Return a function of a rule and a match: is the match excused."""
    if not allowed:
        return lambda _rule, _match: False
    compiled = [(each.rule, re2.compile(each.regex.encode())) for each in allowed]

    def excused(rule: str, match: bytes) -> bool:
        return any(only in (None, rule) and expression.fullmatch(match) is not None for only, expression in compiled)

    return excused
