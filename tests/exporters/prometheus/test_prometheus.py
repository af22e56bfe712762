"""The exporter `prometheus`, scraped over HTTP (prometheus contract §1)."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from exporters.prometheus import Config, Prometheus
from pipeline import Batch, ConfigError, Host, wire
from pipeline.telemetry import catalogue
from pipeline.wire.model import Metric, Point, Resource, Scope

OPENMETRICS = "application/openmetrics-text;version=1.0.0"
SHOP, SCOPE = Resource(attributes={"service.name": "shop"}), Scope()


def batch(*values: float, name: str = "requests", start: int = 1) -> Batch:
    metric = Metric(name=name, type="sum", monotonic=True, temporality=1)
    points = [
        Point(resource=SHOP, scope=SCOPE, metric=metric, value=value, start_time=start + at, time=start + at + 1)
        for at, value in enumerate(values)
    ]
    return Batch(wire.encode(points, "metrics"), "metrics", len(points))


@pytest.fixture
async def served(host: Host, free_port: int) -> AsyncIterator[tuple[Prometheus, str, aiohttp.ClientSession]]:
    exporter = Prometheus(Config(endpoint=f"127.0.0.1:{free_port}"))
    exporter.host = host
    started = asyncio.Event()
    host.started = started.set
    task = asyncio.create_task(exporter.run())
    await asyncio.wait_for(started.wait(), 5)
    async with aiohttp.ClientSession(auto_decompress=True) as session:
        yield exporter, f"http://127.0.0.1:{free_port}/metrics", session
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_scrape_shows_what_was_folded(served: Any) -> None:
    exporter, url, session = served
    exporter.fold(batch(1, 2, 4))
    async with session.get(url) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert await answer.text() == '# TYPE requests_total counter\nrequests_total{job="shop"} 7\n'
    async with session.get(url, headers={"Accept": OPENMETRICS}) as answer:
        assert answer.headers["Content-Type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
        (family,) = text_string_to_metric_families(await answer.text())
        assert [(sample.name, sample.labels, sample.value) for sample in family.samples] == [
            ("requests_total", {"job": "shop"}, 7)
        ]


async def test_a_scrape_changes_nothing_and_many_at_once_agree(served: Any) -> None:
    exporter, url, session = served
    exporter.fold(batch(*range(50)))

    async def scrape() -> str:
        async with session.get(url) as answer:
            return str(await answer.text())

    assert len(set(await asyncio.gather(*(scrape() for _ in range(20))))) == 1


@pytest.mark.parametrize(("accepted", "encoding"), [("gzip", "gzip"), ("gzip;q=0", None), ("identity", None), ("br, *", "gzip")])
async def test_the_body_is_compressed_when_the_scraper_can(served: Any, accepted: str, encoding: str | None) -> None:
    exporter, url, session = served
    exporter.fold(batch(1))
    async with session.get(url, headers={"Accept-Encoding": accepted}) as answer:
        assert answer.headers.get("Content-Encoding") == encoding
        assert "requests_total" in await answer.text()


async def test_head_has_the_headers_of_get(served: Any) -> None:
    _, url, session = served
    async with session.head(url, headers={"Accept-Encoding": "identity"}) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith("text/plain")
        assert await answer.read() == b""


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_other_methods_are_refused(served: Any, method: str) -> None:
    _, url, session = served
    async with session.request(method, url) as answer:
        assert answer.status == 405


@pytest.mark.parametrize(("timeout", "status"), [("0.0000001", 503), ("10", 200), ("soon", 200), ("0", 200), ("nan", 200)])
async def test_a_scrape_ends_before_its_timeout(served: Any, timeout: str, status: int) -> None:
    exporter, url, session = served
    exporter.fold(batch(1))
    async with session.get(url, headers={"X-Prometheus-Scrape-Timeout-Seconds": timeout}) as answer:
        assert answer.status == status


async def test_what_is_left_out_is_counted(served: Any, host: Host) -> None:
    exporter, _, _ = served
    exporter.fold(batch(1, -1))
    assert host.metrics.value(catalogue.PROMETHEUS_REFUSED, exporter="test", reason="negative") == 1
    assert host.metrics.value(catalogue.PROMETHEUS_SERIES, exporter="test") == 1


async def test_folding_while_scraping_never_shows_half_a_batch_of_lines(served: Any) -> None:
    exporter, url, session = served

    async def scrape() -> None:
        async with session.get(url, headers={"Accept": OPENMETRICS}) as answer:
            list(text_string_to_metric_families(await answer.text()))

    for turn in range(20):
        folding = asyncio.to_thread(exporter.fold, batch(*range(20), name=f"m{turn % 7}", start=turn * 20 + 1))
        await asyncio.gather(folding, scrape(), scrape())


def test_a_path_starts_with_a_slash() -> None:
    with pytest.raises(ConfigError):
        Prometheus(Config(path="metrics"))
    assert Config(path="/m").served() == ("/m",)
