"""Texts without personal data and without secrets that look as if they had some: what logs are full of."""

import hashlib
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final
from uuid import UUID

from faker import Faker
from stdnum import ean, isbn, isin

from tests.accuracy import log_lines, near_misses, tokens
from tests.accuracy.national_ids import digits
from tests.accuracy.samples import Sample, Style

EACH: Final = 320
_EPOCH: Final = datetime(2024, 1, 1, tzinfo=UTC)
_HEX: Final = tokens.HEX


def samples(seed: int, style: Style) -> Iterator[Sample]:
    """Yield clean texts of every kind."""
    fake = Faker("en_US")
    for kind, draw in {**KINDS, **near_misses.KINDS, **log_lines.KINDS}.items():
        random = Random(f"{seed} clean {kind}")
        fake.seed_instance(random.getrandbits(64))
        for _ in range(EACH):
            text = draw(random, fake)
            yield Sample(kind, random.choice(style.lines if kind in log_lines.KINDS else style.frames).around(kind, text).text)


def _hex(random: Random, size: int) -> str:
    return "".join(random.choices(_HEX, k=size))


def _uuid(random: Random, fake: Faker) -> str:
    number = UUID(int=random.getrandbits(128), version=random.choice((1, 4, 5)))
    return random.choice((str(number), str(number).upper(), f"urn:uuid:{number}", f"{{{number}}}", number.hex))


def _trace_id(random: Random, fake: Faker) -> str:
    trace, span = _hex(random, 32), _hex(random, 16)
    return random.choice((trace, span, f"00-{trace}-{span}-01", f"{trace}:{span}:0:1", f"trace_id={trace} span_id={span}"))


def _moment(random: Random) -> datetime:
    return _EPOCH + timedelta(seconds=random.randrange(90_000_000), microseconds=random.randrange(1_000_000))


def _epoch(random: Random, fake: Faker) -> str:
    nanoseconds = int(_moment(random).timestamp()) * 10**9 + random.randrange(10**9)
    return str(nanoseconds // random.choice((1, 10**3, 10**6, 10**9)))


def _date(random: Random, fake: Faker) -> str:
    forms = (
        "%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%Y-%m-%dT%H:%M:%S.%fZ", "%Y-%m-%d %H:%M:%S,%f", "%a, %d %b %Y %H:%M:%S GMT",
        "%d/%b/%Y:%H:%M:%S +0000", "%Y%m%dT%H%M%SZ", "%H:%M:%S", "%Y%m%d%H%M%S", "%d-%m-%Y", "%Y-%m-%d %H:%M:%S+02:00",
    )  # fmt: skip
    return _moment(random).strftime(random.choice(forms))


def _version(random: Random, fake: Faker) -> str:
    major, minor, patch, build = (random.randrange(size) for size in (30, 40, 60, 9000))
    return random.choice(
        (
            f"{major}.{minor}.{patch}", f"v{major}.{minor}.{patch}-rc.{minor}", f"{major}.{minor}.{patch}+build.{build}",
            f"go1.{minor}.{patch}", f"Chrome/{major + 90}.0.{build}.{patch}",
            f"Version={major}.{minor}.{patch}.0, Culture=neutral", f"version {major}.{minor}.{patch}.{minor}",
            f"linux-image-{major}.{minor}.{patch}-{build}-generic", f"~> {major}.{minor}", f">={major}.{minor},<{major + 1}",
            f"npm@{major}.{minor}.{patch}", f"10.0.{build}.{patch + 300}", f"python{major}.{minor}",
            f"JDK {major}.0.{minor}+{patch}", f"v{major}.{minor}.{patch}.{minor}",
        )
    )  # fmt: skip


def _order_number(random: Random, fake: Faker) -> str:
    return random.choice(
        (
            f"ORD-{digits(random, 8)}", f"#{digits(random, 6)}", f"INV-2026-{digits(random, 5)}", f"45{digits(random, 8)}",
            f"PO {digits(random, 10)}", f"{digits(random, 3)}-{digits(random, 7)}-{digits(random, 7)}",
            f"SO{digits(random, 9)}", f"order {digits(random, 9)}", f"ticket {digits(random, 7)}",
            f"1Z{_hex(random, 6).upper()}{digits(random, 10)}", f"case 500{digits(random, 9)}",
            f"part {digits(random, 4)}-{digits(random, 3)}-{digits(random, 3)}", f"lot {digits(random, 3)}-{digits(random, 4)}",
        )
    )  # fmt: skip


def _snowflake(random: Random, fake: Faker) -> str:
    """A 41-bit time in ms since an epoch of the service's own (X, Discord), then 22 bits."""
    since = random.choice((1_288_834_974_657, 1_420_070_400_000))
    return str(int(_moment(random).timestamp() * 1000) - since << 22 | random.getrandbits(22))


def _git(random: Random, fake: Faker) -> str:
    whole = _hex(random, 40)
    return random.choice(
        (whole, whole[:7], f"{whole[:8]}..{_hex(random, 8)}", f"commit {whole}", f"HEAD is now at {whole[:9]} {fake.bs()}")
    )


def _checksum(random: Random, fake: Faker) -> str:
    content = random.randbytes(20)
    return random.choice(
        (
            hashlib.sha256(content).hexdigest(), f"sha256:{hashlib.sha256(content).hexdigest()}",
            hashlib.md5(content).hexdigest(), hashlib.sha512(content).hexdigest(),
            f"sha384-{b64encode(hashlib.sha384(content).digest()).decode()}",
            f"SHA256:{b64encode(hashlib.sha256(content).digest()).decode().rstrip('=')}",
            f'W/"{_hex(random, 10)}-{_hex(random, 4)}"', f"h1:{b64encode(hashlib.sha256(content).digest()).decode()}",
        )
    )  # fmt: skip


def _hex_id(random: Random, fake: Faker) -> str:
    size = random.choice((8, 12, 16, 20, 24, 32, 40, 48, 64))
    return random.choice(
        (
            _hex(random, size),
            _hex(random, size).upper(),
            f"0x{_hex(random, size)}",
            random.randbytes(8).hex(" "),
            random.randbytes(6).hex(":"),
        )
    )


def _base64(random: Random, fake: Faker) -> str:
    return tokens.base64_of(random, random.choice((9, 16, 24, 32, 48, 64, 120, 400)))


def _money(random: Random, fake: Faker) -> str:
    whole, cents = random.randrange(10 ** random.randrange(2, 9)), random.randrange(100)
    return random.choice(
        (
            f"${whole:,}.{cents:02}", f"{whole:,}.{cents:02} EUR".replace(",", "."), f"€ {whole}.{cents:02}", f"{whole:,} JPY",
            f"CHF {whole:_}.{cents:02}".replace("_", "'"), f"{whole:,}.{cents:02}".replace(",", " "), f"{whole}.{cents:02}",
            f"-{whole}.{cents:02}", f"+{whole}",
        )
    )  # fmt: skip


def _measure(random: Random, fake: Faker) -> str:
    value = random.random() * 10 ** random.randrange(-3, 12)
    return random.choice(
        (
            f"{value:.3f}ms",
            f"{value:.6g}",
            f"{value:e}",
            f"{int(value)} bytes",
            f"{random.random():.17f}",
            f"{value:.1f}%",
            f"{value:,.2f} MiB",
            f"[{value:.4f}, {-value:.4f}]",
        )
    )


def _barcode(random: Random, fake: Faker) -> str:
    body = digits(random, 12)
    book = "978" + digits(random, 9)
    security = random.choice(("US", "DE", "GB", "FR")) + digits(random, 9)
    return random.choice(
        (
            body + ean.calc_check_digit(body),
            isbn.format(book + ean.calc_check_digit(book)),
            security + isin.calc_check_digit(security),
        )
    )


def _user_agent(random: Random, fake: Faker) -> str:
    return random.choice((fake.chrome, fake.safari, fake.opera, fake.internet_explorer))()


def _file_name(random: Random, fake: Faker) -> str:
    day = _moment(random)
    return random.choice(
        (
            fake.file_path(depth=3), f"backup-{day:%Y%m%d-%H%M%S}.tar.gz", f"core.{random.randrange(99999)}",
            f"{fake.word()}@2x.png", f"{fake.word()}.{_hex(random, 8)}.chunk.js", f"C:\\Users\\Public\\{fake.file_name()}",
            f"IMG_{day:%Y%m%d}_{digits(random, 6)}.jpg",
            f"lib{fake.word()}.so.{random.randrange(9)}.{random.randrange(20)}.{random.randrange(9)}",
            f"{fake.word()}-{random.randrange(9)}.{random.randrange(20)}.{random.randrange(30)}-py3-none-any.whl",
            f"/var/log/{fake.word()}.log.{random.randrange(9)}.gz",
        )
    )  # fmt: skip


def _code(random: Random, fake: Faker) -> str:
    one, other, number = fake.word(), fake.word(), random.randrange(10**6)
    return random.choice(
        (
            f"@{one}.{other}(timeout={number})", f"std::{one}::{other}<int>()",
            f"SELECT {one}, {other} FROM t WHERE id = {number} LIMIT 10;", f"{one}->{other}[{number}] = 0x{number:08x};",
            f"if ({one} != null && {other}.size() > {number}) {{", f"const {one} = await {other}.get({number});",
            f"password = getenv({one!r})", "token = ${env:API_TOKEN}", f"{one} := make(chan {other}, {number})",
            f"let {one}: HashMap<u64, {other}> = HashMap::new();", f"git@github.com:{one}/{other}.git",
            f"def {one}(self, key: str, *, {other}: int = {number}) -> None:", f"{one}@{other}", f"#include <{one}/{other}.h>",
            f"0 */{number % 23 + 1} * * * /usr/bin/{one}", f"arn:aws:iam::{digits(random, 12)}:role/{one}",
            f"{one}/{other}@sha256:{_hex(random, 64)}", f"color: #{number:06x}; margin: 0 {number}px",
            f"{{\"{one}\": {number}, \"{other}\": null}}", f"/{one}/{number}?page={number}&sort={other}",
        )
    )  # fmt: skip


def _address(random: Random, fake: Faker) -> str:
    return random.choice(
        (
            fake.url(),
            fake.uri(),
            f"http://localhost:{random.randrange(1024, 65535)}/{fake.uri_path()}",
            f"{fake.domain_name()}:443",
            f"@{fake.user_name()}",
            f"{fake.user_name()}@localhost",
        )
    )


def _prose(random: Random, fake: Faker) -> str:
    return random.choice(
        (
            fake.sentence,
            fake.catch_phrase,
            fake.bs,
            fake.company,
            fake.job,
            fake.name,
            fake.street_address,
            fake.color_name,
            fake.paragraph,
        )
    )()


def _dotted(random: Random, fake: Faker) -> str:
    """Package names, object identifiers, keys of settings."""
    arc = ".".join(str(random.randrange(100_000)) for _ in range(random.randrange(4, 8)))
    return random.choice(
        (
            f"1.3.6.1.4.1.{arc}",
            f"com.{fake.word()}.{fake.word()}.{fake.word().title()}",
            f"{fake.word()}.{fake.word()}.enabled=true",
            f"10.{digits(random, 4)}/{fake.word()}.{digits(random, 6)}",
        )
    )


KINDS: Final[dict[str, Callable[[Random, Faker], str]]] = {
    "UUID": _uuid,
    "trace and span id": _trace_id,
    "epoch time": _epoch,
    "date and time": _date,
    "version": _version,
    "order number": _order_number,
    "snowflake id": _snowflake,
    "git hash": _git,
    "checksum": _checksum,
    "hex": _hex_id,
    "base64": _base64,
    "money": _money,
    "measured value": _measure,
    "barcode, ISBN, ISIN": _barcode,
    "user agent": _user_agent,
    "file name": _file_name,
    "code": _code,
    "URL, host, handle": _address,
    "prose, names, streets": _prose,
    "dotted name": _dotted,
}
"""By kind."""
