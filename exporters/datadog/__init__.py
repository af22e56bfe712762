"""Send logs and metrics to Datadog.

    exporters:
      datadog:
        api_key: ${env:DD_API_KEY}
        site: datadoghq.eu
        metrics:
          histograms: {mode: counters}

Logs go to the logs intake v2, mapped as the Datadog Agent maps OTLP: `message`, `status`, `service`, tags, and the trace and
span ids that link a log to its trace. A log beyond 1 MB is shortened and marked `sluice.truncated`.

Metrics go to the series intake v2. A cumulative sum becomes counts of what it grew by; that needs the point before, so each
series has to pass through one `sluice`. Histograms and summaries go as `.count` and `.sum` (deltas also `.min` and `.max`),
and with `mode: counters` as `.bucket` counts tagged with their bounds; there are no percentiles, because the sketches that
Datadog computes them from have no public endpoint. A summary's quantiles are left out. Points that are more than an hour old,
more than ten minutes ahead, or no finite number have no form at Datadog and are counted as skipped.

With `without_credentials: intake` and no key, both go to the local `intake` extension.
"""

import re
import time
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Final, Literal, cast

import msgspec
from msgspec import Struct

from exporters.datadog import logs
from exporters.datadog.answers import check
from exporters.datadog.deltas import Deltas, FirstPoint
from exporters.datadog.origins import Origins
from exporters.datadog.series import PointMapping, series
from pipeline import Batch, ConfigError, Exporter, Request, Unauthorized, packing
from pipeline.batch import subset
from pipeline.net.compression import compress, content_encoding
from pipeline.packing import Entry
from pipeline.settings import NetworkExporter, Retry, Settings, about
from pipeline.telemetry import catalogue
from pipeline.types import Secret, Signal, Url
from pipeline.version import VERSION
from pipeline.wire.model import LogRecord, Point


class Histograms(Settings, frozen=True, kw_only=True):
    """How histograms are sent."""

    mode: Annotated[
        Literal["nobuckets", "counters"], about("`nobuckets`: count and sum alone; `counters`: a count for each bucket too.")
    ] = "nobuckets"


class Sums(Settings, frozen=True, kw_only=True):
    """How cumulative sums become counts."""

    initial_cumulative_monotonic_value: Annotated[
        FirstPoint,
        about(
            "The first point of a series: `keep` sends it in full, `drop` only compares later points with it, "
            "`auto` keeps it when the series began after sluice did."
        ),
    ] = "auto"


class MetricSettings(Settings, frozen=True, kw_only=True):
    """How metrics are mapped."""

    histograms: Annotated[Histograms, about("How histograms are sent.")] = Histograms()
    sums: Annotated[Sums, about("How cumulative sums become counts.")] = Sums()


class Config(NetworkExporter, frozen=True, kw_only=True):
    """Settings of `datadog`."""

    api_key: Annotated[Secret | None, about("Datadog API key.", env="DD_API_KEY", credential=True)] = None
    site: Annotated[str, about("The Datadog site that the key belongs to, such as `us5.datadoghq.com`.", env="DD_SITE")] = (
        "datadoghq.com"
    )
    logs_url: Annotated[
        Url | None, about("Base URL in place of `https://http-intake.logs.<site>`; `/api/v2/logs` is appended.")
    ] = None
    metrics_url: Annotated[Url | None, about("Base URL in place of `https://api.<site>`; `/api/v2/series` is appended.")] = None
    hostname: Annotated[str, about("Host of telemetry that names none.")] = ""
    metrics: Annotated[MetricSettings, about("How metrics are mapped.")] = MetricSettings()


class Route(Struct, frozen=True):
    """One intake: where it is, how its JSON is wrapped, what it takes."""

    path: str
    prefix: bytes
    suffix: bytes
    max_entries: int
    max_raw: int
    """Bytes of JSON."""
    max_sent: int
    """Bytes as sent."""


ROUTES: Final = {
    "logs": Route("/api/v2/logs", b"[", b"]", 1000, 5_000_000, 5_000_000),
    "series": Route("/api/v2/series", b'{"series":[', b"]}", 1_000_000, 5_242_879, 512_000),
}
"""Limits: Datadog API reference, "Send logs" and "Submit metrics"."""


_SITE: Final = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


class _SeriesAnswer(Struct):
    errors: list[object] = []


class Datadog(Exporter):
    """The exporter `datadog`."""

    signals = frozenset[Signal]({"logs", "metrics"})
    max_items = 1000
    retry = Retry(initial=0.1, maximum=30.0, multiplier=2.0, jitter="full")

    def __init__(self, config: Config) -> None:
        if not _SITE.fullmatch(config.site):
            raise ConfigError(
                "E111", "a site is a host name", path=("site",), help="such as `datadoghq.com` or `us5.datadoghq.com`"
            )
        if config.compression == "zstd":
            raise ConfigError(
                "E105", "the logs intake does not take zstd", path=("compression",), help="write `gzip`, or leave it out"
            )
        self._config = config
        mode, first = config.metrics.histograms.mode, config.metrics.sums.initial_cumulative_monotonic_value
        self._deltas = Deltas(time.time_ns())
        self._mapping = PointMapping(self._deltas, mode, first)

    def encode(self, batch: Batch) -> Sequence[Request]:
        """Return the requests that carry the batch, each within the limits of its intake."""
        route, entries = ("logs", self._logs(batch)) if batch.signal == "logs" else ("series", self._series(batch))
        limits = ROUTES[route]
        room = limits.max_raw - len(limits.prefix) - len(limits.suffix)
        groups = packing.packed(entries, most=limits.max_entries, max_bytes=room)
        return [request for group in groups for request in self._requests(route, group, batch)]

    def split(self, request: Request) -> Sequence[Request]:
        """Return the request in halves, from what was encoded already: encoding again would count cumulative points twice."""
        entries: Sequence[Entry] = request.parts
        if len(entries) < 2:
            return [request]
        return [self._request(request.route, half, request.batch) for half in packing.halves(entries)]

    async def send(self, request: Request) -> None:
        """Post one request. A series that Datadog complains about in a 2xx answer is logged, and stays sent."""
        base, key = self._destination(request.route)
        client = self.host.clients.http(self.host.id, self._config)
        answer = await client.post(
            base + ROUTES[request.route].path,
            request.body,
            content_type="application/json",
            content_encoding=content_encoding(self._config.compression),
            headers={"DD-API-KEY": key, "DD-EVP-ORIGIN": "sluice", "DD-EVP-ORIGIN-VERSION": VERSION},
        )
        check(answer)
        if request.route == "series" and (errors := _errors(answer.body)):
            self.host.log.warning("series were accepted with errors", errors=errors)

    def _destination(self, route: str) -> tuple[str, str]:
        """Return base URL and key: Datadog's, or those of the local intake when there is no key."""
        config = self._config
        if config.api_key is not None and config.api_key.reveal():
            if route == "logs":
                return (config.logs_url or f"https://http-intake.logs.{config.site}").rstrip("/"), config.api_key.reveal()
            return (config.metrics_url or f"https://api.{config.site}").rstrip("/"), config.api_key.reveal()
        if self.host.intake is None:
            raise Unauthorized("there is no api_key, and no intake extension to send to", code="no_credential")
        return self.host.intake.rstrip("/"), "none"

    def _logs(self, batch: Batch) -> list[Entry]:
        origins, bad_ids, cut = Origins(self._config.hostname), Counter[str](), 0
        entries = []
        for record in cast("Sequence[LogRecord]", batch.records()):
            body, shortened = logs.encoded(logs.log_of(record, origins.of(record.resource), bad_ids))
            entries.append(Entry(body, [record], 1))
            cut += shortened
        if cut:
            self.host.metrics.add(catalogue.EXPORTER_TRUNCATED, cut, exporter=self.host.id, signal="logs")
        if bad_ids:
            self.host.log.warning("attributes that are no trace or span id were left out", **bad_ids)
        return entries

    def _series(self, batch: Batch) -> list[Entry]:
        now = time.time()
        self._deltas.sweep(now)
        return series(cast("Sequence[Point]", batch.records()), self._mapping, Origins(self._config.hostname), now)

    def _requests(self, route: str, entries: Sequence[Entry], batch: Batch) -> Sequence[Request]:
        request = self._request(route, entries, batch)
        if len(request.body) <= ROUTES[route].max_sent or len(entries) < 2:
            return [request]
        return [half for group in packing.halves(entries) for half in self._requests(route, group, batch)]

    def _request(self, route: str, entries: Sequence[Entry], batch: Batch) -> Request:
        limits = ROUTES[route]
        raw = limits.prefix + b",".join(entry.body for entry in entries) + limits.suffix
        records = {id(record): record for entry in entries for record in entry.records}
        return Request(
            compress(raw, self._config.compression),
            subset(batch, list(records.values())),
            sum(entry.items for entry in entries),
            raw_bytes=len(raw),
            route=route,
            parts=entries,
        )


def _errors(body: bytes) -> int:
    """Return how many errors a series answer lists; an answer that is not as documented lists none."""
    try:
        return len(msgspec.json.decode(body, type=_SeriesAnswer).errors)
    except msgspec.MsgspecError:
        return 0
