"""Settings of `webhook`, and the sender that they describe."""

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, Final, Literal

from msgspec import Meta

from pipeline.errors import ConfigError
from pipeline.settings import HttpEntrance, Settings, about
from pipeline.types import Duration, Endpoint, Glob, Rate, Secret, Size
from receivers.webhook.sender import Sender
from receivers.webhook.senders.generic import (
    PLACEHOLDER,
    PLACEHOLDERS,
    Basic,
    Bearer,
    GenericHmac,
    HeaderToken,
    Pointers,
    Scheme,
)
from receivers.webhook.senders.github import GitHub
from receivers.webhook.senders.stripe import Stripe

_MAPPING: Final = (
    "id_header", "id_path", "records_path", "event_path", "time_path", "severity_path", "message_path", "attributes",
)  # fmt: skip
_SCHEME: Final = ("header", "prefix", "encoding", "algorithm", "template", "timestamp_header", "tolerance")
_USES: Final[Mapping[str, Sequence[str]]] = {
    "github": (),
    "stripe": ("tolerance",),
    "generic_hmac": (*_SCHEME, *_MAPPING),
    "bearer": _MAPPING,
    "basic": _MAPPING,
    "header_token": ("header", *_MAPPING),
}
"""Which of the settings that only some senders have each of them has."""

DedupBy = Literal["id", "body_hash", "off"]


class Dedup(Settings, frozen=True):
    """How a delivery that comes again is known."""

    by: Annotated[
        DedupBy, about("`id`: the sender's id of the delivery; `body_hash`: the same body, where there is no id; `off`.")
    ] = "id"
    ttl: Annotated[Duration, about("For how long; at least twice the tolerance.")] = 86400
    max: Annotated[int, Meta(ge=1, description="How many deliveries are remembered; the oldest go first.")] = 1_000_000
    path: Annotated[
        str | None,
        about("SQLite file that remembers them over a restart; default in the journal's directory, in memory without one."),
    ] = None


class Config(HttpEntrance, frozen=True, kw_only=True):
    """Settings of `webhook`."""

    exclusive: ClassVar[Sequence[Sequence[str]]] = (("max_body", "max_request_body_size"),)

    sender: Annotated[
        Literal["github", "stripe", "generic_hmac", "bearer", "basic", "header_token"],
        about("Who posts here: it decides how deliveries are verified and what they are read as."),
    ]
    endpoint: Annotated[
        Endpoint, about("Address to listen on, which several webhooks may share; loopback unless you say otherwise.")
    ] = "127.0.0.1:8089"
    path: Annotated[str, about("Path to take deliveries at; `{name}` is the name of the component.")] = "/webhooks/{name}"
    secrets: Annotated[
        tuple[Secret, ...],
        about("Secrets shared with the sender; any of them verifies, so that one can be replaced. Empty ones are ignored."),
    ] = ()
    verify: Annotated[Literal["sender", "none"], about("`none` takes deliveries from anybody who reaches the endpoint.")] = (
        "sender"
    )
    verify_decoded: Annotated[bool, about("Check the signature of a compressed body over the decompressed one too.")] = False
    reject_status: Annotated[int, Meta(ge=401, le=403, description="Status for a wrong signature: 401 or 403.")] = 401
    tolerance: Annotated[
        Duration | None, about("How far a signed time may be from now, either way; default 300s. Senders that sign a time only.")
    ] = None
    dedup: Annotated[Dedup | DedupBy, about("How deliveries that come again are known; a word alone is `by`.")] = Dedup()
    max_request_body_size: Annotated[Size, about("Largest body taken, as sent and decompressed.")] = 5 * 1024 * 1024
    max_body: Annotated[Size | None, about("Another word for `max_request_body_size`.")] = None
    timeout: Annotated[Duration, about("Answer 503 when the delivery is not safe by then; senders give up soon after.")] = 0.9
    payload: Annotated[
        Literal["attributes", "string", "none"], about("How the payload is kept in `webhook.payload`: parsed, as text, or not.")
    ] = "attributes"
    events: Annotated[tuple[Glob, ...], about("Event types to take, such as `invoice.*`; all when empty.")] = ()
    on_unlisted: Annotated[
        Literal["drop", "reject", "keep"],
        about("Other events: `drop` answers 200 and counts, `reject` answers 403, `keep` takes them."),
    ] = "drop"
    trace: Annotated[
        Literal["derive", "payload", "none"],
        about("Trace ids: derived from what related deliveries share, only those of the sender, or none."),
    ] = "derive"
    trust_traceparent: Annotated[bool, about("Take trace ids from the request's `traceparent` first.")] = False
    rate_limit: Annotated[Rate | None, about("Most verified deliveries a second; beyond it the answer is 429.")] = None
    headers: Annotated[tuple[str, ...], about("Request headers to keep as `http.request.header.<name>`.")] = ()
    header: Annotated[str, about("Header with the signature or the token. `generic_hmac`, `header_token`.")] = ""
    prefix: Annotated[str, about("What stands before the signature, such as `sha256=`. `generic_hmac`.")] = ""
    encoding: Annotated[Literal["hex", "base64", "base64url"], about("How the signature is written. `generic_hmac`.")] = "hex"
    algorithm: Annotated[Literal["sha256", "sha1", "sha512"], about("Hash of the HMAC. `generic_hmac`.")] = "sha256"
    template: Annotated[
        str, about("What is signed: text with `{body}`, `{ts}`, `{id}`, `{method}` and `{path}`. `generic_hmac`.")
    ] = "{body}"
    timestamp_header: Annotated[str, about("Header with the signed time, in seconds. `generic_hmac`.")] = ""
    id_header: Annotated[str, about("Header with the id of the delivery. Generic senders.")] = ""
    id_path: Annotated[str, about("JSON pointer to the id of the delivery. Generic senders.")] = ""
    records_path: Annotated[
        str, about("JSON pointer to a list whose elements are a record each, where the other pointers start. Generic senders.")
    ] = ""
    event_path: Annotated[str, about("JSON pointer to the type of the event. Generic senders.")] = ""
    time_path: Annotated[str, about("JSON pointer to the time of the event. Generic senders.")] = ""
    severity_path: Annotated[str, about("JSON pointer to a severity word. Generic senders.")] = ""
    message_path: Annotated[str, about("JSON pointer to the body; the whole payload when absent. Generic senders.")] = ""
    attributes: Annotated[Mapping[str, str], about("Attributes and the JSON pointers to their values. Generic senders.")] = {}

    def served(self) -> Sequence[str]:
        """Return the one path."""
        return (self.path,)

    def warnings(self) -> Sequence[ConfigError]:
        """Warn of an endpoint that believes everybody."""
        if self.verify != "none":
            return ()
        return (ConfigError("W109", "deliveries are not verified", path=("verify",)),)


def dedup_of(config: Config) -> Dedup:
    """Return how deliveries that come again are known."""
    return config.dedup if isinstance(config.dedup, Dedup) else Dedup(by=config.dedup)


def check(config: Config) -> None:
    """Raise `ConfigError` for settings that can't work together."""
    for name in dict.fromkeys(name for names in _USES.values() for name in names):
        if name not in _USES[config.sender] and getattr(config, name) != _default(name):
            raise ConfigError("E101", f"the sender {config.sender} has no `{name}`", path=(name,))
    _check_secrets(config)
    _check_scheme(config)
    if not config.path.startswith("/") or "{" in config.path.replace("{name}", ""):
        raise ConfigError("E111", "not a path", path=("path",), label="such as /hooks/pay")
    if config.reject_status == 402:
        raise ConfigError("E104", "expected 401 or 403", path=("reject_status",))
    pointers = {name: getattr(config, name) for name in _MAPPING if name.endswith("_path")}
    for name, pointer in pointers.items():
        if pointer and not pointer.startswith("/"):
            raise ConfigError("E111", "a JSON pointer starts with `/`", path=(name,))
    for name, pointer in config.attributes.items():
        if not pointer.startswith("/"):
            raise ConfigError("E111", "a JSON pointer starts with `/`", path=("attributes", name))
    dedup, tolerance = dedup_of(config), _tolerance(config)
    if dedup.by != "off" and dedup.ttl < 2 * tolerance:
        where = ("dedup", "ttl") if isinstance(config.dedup, Dedup) else ("tolerance",)
        raise ConfigError("E104", "deliveries have to be remembered for at least twice the tolerance", path=where)


def sender_of(config: Config) -> Sender:
    """Return the sender that checked settings describe."""
    secrets = [secret.reveal().encode() for secret in config.secrets if secret.reveal()]
    pointers = Pointers(
        id=config.id_path,
        records=config.records_path,
        event=config.event_path,
        time=config.time_path,
        severity=config.severity_path,
        message=config.message_path,
        attributes=config.attributes,
    )
    match config.sender:
        case "github":
            return GitHub(secrets)
        case "stripe":
            return Stripe(secrets)
        case "bearer":
            return Bearer(secrets, pointers, config.id_header)
        case "basic":
            return Basic(secrets, pointers, config.id_header)
        case "header_token":
            return HeaderToken(secrets, pointers, config.header, config.id_header)
        case "generic_hmac":
            scheme = Scheme(
                header=config.header,
                prefix=config.prefix,
                encoding=config.encoding,
                algorithm=config.algorithm,
                template=config.template,
                timestamp_header=config.timestamp_header,
            )
            return GenericHmac(secrets, pointers, scheme, config.id_header)


def _default(name: str) -> object:
    return getattr(Config(sender="github"), name)


def _tolerance(config: Config) -> float:
    """Return the tolerance of what the sender signs, 0 when it signs no time."""
    signs_time = config.sender == "stripe" or bool(config.timestamp_header)
    return (Sender.tolerance if config.tolerance is None else config.tolerance) if signs_time else 0.0


def _check_secrets(config: Config) -> None:
    if config.verify == "none":
        if config.secrets:
            raise ConfigError("E106", "`secrets` and `verify: none` exclude each other", path=("verify",))
        return
    if not any(secret.reveal() for secret in config.secrets):
        fault = "every secret is empty" if config.secrets else "missing required field `secrets`"
        advice = "or give `secret_file`, or say `verify: none`"
        raise ConfigError("E103", fault, path=("secrets",) if config.secrets else (), help=advice)
    secret_headers = {name.lower() for name in (*sender_of(config).secret_headers, "authorization", "cookie")}
    for index, name in enumerate(config.headers):
        if name.lower() in secret_headers:
            raise ConfigError("E104", "this header holds a credential: it can't be kept", path=("headers", index))


def _check_scheme(config: Config) -> None:
    if config.sender in ("generic_hmac", "header_token") and config.verify == "sender" and not config.header:
        raise ConfigError("E103", "missing required field `header`")
    used = set(PLACEHOLDER.findall(config.template))
    if unknown := used - PLACEHOLDERS:
        raise ConfigError(
            "E105", f"unknown placeholder {min(unknown)}", path=("template",), label="; ".join(sorted(PLACEHOLDERS))
        )
    if "{ts}" in used and not config.timestamp_header:
        raise ConfigError("E103", "`{ts}` needs the field `timestamp_header`", path=("template",))
    if "{id}" in used and not config.id_header:
        raise ConfigError("E103", "`{id}` needs the field `id_header`", path=("template",))
    if config.sender == "generic_hmac" and "{body}" not in used:
        raise ConfigError("E104", "a signature without `{body}` says nothing about the body", path=("template",))
    if config.sender == "generic_hmac" and config.timestamp_header and "{ts}" not in used:
        raise ConfigError("E104", "the time of `timestamp_header` is not signed: use `{ts}`", path=("template",))
    if config.tolerance is not None and config.sender == "generic_hmac" and not config.timestamp_header:
        raise ConfigError("E103", "`tolerance` needs the field `timestamp_header`", path=("tolerance",))
