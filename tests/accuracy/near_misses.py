"""Clean texts that are nearly what detectors look for: one digit off, never given out, too long, cut short."""

from collections.abc import Callable
from random import Random
from typing import Final

from faker import Faker

from tests.accuracy import keyed, tokens
from tests.accuracy.national_ids import SHAPED, digits
from tests.accuracy.payments import COUNTRIES, account, grouped

_CHECKED: Final = (
    "uk_nhs", "de_idnr", "fr_nir", "nl_bsn", "be_nn", "pl_pesel", "se_pnr", "no_fnr", "ca_sin", "au_tfn", "in_aadhaar", "za_id",
    "mx_curp", "imei",
)  # fmt: skip
"""What needs a name near it and has a check digit at its end."""


def _wrong_card(random: Random, fake: Faker) -> str:
    number = fake.credit_card_number()
    return random.choice((str, grouped))(number[:-1] + _other(random, number[-1], tokens.DIGITS))


def _long_digits(random: Random, fake: Faker) -> str:
    return digits(random, random.randrange(20, 40))


def _wrong_account(random: Random, fake: Faker) -> str:
    number = account(random, *random.choice(COUNTRIES))
    check = str((int(number[2:4]) + random.randrange(1, 90)) % 100).zfill(2)
    return number[:2] + check + number[4:]


def _wrong_national_id(random: Random, fake: Faker) -> str:
    name = random.choice([name for name in SHAPED if name != "uk_nino"])
    number = SHAPED[name](random)
    return number[:-1] + _other(random, number[-1], tokens.DIGITS if number[-1].isdigit() else tokens.UPPER)


def _wrong_named_id(random: Random, fake: Faker) -> str:
    names, draw = keyed.KINDS[random.choice(_CHECKED)]
    number = draw(random)
    return f"{random.choice(names.split('|'))} {number[:-1]}{_other(random, number[-1], tokens.DIGITS)}"


def _wrong_taxpayer(random: Random, fake: Faker) -> str:
    """Numbers that the Social Security Administration does not give out."""
    serial = random.randrange(1, 10_000)
    return random.choice(
        (
            f"000-{serial % 99 + 1:02}-{serial:04}",
            f"666-{serial % 99 + 1:02}-{serial:04}",
            f"{serial % 665 + 1:03}-00-{serial:04}",
            f"{serial % 665 + 1:03}-12-0000",
        )
    )


def _shown_token(random: Random, fake: Faker) -> str:
    """Tokens as consoles show them, and as manuals speak of them."""
    family = random.choice(sorted(tokens.FAMILIES))
    token = tokens.FAMILIES[family](random)
    return random.choice(
        (
            f"{token[:8]}…",
            f"{token[:6]}***{token[-4:]}",
            f"{token[:4]}...",
            f"it starts with {token[:5]} and has {len(token)} characters",
            f"{token[:7]}<redacted>",
        )
    )


def _other(random: Random, character: str, alphabet: str) -> str:
    return random.choice(alphabet.replace(character, ""))


KINDS: Final[dict[str, Callable[[Random, Faker], str]]] = {
    "card number with a wrong digit": _wrong_card,
    "20 and more digits": _long_digits,
    "IBAN with wrong check digits": _wrong_account,
    "national id with a wrong check": _wrong_national_id,
    "national id behind its name with a wrong check": _wrong_named_id,
    "SSN that is never given out": _wrong_taxpayer,
    "token cut short": _shown_token,
}
"""By kind."""
