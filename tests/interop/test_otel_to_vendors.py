"""A service with the OpenTelemetry Python SDK, the whole default pipeline, and what Datadog, Sentry and Prometheus get of it."""

from typing import Any

import pytest
from opentelemetry.trace import SpanContext, SpanKind, format_span_id, format_trace_id
from prometheus_client.parser import text_string_to_metric_families

from tests.daemon import get, until
from tests.default_pipeline import Default
from tests.interop.otel import Service, Transport, instrumented
from tests.interop.planted import CARD, EMAIL, KEY_ID, PASSWORD

PORTS = {"grpc": 4317, "http": 4318}
RESOURCE = {"service.version": "1.4.2", "deployment.environment.name": "test", "host.name": "web-1", "db.password": PASSWORD}


class Declined(Exception):
    """A payment was declined."""


def check_out(service: Service) -> SpanContext:
    """Fail to charge a customer, saying more than one should; return the context of the span in which it failed."""
    orders = service.meter.create_counter("shop.orders", "{order}", "Orders placed.")
    waits = service.meter.create_histogram("shop.wait", "s", "Time until an answer.")
    with service.tracer.start_as_current_span(
        "POST /checkout",
        kind=SpanKind.SERVER,
        attributes={"http.request.method": "POST", "url.full": f"https://shop.example/pay?customer={EMAIL}&password={PASSWORD}"},
    ):
        service.logger.info("charging %s", EMAIL, extra={"password": PASSWORD, "order": {"id": 17, "card": CARD}})
        try:
            with service.tracer.start_as_current_span("charge", attributes={"customer": EMAIL, "password": PASSWORD}) as span:
                span.add_event("authorised", {"key": KEY_ID})
                charge(service)
        except Declined:
            orders.add(1, {"kind": "book", "customer": EMAIL})
            waits.record(0.25, {"password": PASSWORD})
        return span.get_span_context()


def charge(service: Service) -> None:
    try:
        raise Declined(f"card {CARD} of {EMAIL} was declined")
    except Declined:
        service.logger.exception("charging with the key %s failed", KEY_ID)
        raise


def scraped(default: Default, name: str, **labels: str) -> Any:
    """Return the value of the sample that the exporter `prometheus` shows under a name and these labels; None for none."""
    families = text_string_to_metric_families(get(default.url(9464, "/metrics"))[1].decode())
    found = [sample for family in families for sample in family.samples if sample.name == name]
    return next((sample.value for sample in found if labels.items() <= sample.labels.items()), None)


@pytest.mark.parametrize("transport", ["grpc", "http"])
def test_what_went_wrong_is_one_story_everywhere(default: Default, transport: Transport) -> None:
    with instrumented(transport, default.ports[PORTS[transport]], "cart", RESOURCE) as service:
        context = check_out(service)
    trace_id, span_id = format_trace_id(context.trace_id), format_span_id(context.span_id)
    until(lambda: len(default.intake("datadog/logs")) == 2 and default.intake("sentry/events"))
    default.settle()

    failed, charging = sorted(default.intake("datadog/logs"), key=lambda log: log["status"])
    assert charging["message"] == "charging [email]"
    assert failed["message"] == "charging with the key [aws_key_id] failed"
    assert (failed["error.kind"], failed["error.message"]) == ("Declined", "card [card] of [email] was declined")
    assert "in charge\n" in failed["error.stack"]
    for log in (charging, failed):
        assert log["service"] == "cart"
        assert log["hostname"] == "web-1"
        assert {"service:cart", "env:test", "version:1.4.2"} <= set(log["ddtags"].split(","))
        assert log["otel.trace_id"] == trace_id
        assert log["dd.trace_id"] == str(context.trace_id & (2**64 - 1))
    assert failed["dd.span_id"] == str(context.span_id)

    (event,) = default.intake("sentry/events")  # it was recorded on the span and logged: one issue
    trace = event["contexts"]["trace"]
    assert (trace["trace_id"], trace["span_id"]) == (trace_id, span_id)
    (exception,) = event["exception"]["values"]
    assert (exception["type"], exception["value"]) == ("Declined", "card [card] of [email] was declined")
    assert exception["stacktrace"]["frames"][-1]["function"] == "charge"
    assert (event["release"], event["environment"], event["server_name"]) == ("cart@1.4.2", "test", "web-1")
    linked = {log["body"]: (log["trace_id"], log["span_id"]) for log in default.intake("sentry/logs")}
    assert linked[failed["message"]] == (trace_id, span_id)
    assert linked[charging["message"]][0] == trace_id


@pytest.mark.parametrize("transport", ["grpc", "http"])
def test_numbers_arrive_at_datadog_and_prometheus(default: Default, transport: Transport) -> None:
    with instrumented(transport, default.ports[PORTS[transport]], "cart", RESOURCE) as service:
        for _ in range(3):
            check_out(service)
            service.export_metrics()
    counted = {"service_name": "cart"}
    until(lambda: scraped(default, "sluice_logs_total", severity="ERROR", **counted) == 3, what="three errors counted")
    until(lambda: scraped(default, "sluice_logs_total", severity="INFO", **counted) == 3, what="three charges counted")
    until(lambda: scraped(default, "sluice_spans_total", status_code="ERROR", **counted) == 3, what="failed spans counted")
    until(lambda: len(default.intake("sentry/events")) == 3, what="three issues, though traces are sampled")
    decided = default.daemon.metric("sluice_sampling_decisions_total", processor="sample", signal="traces")
    assert decided == default.daemon.metric("sluice_receiver_accepted_spans_total", transport=transport) == 6
    assert scraped(default, "shop_orders_total", job="cart", kind="book", customer="[email]") == 3
    assert scraped(default, "shop_wait_seconds_bucket", job="cart", le="0.0") == 0
    assert scraped(default, "shop_wait_seconds_bucket", job="cart", le="5.0") == 3
    assert scraped(default, "shop_wait_seconds_sum", job="cart") == 0.75
    assert scraped(default, "target_info", job="cart", host_name="web-1", service_version="1.4.2") == 1

    def series(metric: str) -> list[Any]:
        return [each for each in default.intake("datadog/series") if each["metric"] == metric]

    until(lambda: series("shop.wait.sum"), what="the histogram at Datadog")
    default.settle()
    for metric, sent in {"shop.orders": 3, "shop.wait.count": 2, "shop.wait.sum": 0.5}.items():
        assert sum(point["value"] for each in series(metric) for point in each["points"]) == sent
    for each in series("shop.orders"):  # a count of what was added; a histogram's first point is only compared with
        assert each["type"] == 1
        assert {"service:cart", "env:test", "kind:book", "customer:_email"} <= set(each["tags"])
        assert each["resources"] == [{"type": "host", "name": "web-1"}]
