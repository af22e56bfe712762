"""National identifiers: drawn in their public format, completed and judged by python-stdnum."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from random import Random

from stdnum import numdb
from stdnum.br import cnpj, cpf
from stdnum.ch import ssn as ahv
from stdnum.cn import ric
from stdnum.es import dni, nie
from stdnum.fi import hetu
from stdnum.it import codicefiscale

from tests.accuracy.samples import Sample, Style, framed

EACH = 150
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CONSONANTS = "BCDFGLMNPRSTVZ"


def samples(seed: int, style: Style) -> Iterator[Sample]:
    """Yield identifiers that are known by their shape alone."""
    random = Random(f"{seed} national ids")
    for label, draw in SHAPED.items():
        yield from framed(label, (draw(random) for _ in range(EACH)), style.frames, random)


def valid(draw: Callable[[], str], is_valid: Callable[[str], bool]) -> str:
    """Return the first number drawn that passes."""
    while not is_valid(number := draw()):
        pass
    return number


def digits(random: Random, count: int) -> str:
    return "".join(random.choices("0123456789", k=count))


def birthday(random: Random) -> date:
    return date(1930, 1, 1) + timedelta(days=random.randrange(27_000))


def _nino(random: Random) -> str:
    """HM Revenue & Customs, manual NIM39110: prefixes without D F I Q U V (and O in the second place) or those never issued."""
    prefix = valid(
        lambda: random.choice("ABCEGHJKLMNOPRSTWXYZ") + random.choice("ABCEGHJKLMNPRSTWXYZ"),
        lambda pair: pair not in ("BG", "GB", "KN", "NK", "NT", "TN", "ZZ"),
    )
    number = digits(random, 6)
    return random.choice((f"{prefix}{number}", f"{prefix} {number[:2]} {number[2:4]} {number[4:]} ")) + random.choice("ABCD")


def _dni(random: Random) -> str:
    number = digits(random, 8)
    return number + dni.calc_check_digit(number)


def _nie(random: Random) -> str:
    number = random.choice("XYZ") + digits(random, 7)
    return number + nie.calc_check_digit(number)


def _codice_fiscale(random: Random) -> str:
    born = birthday(random)
    day = born.day + random.choice((0, 40))  # women's days count from 41
    code = (
        "".join(random.choices(_CONSONANTS, k=6))
        + f"{born:%y}{'ABCDEHLMPRST'[born.month - 1]}{day:02}{random.choice('ABCDEFGHILMZ')}{digits(random, 3)}"
    )
    return code + codicefiscale.calc_check_digit(code)


def _hetu(random: Random) -> str:
    def draw() -> str:
        born = birthday(random)
        sign = random.choice("-YXWVU" if born.year < 2000 else "ABCDEF")
        return f"{born:%d%m%y}{sign}{random.randrange(2, 900):03}{random.choice('0123456789ABCDEFHJKLMNPRSTUVWXY')}"

    return valid(draw, hetu.is_valid)


def _ahv(random: Random) -> str:
    return ahv.format(valid(lambda: f"756{digits(random, 10)}", ahv.is_valid))


def _cpf(random: Random) -> str:
    return cpf.format(valid(lambda: digits(random, 11), cpf.is_valid))


def _cnpj(random: Random) -> str:
    body = random.choice((digits(random, 8), "".join(random.choices("0123456789" + _LETTERS, k=8)))) + "0001"
    return cnpj.format(body + cnpj.calc_check_digits(body))


def _ric(random: Random) -> str:
    counties = [
        f"{province}{county}" for _, province, _, _, inner in numdb.get("cn/loc").prefixes for _, county, _, _, _ in inner
    ]
    number = f"{random.choice(counties)}{birthday(random):%Y%m%d}{digits(random, 3)}"
    return number + ric.calc_check_digit(f"{number}0")


SHAPED: dict[str, Callable[[Random], str]] = {
    "uk_nino": _nino,
    "es_dni": _dni,
    "es_nie": _nie,
    "it_cf": _codice_fiscale,
    "fi_hetu": _hetu,
    "ch_ahv": _ahv,
    "br_cpf": _cpf,
    "br_cnpj": _cnpj,
    "cn_ric": _ric,
}
"""By detector id."""
