"""Personal data and secrets to plant in the corpus: invented, of the twenty kinds that `redact` finds by default.

Prefixes are written in pieces, so that scanners of secrets stay quiet.
"""

import base64
import json
import string
from collections.abc import Callable, Sequence
from random import Random
from typing import Final, NamedTuple

ALPHANUMERIC: Final = string.ascii_letters + string.digits
_NAMES: Final = ("alice", "bob", "carol.smith", "dave", "erin_j", "grace.hopper")
_DOMAINS: Final = ("example.com", "mail.example.org", "corp.example.net", "example.co.uk")
_CARDS: Final = (("4", 16), ("51", 16), ("37", 15), ("6011", 16))


class Planted(NamedTuple):
    """`text` is put into a record; `secret` is the part that must not come out again."""

    text: str
    secret: str


class Kind(NamedTuple):
    """One kind: a log line that it may stand in, an attribute that it may be the value of, and how one is made."""

    line: str
    attribute: str
    make: Callable[[Random], Planted]


def word(random: Random, length: int, alphabet: str = ALPHANUMERIC) -> str:
    """Return random characters."""
    return "".join(random.choice(alphabet) for _ in range(length))


def _whole(make: Callable[[Random], str]) -> Callable[[Random], Planted]:
    def made(random: Random) -> Planted:
        text = make(random)
        return Planted(text, text)

    return made


def _after(prefix: str, length: int) -> Callable[[Random], Planted]:
    """Return a maker of values that follow a word which may stay."""

    def made(random: Random) -> Planted:
        secret = word(random, length - 1) + "7"  # a credential with a digit is never mistaken for a word
        return Planted(prefix + secret, secret)

    return made


def _token(prefix: str, length: int, alphabet: str = ALPHANUMERIC) -> Callable[[Random], Planted]:
    return _whole(lambda random: prefix + word(random, length, alphabet))


def _email(random: Random) -> str:
    return f"{random.choice(_NAMES)}{random.randrange(999)}@{random.choice(_DOMAINS)}"


def _phone(random: Random) -> str:
    area, exchange, line = random.randrange(201, 210), random.randrange(212, 300), random.randrange(10_000)
    if random.random() < 0.3:
        return f"+44 20 {random.randrange(7000, 8000)} {line:04}"
    return f"({area}) {exchange}-{line:04}" if random.random() < 0.5 else f"+1-{area}-{exchange}-{line:04}"


def _ssn(random: Random) -> str:
    area = random.choice((123, 234, 345, 456, 567, 678))
    return f"{area}-{random.randrange(1, 99):02}-{random.randrange(1, 9999):04}"


def _card(random: Random) -> str:
    prefix, length = random.choice(_CARDS)
    digits = prefix + word(random, length - len(prefix) - 1, string.digits)
    doubled = (sum(divmod(2 * int(digit), 10)) if at % 2 == 0 else int(digit) for at, digit in enumerate(reversed(digits)))
    number = f"{digits}{-sum(doubled) % 10}"
    if length == 16 and random.random() < 0.4:
        return "-".join(number[at : at + 4] for at in range(0, 16, 4))
    return number


def _iban(random: Random) -> str:
    account = word(random, 18, string.digits)
    return f"DE{98 - int(account + '131400') % 97:02}{account}"  # D=13, E=14; ISO 7064 mod 97-10


def _ipv4(random: Random) -> str:
    return f"203.0.{random.randrange(1, 255)}.{random.randrange(1, 255)}"


def _ipv6(random: Random) -> str:
    return "2001:db8:" + ":".join(f"{random.randrange(1, 65536):x}" for _ in range(6))


def _jwt(random: Random) -> str:
    claims = {"sub": word(random, 10), "iat": random.randrange(10**9, 2 * 10**9)}
    parts = (base64.urlsafe_b64encode(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    return ".".join((*(part.rstrip(b"=").decode() for part in parts), word(random, 43)))


def _pem(random: Random) -> Planted:
    lines = [word(random, 64) for _ in range(4)]
    kind = "RSA " + "PRIVATE KEY-----"
    return Planted("\n".join((f"-----BEGIN {kind}", *lines, f"-----END {kind}")), lines[0])


def _basic(random: Random) -> Planted:
    secret = base64.b64encode(f"{random.choice(_NAMES)}:{word(random, 10)}".encode()).decode()
    return Planted(f"Basic {secret}", secret)


def _url(random: Random) -> Planted:
    secret = word(random, 12)
    return Planted(f"postgres://app:{secret}@db-{random.randrange(9)}.internal:5432/orders", secret)


KINDS: Final[Sequence[Kind]] = (
    Kind("user {} signed in", "enduser.contact", _whole(_email)),
    Kind("sms sent to {} ok", "customer.line", _whole(_phone)),
    Kind("applicant {} verified", "applicant.ref", _whole(_ssn)),
    Kind("charging {} amount 12.50", "payment.source", _whole(_card)),
    Kind("connection from {} accepted", "client.address", _whole(_ipv4)),
    Kind("connection from {} accepted", "client.address", _whole(_ipv6)),
    Kind("payout to {} scheduled", "payout.target", _whole(_iban)),
    Kind("decoded {} for request", "auth.decoded", _whole(_jwt)),
    Kind("using {} in us-east-1", "aws.login", _token("AK" + "IA", 16, string.ascii_uppercase + "234567")),
    Kind("cloning with {} failed", "vcs.login", _token("gh" + "p_", 36)),
    Kind("slack post with {} failed", "chat.login", _token("xox" + "b-", 40)),
    Kind("payment client init {}", "payment.client", _token("sk_" + "live_", 24)),
    Kind("maps {} quota exceeded", "maps.id", _token("AI" + "za", 35)),
    Kind("llm client {}", "llm.id", _token("sk-" + "proj-", 48)),
    Kind("loaded {} from disk", "tls.material", _pem),
    Kind("sent {} upstream", "http.upstream", _after("Bearer ", 40)),
    Kind("sent {} upstream", "http.upstream", _basic),
    Kind("connecting to {} now", "db.dsn", _url),
    Kind("login attempt {} denied", "form.content", _after("password=", 12)),
    Kind("visit {} ended", "http.visit", _after("sessionid=", 32)),
)
