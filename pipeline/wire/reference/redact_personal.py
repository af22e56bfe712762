"""Matchers for personal data (redaction contract §2.2): each yields the byte ranges of a text that it means, in order.

All are linear: the expressions have bounded or possessive quantifiers only, and what is unbounded is read once.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from pipeline.wire.identifiers import (
    CARD_ISSUERS,
    COUNTRY_CODES,
    IBAN_DIGITS_ONLY,
    IBAN_LENGTHS,
    RUPAY_ISSUERS,
    IssuerRange,
)
from pipeline.wire.reference.redact_boundaries import Span, behind_escape, bounded_left, bounded_right, overlapping

# ---- e-mail ----

_AT: Final = re.compile(rb"@|%40|\\u0040")
_LOCAL: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._%+-") | frozenset(range(0x80, 0x100))
_DOMAIN: Final = re.compile(rb"[A-Za-z0-9\x80-\xff-]++(?:\.[A-Za-z0-9\x80-\xff-]++)*+")
_TOP: Final = re.compile(rb"xn--|[A-Za-z\x80-\xff]{2}")
_FILE_ENDINGS: Final = frozenset(b"png jpg jpeg gif svg webp css js ts map json html py go rs java so dll".split())
_MAX_LOCAL: Final = 64
_MAX_LABEL: Final = 63
_MAX_LABELS: Final = 10


def email(text: bytes) -> Iterator[Span]:
    """Yield e-mail addresses. Of a longer local part the last 64 bytes are meant."""
    for at in _AT.finditer(text):
        start = _local_start(text, at.start())
        end = _domain_end(text, at.end()) if start < at.start() else None
        if end is None or text[end : end + 1] == b"@":
            continue
        if text[start : at.start()] == b"git" and text[end : end + 1] == b":" and text[end + 1 : end + 2].strip():
            continue  # git@host:path
        yield start, end


def _local_start(text: bytes, end: int) -> int:
    start = end
    while start and end - start < _MAX_LOCAL and text[start - 1] in _LOCAL:
        start -= 1
    while start < end and text[start] & 0xC0 == 0x80:  # not in the middle of a character
        start += 1
    return min(behind_escape(text, start, percent=False), end)


def _domain_end(text: bytes, start: int) -> int | None:
    found = _DOMAIN.match(text, start)
    if found is None:
        return None
    labels = found.group().split(b".", _MAX_LABELS)[:_MAX_LABELS]
    end = start
    ends: list[tuple[bytes, int]] = []
    for label in labels:
        if len(label) > _MAX_LABEL:
            break
        end += len(label) + 1
        ends.append((label, end - 1))
    while len(ends) > 1:
        label, end = ends.pop()
        if _TOP.match(label):
            return None if label.partition(b"-")[0].lower() in _FILE_ENDINGS else end
    return None


# ---- telephone ----

_PLUS: Final = re.compile(rb"\+[1-9][0-9]{0,14}(?:[ .()-]{1,3}[0-9]{1,15}){0,14}")
_GROUP: Final = re.compile(rb"[0-9]++")
_NANP: Final = re.compile(
    rb"\([2-9][0-9]{2}\) ?[2-9][0-9]{2}-[0-9]{4}|[2-9][0-9]{2}-[2-9][0-9]{2}-[0-9]{4}|[2-9][0-9]{2}\.[2-9][0-9]{2}\.[0-9]{4}"
)
_NOT_PHONE_BEFORE: Final = re.compile(rb"(?:[0-9]{2}|[A-Za-z02-9])[.-]\Z")


def phone(text: bytes) -> Iterator[Span]:
    """Yield E.164 numbers behind a `+`, and North American ones with separators."""
    for found in overlapping(_PLUS, text):
        if bounded_left(text, found.start()):
            end = _e164_end(text, found)
            if end is not None:
                yield found.start(), end
    for found in overlapping(_NANP, text):
        start, end = found.span()
        exchange = re.sub(rb"[^0-9]", b"", found.group())[3:6]
        if (
            exchange[1:] != b"11"
            and bounded_left(text, start)
            and bounded_right(text, end)
            and not _NOT_PHONE_BEFORE.search(text, max(0, start - 3), start)
            and not re.match(rb"[.-][0-9]", text[end : end + 2])
        ):
            yield start, end


def _e164_end(text: bytes, found: "re.Match[bytes]") -> int | None:
    """Return where the longest run of whole groups ends that can be a number: what follows may be another number."""
    digits, best = b"", None
    for group in _GROUP.finditer(text, found.start(), found.end()):
        digits += text[slice(*group.span())]
        if len(digits) > 15:
            break
        complete = len(digits) == 11 if digits[:1] == b"1" else len(digits) >= 8
        if complete and bounded_right(text, group.end()):
            best = group.end()
    known = any(int(digits[:size]) in COUNTRY_CODES for size in (1, 2, 3))
    return best if known else None


# ---- United States: social security and taxpayer numbers ----

_SSN: Final = re.compile(rb"([0-9]{3})-([0-9]{2})-([0-9]{4})|([0-9]{3}) ([0-9]{2}) ([0-9]{4})")


def ssn(text: bytes) -> Iterator[Span]:
    """Yield social security numbers with dashes or spaces."""
    for found in _nine_digits(text):
        if is_social_security(*(part for part in found.groups() if part is not None)):
            yield found.span()


def is_social_security(area: bytes, group: bytes, serial: bytes) -> bool:
    """Tell whether such a number can have been issued."""
    return area not in (b"000", b"666") and area < b"900" and group != b"00" and serial != b"0000"


def itin(text: bytes) -> Iterator[Span]:
    """Yield individual taxpayer numbers with dashes."""
    for found in _nine_digits(text):
        area, group, _ = (part for part in found.groups() if part is not None)
        number = int(group)
        valid = 50 <= number <= 65 or 70 <= number <= 88 or 90 <= number <= 92 or 94 <= number <= 99
        if area[:1] == b"9" and valid and found.group(1) is not None:
            yield found.span()


def _nine_digits(text: bytes) -> Iterator["re.Match[bytes]"]:
    for found in overlapping(_SSN, text):
        start, end = found.span()
        if not bounded_left(text, start) or not bounded_right(text, end):
            continue
        if text[max(0, start - 1) : start] == b"-" or re.match(rb"-[0-9A-Za-z]", text[end : end + 2]):
            continue  # inside a longer run of groups, as in a UUID
        yield found


# ---- payment cards ----

_SEPARATOR: Final = rb"([ -]|\xc2\xa0|\xe2\x80\x93)"
_CARD: Final = tuple(
    re.compile(expression)
    for expression in (
        rb"[0-9]{4}" + _SEPARATOR + rb"[0-9]{4}\1[0-9]{4}\1[0-9]{4}\1[0-9]{3}(?![0-9])",
        rb"[0-9]{4}" + _SEPARATOR + rb"[0-9]{4}\1[0-9]{4}\1[0-9]{4}(?![0-9])",
        rb"[0-9]{4}" + _SEPARATOR + rb"[0-9]{6}\1[0-9]{4,5}(?![0-9])",
        rb"[0-9]{12,19}+(?![0-9])",
    )
)
_DOUBLED: Final = bytes.maketrans(b"0123456789", bytes((0, 2, 4, 6, 8, 1, 3, 5, 7, 9)))
_SINGLE: Final = bytes.maketrans(b"0123456789", bytes(range(10)))


def card(text: bytes) -> Iterator[Span]:
    """Yield payment card numbers, in one piece or in the schemes' groups."""
    return _cards(text, is_card)


def rupay(text: bytes) -> Iterator[Span]:
    """Yield the numbers of RuPay cards, which share their first digits with much else."""
    return _cards(text, is_rupay)


def _cards(text: bytes, is_number: Callable[[bytes], bool]) -> Iterator[Span]:
    for pattern in _CARD:
        for found in overlapping(pattern, text):
            start, end = found.span()
            if (
                bounded_left(text, start)
                and bounded_right(text, end)
                and text[max(0, start - 1) : start] not in (b".", b"-")
                and not re.match(rb"\.[0-9]", text[end : end + 2])
                and is_number(re.sub(rb"[^0-9]", b"", found.group()))
            ):
                yield start, end


def is_card(digits: bytes) -> bool:
    """Tell whether digits are a card number: a known issuer, a length it uses, Luhn's check, not all alike."""
    return _is_issued(digits, CARD_ISSUERS)


def is_rupay(digits: bytes) -> bool:
    """Tell the same of RuPay's numbers."""
    return _is_issued(digits, RUPAY_ISSUERS)


def _is_issued(digits: bytes, issuers: Iterable[IssuerRange]) -> bool:
    if not 12 <= len(digits) <= 19 or digits.count(digits[0]) == len(digits) or not luhn(digits):
        return False
    return any(first <= int(digits[: len(str(first))]) <= last and len(digits) in lengths for first, last, lengths in issuers)


def luhn(digits: bytes) -> bool:
    """Tell whether the last digit is Luhn's check digit (ISO/IEC 7812-1, annex B)."""
    return (sum(digits[-1::-2].translate(_SINGLE)) + sum(digits[-2::-2].translate(_DOUBLED))) % 10 == 0


# ---- bank accounts ----

_IBAN: Final = re.compile(rb"[A-Za-z]{2}[0-9]{2}")


def iban(text: bytes) -> Iterator[Span]:
    """Yield IBANs, compact or in groups of four."""
    for found in overlapping(_IBAN, text):
        start = found.start()
        country = found.group()[:2].upper().decode()
        length = IBAN_LENGTHS.get(country)
        if length is None or not bounded_left(text, start):
            continue
        for end in (start + length, start + length + (length - 1) // 4):
            written = text[start:end]
            compact = written.replace(b" ", b"")
            grouped = b" ".join(compact[at : at + 4] for at in range(0, length, 4))
            if (
                end <= len(text)
                and len(compact) == length
                and written in (compact, grouped)
                and bounded_right(text, end)
                and _is_iban(compact.upper())
            ):
                yield start, end
                break


def _is_iban(compact: bytes) -> bool:
    bban = compact[4:]
    if not bban.isalnum() or not 2 <= int(compact[2:4]) <= 98:
        return False
    if compact[:2].decode() in IBAN_DIGITS_ONLY and not bban.isdigit():
        return False
    return int("".join(str(int(character, 36)) for character in (bban + compact[:4]).decode())) % 97 == 1  # ISO 7064


# ---- network addresses ----

_OCTET: Final = rb"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4: Final = re.compile(rb"(%b)\.(%b)\.(%b)\.(%b)(?![0-9])" % (_OCTET, _OCTET, _OCTET, _OCTET))
_VERSION_BEFORE: Final = re.compile(rb"(?i)(?<![a-z0-9_])(?:v|version|rev|assembly|build)[ =:]{1,3}\Z")
_AFTER_PRODUCT: Final = re.compile(rb"[A-Za-z]/\Z")
_PORT: Final = re.compile(rb":[0-9]")


def ipv4(text: bytes, *, special: bool = False) -> Iterator[Span]:
    """Yield IPv4 addresses, but not versions, and loopback, the addresses of nobody and of everybody only as `special`."""
    for found in overlapping(_IPV4, text):
        start, end = found.span()
        if not bounded_left(text, start) or not bounded_right(text, end) or text[max(0, start - 1) : start] == b".":
            continue
        if re.match(rb"\.[0-9]", text[end : end + 2]) or _VERSION_BEFORE.search(text, max(0, start - 12), start):
            continue
        octets = [int(octet) for octet in found.groups()]
        if not special and (octets[0] == 127 or found.group() in (b"0.0.0.0", b"255.255.255.255")):
            continue
        if (
            _AFTER_PRODUCT.search(text, max(0, start - 2), start)
            and not _PORT.match(text, end)
            and (0 in octets or octets[0] < 10)
        ):
            continue
        yield start, end


_IPV6: Final = re.compile(rb"[0-9A-Fa-f:]{2,}+(?:\.[0-9]{1,3}){0,3}+")
_ZONE: Final = re.compile(rb"%[A-Za-z0-9._~-]{1,32}+")
_QUAD: Final = re.compile(rb"%b(?:\.%b){3}" % (_OCTET, _OCTET))
_HEX_GROUP: Final = re.compile(rb"[0-9A-Fa-f]{1,4}")
_MAX_IPV6: Final = 45


def ipv6(text: bytes, *, special: bool = False) -> Iterator[Span]:
    """Yield IPv6 addresses with their zone, loopback and the unspecified one only as `special`."""
    for found in _IPV6.finditer(text):
        start, end = found.span()
        if b":" not in found.group():
            continue
        if not bounded_left(text, start):  # a word that ends in hex digits, as in `node:2001:db8::1`
            start = text.index(b":", start) + 1
        elif text[start] == 0x3A and text[start + 1] != 0x3A:
            start += 1
        if text[end - 1] == 0x3A and text[end - 2] != 0x3A:
            end -= 1
        if end - start > _MAX_IPV6 or not bounded_right(text, end):
            continue
        if not (special and text[start:end] in (b"::1", b"::")) and not _is_ipv6(text[start:end]):
            continue
        zone = _ZONE.match(text, end)
        yield start, end if zone is None else zone.end()


def _is_ipv6(written: bytes) -> bool:
    parts = written.split(b"::")
    if len(parts) > 2 or written == b"::1" or not any(0x30 <= byte <= 0x39 for byte in written):
        return False
    groups = [group for part in parts if part for group in part.split(b":")]
    size = len(groups)
    if groups and b"." in groups[-1]:
        if not _QUAD.fullmatch(groups.pop()):
            return False
        size += 1
    if not all(_HEX_GROUP.fullmatch(group) for group in groups):
        return False
    return size == 8 if len(parts) == 1 else 2 <= size <= 7
