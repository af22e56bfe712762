"""Settings that many components share, and those of the `service` section. Words are the Collector's where it has them."""

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, Final, Literal

from msgspec import Meta, Struct

from pipeline.errors import ConfigError
from pipeline.net.address import is_local
from pipeline.types import Duration, Endpoint, Percent, Secret, Signal, Size


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """Base of every settings struct: immutable, unknown fields refused.

    A struct may raise `ConfigError` in `__post_init__`; the loader finds the place.
    """

    exclusive: ClassVar[Sequence[Sequence[str]]] = ()
    """Groups of fields of which at most one may be given."""

    def warnings(self) -> Sequence[ConfigError]:
        """Return what is allowed and yet deserves a warning: codes W…, paths from here."""
        return ()


def about(text: str, **extra: object) -> Meta:
    """Return the documentation of a field, as it stands in the reference.

    `extra`: `env="NAME"` is a variable that fills the field where it is absent; `credential=True` marks what
    `without_credentials` is about; `allow_yaml=True` lets one variable hold a whole map, as YAML in flow style.
    """
    return Meta(description=text, extra=extra) if extra else Meta(description=text)


# ---- listeners ----

MAX_BODY: Final = 64 * 1024 * 1024


class ServerTls(Settings, frozen=True):
    """Serve TLS."""

    cert_file: Annotated[str, about("PEM certificate chain.")]
    key_file: Annotated[str, about("PEM private key.")]
    client_ca_file: Annotated[str | None, about("Ask clients for a certificate of this CA (mutual TLS).")] = None
    min_version: Annotated[Literal["1.2", "1.3"], about("Lowest TLS version taken.")] = "1.2"


class BearerToken(Settings, frozen=True):
    """A token after `Bearer `."""

    token: Annotated[Secret, about("The token after `Bearer `.")]


class BasicLogin(Settings, frozen=True):
    """User name and password."""

    username: Annotated[str, about("User name.")]
    password: Annotated[Secret, about("Password.")]


class HeaderToken(Settings, frozen=True):
    """A token in a header."""

    name: Annotated[str, about("Header that carries the token.")]
    token: Annotated[Secret, about("Its whole value.")]


class ListenerAuth(Settings, frozen=True):
    """What a client has to show; exactly one is given."""

    exclusive: ClassVar[Sequence[Sequence[str]]] = (("bearer", "basic", "header"),)

    bearer: Annotated[BearerToken | None, about("`Authorization: Bearer …`.")] = None
    basic: Annotated[BasicLogin | None, about("`Authorization: Basic …`.")] = None
    header: Annotated[HeaderToken | None, about("A header of your choice.")] = None

    def __post_init__(self) -> None:
        """Refuse settings that would let everybody in."""
        if not (self.bearer or self.basic or self.header):
            raise ConfigError("E103", "missing required field: one of `bearer`, `basic`, `header`")


class Cors(Settings, frozen=True):
    """Browsers of other origins."""

    allowed_origins: Annotated[tuple[str, ...], about("Origins that browsers may post from; `*` is a wildcard.")]
    allowed_headers: Annotated[tuple[str, ...], about("Headers beside `content-type` and `content-encoding`.")] = ()
    max_age: Annotated[Duration, about("How long a browser may keep the answer.")] = 7200


class Listener(Settings, frozen=True):
    """An address to listen on, and who may use it."""

    endpoint: Annotated[Endpoint, about("Address to listen on; loopback unless you say otherwise.")]
    tls: Annotated[ServerTls | None, about("Serve TLS.")] = None
    auth: Annotated[ListenerAuth | None, about("What a client has to show.")] = None

    def warnings(self) -> Sequence[ConfigError]:
        """Warn of an address that others can reach and anybody may use."""
        asks = self.auth is not None or (self.tls is not None and self.tls.client_ca_file is not None)
        if asks or is_local(self.endpoint):
            return ()
        advice = "set `auth`, or `tls` with `client_ca_file`, or listen on 127.0.0.1"
        return [ConfigError("W112", "anybody who can reach this address may use it", path=("endpoint",), help=advice)]


class HttpListener(Listener, frozen=True):
    """An address to listen on with HTTP."""

    keepalive: Annotated[Duration, about("Close a connection that was idle this long.")] = 75

    def served(self) -> Sequence[str]:
        """Return the paths that it takes, so that listeners with other paths may share the address; none means all.

        `{name}` in a path stands for the name of the component's id, or its type when it has no name.
        """
        return ()


class HttpEntrance(HttpListener, frozen=True):
    """An address that takes telemetry over HTTP."""

    max_request_body_size: Annotated[Size, about("Largest body taken, as sent and decompressed.")] = MAX_BODY
    cors: Annotated[Cors | None, about("Let browsers post from other origins.")] = None


class GrpcListener(Listener, frozen=True):
    """An address that takes telemetry over gRPC; credentials come as metadata."""

    max_request_body_size: Annotated[Size, about("Largest message taken, as sent and decompressed.")] = MAX_BODY
    max_concurrent_streams: Annotated[
        int,
        Meta(ge=1, le=1000, description="Calls under way on one connection. Each may hold a message of the largest size."),
    ] = 32
    max_connection_age: Annotated[
        Duration | None, about("Ask clients to connect anew after this long, so that a load balancer can spread them.")
    ] = None
    max_connection_age_grace: Annotated[Duration, about("How long calls under way may go on then.")] = 30


# ---- exporters that send over the network (config contract §1.3) ----


class Batching(Settings, frozen=True):
    """How entries become requests."""

    flush_timeout: Annotated[Duration, about("Longest wait for more before a request goes out.")] = 0.2
    max_items: Annotated[
        Annotated[int, Meta(ge=0)] | None,
        about("Most items in a request; 10,000, or the destination's limit, when absent or 0."),
    ] = None
    max_bytes: Annotated[
        Size | None, about("Most OTLP bytes merged into a request; the destination's own limit when absent or 0.")
    ] = None


class SendingQueue(Settings, frozen=True):
    """An exporter's place in the journal."""

    max_bytes: Annotated[Size | None, about("How far it may fall behind; default 1GiB on disk, 64MiB in memory.")] = None
    max_age: Annotated[Duration | None, about("Entries older than this follow `on_full`.")] = None
    on_full: Annotated[
        Literal["block", "drop_oldest", "dead_letter"] | None,
        about(
            "When the budget is used up: `block` (default when required) answers clients Busy, "
            "`drop_oldest` (default when not) drops and counts."
        ),
    ] = None
    required: Annotated[bool, about("Takes part in back-pressure and, with the memory journal, in the acknowledgement.")] = True
    ordered: Annotated[bool, about("Later batches wait while an earlier one is being retried.")] = False
    num_consumers: Annotated[int, Meta(ge=1, le=256, description="Requests in flight.")] = 4
    batch: Annotated[Batching, about("How entries are merged into requests.")] = Batching()


class RetryOnFailure(Settings, frozen=True):
    """Back-off, where it differs from the destination's own figures."""

    initial_interval: Annotated[Duration | None, about("First wait; the destination's own figure when absent.")] = None
    max_interval: Annotated[Duration | None, about("Longest wait.")] = None
    max_elapsed_time: Annotated[Duration | None, about("Give up after this long; 0 never does.")] = None


class Retry(Settings, frozen=True):
    """A destination's own back-off figures (delivery contract §7)."""

    initial: float = 1.0
    maximum: float = 30.0
    multiplier: float = 2.0
    jitter: Literal["full", "half"] = "full"
    """full: uniform in [0, w]; half: uniform in [0.5 w, 1.5 w]."""


class ClientTls(Settings, frozen=True):
    """How a server is verified, and how we show ourselves."""

    ca_file: Annotated[str | None, about("PEM file of the CAs to trust; the system's when absent.")] = None
    cert_file: Annotated[str | None, about("PEM client certificate.")] = None
    key_file: Annotated[str | None, about("PEM client key.")] = None
    insecure_skip_verify: Annotated[bool, about("Take any certificate. Anybody in between can then read everything.")] = False
    min_version: Annotated[Literal["1.2", "1.3"], about("Lowest TLS version used.")] = "1.2"
    server_name_override: Annotated[str | None, about("Name to expect in the server's certificate.")] = None

    def warnings(self) -> Sequence[ConfigError]:
        """Warn of a destination that nobody verifies."""
        if not self.insecure_skip_verify:
            return ()
        return (ConfigError("W102", "any certificate is taken", path=("insecure_skip_verify",), label="use `ca_file`"),)


class ClientAuth(Settings, frozen=True):
    """Credentials of the standard kinds; at most one."""

    exclusive: ClassVar[Sequence[Sequence[str]]] = (("bearer", "basic"),)

    bearer: Annotated[BearerToken | None, about("Send `Authorization: Bearer …`.")] = None
    basic: Annotated[BasicLogin | None, about("Send `Authorization: Basic …`.")] = None


class QueuedExporter(Settings, frozen=True):
    """What every exporter takes that reads from the journal."""

    sending_queue: Annotated[SendingQueue, about("The exporter's place in the journal.")] = SendingQueue()
    retry_on_failure: Annotated[RetryOnFailure, about("When and how long to try again.")] = RetryOnFailure()
    timeout: Annotated[Duration, Meta(gt=0), about("One attempt.")] = 10.0


class NetworkExporter(QueuedExporter, frozen=True):
    """What every exporter takes that sends over HTTP."""

    compression: Annotated[Literal["gzip", "zstd", "none"], about("How bodies are compressed.")] = "gzip"
    headers: Annotated[Mapping[str, Secret], about("Sent with each request; values never print.", allow_yaml=True)] = {}
    proxy: Annotated[str | None, about("Proxy URL; `off` ignores HTTPS_PROXY and its kin.")] = None
    tls: Annotated[ClientTls, about("How the destination is verified.")] = ClientTls()
    auth: Annotated[ClientAuth | None, about("Credentials of the standard kinds.")] = None
    without_credentials: Annotated[
        Literal["error", "intake"],
        about("Where a credential is required and absent or empty: an error, or send to the local `intake` extension."),
    ] = "error"


# ---- the service section ----


class Pipeline(Settings, frozen=True):
    """From where, through what, to where."""

    receivers: Annotated[tuple[str, ...], about("Ids of receivers, and of connectors that feed it.")]
    exporters: Annotated[tuple[str, ...], about("Ids of exporters, and of connectors that it feeds.")]
    processors: Annotated[tuple[str, ...], about("Ids of processors, in order.")] = ()


class LogSettings(Settings, frozen=True):
    """sluice's own logs."""

    level: Annotated[Literal["debug", "info", "warning", "error"], about("Lowest level printed.", env="SLUICE_LOG_LEVEL")] = (
        "info"
    )
    format: Annotated[Literal["json", "text"], about("One JSON object a line, or aligned text for a terminal.")] = "json"


class MetricsSettings(Settings, frozen=True):
    """sluice's own metrics."""

    address: Annotated[Endpoint, about("Where sluice's own metrics are scraped.")] = "127.0.0.1:8888"


class TelemetrySettings(Settings, frozen=True):
    """sluice's own telemetry."""

    logs: Annotated[LogSettings, about("sluice's own logs, on stderr.")] = LogSettings()
    metrics: Annotated[MetricsSettings, about("sluice's own metrics.")] = MetricsSettings()


class Limits(Settings, frozen=True):
    """Bounds of memory and of a stop."""

    memory: Annotated[
        Annotated[Size, Meta(gt=0)] | Annotated[Percent, Meta(gt=0)],
        about("Memory that the process may use: bytes, or a share of the container's limit."),
    ] = 0.75
    inflight: Annotated[
        Annotated[Size, Meta(gt=0)] | None, about("Bytes of requests that may be under way; default a quarter of `memory`.")
    ] = None
    shutdown_timeout: Annotated[Duration, about("How long a stop may drain.")] = 25.0
    linger: Annotated[
        Duration, about("How long a stop goes on taking data after `/health/ready` says no; part of `shutdown_timeout`.")
    ] = 0.0


class KafkaLogin(Settings, frozen=True):
    """How we log in to Kafka."""

    username: Annotated[str, about("User name.")]
    password: Annotated[Secret, about("Password.")]
    mechanism: Annotated[Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"], about("SASL mechanism.")] = "SCRAM-SHA-512"


class JournalSettings(Settings, frozen=True):
    """Where batches wait for the exporters (delivery contract §1, §6, §10.2)."""

    type: Annotated[
        Literal["disk", "memory", "kafka"],
        about(
            "`disk` survives a crash; `memory` answers clients once the exporters have delivered; `kafka` shares the work "
            "among nodes."
        ),
    ] = "disk"
    dir: Annotated[
        str | None,
        about("Directory of the journal; default /var/lib/sluice, or ~/.local/state/sluice.", env="SLUICE_JOURNAL_DIR"),
    ] = None
    fsync: Annotated[
        Literal["group", "os"], about("`group`: acknowledged means synced; `os`: survives the process, not the machine.")
    ] = "group"
    max_bytes: Annotated[Size, about("Cap of the whole directory.")] = 8 * 1024**3
    compression: Annotated[Literal["none", "zstd"], about("Of stored records.")] = "none"
    ack_timeout: Annotated[
        Duration, about("Longest wait before the client gets Busy: `memory` for the exporters, `kafka` for the brokers.")
    ] = 8.0
    ack: Annotated[
        Literal["delivered", "queued"], about("`memory`: `queued` answers after admission and loses what a crash catches.")
    ] = "delivered"
    allow_network_fs: Annotated[bool, about("Keep the journal on a network file system, whose syncs may not hold.")] = False
    role: Annotated[
        Literal["both", "ingest", "export"],
        about("`kafka`: `ingest` receives, processes and appends; `export` runs the exporters; `both` does both."),
    ] = "both"
    brokers: Annotated[tuple[str, ...], about("`kafka`: `host:port` of brokers to begin with.")] = ()
    topic: Annotated[
        Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]+$")], about("`kafka`: a pipeline's topic is `<topic>.<pipeline>`.")
    ] = "sluice"
    group: Annotated[str, about("`kafka`: an exporter's consumer group is `<group>.<pipeline>.<exporter>`.")] = "sluice"
    instance: Annotated[
        str | None,
        about("`kafka`: name of this node, the same after a restart, so that a restart moves no partitions. One name a node."),
    ] = None
    create: Annotated[bool, about("`kafka`: create topics that are missing, rather than refuse to start.")] = False
    partitions: Annotated[int, Meta(ge=1, description="`kafka`: partitions of a topic that `create` makes.")] = 12
    replication_factor: Annotated[int, Meta(ge=1, description="`kafka`: replicas of a topic that `create` makes.")] = 3
    tls: Annotated[ClientTls | None, about("`kafka`: how the brokers are verified; without it nothing is encrypted.")] = None
    sasl: Annotated[KafkaLogin | None, about("`kafka`: log in to the brokers.")] = None

    def __post_init__(self) -> None:
        """Refuse a Kafka journal without a broker."""
        if self.type == "kafka" and not self.brokers:
            raise ConfigError("E103", "missing required field: `brokers`, since `type` is `kafka`")
        if self.type != "kafka" and self.role != "both":
            raise ConfigError("E111", f"`role` needs `type: kafka`: nobody else reads a {self.type} journal", path=("role",))


class DeadLetterSettings(Settings, frozen=True):
    """How much of what can't be delivered is kept, and how long (delivery contract §8)."""

    max_bytes: Annotated[
        Annotated[Size, Meta(gt=0)] | None,
        about("What letters may take; beyond it the oldest go. Default 1GiB, or 16MiB with the memory journal."),
    ] = None
    max_age: Annotated[Duration, Meta(gt=0), about("Letters older than this go.")] = 14 * 86400.0


class AdminSettings(Settings, frozen=True):
    """Where operators ask a running daemon."""

    endpoint: Annotated[
        Endpoint | None,
        about("Where reloads, `sluice dlq` and `sluice queue` come in; default: `admin.sock` in the journal's directory."),
    ] = None
    token: Annotated[Secret | None, about("What a client has to show after `Bearer `; a TCP address needs one.")] = None

    def __post_init__(self) -> None:
        """Refuse an address that anybody on the machine, and any page in its browsers, could use."""
        if self.endpoint is not None and not self.endpoint.startswith("unix:") and self.token is None:
            raise ConfigError("E103", "missing required field: `token` or `token_file`, since `endpoint` is a TCP address")


class ServiceSettings(Settings, frozen=True):
    """The `service` section."""

    pipelines: Annotated[Mapping[str, Pipeline], about("`<signal>[/name]` to its receivers, processors and exporters.")]
    extensions: Annotated[tuple[str, ...], about("Ids of extensions to run.")] = ()
    telemetry: Annotated[TelemetrySettings, about("sluice's own telemetry.")] = TelemetrySettings()
    limits: Annotated[Limits, about("Bounds of memory and of a stop.")] = Limits()
    journal: Annotated[JournalSettings, about("Where batches wait for the exporters.")] = JournalSettings()
    dead_letters: Annotated[DeadLetterSettings, about("What could not be delivered.")] = DeadLetterSettings()
    admin: Annotated[AdminSettings, about("Where operators ask a running daemon.")] = AdminSettings()
    watch: Annotated[bool, about("Reload when a file of the configuration changes.")] = True
    forbid_inline_secrets: Annotated[bool, about("A secret written into the file is an error, not a warning.")] = False


def signal_of(pipeline_id: str) -> Signal:
    """Return the signal of a checked pipeline id such as `logs/audit`."""
    signal: Signal = pipeline_id.partition("/")[0]  # type: ignore[assignment]  # config checked it
    return signal
