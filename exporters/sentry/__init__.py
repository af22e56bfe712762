"""Send exceptions to Sentry as issues with stack frames, and logs as logs.

    exporters:
      sentry:
        dsn: ${env:SENTRY_DSN}
        error_logs: both        # logs of level ERROR and above become issues too

An exception becomes an event when a span recorded it, or when a log record of level ERROR carries it; its stack trace
is read as Python, JVM, JavaScript or Go. The spans themselves are not sent. An exception that was both recorded and logged
becomes one event. Event ids follow from the data, so Sentry recognises what is sent twice.

Credentials are filtered by name before anything leaves, and what identifies a person unless `send_default_pii` is set.

Sentry answers which categories of data it does not take for a while. `on_rate_limit: hold` keeps them for up to an hour, `drop`
does not; what is not kept goes to the dead-letter store. The request that was refused is never sent again. No client reports are
written: whether a refused request is split, kept or replayed is not decided here, so a report could count an item twice.

With `without_credentials: intake` and no DSN, envelopes go to project 1 of the local `intake` extension, with the made-up key
`intake`.
"""

import time
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Annotated, Any, Final, Literal, cast

from msgspec import Struct

from exporters.sentry import dsn, envelope, trim
from exporters.sentry.answers import check
from exporters.sentry.duplicates import Duplicates
from exporters.sentry.events import Events, Labels
from exporters.sentry.exceptions import is_exception
from exporters.sentry.logs import Logs
from exporters.sentry.rate_limits import RateLimits
from exporters.sentry.spans import transactions
from pipeline import Batch, Exporter, Held, Rejected, Request, Unauthorized, packing
from pipeline.batch import subset
from pipeline.net.compression import compress, content_encoding
from pipeline.net.http_client import HttpAnswer
from pipeline.offload import offload
from pipeline.packing import Entry
from pipeline.settings import NetworkExporter, Retry, about
from pipeline.telemetry import catalogue
from pipeline.text import text
from pipeline.types import Secret, Signal
from pipeline.version import VERSION
from pipeline.wire.model import LogRecord, Record, Span

ERROR_SEVERITY: Final = 17
MAX_LOGS: Final = 100
"""Of an envelope (Sentry developer documentation, "Logs")."""
LOGS_ROOM: Final = trim.MAX_ITEM - 64
"""Bytes of encoded logs in an item, beside what wraps them."""
SMALL_EVENT: Final = 150_000
"""Bytes of JSON to which an event is trimmed once when Sentry finds it too large: as sent it takes 200 kB (size limits)."""
HOLD_SECONDS: Final = 3600.0
CATEGORIES: Final = {"event": ("error",), "log": ("log_item", "log_byte")}
"""What a request counts as in Sentry's rate limits, by route."""


class Config(NetworkExporter, frozen=True, kw_only=True):
    """Settings of `sentry`."""

    dsn: Annotated[Secret | None, about("Client key (DSN) of the project.", env="SENTRY_DSN", credential=True)] = None
    environment: Annotated[str, about("Environment of telemetry that names none.", env="SENTRY_ENVIRONMENT")] = ""
    release: Annotated[
        str,
        about(
            "Release of telemetry without `sentry.release`; otherwise it is `service.name@service.version`.", env="SENTRY_RELEASE"
        ),
    ] = ""
    exceptions: Annotated[
        Literal["all", "unhandled", "none"],
        about("Which exceptions of spans become events; `unhandled`: those that left their span."),
    ] = "all"
    log_exceptions: Annotated[
        Literal["error", "all"], about("Which logs with an exception become events: of level ERROR and above, or all.")
    ] = "error"
    error_logs: Annotated[
        Literal["event", "log", "both"],
        about("What logs of level ERROR and above become when they carry no exception; `event` sends them as events alone."),
    ] = "log"
    on_rate_limit: Annotated[
        Literal["hold", "drop"], about("Keep what Sentry does not take for now, for up to an hour, or let it go.")
    ] = "hold"
    send_default_pii: Annotated[bool, about("Send e-mail, name and address of users, and the addresses that proxies add.")] = (
        False
    )


class Parcel(Struct):
    """What a request needs beside its bytes."""

    entries: Sequence[Entry]
    event: dict[str, Any] | None = None
    held_since: float = 0.0
    """Monotonic clock; 0 while it was not held."""


class Sentry(Exporter):
    """The exporter `sentry`."""

    signals = frozenset[Signal]({"logs", "traces"})
    retry = Retry(initial=1.0, maximum=60.0, multiplier=2.0, jitter="full")

    def __init__(self, config: Config) -> None:
        self._config = config
        self._dsn = dsn.parse(config.dsn.reveal()) if config.dsn is not None and config.dsn.reveal() else None
        self._labels = Labels(config.environment, config.release, config.send_default_pii)
        self._duplicates = Duplicates()
        self._limits = RateLimits()

    def encode(self, batch: Batch) -> Sequence[Request]:
        """Return a request for each event, and one for each hundred logs. Bodies are items: the envelope is made when they go."""
        events = Events(self._labels, time.time(), batch.context.received_at)
        if batch.signal == "logs":
            requests = list(self._of_logs(batch, cast("Sequence[LogRecord]", batch.records()), events))
        else:
            requests = list(self._of_spans(batch, cast("Sequence[Span]", batch.records()), events))
        for language, count in events.unparsed.items():
            self.host.metrics.add(catalogue.EXPORTER_STACKS_UNPARSED, count, exporter=self.host.id, language=language)
        return requests

    def split(self, request: Request) -> Sequence[Request]:
        """Return the logs of a request in halves; an event can't be split."""
        entries: Sequence[Entry] = request.parts.entries
        if len(entries) < 2:
            return [request]
        return [_logs_request(half, request.batch) for half in packing.halves(entries)]

    async def send(self, request: Request) -> None:
        """Post one envelope, unless Sentry said that it does not take the like for now."""
        parcel: Parcel = request.parts
        self._wait_for_limits(request.route, parcel)
        answer = await self._post(request.body, parcel)
        if answer.status == 413 and parcel.event is not None:
            smaller, trimmed = trim.event_bytes(parcel.event, SMALL_EVENT)
            if trimmed:
                answer = await self._post(envelope.event_item(smaller), parcel)
        check(answer)

    def _of_logs(self, batch: Batch, records: Sequence[LogRecord], events: Events) -> Iterator[Request]:
        logs, entries = Logs(self._labels, batch), []
        for record in records:
            as_event = self._is_event(record)
            if as_event:
                yield self._event_request(events.of_log(record), record, batch, items=1)
            if not as_event or self._config.error_logs != "event":
                body, cut = trim.log_bytes(logs.of(record), LOGS_ROOM)
                entries.append(Entry(body, [record], 0 if as_event else 1))
                self._count_cut("logs", cut)
        for group in packing.packed(entries, most=MAX_LOGS, max_bytes=LOGS_ROOM):
            yield _logs_request(group, batch)

    def _of_spans(self, batch: Batch, spans: Sequence[Span], events: Events) -> Iterator[Request]:
        names = transactions(spans)
        for span in spans:
            items = 1
            for index, event in enumerate(span.events):
                if event.name != "exception" or not self._is_wanted(event.attributes):
                    continue
                kind, message = text(event.attributes.get("exception.type")), text(event.attributes.get("exception.message"))
                if self._duplicates.seen("span", event.time, span.trace_id, span.span_id, kind, message):
                    continue
                found = events.of_span(span, event, index, names[span.trace_id, span.span_id])
                yield self._event_request(found, span, batch, items=items)
                items = 0

    def _is_event(self, record: LogRecord) -> bool:
        error = record.severity_number >= ERROR_SEVERITY
        if not is_exception(record.attributes):
            return error and self._config.error_logs != "log"
        if not error and self._config.log_exceptions != "all":
            return False
        kind, message = text(record.attributes.get("exception.type")), text(record.attributes.get("exception.message"))
        when = record.time or record.observed_time
        return not self._duplicates.seen("log", when, record.trace_id, record.span_id, kind, message)

    def _is_wanted(self, attributes: dict[str, Any]) -> bool:
        if self._config.exceptions == "unhandled":
            return text(attributes.get("exception.escaped")).lower() == "true"
        return self._config.exceptions == "all"

    def _event_request(self, event: dict[str, Any], record: Record, batch: Batch, *, items: int) -> Request:
        body, cut = trim.event_bytes(event)
        self._count_cut(batch.signal, cut)
        item = envelope.event_item(body)
        return Request(item, subset(batch, [record]), items, raw_bytes=len(item), route="event", parts=Parcel((), event))

    def _count_cut(self, signal: Signal, cut: bool) -> None:
        if cut:
            self.host.metrics.add(catalogue.EXPORTER_TRUNCATED, exporter=self.host.id, signal=signal)

    def _wait_for_limits(self, route: str, parcel: Parcel) -> None:
        """Raise `Held` or `Rejected` while the category of a route is limited.

        No time to wait is given: it would stop the other categories too.
        """
        now = time.monotonic()
        if self._limits.wait(CATEGORIES[route], now) <= 0:
            return
        parcel.held_since = parcel.held_since or now
        if self._config.on_rate_limit == "drop" or now - parcel.held_since > HOLD_SECONDS:
            raise Rejected("ratelimit_backoff", "the category is rate limited", code="429")
        raise Held("the category is rate limited", code="rate_limited")

    async def _post(self, items: bytes, parcel: Parcel) -> HttpAnswer:
        target = self._target()
        event_id = parcel.event["event_id"] if parcel.event is not None else ""
        body = envelope.envelope([items], sent_at=time.time(), event_id=event_id)
        shown = f"Sentry sentry_version=7, sentry_client=sluice/{VERSION}, sentry_key={target.public_key}"
        if target.secret_key:
            shown += f", sentry_secret={target.secret_key}"
        answer = await self.host.clients.http(self.host.id, self._config).post(
            target.endpoint,
            await offload(partial(compress, body, self._config.compression), len(body)),
            content_type=envelope.CONTENT_TYPE,
            content_encoding=content_encoding(self._config.compression),
            headers={"X-Sentry-Auth": shown},
        )
        self._limits.note(answer.status, answer.headers, time.monotonic())
        return answer

    def _target(self) -> dsn.Dsn:
        if self._dsn is not None:
            return self._dsn
        if self.host.intake is None:
            raise Unauthorized("there is no dsn, and no intake extension to send to", code="no_credential")
        return dsn.Dsn(f"{self.host.intake.rstrip('/')}/api/1/envelope/", "intake")


def _logs_request(entries: Sequence[Entry], batch: Batch) -> Request:
    item = envelope.logs_item(entry.body for entry in entries)
    records = [record for entry in entries for record in entry.records]
    items = sum(entry.items for entry in entries)
    return Request(item, subset(batch, records), items, raw_bytes=len(item), route="log", parts=Parcel(entries))
