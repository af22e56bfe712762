"""Texts that have something to find in them, almost have it, or come apart where a detector does not expect it."""

import json
import string
from random import Random
from typing import Final
from urllib.parse import quote

from pipeline.trace_members import REQUEST_HEADERS, SPAN_MEMBERS, TRACE_MEMBERS
from pipeline.wire.sampling import RANDOMNESS_KEY, THRESHOLD_KEY
from processors.redact.detectors import DETECTORS
from processors.redact.keys import EXCEPTIONS, SAFE, SECRET_WORDS, SENSITIVE
from tests.redaction import NEAR_MISSES, OPTIONAL_NEAR_MISSES, OPTIONAL_POSITIVES, POSITIVES

TRACE_IDS: Final = ("4bf92f3577b34da6a3ce929d0e0e4736", "0af7651916cd43dd8448eb211c80319c", "5b8efff798038103d269b633813fc60c")
SPAN_ID: Final = "00f067aa0ba902b7"

_POSITIVES: Final = (*POSITIVES, *OPTIONAL_POSITIVES)
_SAMPLES: Final = (
    *(positive.text for positive in _POSITIVES),
    *(positive.found for positive in _POSITIVES if positive.before),
    *NEAR_MISSES,
    *OPTIONAL_NEAR_MISSES,
)
_SEPARATORS: Final = (
    "", " ", "  ", "\n", "\t", "\r\n", "\\n", "\\t", "\\u0020", "\\\\", "\\", '"', '\\"', "'", "`", ",", ", ", ";", ":", ": ",
    "=", " = ", "=>", "&", "?", "#", "/", "//", "://", "@", ".", "..", "-", "--", "_", "+", "%20", "%0A", "%3D", "%40", "(", ")",
    "[", "]", "{", "}", "<", ">", "|", "~", "^", "$", "*", "!", "\0", "\x1b[0m", "\x7f", "\u00a0", "\u2013", "\u200b", "\u2060",
    "\ufeff", "é", "漢", "\U0001f600", "a", "Z", "0", "9", "x",
)  # fmt: skip
_TRIGGERS: Final = (
    "@", "%40", "\\u0040", "+1", "+44 ", "://", "Bearer ", "basic ", "Authorization: ", "Digest ", "AWS4-HMAC-SHA256 ",
    "Cookie: ", "Set-Cookie: ", "password=", "pwd: ", '"token": "', "--token ", "--secret=", "mysql -p", "?code=", "&key=",
    "?sig=", "-----BEGIN ", "PRIVATE KEY-----", "-----END ", "ey" + "J", "AK" + "IA", "A3T", "gh" + "p_", "glp" + "at-",
    "xox" + "b-", "sk_" + "live_", "sk-" + "ant-", "sk-" + "proj-", "SG" + ".", "hv" + "s.", "DE36", "GB", "::", "::ffff:",
    "fe80::", "0x", "T3Blb" + "kFJ", "***REDACTED***", "[email]", "[card]", "[kv_secret]", "[email#k1.", "****0010", "null",
    "true", "${x}", "{{x}}", "version ", "v", "host/", "ot=th:", "rv:", "phpsessid=", "__Host-", "AccountKey=", "AGE-",
    "phone ", "userTel=", "ssn: ", "imei ", "lat,lon ", "dob ", "birth: ", "nhs ", "bsn ", "national id ", "tax_id=", "social ",
    "datadog ", "dd-api-key ", "vercel ", "secret access key ", "routingKey ", "mailgun: ",
    "SECRET-KEY-1", ".atlas" + "v1.", "redis://", "postgres://u",
)  # fmt: skip
_ALPHABETS: Final = (
    string.digits, string.digits + " -", string.digits + ".", string.hexdigits + ":", string.hexdigits + ":.%",
    string.ascii_letters, string.ascii_letters + string.digits, string.ascii_letters + "@.",
    string.ascii_letters + string.digits + "_-.=+/", "@.-a1", "\\\"'{}[]:,", "%0123456789ABCDEF", "=:;& ", string.punctuation,
    "\U0001f600é\u200b\uff11\uff12\uff13\uff14\uff20\uff0e\u0660\u0661a",
)  # fmt: skip

NAMES: Final = (
    *SENSITIVE, *EXCEPTIONS, *SAFE, *SECRET_WORDS, *TRACE_MEMBERS, *SPAN_MEMBERS, *REQUEST_HEADERS, THRESHOLD_KEY, RANDOMNESS_KEY,
    "traceparent", "request_id", "X-Request-ID", "service.name", "deployment.environment", "deployment.environment.name", "k", "",
    "user.email", "userApiKey", "X-API-KEY", "author", "cc", "tokenCount", "message", "http.url", "dd", "trace", "jo@example.com",
    "a@b.example", *dict.fromkeys(word for detector in DETECTORS for word in detector.words),
)  # fmt: skip
"""Names of attributes and JSON members that something in the kernel looks for."""


def name(random: Random) -> str:
    """Return the name of an attribute or JSON member."""
    chosen = random.choice(NAMES)
    match random.randrange(8):
        case 0:
            return chosen.upper().replace(" ", random.choice("_-./: "))
        case 1:
            return chosen.title().replace(" ", "")
        case 2:
            return random.choice(("user", "x", "db", "")) + random.choice("._-/:A") + chosen
        case 3:
            return chosen + random.choice(("s", "_", ".x", "Count", "_count", "1", "\u00e9"))
        case 4:
            return plain(random)
    return chosen.replace(" ", random.choice("_-. ")).replace("*", random.choice(("x", "", "x.y")))


def value_of(named: str, random: Random) -> bytes:
    """Return a text to stand under a name."""
    if named in (THRESHOLD_KEY, RANDOMNESS_KEY) and random.random() < 0.8:
        return _hex(random, random.choice((1, 2, 13, 14, 14, 15))).encode()
    if random.random() < 0.7 and (
        named in TRACE_MEMBERS or named in SPAN_MEMBERS or named == "traceparent" or "request" in named.lower()
    ):
        return identifier(random).encode()
    return text(random)


def identifier(random: Random) -> str:
    """Return a trace, span or request id in one of the forms that are understood, or nearly so."""
    trace = random.choice((*TRACE_IDS, "0" * 32, _hex(random, 32)))
    span = random.choice((SPAN_ID, "0" * 16, _hex(random, 16)))
    uuid = f"{trace[:8]}-{trace[8:12]}-{trace[12:16]}-{trace[16:20]}-{trace[20:]}"
    forms = (
        trace, trace.upper(), uuid, f"1-{trace[:8]}-{trace[8:]}", span, str(random.getrandbits(64)), f"00-{trace}-{span}-01",
        f"cc-{trace}-{span}-03-x", trace[:-1], "req-000042", f"projects/p/traces/{trace}",
        f"Root=1-{trace[:8]}-{trace[8:]};Sampled=1", "01HF3Z9QK7V8W2N4X6Y0ABCDEF",
    )  # fmt: skip
    return random.choice(forms)


def trace_state(random: Random) -> str:
    """Return a tracestate, mostly a legal one, often with a sampler's threshold."""
    entries = [
        f"th:{_hex(random, random.choice((1, 2, 4, 14, 15)))}",
        f"rv:{_hex(random, random.choice((14, 14, 13)))}",
        "x:y",
        "th:0",
        "rv",
    ]
    ot = "ot=" + ";".join(random.sample(entries, random.randint(0, 3)))
    members = [
        ot,
        "a=b",
        "t@v=1",
        "z=" + plain(random),
        "A=b",
        "a=c",
        "",
        " c=d ",
        "e=" + "f" * random.choice((1, 250, 256)),
        "g=jo@example.com",
    ]
    if random.random() < 0.05:
        members += [f"m{number}={number}" for number in range(random.choice((29, 31, 32, 33)))]
    return ",".join(random.sample(members, random.randint(1, min(5, len(members)))) if random.random() < 0.9 else members)


def text(random: Random) -> bytes:
    """Return the text of one leaf."""
    match random.randrange(12):
        case 0:
            return plain(random).encode()
        case 1:
            return random.choice(_SAMPLES).encode()
        case 2 | 3 | 4:
            return glued(random).encode()
        case 5 | 6:
            return _json(random)
        case 7:
            return _url_encoded(random).encode()
        case 8:
            return noise(random).encode()
        case 9:
            return _escaped(random).encode()
        case 10:
            named = random.choice(("trace_id=", "traceId: ", "[trace=", "traceparent="))
            return f"{plain(random)} {named}{identifier(random)} span_id={SPAN_ID}".encode()
    return broken(glued(random).encode(), random)


def plain(random: Random) -> str:
    """Return a few words or characters that mean nothing."""
    if random.random() < 0.3:
        return "".join(
            chr(random.choice((random.randrange(128), random.randrange(0x2000), random.randrange(0x1F300, 0x1F600))))
            for _ in range(random.randint(0, 4))
        )
    return " ".join(random.choice(("GET", "order", "failed", "x", "42", "the", "ü", "ok")) for _ in range(random.randint(0, 4)))


def glued(random: Random) -> str:
    """Return samples, pieces of samples and triggers with separators between them."""
    pieces = [fragment(random)]
    for _ in range(random.randint(1, 5)):
        pieces += [random.choice(_SEPARATORS), fragment(random)]
    if random.random() < 0.1:  # so that blocks of a scan begin anywhere
        pieces.insert(0, " " * random.randint(1, 70))
    return "".join(pieces)


def fragment(random: Random) -> str:
    """Return a sample, a piece of one, a trigger or noise."""
    match random.randrange(8):
        case 0 | 1 | 2:
            return random.choice(_SAMPLES)
        case 3:
            sample = random.choice(_SAMPLES)
            start = random.randrange(len(sample))
            return sample[start : start + random.randint(1, len(sample))]
        case 4:
            return random.choice(_TRIGGERS) + noise(random)
        case 5:
            return random.choice(_TRIGGERS)
        case 6:
            sample = random.choice(_SAMPLES)
            at = random.randrange(len(sample))
            return (
                sample[:at]
                + random.choice((*_SEPARATORS, sample[at].swapcase(), sample[at] * 2))
                + sample[at + random.randint(0, 1) :]
            )
    return plain(random)


def noise(random: Random) -> str:
    """Return characters of one kind, mostly few."""
    size = random.choice((1, 3, 8, 12, 16, 20, 33, 64, 65, random.randint(1, 300)))
    return "".join(random.choices(random.choice(_ALPHABETS), k=size))


def broken(raw: bytes, random: Random) -> bytes:
    """Return a text that is not UTF-8, or cut within a character."""
    at = random.randrange(len(raw) + 1)
    return random.choice(
        (raw[:at] + random.choice((b"\x80", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf0\x9f", b"\xc0\xaf")) + raw[at:], raw[:at])
    )


def _json(random: Random) -> bytes:
    loose = random.random()
    if loose < 0.15:
        return repr(_tree(random, 0)).encode("utf-8", "replace")  # as Python prints it: no JSON, but near
    written = json.dumps(
        _tree(random, 0), ensure_ascii=random.random() < 0.5, separators=random.choice(((",", ":"), (", ", ": ")))
    )
    if loose < 0.3:
        written = json.dumps(random.choice(({"inner": written}, [written])))
    raw = random.choice(("", " ", "\n", "x", "\ufeff")).encode() * (loose > 0.9) + written.encode("utf-8", "surrogatepass")
    if loose < 0.5:
        at = random.randrange(len(raw))
        return raw[:at] + random.choice((b"", b",", b'"', b"\\", b"}", b"]", b":", b" ")) + raw[at + random.randint(0, 1) :]
    return raw


def _tree(random: Random, depth: int) -> object:
    match random.randrange(10 if depth < 4 else 6):
        case 0:
            return random.choice((None, True, False, 0, -1, 1.5, 4_000_000_000_000_010, 10**18, 1763640000000008, 4e15))
        case 1:
            return random.getrandbits(random.choice((8, 53, 64)))
        case 2 | 3 | 4 | 5:
            return random.choice((glued, plain, fragment))(random)
        case 6:
            return [_tree(random, depth + 1) for _ in range(random.randint(0, 3))]
    return {name(random): _tree(random, depth + 1) for _ in range(random.randint(0, 4))}


def _url_encoded(random: Random) -> str:
    pairs = [
        f"{name(random)}={quote(fragment(random), safe=random.choice(('', '@', '/:')))}" for _ in range(random.randint(1, 3))
    ]
    return random.choice(("", "https://host.example/x?", "GET /?")) + "&".join(pairs).replace("%20", random.choice(("+", "%20")))


def _escaped(random: Random) -> str:
    return "".join(f"\\u{ord(each):04x}" if ord(each) < 0x10000 and random.random() < 0.1 else each for each in glued(random))


def _hex(random: Random, digits: int) -> str:
    return f"{random.getrandbits(4 * digits):0{digits}x}"
