"""Mail and network addresses and taxpayers' numbers as Faker makes them, telephone numbers as libphonenumber knows them."""

from collections.abc import Iterator
from random import Random

import phonenumbers
from faker import Faker
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from tests.accuracy.samples import Sample, Style, framed

LOCALES = ("en_US", "en_GB", "de_DE", "fr_FR", "es_ES", "it_IT", "nl_NL", "pl_PL", "pt_BR", "sv_SE", "cs_CZ", "ja_JP", "ru_RU")
_KINDS = (PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE, PhoneNumberType.TOLL_FREE, PhoneNumberType.VOIP)
_ADDRESSES = 400


def samples(seed: int, style: Style) -> Iterator[Sample]:
    """Yield what identifies a person or a machine."""
    random = Random(f"{seed} personal")
    fake = Faker(LOCALES)
    fake.seed_instance(random.getrandbits(64))
    american = fake["en_US"]
    mails = (fake.email, fake.company_email, fake.ascii_free_email, fake.safe_email)
    frames = style.frames
    yield from framed("email", (random.choice(mails)() for _ in range(_ADDRESSES)), frames, random)
    yield from framed("ipv4", (random.choice((fake.ipv4_public, fake.ipv4_private))() for _ in range(_ADDRESSES)), frames, random)
    yield from framed("ipv6", (fake.ipv6() for _ in range(_ADDRESSES)), frames, random)
    yield from framed("ssn", (american.ssn() for _ in range(_ADDRESSES)), frames, random)
    yield from framed("itin", (american.itin() for _ in range(_ADDRESSES)), frames, random)
    yield from framed("phone", _telephones(random), frames, random)


def _telephones(random: Random) -> Iterator[str]:
    """Yield numbers of every region: an example of each kind of number, and numbers drawn at random that are valid there."""
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in _KINDS:
            example = phonenumbers.example_number_for_type(region, kind)
            if example is not None:
                yield _written(example, random)
                yield _written(_another(example, random), random)


def _another(example: phonenumbers.PhoneNumber, random: Random) -> phonenumbers.PhoneNumber:
    national = phonenumbers.national_significant_number(example)
    for _ in range(100):
        fixed = random.randrange(1, len(national))
        drawn = national[:fixed] + "".join(random.choices("0123456789", k=len(national) - fixed))
        number = phonenumbers.parse(f"+{example.country_code}{drawn}")
        if phonenumbers.is_valid_number(number):
            return number
    return example


def _written(number: phonenumbers.PhoneNumber, random: Random) -> str:
    """Return a number as the world writes it, or a North American one as it is written at home."""
    forms = [PhoneNumberFormat.E164, PhoneNumberFormat.INTERNATIONAL]
    if number.country_code == 1:
        forms.append(PhoneNumberFormat.NATIONAL)
    return phonenumbers.format_number(number, random.choice(forms))
