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
from collections.abc import Sequence
from typing import Annotated, Final, Literal, NamedTuple, cast

import msgspec
from msgspec import Struct

from exporters.datadog.answers import check
from exporters.datadog.deltas import Deltas, FirstPoint
from exporters.datadog.logs import layout
from exporters.datadog.origins import Origins
from exporters.datadog.series import PointMapping, series
from pipeline import Batch, ConfigError, Exporter, Request, Unauthorized, packing, wire
from pipeline.batch import subset
from pipeline.net.compression import compress, content_encoding
from pipeline.packing import Entry
from pipeline.settings import NetworkExporter, Retry, Settings, about
from pipeline.telemetry import catalogue
from pipeline.types import Secret, Signal, Url
from pipeline.version import VERSION
from pipeline.wire.layout import LogObjects
from pipeline.wire.model import Point


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

    def room(self) -> int:
        """Return how many bytes the entries may have, with commas between them."""
        return self.max_raw - len(self.prefix) - len(self.suffix)

    def wrapped(self, entries: Sequence[bytes]) -> bytes:
        """Return the entries as one body."""
        return self.prefix + b",".join(entries) + self.suffix


ROUTES: Final = {
    "logs": Route("/api/v2/logs", b"[", b"]", 1000, 5_000_000, 5_000_000),
    "series": Route("/api/v2/series", b'{"series":[', b"]}", 1_000_000, 5_242_879, 512_000),
}
"""Limits: Datadog API reference, "Send logs" and "Submit metrics"."""


class Part(NamedTuple):
    """Some of the objects that were made of a batch."""

    objects: LogObjects
    begin: int
    stop: int


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
        self._layout = layout(config.hostname)

    def encode(self, batch: Batch) -> Sequence[Request]:
        """Return the requests that carry the batch, each within the limits of its intake."""
        return self._logs(batch) if batch.signal == "logs" else self._series(batch)

    def split(self, request: Request) -> Sequence[Request]:
        """Return the request in halves, from what was encoded already: encoding again would count cumulative points twice."""
        if request.route == "logs":
            return self._split_logs(request)
        if len(request.parts) < 2:
            return [request]
        return [self._series_request(half, request.batch) for half in packing.halves(request.parts)]

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

    def _logs(self, batch: Batch) -> list[Request]:
        found = wire.log_objects(batch.payload, self._layout)
        if found.shortened:
            self.host.metrics.add(catalogue.EXPORTER_TRUNCATED, found.shortened, exporter=self.host.id, signal="logs")
        bad_ids = {"trace_id": found.bad_trace_ids, "span_id": found.bad_span_ids}
        if any(bad_ids.values()):
            bad = {name: number for name, number in bad_ids.items() if number}
            self.host.log.warning("attributes that are no trace or span id were left out", **bad)
        limits = ROUTES["logs"]
        groups = packing.groups(found.sizes(), most=limits.max_entries, max_bytes=limits.room())
        everything = Part(found, 0, len(found.ends))
        return [self._log_request(everything, group, batch) for group in groups]

    def _split_logs(self, request: Request) -> Sequence[Request]:
        part: Part = request.parts
        count = part.stop - part.begin
        if count < 2:
            return [request]
        middle = -(-count // 2)
        return [self._log_request(part, half, request.batch) for half in (slice(0, middle), slice(middle, count))]

    def _log_request(self, part: Part, group: slice, batch: Batch) -> Request:
        """Return the request with a group of the objects in a part, which were made of the batch's records, one of each."""
        carried = Part(part.objects, part.begin + group.start, part.begin + group.stop)
        count = carried.stop - carried.begin
        raw = carried.objects.array(carried.begin, carried.stop)
        return Request(
            compress(raw, self._config.compression),
            batch if count == batch.items else subset(batch, batch.records()[group]),
            count,
            raw_bytes=len(raw),
            route="logs",
            parts=carried,
        )

    def _series(self, batch: Batch) -> list[Request]:
        now = time.time()
        self._deltas.sweep(now)
        entries = series(cast("Sequence[Point]", batch.records()), self._mapping, Origins(self._config.hostname), now)
        limits = ROUTES["series"]
        groups = packing.packed(entries, most=limits.max_entries, max_bytes=limits.room())
        return [request for group in groups for request in self._series_requests(group, batch)]

    def _series_requests(self, entries: Sequence[Entry], batch: Batch) -> Sequence[Request]:
        request = self._series_request(entries, batch)
        if len(request.body) <= ROUTES["series"].max_sent or len(entries) < 2:
            return [request]
        return [half for group in packing.halves(entries) for half in self._series_requests(group, batch)]

    def _series_request(self, entries: Sequence[Entry], batch: Batch) -> Request:
        raw = ROUTES["series"].wrapped([entry.body for entry in entries])
        records = {id(record): record for entry in entries for record in entry.records}
        return Request(
            compress(raw, self._config.compression),
            subset(batch, list(records.values())),
            sum(entry.items for entry in entries),
            raw_bytes=len(raw),
            route="series",
            parts=entries,
        )


def _errors(body: bytes) -> int:
    """Return how many errors a series answer lists; an answer that is not as documented lists none."""
    try:
        return len(msgspec.json.decode(body, type=_SeriesAnswer).errors)
    except msgspec.MsgspecError:
        return 0
