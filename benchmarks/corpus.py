"""The reference corpus (redaction contract §11): seeded, so that everybody measures the same bytes.

Logs or spans, a share of the records with one planted value in body, attribute, nested map or JSON string; about 600 bytes of
OTLP and ten attributes a record, and clean text as services write it: access logs, JSON, stack traces, UUIDs, SQL.
"""

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from random import Random
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from google.protobuf.message import Message
from opentelemetry.proto.logs.v1.logs_pb2 import LogsData
from opentelemetry.proto.metrics.v1.metrics_pb2 import MetricsData
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from benchmarks.measure import Scale
from benchmarks.planted import KINDS

SEED: Final = 20261121
SIGNALS: Final[tuple["Signal", ...]] = ("logs", "traces")
START: Final = 1_763_640_000_000_000_000
"""Of the records, nanoseconds since the epoch."""

Signal: TypeAlias = Literal["logs", "traces"]
Attributes: TypeAlias = dict[str, Any]

DATA: Final[Mapping[str, type[Message]]] = {"logs": LogsData, "traces": TracesData, "metrics": MetricsData}
"""The protobuf class of a payload."""

_RESOURCE: Final[Attributes] = {
    "service.name": "orders", "service.namespace": "shop", "service.version": "2.14.3", "k8s.pod.name": "orders-7d9f8b6c5-x2vqp",
    "k8s.namespace.name": "prod", "k8s.node.name": "ip-node-17", "cloud.region": "eu-west-1", "host.arch": "amd64",
    "telemetry.sdk.name": "opentelemetry", "telemetry.sdk.language": "java",
}  # fmt: skip
_ROUTES: Final = ("/api/v1/orders/{id}", "/api/v1/users/{id}/cart", "/healthz", "/api/v2/search", "/checkout/confirm")
_AGENTS: Final = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1 Safari/605.1.15",
    "okhttp/4.12.0",
    "python-requests/2.31.0",
)
_SQL: Final = "SELECT id, total, status FROM orders WHERE tenant_id = $1 AND id = $2 LIMIT 50"
_SEVERITIES: Final = ((9, "INFO"), (9, "INFO"), (9, "INFO"), (13, "WARN"), (17, "ERROR"))


class Corpus(NamedTuple):
    """Payloads of equally many records; `planted` are the secrets in each of them."""

    signal: Signal
    percent: int
    records: int
    payloads: Sequence[bytes]
    planted: Sequence[Sequence[str]]

    @property
    def name(self) -> str:
        """What it is called in figures."""
        return f"{self.signal} {self.percent} %"

    @property
    def sha256(self) -> str:
        """Digest of all payloads in a row."""
        return hashlib.sha256(b"".join(self.payloads)).hexdigest()


@lru_cache(maxsize=8)
def corpus(signal: Signal, percent: int, scale: Scale) -> Corpus:
    """Return the corpus in which `percent` of the records hold a planted value."""
    random = Random(f"{SEED} {signal} {percent}")
    made = [_payload(signal, percent / 100, scale.records, random) for _ in range(scale.payloads)]
    return Corpus(signal, percent, scale.records, *zip(*made, strict=True))


def json_lines(scale: Scale) -> list[bytes]:
    """Return the log records of the 5 % corpus as a JSON logger writes them: one body a payload, one object a line."""
    return [b"\n".join(map(_json_line, _records(payload))) for payload in corpus("logs", 5, scale).payloads]


def put(attributes: Any, values: Mapping[str, Any]) -> None:
    """Add attributes to a repeated `KeyValue` field."""
    for key, value in values.items():
        target = attributes.add(key=key).value
        if isinstance(value, dict):
            put(target.kvlist_value.values, value)
        elif isinstance(value, str):
            target.string_value = value
        elif isinstance(value, int):
            target.int_value = value
        else:
            target.double_value = value


def _payload(signal: Signal, share: float, records: int, random: Random) -> tuple[bytes, list[str]]:
    root: Any = DATA[signal]()
    group = root.resource_logs.add() if signal == "logs" else root.resource_spans.add()
    put(group.resource.attributes, _RESOURCE)
    scope = group.scope_logs.add() if signal == "logs" else group.scope_spans.add()
    scope.scope.name, scope.scope.version = "com.shop.orders", "1.2.3"
    secrets: list[str] = []
    time = START
    for _ in range(records):
        time += random.randrange(10**7)
        text, attributes = _text(random), _attributes(signal, random)
        planted = random.random() < share
        if planted:
            text, secret = _plant(text, attributes, random)
            secrets.append(secret)
        if signal == "logs":
            _log(scope.log_records.add(), time, text, attributes, random)
        else:
            _span(scope.spans.add(), time, text if planted or random.random() < 0.3 else "", attributes, random)
    return root.SerializeToString(), secrets


def _plant(text: str, attributes: Attributes, random: Random) -> tuple[str, str]:
    """Put a value of some kind somewhere; return the text, and what must not come out again."""
    kind = random.choice(KINDS)
    value, secret = kind.make(random)
    place = random.choice(("text", "attribute", "attribute", "map", "json"))
    if place == "text":
        return f"{kind.line.format(value)} {text[:80]}", secret
    if place == "json":
        entry = {"level": "warn", "msg": kind.line.format(value), "order_id": _number(random), "meta": {"v": value}}
        return json.dumps(entry), secret
    del attributes["thread.name" if "thread.name" in attributes else "db.query.text"]
    if place == "attribute":
        attributes[kind.attribute] = value
    else:
        attributes["context"] = {"a": {"field": value, "n": 3}, "b": "x"}
    return text, secret


def _log(record: Any, time: int, text: str, attributes: Attributes, random: Random) -> None:
    record.time_unix_nano, record.observed_time_unix_nano = time, time + 1000
    record.severity_number, record.severity_text = random.choice(_SEVERITIES)
    record.body.string_value = text
    put(record.attributes, attributes)
    record.trace_id, record.span_id, record.flags = random.randbytes(16), random.randbytes(8), 1


def _span(span: Any, time: int, text: str, attributes: Attributes, random: Random) -> None:
    span.trace_id, span.span_id, span.parent_span_id = random.randbytes(16), random.randbytes(8), random.randbytes(8)
    span.name, span.kind = f"GET {random.choice(_ROUTES)}", 2
    span.start_time_unix_nano, span.end_time_unix_nano = time, time + random.randrange(10**8)
    put(span.attributes, attributes)
    if text:
        put(span.events.add(time_unix_nano=time, name="log").attributes, {"message": text})
    span.status.code = 1


def _attributes(signal: Signal, random: Random) -> Attributes:
    attributes = {
        "http.request.method": random.choice(("GET", "POST", "PUT")),
        "http.route": random.choice(_ROUTES),
        "http.response.status_code": random.choice((200, 200, 201, 204, 400, 404, 500)),
        "server.address": f"orders-{random.randrange(9)}.prod.svc.cluster.local",
        "server.port": 8443,
        "url.path": f"/api/v1/orders/{_number(random)}",
        "request.id": str(uuid.UUID(int=random.getrandbits(128))),
        "duration_ms": random.random() * 100,
    }
    if signal == "logs":
        attributes["thread.name"] = f"http-nio-8080-exec-{random.randrange(200)}"
    else:
        attributes["db.query.text"] = _SQL
    if random.random() < 0.4:
        attributes["user_agent.original"] = random.choice(_AGENTS)
    else:
        attributes["code.function.name"] = "com.shop.orders.Svc.handle"
    return attributes


def _text(random: Random) -> str:
    draw, number = random.random(), _number(random)
    if draw < 0.25:
        return f"GET /api/v1/orders/{number} HTTP/1.1 200 {random.randrange(99999)} in {random.random() * 90:.3f} ms retry=0"
    if draw < 0.45:
        entry = {"level": "info", "ts": f"2026-11-20T12:{random.randrange(60):02}:00.123456Z", "msg": "order processed"}
        return json.dumps({**entry, "order_id": number, "total": round(random.random() * 100, 2), "items": random.randrange(9)})
    if draw < 0.65:
        batch = uuid.UUID(int=random.getrandbits(128))
        return f"Processed batch {batch} of {random.randrange(999)} items in {random.randrange(900)} ms; next offset {number}"
    if draw < 0.8:
        return (
            f"cache miss for product:{number}:v3, falling back to shard {random.randrange(16)} (ref {random.randbytes(16).hex()})"
        )
    if draw < 0.9:
        lines = (f"\n\tat com.shop.{name}({name}.java:{random.randrange(999)})" for name in ("db.Pool", "orders.Repo"))
        return "java.lang.IllegalStateException: connection pool exhausted" + "".join(lines)
    lag, offset = random.randrange(99999), random.randrange(10**10)
    return f"consumer lag topic=orders.v1 partition={random.randrange(32)} lag={lag} committed={offset} ts={START // 10**6}"


def _number(random: Random) -> str:
    return str(random.randrange(10**7, 10**8))


def _records(payload: bytes) -> Any:
    return LogsData.FromString(payload).resource_logs[0].scope_logs[0].log_records


def _json_line(record: Any) -> bytes:
    entry = {
        "time": datetime.fromtimestamp(record.time_unix_nano / 1e9, UTC).isoformat(),
        "level": record.severity_text.lower(),
        "service": "orders",
        "message": record.body.string_value,
        "trace_id": record.trace_id.hex(),
        "span_id": record.span_id.hex(),
        **{each.key: _plain(each.value) for each in record.attributes},
    }
    return json.dumps(entry).encode()


def _plain(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind == "kvlist_value":
        return {each.key: _plain(each.value) for each in value.kvlist_value.values}
    return getattr(value, kind)
