"""Matchers for what is too common to be told alone (redaction contract §2.2, §2.6): a keyword has to stand near it.

Beside them stand those that are off unless they are named: they need no keyword, but too much looks like them.
"""

import re
from collections.abc import Callable, Iterator
from math import log2
from typing import Final

from pipeline.wire.reference.redact_boundaries import Span, alone, bounded_left, bounded_right, overlapping
from pipeline.wire.reference.redact_national import is_date
from pipeline.wire.reference.redact_national_keyed import NATIONAL_KEYED
from pipeline.wire.reference.redact_personal import is_social_security, luhn

Matcher = Callable[[bytes], Iterator[Span]]


def _matcher(expression: bytes, check: Callable[[bytes], bool], stands: Callable[[bytes, int, int], bool] = alone) -> Matcher:
    pattern = re.compile(expression)

    def spans(text: bytes) -> Iterator[Span]:
        for found in overlapping(pattern, text):
            if stands(text, *found.span()) and check(found.group()):
                yield found.span()

    return spans


def _bounded(text: bytes, start: int, end: int) -> bool:
    return bounded_left(text, start) and bounded_right(text, end)


def _anything(_: bytes) -> bool:
    return True


# ---- personal data ----


def _phone(digits: bytes) -> bool:
    return digits[4:6] != b"11"


def _ssn(digits: bytes) -> bool:
    return is_social_security(digits[:3], digits[3:5], digits[5:])


_DECIMAL: Final = rb"[+-]?([0-9]{1,3})\.([0-9]{4,15}+)"
_PAIR: Final = re.compile(_DECIMAL + rb"(?: ?[,;/] ?| {1,2})" + _DECIMAL)


def geo(text: bytes) -> Iterator[Span]:
    """Yield pairs of decimals that are a latitude and a longitude, in this order or the other."""
    for found in overlapping(_PAIR, text):
        start, end = found.span()
        if not bounded_left(text, start) or not bounded_right(text, end) or text[max(0, start - 1) : start] in (b".", b"-", b"+"):
            continue
        if re.match(rb"\.[0-9]", text[end : end + 2]):
            continue
        one, other = (_degrees(*found.group(*groups)) for groups in ((1, 2), (3, 4)))
        if max(one, other) <= 180 and min(one, other) <= 90:
            yield start, end


def _degrees(whole: bytes, fraction: bytes) -> int:
    """Return degrees, rounded up."""
    return int(whole) + bool(fraction.strip(b"0"))


_DATE: Final = re.compile(rb"((?:19|20)[0-9]{2})-([0-9]{2})-([0-9]{2})|([0-9]{1,2})([/.-])([0-9]{1,2})\5((?:19|20)[0-9]{2})")


def dob(text: bytes) -> Iterator[Span]:
    """Yield days from 1900 on: year, month and day, or the year last and the other two in either order. A time may follow."""
    for found in overlapping(_DATE, text):
        start, end = found.span()
        if not bounded_left(text, start) or text[max(0, start - 1) : start] in (b".", b"-", b"/"):
            continue
        if not (bounded_right(text, end) or re.match(rb"T[0-9]{2}", text[end : end + 3])) or re.match(
            rb"[-./][0-9A-Za-z]", text[end : end + 2]
        ):
            continue
        if found.group(1):
            year, month, day = map(int, found.group(1, 2, 3))
        else:
            day, month, year = map(int, found.group(4, 6, 7))
        if is_date(year, month, day) or (found.group(4) and is_date(year, day, month)):
            yield start, end


def _mac(written: bytes) -> bool:
    digits = re.sub(rb"[:.-]", b"", written).lower()
    return digits not in (b"0" * 12, b"f" * 12)


def _in_no_longer_mac(text: bytes, start: int, end: int) -> bool:
    joiners = (b":", b"-", b".")
    return _bounded(text, start, end) and (
        text[max(0, start - 1) : start] not in joiners and not re.match(rb"[:.-][0-9A-Fa-f]", text[end : end + 2])
    )


# ---- secrets ----

_SECRET_KEY: Final = rb"[A-Za-z0-9/+][A-Za-z0-9/+=]{39}"


def _is_whole_key(text: bytes, start: int, end: int) -> bool:
    return (
        bounded_left(text, start)
        and text[max(0, start - 1) : start] not in (b"/", b"+")
        and re.match(rb"[A-Za-z0-9/+=_]", text[end : end + 1]) is None
    )


ENTROPY_UNIT: Final = 1 << 16
ENTROPY_OF: Final = tuple(round(count * log2(count) * ENTROPY_UNIT) if count else 0 for count in range(129))
"""Bits that so many equal or unlike characters make, in whole numbers: so that all agree on which side of a bound a text is."""
_LEAST_ENTROPY: Final = ENTROPY_UNIT * 9 // 2  # 4.5 bits a character
_HEX_IDS: Final = re.compile(rb"[0-9a-fA-F]+")


def _is_random(word: bytes) -> bool:
    counts = (word.count(character) for character in set(word))
    bits = ENTROPY_OF[len(word)] - sum(ENTROPY_OF[count] for count in counts)
    return bits >= _LEAST_ENTROPY * len(word) and not _HEX_IDS.fullmatch(word)


def _is_whole_word(text: bytes, start: int, end: int) -> bool:
    return (
        bounded_left(text, start)
        and text[max(0, start - 1) : start] != b"-"
        and re.match(rb"[A-Za-z0-9_-]", text[end : end + 1]) is None
    )


KEYED: Final[dict[str, Matcher]] = {
    **NATIONAL_KEYED,
    "phone": _matcher(rb"[2-9][0-9]{2}[2-9][0-9]{6}", _phone),
    "ssn": _matcher(rb"[0-9]{9}", _ssn),
    "imei": _matcher(rb"[0-9]{15}", luhn),
    "geo": geo,
    "dob": dob,
    "aws_secret": _matcher(_SECRET_KEY, _anything, _is_whole_key),
    "mailgun": _matcher(rb"key-[0-9A-Fa-f]{32}", _anything, _bounded),
    "datadog": _matcher(rb"[0-9A-Fa-f]{32}(?:[0-9A-Fa-f]{8})?", _anything, _bounded),
    "vercel": _matcher(rb"[A-Za-z0-9]{24}", _anything, _bounded),
    "pagerduty": _matcher(rb"[0-9A-Fa-f]{32}", _anything, _bounded),
    "entropy": _matcher(rb"[A-Za-z0-9_-]{32,128}+", _is_random, _is_whole_word),
    "mac": _matcher(
        rb"[0-9A-Fa-f]{2}([:-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}",
        _mac, _in_no_longer_mac,
    ),
}  # fmt: skip
"""By detector id. Those that also have a rarer shape have another matcher for that."""
