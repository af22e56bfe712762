"""Exceptions and error logs as Sentry events, which become issues (sentry contract §5)."""

import hashlib
import re
from collections import Counter
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from exporters.sentry import origins, strip
from exporters.sentry.exceptions import MAX_MESSAGE, is_exception, raised
from exporters.sentry.spans import trace_context
from pipeline.text import json_bytes, text
from pipeline.trace_ids import derive_span_id
from pipeline.types import Value
from pipeline.version import VERSION
from pipeline.wire.model import Attributes, Event, LogRecord, Resource, Scope, Span

SDK: Final = {"name": "sluice", "version": VERSION}
TAGS: Final = ("service.name", "http.request.method", "http.response.status_code", "error.type")
"""Attributes of the record or the resource that become tags."""
MAX_TAG: Final = 200
MAX_LOGGER: Final = 64
MAX_CONTEXT: Final = 8000
"""Bytes; the resource and the attributes have half of it each."""
MAX_EXTRA: Final = 16_000
"""Bytes (both: Sentry product documentation, size limits)."""
MAX_AGE: Final = 30 * 86_400
"""Seconds; Sentry dates what is older to the time it comes in."""
SAID_ELSEWHERE: Final = frozenset(
    {*TAGS, "user.id", "enduser.id", "user.email", "user.name", "client.address", "url.full", "host.name", "host.arch"}
    | {"exception.type", "exception.message", "exception.stacktrace", "exception.escaped", "sentry.release", "sentry.fingerprint"}
    | {"deployment.environment.name", "deployment.environment", "service.version", "service.build.id", "telemetry.sdk.language"}
    | {"process.runtime.name", "process.runtime.version", "os.name", "os.type", "os.version"}
)
"""Attributes that stand in another field of the event."""

_METHOD: Final = re.compile(r"[A-Z]{1,32}")


class Labels(NamedTuple):
    """What the settings say about events."""

    environment: str = ""
    release: str = ""
    pii: bool = False


class Events:
    """Makes the events of one batch, and counts the stack traces that had no known form by their language.

    The id of an event follows from the data, so it is the same whenever the same batch is encoded.
    """

    def __init__(self, labels: Labels, now: float, received: int) -> None:
        """Take the time of encoding, in seconds, and when the batch came in, in nanoseconds: it dates what has no time."""
        self._labels = labels
        self._now = now
        self._received = received
        self._alike: Counter[str] = Counter()
        self.unparsed: Counter[str] = Counter()

    def of_span(self, span: Span, event: Event, index: int, transaction: str) -> dict[str, Any]:
        """Return the event of an exception that a span recorded as its `index`-th span event."""
        found = self._base(span.resource, span.scope, {**span.attributes, **event.attributes}, event.time or span.end_time)
        found["level"] = "error"
        found["contexts"]["trace"] = trace_context(span)
        if transaction:
            found["transaction"] = transaction
        self._raise(found, event.attributes, span.resource)
        event_id = digest(span.trace_id, span.span_id, str(event.time), *_named(event.attributes), str(index))
        return {"event_id": event_id, **found}

    def of_log(self, record: LogRecord) -> dict[str, Any]:
        """Return the event of a log record. Records that are alike in everything get ids of their own all the same."""
        time = record.time or record.observed_time
        found = self._base(record.resource, record.scope, record.attributes, time)
        found["level"] = level(record.severity_number)
        if message := text(record.body)[:MAX_MESSAGE]:
            found["logentry"] = {"formatted": message}
        if is_exception(record.attributes):
            self._raise(found, record.attributes, record.resource)
        kind, message = _named(record.attributes)
        identity = (record.trace_id, record.span_id, str(time or self._received), kind, message or text(record.body))
        index = self._alike[digest(*identity)]
        self._alike[digest(*identity)] += 1
        event_id = digest(*identity, str(index))
        if record.trace_id:
            span_id = record.span_id or derive_span_id(record.trace_id, event_id)  # Sentry wants one
            found["contexts"]["trace"] = {"trace_id": record.trace_id, "span_id": span_id}
        return {"event_id": event_id, **found}

    def _base(self, resource: Resource, scope: Scope, attributes: Attributes, time: int) -> dict[str, Any]:
        about, labels = resource.attributes, self._labels
        seconds = (time or self._received) // 1000 / 1e6
        fields = {
            "platform": origins.platform(about),
            "logger": one_line(scope.name, MAX_LOGGER),
            "server_name": origins.server_name(about),
            "release": origins.release(about, attributes, labels.release),
            "environment": origins.environment(about, labels.environment),
            "dist": origins.dist(about),
            "tags": self._tags(about, attributes, scope, seconds),
            "user": self._user(attributes),
            "request": self._request(attributes),
            "fingerprint": _fingerprint(attributes.get("sentry.fingerprint")),
        }
        found: dict[str, Any] = {"timestamp": seconds, **{key: value for key, value in fields.items() if value}}
        found["contexts"] = origins.contexts(about)
        parts = {"resource": self._rest(about), "attributes": self._rest(attributes)}
        if rest := {key: value for key, value in parts.items() if value}:
            found["contexts"]["otel"] = rest
        found["sdk"] = SDK
        return found

    def _raise(self, found: dict[str, Any], attributes: Attributes, resource: Resource) -> None:
        """Put the exceptions of the attributes into an event."""
        exceptions = raised(attributes, origins.platform(resource.attributes))
        found["platform"] = exceptions.platform
        found["exception"] = {"values": exceptions.values}
        if exceptions.stack:
            found["extra"] = {"exception.stacktrace": exceptions.stack.encode()[:MAX_EXTRA].decode(errors="ignore")}
        if exceptions.unparsed:
            self.unparsed[exceptions.platform] += 1

    def _tags(self, resource: Attributes, attributes: Attributes, scope: Scope, seconds: float) -> dict[str, str]:
        kept = strip.attributes({**resource, **attributes}, pii=self._labels.pii)
        tags = {key: text(kept.get(key)) for key in TAGS}
        tags["otel.scope"] = scope.name
        if self._now - seconds > MAX_AGE:
            tags["original_timestamp"] = datetime.fromtimestamp(seconds, UTC).isoformat()
        return {key: line for key, value in tags.items() if (line := one_line(value, MAX_TAG))}

    def _user(self, attributes: Attributes) -> dict[str, str]:
        user = {"id": text(attributes.get("user.id")) or text(attributes.get("enduser.id"))}
        if self._labels.pii:
            user["email"] = text(attributes.get("user.email"))
            user["username"] = text(attributes.get("user.name"))
            user["ip_address"] = text(attributes.get("client.address"))
        return {key: value for key, value in user.items() if value}

    def _request(self, attributes: Attributes) -> dict[str, str]:
        method = text(attributes.get("http.request.method"))
        fields = {"url": strip.url(text(attributes.get("url.full"))), "method": method if _METHOD.fullmatch(method) else ""}
        return {key: value for key, value in fields.items() if value}

    def _rest(self, attributes: Attributes) -> dict[str, Value]:
        """Return the attributes that stand nowhere else, without what must not leave; the largest go when they are too many."""
        rest = {key: value for key, value in attributes.items() if key not in SAID_ELSEWHERE}
        kept = strip.attributes(rest, pii=self._labels.pii)
        sizes = {key: len(json_bytes({key: value})) for key, value in kept.items()}
        total = sum(sizes.values())
        for key in sorted(sizes, key=sizes.__getitem__, reverse=True):
            if total <= MAX_CONTEXT // 2:
                break
            total -= sizes[key]
            del kept[key]
        return kept


def one_line(long: str, limit: int) -> str:
    """Return a text as one line of at most so many characters."""
    return " ".join(long.split())[:limit].rstrip()


def level(severity_number: int) -> str:
    """Return the level of an event; what has no severity is an error, or it would be none."""
    if severity_number <= 0 or severity_number > 24:
        return "error"
    return ("debug", "debug", "info", "warning", "error", "fatal")[(severity_number - 1) // 4]


def digest(*parts: str) -> str:
    """Return 32 hex digits that follow from the parts."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _named(attributes: Attributes) -> tuple[str, str]:
    """Return type and message of an exception."""
    return text(attributes.get("exception.type")), text(attributes.get("exception.message"))


def _fingerprint(value: Value) -> list[str]:
    if isinstance(value, str):
        return [value] if value else []
    return [text(part) for part in value] if isinstance(value, list | tuple) else []
