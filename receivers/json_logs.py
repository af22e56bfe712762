"""Receive logs as JSON over HTTP: an array, one object, several, or one a line.

    receivers:
      json_logs:
        endpoint: 127.0.0.1:8088

    curl localhost:8088/logs/shop -H 'content-type: application/x-ndjson' --data-binary @app.log

The logger that wrote an object is recognised by the object's members, and time, level, message, trace ids, errors and the service
find their place in OTLP; every other member stays as an attribute. A line that can't be read is refused alone: the answer says
which and why, the dead-letter store keeps its hash, and the rest is accepted.
"""

import asyncio
import hashlib
import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, tzinfo
from functools import partial
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo

import orjson

from pipeline import Batch, ConfigError, Consume, Context, Receiver, json_logs
from pipeline.journal.dead_letter import DeadLetter
from pipeline.json_logs import Bad, JsonBodies, Kind, Normaliser, Options, TooManyRecords
from pipeline.net.http_server import HttpRequest, HttpResponse, Refusal, Route
from pipeline.offload import offload
from pipeline.settings import HttpEntrance, about
from pipeline.telemetry import catalogue
from pipeline.trace_ids import TraceContext, parse_traceparent
from pipeline.types import Endpoint, Size

_KINDS: Final[Mapping[str, Kind | None]] = {
    "application/json": "json",
    "application/x-ndjson": "lines",
    "application/ndjson": "lines",
    "application/jsonl": "lines",
    "text/plain": "text",
    "": None,
}
_CHARSET: Final = re.compile(r";\s*charset\s*=\s*\"?([^\s;\"]*)", re.IGNORECASE)
_UTF8: Final = ("utf-8", "utf8", "us-ascii")
_LISTED_ERRORS: Final = 20
_PARAMETER: Final = re.compile(r"\{.*?\}|[{}]")


class Config(HttpEntrance, frozen=True, kw_only=True):
    """Settings of `json_logs`."""

    endpoint: Annotated[Endpoint, about("Address to listen on; loopback unless you say otherwise.")] = "127.0.0.1:8088"
    max_request_body_size: Annotated[Size, about("Largest body taken, as sent and decompressed.")] = 20 * 1024 * 1024
    paths: Annotated[
        tuple[str, ...], about("Paths to take logs at; `{service}` stands for the service of records that name none.")
    ] = ("/logs", "/logs/{service}")
    format: Annotated[
        Literal["auto", "pino", "structlog", "generic"],
        about("The logger that writes here; what another one wrote is read as `generic`."),
    ] = "auto"
    service_name: Annotated[str, about("Service of records that name none, where the path names none either.")] = ""
    timezone: Annotated[str | None, about("Zone of times that say none, such as `Europe/Berlin`; default UTC.")] = None
    max_line_size: Annotated[Size, about("Longest line or object taken.")] = 1024 * 1024
    flatten: Annotated[bool, about("Join the names of nested members with dots.")] = False
    keep_original: Annotated[bool, about("Keep the line as attribute `log.record.original`.")] = False
    text_severity: Annotated[bool, about("Look for a level in the first 64 bytes of a line of plain text.")] = False
    trace_from_request: Annotated[bool, about("Give records without a trace id the one of the request's `traceparent`.")] = False

    def served(self) -> Sequence[str]:
        """Return its paths."""
        return self.paths


class JsonLogs(Receiver):
    """The receiver."""

    signals = frozenset({"logs"})

    def __init__(self, config: Config) -> None:
        for index, path in enumerate(config.paths):
            if not path.startswith("/") or set(_PARAMETER.findall(path)) - {"{service}"}:
                raise ConfigError("E111", "not a path", path=("paths", index), label="such as /logs or /logs/{service}")
        self._config = config
        self._options = Options(
            format=None if config.format == "auto" else config.format,
            zone=_zone(config.timezone),
            service_name=config.service_name,
            flatten=config.flatten,
            keep_original=config.keep_original,
            text_severity=config.text_severity,
        )
        self._bodies = JsonBodies(self._options, config.max_line_size)

    async def run(self, consume: Consume) -> None:
        """Serve until cancelled."""
        config = self._config
        routes = [
            Route(
                path,
                partial(self._receive, consume),
                refuse=_refuse,
                content_types=tuple(_KINDS),
                max_body=config.max_request_body_size,
                auth=config.auth,
                cors=config.cors,
            )
            for path in config.paths
        ]
        async with self.host.listeners.http(config, routes, component=self.host.id):
            self.host.started()
            await asyncio.get_running_loop().create_future()

    async def _receive(self, consume: Consume, request: HttpRequest) -> HttpResponse:
        charset = _CHARSET.search(request.headers.get("Content-Type", ""))
        if charset and charset[1].lower() not in _UTF8:
            raise Refusal(415, "the charset has to be utf-8")
        normaliser = Normaliser(self._options, time.time_ns(), request.params.get("service", ""), self._context_of(request))
        kind = _KINDS[request.content_type]
        payload, accepted, bad = await offload(partial(self._normalise, request.body, kind, normaliser), len(request.body))
        if accepted:
            await consume(Batch(payload, "logs", accepted, Context(self.host.id, "http", normaliser.now)))
        await self._set_aside(bad, normaliser.now)
        json_logs.count(normaliser, self.host.metrics)
        return _answer(accepted, bad)

    def _context_of(self, request: HttpRequest) -> TraceContext | None:
        given = request.headers.getall("traceparent", ())
        return parse_traceparent(given[0]) if self._config.trace_from_request and len(given) == 1 else None

    def _normalise(self, body: bytes, kind: Kind | None, normaliser: Normaliser) -> tuple[bytes, int, list[Bad]]:
        """Return the payload of a body, the number of its records, and what can't be taken. Raises `Refusal`."""
        try:
            return self._bodies.payload(body, kind, normaliser)
        except TooManyRecords as error:
            raise Refusal(413, str(error)) from None

    async def _set_aside(self, bad: Sequence[Bad], received_at: int) -> None:
        """Leave a dead letter of each bad entry, without its text: it was not redacted."""
        letters = [
            DeadLetter(
                signal="logs",
                stage="receiver",
                component=self.host.id,
                reason=entry.reason,
                message=f"line {entry.number}: {entry.error}",
                items=1,
                bytes=len(entry.raw),
                sha256=hashlib.sha256(entry.raw).hexdigest(),
                first_seen=received_at,
            )
            for entry in bad
        ]
        if letters:
            await self.host.dead_letters.note(*letters)
        for reason, number in Counter(entry.reason for entry in bad).items():
            self.host.metrics.add(catalogue.RECEIVER_FAILED["logs"], number, receiver=self.host.id, reason=reason)


def _answer(accepted: int, bad: Sequence[Bad]) -> HttpResponse:
    answer: dict[str, object] = {"accepted": accepted, "rejected": len(bad)}
    if bad:
        answer["errors"] = [{"line": entry.number, "error": entry.error} for entry in bad[:_LISTED_ERRORS]]
    return HttpResponse(400 if bad and not accepted else 200, orjson.dumps(answer))


def _refuse(_: str, refusal: Refusal) -> HttpResponse:
    return HttpResponse(refusal.status, orjson.dumps({"error": refusal.message}))


def _zone(name: str | None) -> tzinfo:
    try:
        return UTC if name is None else ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ConfigError("E111", f"no time zone is called `{name}` here", path=("timezone",)) from None
