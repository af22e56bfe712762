"""Destinations that are down, slow, wrong or broken: nothing is lost, nobody else waits, and the books close."""

import threading
from collections.abc import Callable

import pytest

from tests.daemon import until
from tests.faults.conftest import BenchMaker
from tests.faults.oracle import Behaviour, Handler


def test_a_dead_destination_holds_nobody_up_and_gets_everything_when_it_returns(bench: BenchMaker) -> None:
    stand = bench(2)
    dead, healthy = stand.sinks
    healthy.open()
    stand.daemon.start()
    with stand.load() as load:
        until(lambda: len(load.owed) > 2000, 60, "2,000 acknowledgements")
        first = set(load.owed)
        until(lambda: first <= healthy.received.keys(), 10, "their arrival at the healthy one while the load goes on")
    stand.assert_nothing_lost(load.owed, healthy)
    assert not dead.received
    assert stand.daemon.metric("sluice_queue_items", exporter="otlp_http/0") == len(load.owed)
    dead.open()
    stand.assert_nothing_lost(load.owed, dead)
    stand.assert_books_close()


def fails_first(times: int, fail: Callable[[Handler], None]) -> Behaviour:
    """Fail so many requests, then behave."""
    left = [times]
    lock = threading.Lock()

    def behave(handler: Handler, ids: list[str]) -> bool:
        with lock:
            failing = left[0] > 0
            left[0] -= failing
        if failing:
            fail(handler)
        return failing

    return behave


PASSING = {
    "503": lambda handler: handler.answer(503),
    "429 with Retry-After": lambda handler: handler.answer(429, retry_after="1"),
    "429 with a date long ago": lambda handler: handler.answer(429, retry_after="Wed, 31 Dec 2025 23:59:00 GMT"),
    "429 with nonsense": lambda handler: handler.answer(429, retry_after="soon"),
    "502 with a body of HTML": lambda handler: handler.answer(502, b"<html>" * 1000),
    "reset before the answer": Handler.reset,
    "cut in the middle of the answer": lambda handler: handler.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-le") and handler.reset(),
    "not HTTP at all": lambda handler: handler.wfile.write(b"\x00\xff" * 50) and handler.reset(),
}


@pytest.mark.parametrize("fault", PASSING)
def test_a_passing_fault_loses_nothing(bench: BenchMaker, fault: str) -> None:
    stand = bench(1)
    sink = stand.sinks[0]
    sink.behave = fails_first(3, PASSING[fault])
    sink.open()
    stand.daemon.start()
    with stand.load() as load:
        until(lambda: len(load.owed) > 200 and sink.requests > 3, 60, "the faults and some acknowledgements")
    stand.assert_nothing_lost(load.owed, sink)
    stand.assert_books_close()
    assert stand.daemon.metric("sluice_exporter_failed_attempts_total") == 3
    assert stand.daemon.metric("sluice_dropped_items_total") == 0


def test_a_destination_that_never_answers_is_given_up_on_and_tried_again(bench: BenchMaker) -> None:
    stand = bench(1, exporter="timeout: 200ms", queue="{num_consumers: 1}")
    sink = stand.sinks[0]
    released = threading.Event()
    sink.behave = fails_first(2, lambda handler: released.wait(30) and handler.reset())
    sink.open()
    stand.daemon.start()
    with stand.load() as load:
        until(lambda: sink.requests > 2, 60, "another attempt")
        released.set()
    stand.assert_nothing_lost(load.owed, sink)
    stand.assert_books_close()


def test_a_refused_item_is_found_and_the_rest_arrives(bench: BenchMaker) -> None:
    stand = bench(1)
    sink = stand.sinks[0]

    def behave(handler: Handler, ids: list[str]) -> bool:
        bad = "id-000000007" in ids
        if bad:
            handler.answer(400)
        return bad

    sink.behave = behave
    sink.open()
    stand.daemon.start()
    with stand.load() as load:
        until(lambda: len(load.owed) > 500, 60, "500 acknowledgements")
    stand.assert_nothing_lost(load.owed, sink, dead=1)
    assert stand.daemon.metric("sluice_dropped_items_total", reason="rejected_4xx", dlq="true") == 1
    assert stand.daemon.metric("sluice_dlq_items") == 1
    stand.assert_books_close()


def test_requests_above_the_destinations_size_are_split(bench: BenchMaker) -> None:
    stand = bench(1)
    sink = stand.sinks[0]

    def behave(handler: Handler, ids: list[str]) -> bool:
        if len(ids) > 7:
            handler.answer(413)
        return len(ids) > 7

    sink.behave = behave
    sink.open()
    stand.daemon.start()
    with stand.load() as load:
        until(lambda: len(load.owed) > 200, 60, "200 acknowledgements")
    stand.assert_nothing_lost(load.owed, sink)
    assert sum(sink.received.values()) == len(sink.received)
    stand.assert_books_close()


def test_a_full_queue_answers_busy_and_recovers(bench: BenchMaker) -> None:
    stand = bench(1, queue="{max_bytes: 64KiB}")
    sink = stand.sinks[0]
    stand.daemon.start()
    with stand.load() as load:
        until(lambda: load.refused > 5, 60, "refusals")
        assert stand.daemon.ready()
        before = len(load.owed)
        sink.open()
        until(lambda: len(load.owed) > before + 100, 60, "acknowledgements after the destination came back")
    stand.assert_nothing_lost(load.owed, sink)
    stand.assert_books_close()


def test_a_stop_with_a_dead_destination_is_bounded_and_keeps_everything(bench: BenchMaker) -> None:
    stand = bench(1, service="limits: {shutdown_timeout: 1s}")
    sink = stand.sinks[0]
    stand.daemon.start()
    with stand.load() as load:
        until(lambda: len(load.owed) > 200, 60, "200 acknowledgements")
    assert stand.daemon.stop(seconds=10) == 0
    sink.open()
    stand.daemon.start()
    stand.assert_nothing_lost(load.owed, sink)
    stand.assert_books_close()


def test_data_of_an_exporter_that_is_gone_is_told_of_at_a_start(bench: BenchMaker) -> None:
    stand = bench(1, service="limits: {shutdown_timeout: 1s}")
    daemon = stand.daemon
    daemon.start()
    with stand.load() as load:
        until(lambda: load.owed, 60, "an acknowledgement")
    daemon.stop()
    daemon.config.write_text(daemon.config.read_text().replace("otlp_http/0", "otlp_http/renamed"))
    daemon.start()
    said = [line for line in daemon.text().splitlines() if "no longer configured" in line]
    assert len(said) == 1
    assert '"exporter": "otlp_http/0"' in said[0]
    assert f'"items": {len(load.owed)}' in said[0]
