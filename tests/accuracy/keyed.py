"""What needs a name near it: identifiers whose checksum lets too much through, keys that are plain hex, birthdays, places."""

from collections.abc import Callable, Iterator
from random import Random
from typing import Final

from faker import Faker
from stdnum import imei
from stdnum.au import tfn
from stdnum.be import nn
from stdnum.ca import sin
from stdnum.de import idnr
from stdnum.fr import nir
from stdnum.gb import nhs
from stdnum.in_ import aadhaar, pan
from stdnum.kr import rrn
from stdnum.mx import curp
from stdnum.nl import bsn
from stdnum.no import fodselsnummer
from stdnum.pl import pesel
from stdnum.se import personnummer
from stdnum.za import idnr as za_id

from tests.accuracy.national_ids import birthday, digits, valid
from tests.accuracy.samples import Sample, Style
from tests.accuracy.tokens import ALPHANUMERIC, HEX, UPPER, base64_of, some

EACH: Final = 120

_STATES: Final = "AS BC BS CC CL CM CS CH DF DG GT GR HG JC MC MN MS NT NL OC PL QT QR SP SL SR TC TS TL VZ YN ZS NE"
"""Of Mexico, as the CURP writes them."""

Named = tuple[str, Callable[[Random], str]]
"""The names that stand before a value, apart by `|`, and the value."""


def samples(seed: int, style: Style) -> Iterator[Sample]:
    """Yield each value behind one of its names, or in an attribute of that name."""
    for label, (names, draw) in KINDS.items():
        random = Random(f"{seed} {label}")
        for _ in range(EACH):
            name, frame = random.choice(names.split("|")), random.choice(style.keyed)
            yield frame._replace(before=frame.before.format(name)).around(label, draw(random))


def _formatted(module_format: Callable[[str], str], draw: Callable[[Random], str]) -> Callable[[Random], str]:
    return lambda random: random.choice((str, module_format))(draw(random))


def _any_of(size: int, is_valid: Callable[[str], bool]) -> Callable[[Random], str]:
    return lambda random: valid(lambda: digits(random, size), is_valid)


def _born(pattern: str, size: int, is_valid: Callable[[str], bool]) -> Callable[[Random], str]:
    """Return numbers that start with a date of birth and go on with digits of which `is_valid` knows the last."""
    return lambda random: valid(lambda: f"{birthday(random):{pattern}}{digits(random, size)}", is_valid)


def _nir(random: Random) -> str:
    born = birthday(random)
    place = random.choice((f"{random.randrange(1, 95):02}", "2A", "2B"))
    number = f"{random.choice('12')}{born:%y%m}{place}{random.randrange(1, 990):03}{random.randrange(1, 1000):03}"
    return number + nir.calc_check_digits(number)


def _personnummer(random: Random) -> str:
    return valid(lambda: f"{birthday(random):%y%m%d}-{digits(random, 4)}", personnummer.is_valid)


def _pan(random: Random) -> str:
    return valid(
        lambda: (
            some(random, UPPER, 3)
            + random.choice("ABCFGHJLPT")
            + some(random, UPPER, 1)
            + digits(random, 4)
            + some(random, UPPER, 1)
        ),
        pan.is_valid,
    )


def _rrn(random: Random) -> str:
    return rrn.format(valid(lambda: f"{birthday(random):%y%m%d}{random.choice('12')}{digits(random, 6)}", rrn.is_valid))


def _curp(random: Random) -> str:
    letters, consonants = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "BCDFGHJKLMNPQRSTVWXYZ"
    state = random.choice(_STATES.split(" "))

    def draw() -> str:
        name = random.choice(letters) + random.choice("AEIOU") + some(random, letters, 2)
        body = f"{name}{birthday(random):%y%m%d}{random.choice('HM')}{state}{some(random, consonants, 3)}{digits(random, 1)}"
        return body + curp.calc_check_digit(body)

    return valid(draw, curp.is_valid)


def _imei(random: Random) -> str:
    return valid(lambda: f"35{digits(random, 13)}", imei.is_valid)


def _nine_digits(random: Random) -> str:
    fake = Faker("en_US")
    fake.seed_instance(random.getrandbits(64))
    return fake.ssn().replace("-", "")


def _ten_digits(random: Random) -> str:
    """North American: area and exchange start with 2 to 9, and no exchange is N11."""
    return valid(
        lambda: f"{random.randrange(201, 990)}{random.randrange(200, 1000)}{digits(random, 4)}",
        lambda number: number[4:6] != "11" and number[1:3] != "11",
    )


def _position(random: Random) -> str:
    places = random.randrange(4, 8)
    return f"{random.uniform(-90, 90):.{places}f}{random.choice((',', ', '))}{random.uniform(-180, 180):.{places}f}"


def _date(random: Random) -> str:
    return format(birthday(random), random.choice(("%Y-%m-%d", "%d/%m/%Y")))


KINDS: Final[dict[str, Named]] = {
    "uk_nhs": ("NHS number|NHS|nhs", _formatted(nhs.format, _any_of(10, nhs.is_valid))),
    "de_idnr": ("Steuer-ID|IdNr|idnr", _formatted(idnr.format, _any_of(11, idnr.is_valid))),
    "fr_nir": ("NIR|nir", _formatted(nir.format, _nir)),
    "nl_bsn": ("BSN|bsn", _any_of(9, bsn.is_valid)),
    "be_nn": ("Rijksregister|rijksregister", _formatted(nn.format, _born("%y%m%d", 5, nn.is_valid))),
    "pl_pesel": ("PESEL|pesel", _born("%y%m%d", 5, pesel.is_valid)),
    "se_pnr": ("personnummer|Personnummer", _personnummer),
    "no_fnr": ("fodselsnummer|Fodselsnummer", _born("%d%m%y", 5, fodselsnummer.is_valid)),
    "ca_sin": ("SIN|sin", _formatted(sin.format, _any_of(9, sin.is_valid))),
    "au_tfn": ("TFN|tfn", _formatted(tfn.format, _any_of(9, tfn.is_valid))),
    "in_aadhaar": ("Aadhaar|aadhaar", _formatted(aadhaar.format, _any_of(12, aadhaar.is_valid))),
    "in_pan": ("PAN|pan", _pan),
    "kr_rrn": ("RRN|rrn", _rrn),
    "za_id": ("national id|National ID", _born("%y%m%d", 7, za_id.is_valid)),
    "mx_curp": ("CURP|curp", _curp),
    "ssn": ("SSN|Social Security", _nine_digits),
    "phone": ("phone|tel|mobile|fax|Phone|WhatsApp", _ten_digits),
    "imei": ("IMEI|imei", _imei),
    "geo": ("geo|coordinates|Coordinates", _position),
    "dob": ("DOB|dob|birth", _date),
    "aws_secret": ("aws_secret_access_key|SecretAccessKey", lambda random: base64_of(random, 30)),
    "mailgun": ("mailgun|Mailgun", lambda random: "key-" + some(random, HEX, 32)),
    "datadog": ("datadog|Datadog|DD_API_KEY|dd-api-key", lambda random: some(random, HEX, random.choice((32, 40)))),
    "pagerduty": ("PagerDuty|pagerduty|routing_key|integration_key", lambda random: some(random, HEX, 32)),
    "vercel": ("vercel|Vercel", lambda random: some(random, ALPHANUMERIC, 24)),
}
"""By detector id."""
