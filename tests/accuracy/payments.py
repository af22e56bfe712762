"""Card numbers as Faker makes them, and account numbers of every country in the registry that python-stdnum carries."""

import re
from collections.abc import Iterator
from random import Random

from faker import Faker
from stdnum import iban, numdb

from tests.accuracy.samples import Sample, Style, framed

_CARDS = 1000
_ACCOUNTS_OF_A_COUNTRY = 8
COUNTRIES = tuple((country, registered["bban"]) for _, _, country, registered, _ in numdb.get("iban").prefixes)
"""Countries of the registry, with the structure of their account numbers."""
_CHARACTERS = {"n": "0123456789", "a": "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "c": "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


def samples(seed: int, style: Style) -> Iterator[Sample]:
    """Yield what money is paid with."""
    random = Random(f"{seed} payments")
    yield from framed("card", cards(random), style.frames, random)
    yield from framed("iban", accounts(random), style.frames, random)


def cards(random: Random) -> Iterator[str]:
    """Yield card numbers of all schemes that Faker knows, as they are stored and as they are printed."""
    fake = Faker("en_US")
    fake.seed_instance(random.getrandbits(64))
    for _ in range(_CARDS):
        yield random.choice((str, grouped))(fake.credit_card_number())


def grouped(number: str) -> str:
    """Return a card number as it is embossed: 15 digits as 4-6-5, others in fours where that comes out even."""
    if len(number) == 15:
        return f"{number[:4]} {number[4:10]} {number[10:]}"
    return " ".join(number[at : at + 4] for at in range(0, len(number), 4)) if len(number) in (16, 19) else number


def accounts(random: Random) -> Iterator[str]:
    """Yield IBANs of every country."""
    for country, structure in COUNTRIES:
        for _ in range(_ACCOUNTS_OF_A_COUNTRY):
            yield account(random, country, structure)


def account(random: Random, country: str, structure: str) -> str:
    """Return an IBAN whose national part has the structure that the registry demands, as `8!n10!c`."""
    bban = "".join(
        "".join(random.choices(_CHARACTERS[kind], k=int(size))) for size, kind in re.findall(r"(\d+)!?([nac])", structure)
    )
    number = f"{country}{iban.calc_check_digits(f'{country}00{bban}')}{bban}"
    return random.choice((str, iban.format))(number)
