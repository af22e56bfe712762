"""A scrape of 100,000 series from a running daemon, and how long other requests wait meanwhile."""

import time
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from http.client import HTTPConnection
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any, Final

from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality, MetricsData

from benchmarks.corpus import START, put
from benchmarks.daemon import free_ports, post, running, scratch, sluice
from benchmarks.measure import Figure, Scale

CONFIG: Final = Path(__file__).with_name("sluice.yaml")
METRICS: Final = 20
SERIES: Final = 5000
"""Of each metric; the exporter holds at most 10,000 of one."""
SCRAPES: Final = 7

CUMULATIVE: Final = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE


def run(scale: Scale) -> Iterator[Figure]:
    """Fill the exporter, then scrape it, while another client posts one point after the other."""
    with scratch(scale) as directory:
        port, scrape, metrics = free_ports(3)
        ports = {"OTLP_PORT": str(port), "SCRAPE_PORT": str(scrape), "METRICS_PORT": str(metrics)}
        with running(sluice(CONFIG), port, directory, ports) as daemon:
            daemon.until_accepts("/v1/metrics", b"")
            for metric in range(METRICS):
                if post(port, "/v1/metrics", _points(metric, scale.of(SERIES))) != 200:
                    raise RuntimeError("points were refused" + daemon.text())
            with ProcessPoolExecutor(1, get_context("spawn")) as scraper:  # in a process of its own, or it would slow the posts
                scraper.submit(_scrapes, scrape, METRICS * scale.of(SERIES), 1).result()
                cpu = daemon.cpu()
                scrapes = scraper.submit(_scrapes, scrape, METRICS * scale.of(SERIES), scale.of(SCRAPES))
                waits = _beside(scrapes, port, _points(0, 1))
            seconds = scrapes.result()
            cpu = daemon.cpu() - cpu
            yield Figure("100,000 series", median(seconds) * 1e3, "ms")
            yield Figure("100,000 series, CPU of scrape and posts", cpu / len(seconds) * 1e3, "ms")
            yield Figure("longest wait of another request", max(waits) * 1e3, "ms")
            yield Figure("median wait of another request", median(waits) * 1e3, "ms")
            yield Figure("RSS", daemon.memory("VmRSS"), "MiB")


def _points(metric: int, series: int) -> bytes:
    root = MetricsData()
    group = root.resource_metrics.add()
    put(group.resource.attributes, {"service.name": "orders", "service.instance.id": "orders-7d9f8b6c5-x2vqp"})
    found = group.scope_metrics.add().metrics.add(name=f"http.server.requests.{metric}", unit="1", description="Requests.")
    found.sum.is_monotonic, found.sum.aggregation_temporality = True, CUMULATIVE
    for at in range(series):
        point: Any = found.sum.data_points.add(start_time_unix_nano=START, time_unix_nano=time.time_ns(), as_int=at)
        put(point.attributes, {"http.route": f"/api/v1/orders/{at}", "http.request.method": "GET", "server.port": 8443})
    return root.SerializeToString()


def _scrapes(port: int, series: int, times: int) -> list[float]:
    """Return how long each scrape took until its last byte. Raises RuntimeError when one lacks a series."""
    return [_scrape(port, series) for _ in range(times)]


def _scrape(port: int, series: int) -> float:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    started = time.perf_counter()
    connection.request("GET", "/metrics")
    with connection.getresponse() as answer:
        text = answer.read()
    seconds = time.perf_counter() - started
    connection.close()
    shown = text.count(b"\nhttp_server_requests_")
    if shown != series:
        raise RuntimeError(f"{shown} of {series} series are shown")
    return seconds


def _beside(scrapes: Future[list[float]], port: int, body: bytes) -> list[float]:
    """Return how long each post of one point took, one after the other until the scrapes are done."""
    connection, waits = HTTPConnection("127.0.0.1", port, timeout=60), list[float]()
    while not waits or not scrapes.done():
        started = time.perf_counter()
        connection.request("POST", "/v1/metrics", body, {"content-type": "application/x-protobuf"})
        with connection.getresponse() as answer:
            answer.read()
        waits.append(time.perf_counter() - started)
        if answer.status != 200:
            raise RuntimeError(f"a post beside the scrapes was answered {answer.status}")
    connection.close()
    return waits
