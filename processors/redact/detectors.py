"""The detectors, as data (redaction contract §2): those that are on by default, and those that are off unless they are named.

Which of two wins that start at the same byte is decided by `priority`, then by length, then by the order here.
"""

from typing import Final

from msgspec.structs import replace

from pipeline.wire.rules import Detector, Run, Shape
from processors.redact.keys import OPTION_WORDS

DIGITS: Final = b"0123456789"
LOWER: Final = b"abcdefghijklmnopqrstuvwxyz"
UPPER: Final = LOWER.upper()
LETTERS: Final = UPPER + LOWER
ALPHANUMERIC: Final = LETTERS + DIGITS
BASE64: Final = ALPHANUMERIC + b"+/"
BASE64URL: Final = ALPHANUMERIC + b"_-"
HEX: Final = DIGITS + b"abcdefABCDEF"
VISIBLE: Final = bytes(byte for byte in range(0x21, 0x7F) if byte not in b"\"'<>\\`")

_PEM, _JWT, _TOKEN, _URL, _HEADER, _SESSION, _KEY_VALUE = range(7)
_CARD, _IBAN, _NATIONAL, _SSN, _EMAIL, _IPV6, _IPV4, _MAC, _PHONE, _OTHER = range(8, 18)
HIGH_PRIORITY: Final = 7
"""Of users' patterns that go before personal data."""
PATTERN_PRIORITY: Final = 18
"""Of users' patterns: below every detector but `entropy`."""
_ENTROPY: Final = 19

NATIONAL_WORDS: Final = ("national id", "tax id", "social", "ssn", "personal number")
"""Keywords of all national identifiers; each has names of its own beside them."""


def _personal(id: str, priority: int, *words: str, in_keys: bool = False) -> Detector:
    return Detector(id=id, family="personal", priority=priority, words=words, in_keys=in_keys)


def _national(id: str, *words: str) -> Detector:
    """Return a detector of a national identifier; without words it has no form that needs one."""
    return Detector(id=id, family="national_id", priority=_NATIONAL, words=(*words, *NATIONAL_WORDS) if words else ())


def _secret(id: str, priority: int) -> Detector:
    return Detector(id=id, family="secret", priority=priority)


def _token(id: str, *shapes: Shape, words: tuple[str, ...] = ()) -> Detector:
    return Detector(id=id, family="secret", priority=_TOKEN, shapes=shapes, words=words, in_keys=bool(shapes))


def _prefixed(prefixes: str, characters: bytes, least: int) -> tuple[Shape, ...]:
    """Return the shapes of prefixes with a body of at least so many characters; a longer body is covered to its end."""
    return tuple(Shape((prefix.encode(), Run(characters, least))) for prefix in prefixes.split())


def _exact(prefix: bytes, characters: bytes, length: int) -> Shape:
    """Return the shape of a prefix with a body of just so many characters."""
    return Shape((prefix, Run(characters, length, length)), right=True)


_GITLAB: Final = "glpat- glptt- gldt- glrt- glcbt- glft- glimt- glsoat- glagent- gloas- glffct- GR1348941"

DETECTORS: Final = (
    # ---- secrets that their surroundings give away (§2.7) ----
    _secret("pem", _PEM),
    _secret("jwt", _JWT),
    # ---- prefixed secrets (§2.6) ----
    _token(
        "aws_key_id",
        *(_exact(prefix, UPPER + b"234567", 16) for prefix in (b"AKIA", b"ASIA", b"ABIA", b"ACCA")),
        Shape((b"A3T", Run(UPPER + DIGITS, 1, 1), Run(UPPER + b"234567", 16, 16)), right=True),
    ),
    _token("aws_bedrock", Shape((b"ABSK", Run(BASE64, 109), Run(b"=", 0, 2)))),
    _token("github", *_prefixed("ghp_ gho_ ghu_ ghs_ ghr_", ALPHANUMERIC, 36)),
    _token("github_pat", *_prefixed("github_pat_", ALPHANUMERIC + b"_", 82)),
    _token(
        "gitlab",
        *(
            Shape((prefix.encode(), Run(BASE64URL, 27, 300), b".", Run(DIGITS + LOWER, 9, 9)))
            for prefix in _GITLAB.split()
        ),
        *_prefixed(_GITLAB, BASE64URL, 20),
    ),
    _token("slack_token", *_prefixed("xoxa- xoxb- xoxe- xoxo- xoxp- xoxr- xoxs- xapp-", ALPHANUMERIC + b"-", 10)),
    _token(
        "slack_webhook",
        *(
            Shape((b"hooks.slack.com/" + path, Run(ALPHANUMERIC + b"/+", 40)), left=False)
            for path in (b"services/", b"workflows/", b"triggers/")
        ),
    ),
    _token("teams_webhook", Shape((b".webhook.office.com/webhookb2/", Run(VISIBLE, 1)), kept=1, left=False)),
    _token(
        "discord_webhook",
        *(
            Shape((host + b"/api/webhooks/", Run(DIGITS, 1, 32), b"/", Run(BASE64URL, 60)))
            for host in (b"discord.com", b"discordapp.com")
        ),
    ),
    _token(
        "stripe",
        *_prefixed("sk_live_ sk_test_ sk_prod_ rk_live_ rk_test_ rk_prod_", ALPHANUMERIC, 10),
        *_prefixed("whsec_", BASE64 + b"=", 24),
    ),
    _token("google_api", *_prefixed("AIza", BASE64URL, 35)),
    _token("google_oauth", *_prefixed("ya29.", BASE64URL, 20), *_prefixed("GOCSPX-", BASE64URL, 28)),
    _token(
        "azure_secret",
        Shape((Run(ALPHANUMERIC + b"_~.", 3, 3), Run(DIGITS, 1, 1), b"Q~", Run(ALPHANUMERIC + b"_~.-", 31))),
    ),
    _token(
        "azure_conn",
        *(
            Shape((name, Run(BASE64 + b"=", 40)), kept=1, ignore_case=True)
            for name in (b"AccountKey=", b"SharedAccessKey=")
        ),
    ),
    _token(
        "openai",
        *_prefixed("sk-proj- sk-svcacct- sk-admin-", BASE64URL, 40),
        Shape((b"sk-", Run(ALPHANUMERIC, 20, 20), b"T3BlbkFJ", Run(ALPHANUMERIC, 20))),
    ),
    _token("anthropic", *_prefixed("sk-ant-", BASE64URL, 80)),
    _token("huggingface", *_prefixed("hf_ api_org_", LETTERS, 34)),
    _token("sendgrid", Shape((b"SG.", Run(BASE64URL, 22, 22), b".", Run(BASE64URL, 43)))),
    _token("twilio", _exact(b"SK", DIGITS + b"abcdef", 32)),
    _token("npm", *_prefixed("npm_", ALPHANUMERIC, 36)),
    _token("pypi", *_prefixed("pypi-AgEI", BASE64URL, 50)),
    _token("rubygems", *_prefixed("rubygems_", HEX, 48)),
    _token("docker", *_prefixed("dckr_pat_ dckr_oat_", BASE64URL, 20)),
    _token("digitalocean", *_prefixed("dop_v1_ doo_v1_ dor_v1_", HEX, 64)),
    _token("databricks", Shape((b"dapi", Run(HEX, 32), Run(b"-", 0, 1), Run(DIGITS, 0, 1)))),
    _token("sentry", *_prefixed("sntrys_", BASE64 + b"=_", 50), *_prefixed("sntryu_", HEX, 64)),
    _token(
        "grafana",
        Shape((b"glsa_", Run(ALPHANUMERIC, 32, 32), b"_", Run(HEX, 8))),
        *_prefixed("glc_", BASE64 + b"=", 32),
    ),
    _token(
        "newrelic", *_prefixed("NRAK-", ALPHANUMERIC, 27), *_prefixed("NRII-", BASE64URL, 32), *_prefixed("NRJS-", HEX, 19)
    ),
    _token("vault", *_prefixed("hvs.", BASE64URL, 90), *_prefixed("hvb.", BASE64URL, 138)),
    _token("terraform", Shape((Run(ALPHANUMERIC, 14, 14), b".atlasv1.", Run(BASE64URL + b"=", 60)))),
    _token("pulumi", *_prefixed("pul-", HEX, 40)),
    _token(
        "doppler",
        Shape((b"dp.st.", Run(LOWER + DIGITS + b"_-", 2, 35), b".", Run(ALPHANUMERIC, 40))),
        *_prefixed("dp.pt. dp.ct. dp.sa. dp.st. dp.scim. dp.audit.", ALPHANUMERIC, 40),
    ),
    _token("supabase", *_prefixed("sbp_", HEX, 40), *_prefixed("sb_secret_", BASE64URL, 20)),
    _token("vercel", *_prefixed("vercel_blob_rw_", BASE64URL, 20), words=("vercel",)),
    _token("resend", Shape((b"re_", Run(ALPHANUMERIC, 8, 8), b"_", Run(ALPHANUMERIC, 24)))),
    _token("shopify", *_prefixed("shpat_ shpca_ shppa_ shpss_", HEX, 32)),
    _token("square", *_prefixed("EAAA sq0atp- sq0csp-", BASE64URL, 22)),
    _token("linear", *_prefixed("lin_api_", ALPHANUMERIC, 40)),
    _token("notion", *_prefixed("ntn_", ALPHANUMERIC, 46)),
    _token("postman", Shape((b"PMAK-", Run(HEX, 24, 24), b"-", Run(HEX, 34)))),
    _token("planetscale", *_prefixed("pscale_tkn_ pscale_pw_ pscale_oauth_", BASE64URL + b".=", 32)),
    _token("fly", *_prefixed("fo1_", BASE64URL, 43), *_prefixed("fm2_", BASE64 + b"=", 100)),
    _token("age", *_prefixed("AGE-SECRET-KEY-1", b"QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58)),
    _token("op", *_prefixed("ops_eyJ", BASE64 + b"=_-", 250)),
    _token("telegram", Shape((Run(DIGITS, 8, 10), b":A", Run(BASE64URL, 34, 34)), right=True)),
    _token("aws_secret", words=("secret access key", "secretaccesskey")),
    _token("mailgun", words=("mailgun",)),
    _token("datadog", words=("dd api key", "dd app key", "datadog")),
    _token("pagerduty", words=("pagerduty", "pager duty", "routing key", "integration key")),
    # ---- secrets that their surroundings give away, continued ----
    _secret("url_cred", _URL),
    _secret("auth_header", _HEADER),
    _secret("cookie", _SESSION),
    _secret("session_kv", _SESSION),
    _secret("url_param", _KEY_VALUE),
    _secret("kv_secret", _KEY_VALUE),
    _secret("cli_secret", _KEY_VALUE),
    _secret("dsn_kv", _KEY_VALUE),
    # ---- personal data (§2.2) and national identifiers (§2.5) ----
    _personal("card", _CARD, in_keys=True),
    _personal("iban", _IBAN, in_keys=True),
    _national("uk_nino"),
    _national("es_dni"),
    _national("es_nie"),
    _national("it_cf"),
    _national("fi_hetu"),
    _national("ch_ahv", "ahv", "avs"),
    _national("br_cpf", "cpf"),
    _national("br_cnpj", "cnpj"),
    _national("cn_ric"),
    _national("uk_nhs", "nhs"),
    _national("de_idnr", "steuer id", "steuerid", "idnr", "id nr"),
    _national("fr_nir", "nir", "secu"),
    _national("nl_bsn", "bsn"),
    _national("be_nn", "rijksregister"),
    _national("pl_pesel", "pesel"),
    _national("se_pnr", "personnummer"),
    _national("no_fnr", "fodselsnummer"),
    _national("ca_sin", "sin"),
    _national("au_tfn", "tfn"),
    _national("in_aadhaar", "aadhaar"),
    _national("in_pan", "pan"),
    _national("kr_rrn", "resident id", "rrn"),
    _national("za_id", "id number"),
    _national("mx_curp", "curp"),
    _personal("ssn", _SSN, "ssn", "social security", "tax id", in_keys=True),
    _personal("itin", _SSN),
    _personal("email", _EMAIL, in_keys=True),
    _personal("ipv6", _IPV6),
    _personal("ipv4", _IPV4),
    _personal("phone", _PHONE, "phone", "telephone", "tel", "mobile", "fax", "msisdn", "whatsapp", "whats app", "sms"),
    _personal("imei", _OTHER, "imei"),
    _personal("geo", _OTHER, "lat", "lon", "lng", "geo", "coordinates"),
    _personal("dob", _OTHER, "dob", "birth", "birthday", "birthdate"),
)  # fmt: skip
"""Those of `detectors: default`."""

OPTIONAL: Final = (
    _token("twilio_account", _exact(b"AC", DIGITS + b"abcdef", 32)),
    _personal("rupay", _CARD),
    replace(_personal("mac", _MAC), free=True),
    Detector(id="entropy", family="secret", priority=_ENTROPY, words=OPTION_WORDS),
)
"""Too much looks like these: they are on where they are named."""
