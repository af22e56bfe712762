"""Whatever is valid at the door is valid at the vendors', and at a scraper."""

from typing import get_args

from hypothesis import HealthCheck, Phase, given, settings
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from pipeline.types import Signal
from tests.daemon import get, post, until
from tests.default_pipeline import OPENMETRICS, Default
from tests.strategies import odd_payloads

EXAMPLES = 40
"""A signal."""


def send_anything(url: str, signal: Signal) -> None:
    @settings(max_examples=EXAMPLES, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(odd_payloads(signal))
    def send(payload: bytes) -> None:
        status, answer = post(url, payload, "application/x-protobuf")
        assert status == 200, answer

    send()


def test_the_vendors_take_whatever_comes_in(default: Default) -> None:
    for signal in get_args(Signal):
        send_anything(default.url(4318, f"/v1/{signal}"), signal)
    default.settle()
    assert len(default.intake("datadog/logs")) == default.daemon.metric("sluice_receiver_accepted_log_records_total")
    assert default.daemon.metric("sluice_dropped_items_total") == 0
    assert default.intake("sentry/events")
    until(lambda: list(parse_text(get(default.url(9464, "/metrics"))[1].decode())), what="metrics to scrape")
    for port in (8888, 9464):
        assert list(parse_text(get(default.url(port, "/metrics"))[1].decode()))
        assert list(parse_openmetrics(get(default.url(port, "/metrics"), OPENMETRICS)[1].decode()))
