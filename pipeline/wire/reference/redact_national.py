"""Matchers for national identifiers that need no keyword (redaction contract §2.5): rare shapes, most with a check digit."""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Final

from pipeline.wire.reference.redact_boundaries import Span, bounded_left, bounded_right, overlapping

Matcher = Callable[[bytes], Iterator[Span]]


def _matcher(expression: bytes, check: Callable[["re.Match[bytes]"], bool]) -> Matcher:
    pattern = re.compile(expression)

    def spans(text: bytes) -> Iterator[Span]:
        for found in overlapping(pattern, text):
            if bounded_left(text, found.start()) and bounded_right(text, found.end()) and check(found):
                yield found.span()

    return spans


def weighted(characters: bytes, weights: Iterable[int]) -> int:
    """Return the sum of digits times weights; letters count as what their code is above that of `0`."""
    return sum((character - 48) * weight for character, weight in zip(characters, weights, strict=True))


def is_date(year: int, month: int, day: int) -> bool:
    """Tell whether the calendar has this day."""
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def _uk_nino(found: "re.Match[bytes]") -> bool:
    return found.group()[:2] not in (b"BG", b"GB", b"KN", b"NK", b"NT", b"TN", b"ZZ")


_DNI_LETTERS: Final = b"TRWAGMYFPDXBNJZSQVHLCKE"


def _es_dni(found: "re.Match[bytes]") -> bool:
    number = found.group()
    return _DNI_LETTERS[int(number[:-1]) % 23] == number[-1]


def _es_nie(found: "re.Match[bytes]") -> bool:
    number = found.group()
    return _DNI_LETTERS[int(b"%d%b" % (b"XYZ".index(number[0]), number[1:-1])) % 23] == number[-1]


_CF_ODD: Final = dict(
    zip(
        b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (
            1, 0, 5, 7, 9, 13, 15, 17, 19, 21,
            1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23,
        ),
        strict=True,
    )
)  # fmt: skip
"""Values of characters in odd places (Italy, decree of 23 December 1976)."""


def _it_cf(found: "re.Match[bytes]") -> bool:
    code = found.group()
    odd = sum(_CF_ODD[character] for character in code[0:15:2])
    even = sum(character - (48 if character < 65 else 65) for character in code[1:15:2])
    return (odd + even) % 26 == code[15] - 65


def _fi_hetu(found: "re.Match[bytes]") -> bool:
    code = found.group()
    return (
        1 <= int(code[:2]) <= 31
        and 1 <= int(code[2:4]) <= 12
        and b"0123456789ABCDEFHJKLMNPRSTUVWXY"[int(code[:6] + code[7:10]) % 31] == code[10]
    )


def _ch_ahv(found: "re.Match[bytes]") -> bool:
    return is_ean13(found.group().replace(b".", b""))


def is_ean13(digits: bytes) -> bool:
    """Tell whether the last of 13 digits is the check digit of EAN-13."""
    return weighted(digits, (1, 3) * 6 + (1,)) % 10 == 0


def _br_check(characters: bytes, weights: tuple[int, ...]) -> int:
    rest = weighted(characters, weights) % 11
    return 48 + (0 if rest < 2 else 11 - rest)


def _br_cpf(found: "re.Match[bytes]") -> bool:
    return is_cpf(re.sub(rb"[.-]", b"", found.group()))


def is_cpf(digits: bytes) -> bool:
    """Tell whether 11 digits are a CPF: both check digits, not all digits equal."""
    return (
        len(set(digits)) > 1
        and _br_check(digits[:9], tuple(range(10, 1, -1))) == digits[9]
        and _br_check(digits[:10], tuple(range(11, 1, -1))) == digits[10]
    )


def _br_cnpj(found: "re.Match[bytes]") -> bool:
    return is_cnpj(re.sub(rb"[./-]", b"", found.group()))


def is_cnpj(characters: bytes) -> bool:
    """Tell whether 14 characters are a CNPJ: both check digits, not all characters equal."""
    weights = (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
    return (
        len(set(characters)) > 1
        and _br_check(characters[:12], weights[1:]) == characters[12]
        and _br_check(characters[:13], weights) == characters[13]
    )


def _cn_ric(found: "re.Match[bytes]") -> bool:
    code = found.group().upper()
    year = int(code[6:10])
    check = weighted(code[:17], (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)) % 11  # ISO 7064 mod 11-2
    return 1900 <= year < 2100 and is_date(year, int(code[10:12]), int(code[12:14])) and b"10X98765432"[check] == code[17]


NATIONAL: Final[dict[str, Matcher]] = {
    "uk_nino": _matcher(
        rb"[ABCEGHJ-PRSTW-Z][ABCEGHJ-NPRSTW-Z](?:[0-9]{6}| [0-9]{2} [0-9]{2} [0-9]{2} )[A-D]", _uk_nino
    ),
    "es_dni": _matcher(rb"[0-9]{8}[A-Z]", _es_dni),
    "es_nie": _matcher(rb"[XYZ][0-9]{7}[A-Z]", _es_nie),
    "it_cf": _matcher(
        rb"[A-Z]{6}[0-9L-NP-V]{2}[ABCDEHLMPRST][0-9L-NP-V]{2}[A-Z][0-9L-NP-V]{3}[A-Z]", _it_cf
    ),
    "fi_hetu": _matcher(rb"[0-9]{6}[-+A-FU-Y][0-9]{3}[0-9A-FHJ-NPR-Y]", _fi_hetu),
    "ch_ahv": _matcher(rb"756\.[0-9]{4}\.[0-9]{4}\.[0-9]{2}", _ch_ahv),
    "br_cpf": _matcher(rb"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}", _br_cpf),
    "br_cnpj": _matcher(rb"[0-9A-Z]{2}\.[0-9A-Z]{3}\.[0-9A-Z]{3}/[0-9A-Z]{4}-[0-9]{2}", _br_cnpj),
    "cn_ric": _matcher(rb"[1-9][0-9]{16}[0-9Xx]", _cn_ric),
}  # fmt: skip
"""By detector id. Letters are matched in upper case, as the documents print them."""
