"""Secrets that only their surroundings give away, in the lines that software writes; passwords and user names are Faker's."""

import hashlib
import hmac
import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from random import Random
from typing import Final
from urllib.parse import quote

from faker import Faker

from tests.accuracy.samples import Sample, Style
from tests.accuracy.tokens import ALPHANUMERIC, HEX, URL_SAFE, base64_of, guid, some

EACH: Final = 150

Planted = tuple[str, str, str]
"""What stands before a value, the value, what stands after it."""


def samples(seed: int, style: Style) -> Iterator[Sample]:
    """Yield each kind in the lines of the set."""
    fake = Faker("en_US")
    for label, draw in KINDS.items():
        random = Random(f"{seed} {label}")
        fake.seed_instance(random.getrandbits(64))
        for _ in range(EACH):
            before, value, after = draw(random, fake)
            frame = random.choice(style.lines)
            yield Sample(label, frame.before + before, value, after + frame.after)


def _jwt(random: Random, fake: Faker) -> Planted:
    """RFC 7519, signed with HS256."""
    parts = ({"alg": "HS256", "typ": "JWT"}, {"sub": guid(random), "name": fake.name(), "iat": 1_763_640_000})
    signed = ".".join(urlsafe_b64encode(json.dumps(part, separators=(",", ":")).encode()).decode().rstrip("=") for part in parts)
    signature = hmac.digest(random.randbytes(32), signed.encode(), hashlib.sha256)
    return random.choice(("", "got ")), f"{signed}.{urlsafe_b64encode(signature).decode().rstrip('=')}", ""


def _pem(random: Random, fake: Faker) -> Planted:
    """RFC 7468, and the older forms of OpenSSL and OpenSSH."""
    label = random.choice(("", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED ")) + "PRIVATE KEY"
    body = base64_of(random, random.randint(120, 1200))
    newline = random.choice(("\n", "\r\n", "\\n"))
    lines = (f"-----BEGIN {label}-----", *(body[at : at + 64] for at in range(0, len(body), 64)), f"-----END {label}-----")
    return random.choice(("", "loaded ")), newline.join(lines), ""


def _auth_header(random: Random, fake: Faker) -> Planted:
    """RFC 6750 and RFC 7617, in headers and in curl's output."""
    name = random.choice(("Authorization: ", "authorization: ", "> Authorization: ", "Proxy-Authorization: ", "sent "))
    if random.random() < 0.5:
        return f"{name}Bearer ", some(random, URL_SAFE + ".~", 30, 80) + some(random, ALPHANUMERIC, 4), ""
    return f"{name}Basic ", b64encode(f"{fake.user_name()}:{fake.password()}".encode()).decode(), ""


def _url_cred(random: Random, fake: Faker) -> Planted:
    """RFC 3986, section 3.2.1: what a password may not hold is written as escapes."""
    scheme, host = random.choice(("https", "postgres", "amqp", "redis", "mongodb+srv", "ftp")), fake.domain_name()
    login = f"{fake.user_name()}:{quote(fake.password(), safe='')}"
    return f"{random.choice(('', 'GET ', 'connecting to '))}{scheme}://", login, f"@{host}/{fake.word()}"


def _url_param(random: Random, fake: Faker) -> Planted:
    name = random.choice(("token", "access_token", "refresh_token", "api_key", "apikey", "key", "sig", "code", "X-Amz-Signature"))
    url = f"{random.choice(('GET /', 'https://' + fake.domain_name() + '/'))}{fake.uri_path()}"
    first, last = random.choice((("?", ""), ("?page=2&", ""), ("?", "&page=2"), ("?a=b&", " HTTP/1.1")))
    return f"{url}{first}{name}=", some(random, ALPHANUMERIC, 24, 48), last


def _cookie(random: Random, fake: Faker) -> Planted:
    """RFC 6265."""
    name, value = random.choice(("sid", "session", "_ga", "auth", "remember_me")), some(random, ALPHANUMERIC, 12, 40)
    if random.random() < 0.5:
        return f"Cookie: {name}=", value, ""
    return f"Set-Cookie: {name}=", value, random.choice(("", "; Path=/; HttpOnly", "; Secure; SameSite=Lax"))


def _session_kv(random: Random, fake: Faker) -> Planted:
    name = random.choice(("PHPSESSID", "JSESSIONID", "session_id", "sessionid", "connect.sid", "csrftoken"))
    return f"{random.choice(('', 'state ', 'got '))}{name}=", some(random, random.choice((HEX, ALPHANUMERIC)), 26, 40), ""


def _kv_secret(random: Random, fake: Faker) -> Planted:
    """Settings and logs: JSON, YAML, logfmt, code, environment."""
    name = random.choice(("password", "db_password", "passwd", "secret", "client_secret", "api_key", "auth_token", "pwd"))
    password = fake.password(length=random.randint(8, 20))
    before, after = random.choice(
        (
            ('bad login with "{}": "', '"'),
            ("{} = '", "'"),
            ('{}="', '" retry=1'),
            ('{}: "', '"'),
            ('login({}="', '")'),
            ("{}=", ""),
        )
    )
    if not after:  # nobody writes other characters without quotes
        return before.format(name.upper()), some(random, ALPHANUMERIC, 8, 20), after
    return before.format(name), password, after


def _cli_secret(random: Random, fake: Faker) -> Planted:
    option = random.choice(("--password ", "--password=", "--token ", "--token=", "--api-key ", "--secret="))
    return (
        f"{random.choice(('deploy', 'curl', 'CMD: job run'))} {option}",
        some(random, ALPHANUMERIC, 10, 30),
        random.choice(("", " --verbose")),
    )


def _dsn_kv(random: Random, fake: Faker) -> Planted:
    """Connection strings of ADO.NET and ODBC."""
    before = (
        f"Server={fake.domain_name()};Database={fake.word()};User Id={fake.user_name()};{random.choice(('Password', 'Pwd'))}="
    )
    return before, fake.password(length=16), random.choice((";Encrypt=true", ";Timeout=30;", ";"))


def _teams_webhook(random: Random, fake: Faker) -> Planted:
    path = f"{guid(random)}@{guid(random)}/IncomingWebhook/{some(random, HEX, 32)}/{guid(random)}"
    return f"POST https://{fake.word()}.webhook.office.com/webhookb2/", path, ""


def _azure_conn(random: Random, fake: Faker) -> Planted:
    if random.random() < 0.5:
        return (
            f"DefaultEndpointsProtocol=https;AccountName={fake.word()};AccountKey=",
            base64_of(random, 64),
            ";EndpointSuffix=core.example",
        )
    return f"Endpoint=sb://{fake.word()}.example/;SharedAccessKeyName=Root;SharedAccessKey=", base64_of(random, 32), ""


KINDS: Final[dict[str, Callable[[Random, Faker], Planted]]] = {
    "jwt": _jwt,
    "pem": _pem,
    "auth_header": _auth_header,
    "url_cred": _url_cred,
    "url_param": _url_param,
    "cookie": _cookie,
    "session_kv": _session_kv,
    "kv_secret": _kv_secret,
    "cli_secret": _cli_secret,
    "dsn_kv": _dsn_kv,
    "teams_webhook": _teams_webhook,
    "azure_conn": _azure_conn,
}
"""By detector id."""
