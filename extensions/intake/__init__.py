"""Show what Datadog and Sentry would get, taken and checked in their place.

    extensions:
      intake:
        endpoint: 127.0.0.1:4330

Exporters with `without_credentials: intake` send here while they have no credential. `GET /` is a page over what came;
`/intake/datadog/logs`, `/intake/datadog/series`, `/intake/sentry/events` and `/intake/sentry/logs` are JSON, newest first, and
`DELETE /intake` forgets it. It holds the last 1,000 payloads of each kind, 64 MiB at most, in memory only.
"""

import asyncio
from collections.abc import Callable
from importlib.resources import files
from random import Random
from typing import Annotated, ClassVar, Final

import orjson
from msgspec import Meta

from extensions.intake import datadog, sentry
from extensions.intake.store import Payloads
from pipeline import Extension
from pipeline.net.http_server import HttpRequest, HttpResponse, Refusal, Route
from pipeline.service import Service
from pipeline.settings import HttpListener, ListenerAuth, Settings, about
from pipeline.types import Duration, Endpoint, Percent, Signal

LARGEST_BODY: Final = 200 * 1024 * 1024
"""Sentry's bound of a decompressed envelope, the largest of all."""
PAGE_HEADERS: Final = {"content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'"}


class Faults(Settings, frozen=True, kw_only=True):
    """Misbehave on purpose, to see what an exporter does then."""

    status: Annotated[int, Meta(ge=400, le=599), about("What a failing request is answered.")] = 503
    rate: Annotated[Percent, about("Share of requests that fail.")] = 0.0
    latency: Annotated[Duration, about("Every answer waits this long.")] = 0.0


class Config(HttpListener, frozen=True, kw_only=True):
    """Where it listens, and how it fails."""

    endpoint: Annotated[Endpoint, about("Address to listen on.")] = "127.0.0.1:4330"
    auth: Annotated[ListenerAuth | None, about("What a reader has to show; senders show the vendor's keys.")] = None
    faults: Annotated[Faults, about("Misbehave on purpose.")] = Faults()


class Intake(Extension):
    """Serves the receiving side of the vendors' APIs, and what it received."""

    signals: ClassVar[frozenset[Signal]] = frozenset()

    def __init__(self, config: Config) -> None:
        self._config = config
        self._chance = Random()  # noqa: S311  # which requests fail on purpose is no secret
        self.kinds = {
            "datadog/logs": Payloads(),
            "datadog/series": Payloads(),
            "sentry/events": Payloads(),
            "sentry/logs": Payloads(),
        }

    async def run(self, service: Service) -> None:  # noqa: ARG002  # every extension is handed the service
        """Serve until cancelled."""
        async with self.host.listeners.http(self._config, self.routes(), component=self.host.id):
            self.host.started()
            await asyncio.Event().wait()

    def routes(self) -> list[Route]:
        """Return the vendors' paths, those to read, and the page."""
        return [
            self._vendor("/api/v2/logs", self._take_datadog_logs, datadog.refuse),
            self._vendor("/api/v2/series", self._take_datadog_series, datadog.refuse),
            self._vendor("/api/{project}/envelope", self._take_envelope, sentry.refuse),
            *(self._reader(f"/intake/{kind}", payloads) for kind, payloads in self.kinds.items()),
            self._own("/intake", self._forget, "DELETE"),
            *(self._own(path, self._page(name, kind), "GET") for path, name, kind in PAGES),
        ]

    def _vendor(
        self, path: str, take: Callable[[HttpRequest], HttpResponse], refuse: Callable[[str, Refusal], HttpResponse]
    ) -> Route:
        async def handle(request: HttpRequest) -> HttpResponse:
            faults = self._config.faults
            if faults.latency:
                await asyncio.sleep(faults.latency)
            if self._chance.random() < faults.rate:
                raise Refusal(faults.status, "a fault on purpose: intake.faults")
            return take(request)

        return Route(path, handle, refuse=refuse, max_body=LARGEST_BODY)

    def _own(self, path: str, answer: Callable[[HttpRequest], HttpResponse], method: str) -> Route:
        async def handle(request: HttpRequest) -> HttpResponse:
            return answer(request)

        methods = ("GET", "HEAD") if method == "GET" else (method,)
        return Route(path, handle, refuse=datadog.refuse, methods=methods, max_body=0, auth=self._config.auth, admit=False)

    def _reader(self, path: str, payloads: Payloads) -> Route:
        return self._own(path, lambda _: HttpResponse(200, payloads.json()), "GET")

    def _forget(self, _: HttpRequest) -> HttpResponse:
        for payloads in self.kinds.values():
            payloads.clear()
        return HttpResponse(204, b"", "")

    def _page(self, name: str, content_type: str) -> Callable[[HttpRequest], HttpResponse]:
        body = (files(__package__) / name).read_bytes()
        return lambda _: HttpResponse(200, body, content_type, PAGE_HEADERS)

    def _take_datadog_logs(self, request: HttpRequest) -> HttpResponse:
        datadog.check_key(request.headers)
        logs = datadog.logs(request.body)
        self.kinds["datadog/logs"].add(logs)
        return HttpResponse(202, b"{}")

    def _take_datadog_series(self, request: HttpRequest) -> HttpResponse:
        datadog.check_key(request.headers)
        series = datadog.series(request.body, sent=len(request.raw))
        self.kinds["datadog/series"].add(series)
        return HttpResponse(202, b'{"errors":[]}')

    def _take_envelope(self, request: HttpRequest) -> HttpResponse:
        sentry.check_auth(request.headers)
        received = sentry.envelope(request.body)
        if received.events:
            self.kinds["sentry/events"].add(received.events)
        if received.logs:
            self.kinds["sentry/logs"].add(received.logs)
        return HttpResponse(200, orjson.dumps({"id": received.event_id} if received.event_id else {}))


PAGES: Final = (
    ("/", "page.html", "text/html; charset=utf-8"),
    ("/intake/page.js", "page.js", "text/javascript; charset=utf-8"),
    ("/intake/page.css", "page.css", "text/css; charset=utf-8"),
)
