"""Matchers for national identifiers that are mere digits, or nearly so (redaction contract §2.5): a keyword has to stand near.

A check digit alone lets one in ten numbers through. Numbers of which all digits are equal are nobody's.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final

from pipeline.wire.reference.redact_boundaries import Span, alone, overlapping
from pipeline.wire.reference.redact_national import is_cnpj, is_cpf, is_date, is_ean13, weighted
from pipeline.wire.reference.redact_personal import luhn

Matcher = Callable[[bytes], Iterator[Span]]


def _matcher(expression: bytes, check: Callable[[bytes], bool]) -> Matcher:
    """Return the matcher of an expression, whose match without separators is checked."""
    pattern = re.compile(expression)

    def spans(text: bytes) -> Iterator[Span]:
        for found in overlapping(pattern, text):
            characters = re.sub(rb"[ .+-]", b"", found.group())
            if alone(text, *found.span()) and len(set(characters)) > 1 and check(characters):
                yield found.span()

    return spans


def _is_born(digits: bytes, *centuries: int) -> bool:
    """Tell whether YYMMDD is a day in one of these centuries."""
    year, month, day = int(digits[:2]), int(digits[2:4]), int(digits[4:6])
    return any(is_date(century + year, month, day) for century in centuries)


def _uk_nhs(digits: bytes) -> bool:
    return weighted(digits, (*range(10, 1, -1), 1)) % 11 == 0


def _de_idnr(digits: bytes) -> bool:
    counts = [digits.count(digit, 0, 10) for digit in set(digits[:10])]
    if max(counts) not in (2, 3) or sum(count > 1 for count in counts) != 1:
        return False
    rest = 10
    for digit in digits[:10]:  # ISO 7064, mod 11,10
        rest = 2 * ((rest + digit - 48) % 10 or 10) % 11
    return (11 - rest) % 10 == digits[10] - 48


def _fr_nir(code: bytes) -> bool:
    digits = code.replace(b"2A", b"19").replace(b"2B", b"18")
    return 97 - int(digits[:13]) % 97 == int(digits[13:])


def _nl_bsn(digits: bytes) -> bool:
    return weighted(digits, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0


def _be_nn(digits: bytes) -> bool:
    return int(digits[9:]) in (97 - int(digits[:9]) % 97, 97 - int(b"2" + digits[:9]) % 97)


def _pl_pesel(digits: bytes) -> bool:
    century, month = divmod(int(digits[2:4]), 20)
    year = (1900, 2000, 2100, 2200, 1800)[century] + int(digits[:2])
    return weighted(digits, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)) % 10 == 0 and is_date(year, month, int(digits[4:6]))


def _se_pnr(digits: bytes) -> bool:
    ten = digits[-10:]
    centuries = (1900, 2000) if len(digits) == 10 else (100 * int(digits[:2]),)
    return luhn(ten) and all(1800 <= century <= 2000 for century in centuries) and _is_born(ten, *centuries)


def _no_fnr(digits: bytes) -> bool:
    return (
        weighted(digits[:10], (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)) % 11 == 0
        and weighted(digits, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0
    )


def _au_tfn(digits: bytes) -> bool:
    return weighted(digits, (1, 4, 3, 7, 5, 8, 6, 9, 10)[: len(digits)]) % 11 == 0


VERHOEFF_PRODUCT: Final = tuple(
    bytes((one // 5 * 5 ^ other // 5 * 5) + (one % 5 + (other % 5 if one < 5 else -other) % 5) % 5 for other in range(10))
    for one in range(10)
)
"""Products in the dihedral group of ten elements (J. Verhoeff, Error detecting decimal codes, 1969)."""
_TURN: Final = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def _turned() -> tuple[bytes, ...]:
    turns = [bytes(range(10))]
    for _ in range(7):
        turns.append(bytes(turns[-1][digit] for digit in _TURN))
    return tuple(turns)


VERHOEFF_TURNS: Final = _turned()
"""What a digit counts as, by its place from the right, modulo 8."""


def _in_aadhaar(digits: bytes) -> bool:
    check = 0
    for place, digit in enumerate(reversed(digits)):
        check = VERHOEFF_PRODUCT[check][VERHOEFF_TURNS[place % 8][digit - 48]]
    return check == 0


def _kr_rrn(digits: bytes) -> bool:
    return _is_born(digits, 1800 if digits[6] in b"09" else 1900 if digits[6] in b"1256" else 2000)


def _za_id(digits: bytes) -> bool:
    return _is_born(digits, 1900, 2000) and luhn(digits)


_CURP: Final = b"0123456789ABCDEFGHIJKLMN\0OPQRSTUVWXYZ"  # the place of Ñ


def _mx_curp(code: bytes) -> bool:
    total = sum(_CURP.index(character) * (18 - place) for place, character in enumerate(code[:17]))
    return -total % 10 == code[17] - 48 and _is_born(code[4:10], 1900 if code[16] < 65 else 2000)


NATIONAL_KEYED: Final[dict[str, Matcher]] = {
    "uk_nhs": _matcher(rb"[0-9]{10}|[0-9]{3} [0-9]{3} [0-9]{4}|[0-9]{3}-[0-9]{3}-[0-9]{4}", _uk_nhs),
    "de_idnr": _matcher(rb"[1-9](?:[0-9]{10}|[0-9] [0-9]{3} [0-9]{3} [0-9]{3})", _de_idnr),
    "fr_nir": _matcher(
        rb"[1-8][0-9]{4}(?:[0-9]{2}|2[AB])[0-9]{8}|[1-8] [0-9]{2} [0-9]{2} (?:[0-9]{2}|2[AB]) [0-9]{3} [0-9]{3} [0-9]{2}", _fr_nir
    ),
    "nl_bsn": _matcher(rb"[0-9]{9}", _nl_bsn),
    "be_nn": _matcher(rb"[0-9]{11}|[0-9]{2}\.[0-9]{2}\.[0-9]{2}-[0-9]{3}\.[0-9]{2}", _be_nn),
    "pl_pesel": _matcher(rb"[0-9]{11}", _pl_pesel),
    "se_pnr": _matcher(rb"(?:[0-9]{8}|[0-9]{6})[-+]?[0-9]{4}", _se_pnr),
    "no_fnr": _matcher(rb"[0-9]{11}", _no_fnr),
    "ch_ahv": _matcher(rb"756[0-9]{10}", is_ean13),
    "br_cpf": _matcher(rb"[0-9]{11}", is_cpf),
    "br_cnpj": _matcher(rb"[0-9]{14}", is_cnpj),
    "ca_sin": _matcher(rb"[1-79](?:[0-9]{8}|[0-9]{2}([ -])[0-9]{3}\1[0-9]{3})", luhn),
    "au_tfn": _matcher(rb"[0-9]{8,9}+|[0-9]{3} [0-9]{3} [0-9]{3}", _au_tfn),
    "in_aadhaar": _matcher(rb"[2-9](?:[0-9]{11}|[0-9]{3}([ -])[0-9]{4}\1[0-9]{4})", _in_aadhaar),
    "in_pan": _matcher(rb"[A-Z]{3}[ABCFGHJLPT][A-Z][0-9]{4}[A-Z]", lambda _: True),
    "kr_rrn": _matcher(rb"[0-9]{6}-[0-9]{7}", _kr_rrn),
    "za_id": _matcher(rb"[0-9]{13}", _za_id),
    "mx_curp": _matcher(
        rb"[A-Z][AEIOUX][A-Z]{2}[0-9]{6}[HMX][A-Z]{2}[B-DF-HJ-NP-TV-Z]{3}[0-9A-Z][0-9]", _mx_curp
    ),
}  # fmt: skip
"""By detector id. Those that also have a rarer shape are in `NATIONAL` with that."""
