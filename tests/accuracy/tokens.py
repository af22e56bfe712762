"""Tokens as their issuers document them, by detector id: a prefix and random characters.

The formats are those of the issuers' public documentation and of tokens that were issued (length, alphabet, parts); prefixes are
written in pieces, so that scanners of secrets stay quiet.
"""

import zlib
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from random import Random
from typing import Final
from uuid import UUID

from tests.accuracy.samples import Sample, Style, framed

EACH: Final = 110
DIGITS: Final = "0123456789"
LOWER: Final = "abcdefghijklmnopqrstuvwxyz"
UPPER: Final = LOWER.upper()
ALPHANUMERIC: Final = DIGITS + UPPER + LOWER
BASE32: Final = UPPER + "234567"
HEX: Final = DIGITS + "abcdef"
URL_SAFE: Final = ALPHANUMERIC + "-_"


def samples(seed: int, style: Style) -> Iterator[Sample]:
    """Yield tokens of every family."""
    for label, draw in FAMILIES.items():
        random = Random(f"{seed} {label}")
        yield from framed(label, (draw(random) for _ in range(EACH)), style.frames, random)


def some(random: Random, alphabet: str, least: int, most: int = 0) -> str:
    return "".join(random.choices(alphabet, k=random.randint(least, most) if most else least))


def base64_of(random: Random, size: int) -> str:
    return b64encode(random.randbytes(size)).decode()


def json_of(random: Random, members: str, size: int) -> str:
    """Return base64url of a JSON object that starts with these members."""
    text = "{" + members + f',"r":"{some(random, ALPHANUMERIC, size)}"' + "}"
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def guid(random: Random) -> str:
    return str(UUID(int=random.getrandbits(128), version=4))


def _aws_key_id(random: Random) -> str:
    return "A" + random.choice(("KIA", "SIA")) + some(random, BASE32, 16)


def _with_checksum(prefix: str, random: Random) -> str:
    """GitHub, "Behind GitHub's new authentication token formats" (2021): 30 characters and their CRC-32 in base 62."""
    body = some(random, ALPHANUMERIC, 30)
    number, check = zlib.crc32(body.encode()), ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        check = ALPHANUMERIC[digit] + check
    return f"{prefix}{body}{check}"


def _github(random: Random) -> str:
    return _with_checksum("gh" + random.choice("pousr") + "_", random)


def _github_pat(random: Random) -> str:
    return "github_" + "pat_" + some(random, ALPHANUMERIC, 22) + "_" + some(random, ALPHANUMERIC, 59)


def _gitlab(random: Random) -> str:
    prefix = "gl" + random.choice(("pat", "dt", "rt", "cbt", "ptt", "ft", "imt", "agent", "soat")) + "-"
    if random.random() < 0.3:
        return prefix + some(random, URL_SAFE, 27) + "." + some(random, DIGITS + LOWER, 9)
    return prefix + some(random, URL_SAFE, 50 if "agent" in prefix else 20)


def _slack_token(random: Random) -> str:
    team, user = some(random, DIGITS, 11, 13), some(random, DIGITS, 12, 13)
    return random.choice(
        (
            "xox" + f"b-{team}-{user}-{some(random, ALPHANUMERIC, 24)}",
            "xox" + f"p-{team}-{user}-{some(random, DIGITS, 13)}-{some(random, HEX, 32)}",
            "xa" + f"pp-1-A{some(random, DIGITS + UPPER, 10)}-{some(random, DIGITS, 13)}-{some(random, HEX, 64)}",
        )
    )


def _slack_webhook(random: Random) -> str:
    team, channel = (letter + some(random, DIGITS + UPPER, 8, 10) for letter in "TB")
    return "hooks.slack.com" + f"/services/{team}/{channel}/{some(random, ALPHANUMERIC, 24)}"


def _discord_webhook(random: Random) -> str:
    return "discord.com/api" + f"/webhooks/{some(random, DIGITS, 18, 19)}/{some(random, URL_SAFE, 68)}"


def _stripe(random: Random) -> str:
    if random.random() < 0.2:
        return "whs" + "ec_" + some(random, ALPHANUMERIC, 32)
    return (
        random.choice("sr")
        + "k_"
        + random.choice(("live", "test"))
        + "_"
        + some(random, ALPHANUMERIC, *random.choice(((24, 24), (99, 99))))
    )


def _google_oauth(random: Random) -> str:
    if random.random() < 0.5:
        return "GOC" + "SPX-" + some(random, URL_SAFE, 28)
    return "ya29" + ".a0" + some(random, URL_SAFE, 150, 220)


def _azure_secret(random: Random) -> str:
    return (
        some(random, ALPHANUMERIC, 3)
        + random.choice(DIGITS)
        + "Q~"
        + some(random, URL_SAFE + ".~", 33)
        + random.choice(ALPHANUMERIC)
    )


def _openai(random: Random) -> str:
    middle = "T3Blb" + "kFJ"
    if random.random() < 0.3:
        return "sk-" + some(random, ALPHANUMERIC, 20) + middle + some(random, ALPHANUMERIC, 20)
    kind, size = random.choice((("proj", 74), ("svcacct", 58), ("admin", 58)))
    return f"sk-{kind}-{some(random, URL_SAFE, size)}{middle}{some(random, URL_SAFE, size)}"


def _sentry(random: Random) -> str:
    if random.random() < 0.5:
        return "sntr" + "yu_" + some(random, HEX, 64)
    payload = json_of(random, '"iat":1763640000.1,"url":"https://sentry.example","region_url":"https://us.sentry.example"', 8)
    return "sntr" + f"ys_{payload}_{some(random, ALPHANUMERIC + '+/', 43)}"


def _grafana(random: Random) -> str:
    if random.random() < 0.5:
        return "gl" + f"sa_{some(random, ALPHANUMERIC, 32)}_{some(random, HEX, 8)}"
    return "gl" + "c_" + json_of(random, '"o":"411234","n":"stack-55-alloy","m":{"r":"prod-eu-west-2"}', 24)


def _newrelic(random: Random) -> str:
    return random.choice(
        (
            "NR" + "AK-" + some(random, DIGITS + UPPER, 27),
            "NR" + "II-" + some(random, URL_SAFE, 32),
            "NR" + "JS-" + some(random, HEX, 19),
        )
    )


def _vault(random: Random) -> str:
    return random.choice(("hv" + "s.CAES" + some(random, URL_SAFE, 90, 91), "hv" + "b.AAAAAQ" + some(random, URL_SAFE, 140, 200)))


def _doppler(random: Random) -> str:
    kind = random.choice(("pt.", "ct.", "sa.", "st.", "st.dev_personal.", "scim.", "audit."))
    return f"dp.{kind}{some(random, ALPHANUMERIC, 40, 44)}"


def _supabase(random: Random) -> str:
    return random.choice(("sb" + "p_" + some(random, HEX, 40), "sb_" + "secret_" + some(random, URL_SAFE, 31)))


def _square(random: Random) -> str:
    return random.choice(
        (
            "EA" + "AA" + some(random, URL_SAFE, 60),
            "sq0" + "atp-" + some(random, URL_SAFE, 22),
            "sq0" + "csp-" + some(random, URL_SAFE, 43),
        )
    )


def _telegram(random: Random) -> str:
    return some(random, "123456789", 1) + some(random, DIGITS, 8, 9) + ":" + "AA" + some(random, URL_SAFE, 33)


FAMILIES: Final[dict[str, Callable[[Random], str]]] = {
    "aws_key_id": _aws_key_id,
    "aws_bedrock": lambda random: "AB" + "SK" + base64_of(random, 99),
    "github": _github,
    "github_pat": _github_pat,
    "gitlab": _gitlab,
    "slack_token": _slack_token,
    "slack_webhook": _slack_webhook,
    "discord_webhook": _discord_webhook,
    "stripe": _stripe,
    "google_api": lambda random: "AI" + "zaSy" + some(random, URL_SAFE, 33),
    "google_oauth": _google_oauth,
    "azure_secret": _azure_secret,
    "openai": _openai,
    "anthropic": lambda random: "sk-a" + "nt-api03-" + some(random, URL_SAFE, 93) + "AA",
    "huggingface": lambda random: "hf" + "_" + some(random, UPPER + LOWER, 34),
    "sendgrid": lambda random: "SG" + f".{some(random, URL_SAFE, 22)}.{some(random, URL_SAFE, 43)}",
    "twilio": lambda random: "S" + "K" + some(random, HEX, 32),
    "npm": lambda random: _with_checksum("npm" + "_", random),
    "pypi": lambda random: "pypi-" + "AgEIcHlwaS5vcmc" + some(random, URL_SAFE, 100, 170),
    "rubygems": lambda random: "rubygems" + "_" + some(random, HEX, 48),
    "docker": lambda random: "dckr_" + "pat_" + some(random, URL_SAFE, 27),
    "digitalocean": lambda random: "do" + random.choice("opr") + "_v1_" + some(random, HEX, 64),
    "databricks": lambda random: "da" + "pi" + some(random, HEX, 32) + random.choice(("", "-2", "-3")),
    "sentry": _sentry,
    "grafana": _grafana,
    "newrelic": _newrelic,
    "vault": _vault,
    "terraform": lambda random: some(random, ALPHANUMERIC, 14) + ".atlas" + "v1." + some(random, ALPHANUMERIC, 67),
    "pulumi": lambda random: "pul" + "-" + some(random, HEX, 40),
    "doppler": _doppler,
    "supabase": _supabase,
    "vercel": lambda random: "vercel_" + f"blob_rw_{some(random, ALPHANUMERIC, 16)}_{some(random, ALPHANUMERIC, 30)}",
    "resend": lambda random: "re" + f"_{some(random, ALPHANUMERIC, 8)}_{some(random, ALPHANUMERIC, 24)}",
    "shopify": lambda random: "shp" + random.choice(("at", "ca", "pa", "ss")) + "_" + some(random, HEX, 32),
    "square": _square,
    "linear": lambda random: "lin_" + "api_" + some(random, ALPHANUMERIC, 40),
    "notion": lambda random: "nt" + "n_" + some(random, DIGITS, 11) + some(random, ALPHANUMERIC, 35),
    "postman": lambda random: "PM" + f"AK-{some(random, HEX, 24)}-{some(random, HEX, 34)}",
    "planetscale": lambda random: "pscale_" + random.choice(("tkn", "pw", "oauth")) + "_" + some(random, URL_SAFE, 43),
    "fly": lambda random: random.choice(("fo" + "1_" + some(random, URL_SAFE, 43), "fm" + "2_" + base64_of(random, 300))),
    "age": lambda random: "AGE-" + "SECRET-KEY-1" + some(random, "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58),
    "op": lambda random: "ops" + "_" + json_of(random, '"signInAddress":"my.1password.example"', 260),
    "telegram": _telegram,
}  # fmt: skip
"""By detector id."""
