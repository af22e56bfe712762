"""The store of sluice's own metrics."""

import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from pipeline.telemetry import catalogue
from pipeline.telemetry.metrics import Metrics


@pytest.fixture
def impatient_threads() -> Iterator[None]:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("impatient_threads")
def test_any_thread_may_be_the_first_to_count() -> None:
    for _ in range(100):
        metrics, ready = Metrics(), threading.Barrier(2)

        def count(metrics: Metrics = metrics, ready: threading.Barrier = ready) -> None:
            ready.wait()
            metrics.add(catalogue.REDACTION_RECORDS, signal="logs", outcome="clean")
            metrics.add(catalogue.REDACTION_SECONDS, 1)

        with ThreadPoolExecutor(2) as pool:
            for done in [pool.submit(count), pool.submit(count)]:
                done.result()
        assert metrics.value(catalogue.REDACTION_RECORDS) == 2
        assert metrics.value(catalogue.REDACTION_SECONDS) == 2


def test_what_is_beyond_a_thousand_series_is_counted_together() -> None:
    metrics = Metrics()
    for number in range(1100):
        for _ in range(2):
            metrics.add(catalogue.JSON_RECORDS, format=str(number))
    assert metrics.value(catalogue.JSON_RECORDS) == 2200
    assert metrics.value(catalogue.JSON_RECORDS, format="999") == 2
    assert metrics.value(catalogue.JSON_RECORDS, format="other") == 200
    assert metrics.value(catalogue.SERIES_DROPPED, metric=catalogue.JSON_RECORDS.name) == 200
