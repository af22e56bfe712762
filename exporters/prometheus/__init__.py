"""Offer metrics to a Prometheus that scrapes them.

    exporters:
      prometheus:
        endpoint: 127.0.0.1:9464
        resource_labels: [deployment.environment.name]

`GET /metrics` answers in text or OpenMetrics, whichever is asked for. Names follow the OpenTelemetry rules:
`http.server.duration` in `ms` is `http_server_duration_milliseconds`, a monotonic sum ends in `_total`; `service.name` becomes
`job`, and what else a resource says stands once in `target_info`. Delta points are added up here, so their counters start at
zero when sluice does.
Everything is held in memory: at most 100,000 series, 10,000 a metric, each until it was idle for `metric_expiration`.
"""

import asyncio
import math
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, Final

from exporters.prometheus.exposition import Form, expose
from exporters.prometheus.names import Strategy
from exporters.prometheus.negotiation import choose
from exporters.prometheus.store import Naming, Store
from pipeline import Batch, ConfigError, DirectExporter
from pipeline.net.compression import compress
from pipeline.net.http_server import HttpRequest, HttpResponse, Refusal, Route
from pipeline.settings import HttpListener, about
from pipeline.telemetry import catalogue
from pipeline.types import Duration, Endpoint
from pipeline.wire.model import Point

__all__ = ["Config", "Prometheus"]

_SHARE_OF_TIMEOUT: Final = 0.9
"""Of the scraper's own timeout; the rest is for compressing and sending."""


class Config(HttpListener, frozen=True, kw_only=True):
    """Settings of `prometheus`."""

    endpoint: Annotated[Endpoint, about("Address to listen on; loopback unless you say otherwise.")] = "127.0.0.1:9464"
    path: Annotated[str, about("Where the metrics are.")] = "/metrics"
    namespace: Annotated[str, about("Put in front of every name.")] = ""
    translation_strategy: Annotated[Strategy, about("Whether units and `_total` are added to names.")] = (
        "UnderscoreEscapingWithSuffixes"
    )
    scope_labels: Annotated[bool, about("Say the instrumentation scope in `otel_scope_…` labels.")] = True
    resource_labels: Annotated[tuple[str, ...], about("Resource attributes to copy to each series.")] = ()
    exponential_histograms: Annotated[
        bool, about("Show exponential histograms, as classic ones of at most 160 bounds; otherwise leave them out.")
    ] = True
    metric_expiration: Annotated[Duration, about("Forget a series that got no point for this long.")] = 300
    send_timestamps: Annotated[bool, about("Say when each point was measured.")] = False
    created_timestamps: Annotated[bool, about("Say in `_created` when each count began; OpenMetrics only.")] = False

    def served(self) -> Sequence[str]:
        """Return the one path."""
        return (self.path,)


class Prometheus(DirectExporter):
    """Holds the newest point of every series."""

    signals = frozenset({"metrics"})

    def __init__(self, config: Config) -> None:
        if not config.path.startswith("/"):
            raise ConfigError("E111", "a path starts with `/`", path=("path",))
        self._config = config
        naming = Naming(
            config.namespace,
            config.translation_strategy,
            config.scope_labels,
            config.resource_labels,
            config.exponential_histograms,
        )
        self._store = Store(naming, config.metric_expiration, time.monotonic)

    def fold(self, batch: Batch) -> None:
        """Show the points of the batch from now on."""
        folded = self._store.fold([point for point in batch.records() if isinstance(point, Point)])
        for reason, points in folded.refused.items():
            if points:
                self.host.metrics.add(catalogue.PROMETHEUS_REFUSED, points, exporter=self.host.id, reason=reason)
        for name in folded.conflicts:
            self.host.log.warning("a metric is described in two ways; the first one counts", exporter=self.host.id, metric=name)
        self.host.metrics.set(catalogue.PROMETHEUS_SERIES, len(self._store), exporter=self.host.id)

    async def run(self) -> None:
        """Answer scrapes until cancelled."""
        route = Route(
            self._config.path,
            self._scrape,
            refuse=_refuse,
            methods=("GET", "HEAD"),
            max_body=0,
            auth=self._config.auth,
            admit=False,
        )
        async with self.host.listeners.http(self._config, [route], component=self.host.id):
            self.host.started()
            await asyncio.Event().wait()

    async def _scrape(self, request: HttpRequest) -> HttpResponse:
        choice = choose(",".join(request.headers.getall("Accept", [])))
        form = Form(choice.openmetrics, self._config.send_timestamps, self._config.created_timestamps)
        deadline = _deadline(request.headers.get("X-Prometheus-Scrape-Timeout-Seconds", ""))
        gzip = _takes_gzip(",".join(request.headers.getall("Accept-Encoding", [])))
        body = await asyncio.to_thread(self._render, form, gzip=gzip, check=partial(_in_time, deadline))
        headers = {"Vary": "Accept, Accept-Encoding", **({"Content-Encoding": "gzip"} if gzip else {})}
        return HttpResponse(200, body, choice.content_type, headers)

    def _render(self, form: Form, *, gzip: bool, check: Callable[[], None]) -> bytes:
        snapshot = self._store.snapshot()
        self.host.metrics.set(catalogue.PROMETHEUS_SERIES, len(self._store), exporter=self.host.id)
        body = expose(snapshot, form, check)
        return compress(body, "gzip") if gzip else body


def _deadline(timeout: str) -> float:
    """Return when a scrape has to end, on the monotonic clock; a scraper that sends nonsense has all the time."""
    try:
        seconds = float(timeout)
    except ValueError:
        return math.inf
    return time.monotonic() + seconds * _SHARE_OF_TIMEOUT if seconds > 0 else math.inf


def _in_time(deadline: float) -> None:
    if time.monotonic() > deadline:
        raise Refusal(503, "the scrape would not end within its timeout")


def _takes_gzip(accept_encoding: str) -> bool:
    for entry in accept_encoding.lower().split(","):
        coding, _, quality = entry.partition(";")
        if coding.strip() in ("gzip", "*"):
            return quality.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def _refuse(_: str, refusal: Refusal) -> HttpResponse:
    return HttpResponse(refusal.status, f"{refusal.message}\n".encode(), "text/plain; charset=utf-8")
