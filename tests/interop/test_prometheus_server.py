"""A real Prometheus scrapes what the exporter `prometheus` shows and sluice's own metrics; promtool checks both."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from pipeline.telemetry import catalogue
from pipeline.telemetry.metrics import Counter, Gauge, Histogram, Metrics
from tests.daemon import free_ports, get, get_json, post, until
from tests.default_pipeline import ROOT, Default
from tests.interop.otel import instrumented
from tests.parts.found import program

LINES = '{"level":"error","service":"shop","message":"no"}\n{"level":"info","service":"shop","message":"yes"}\n'
RULES = ROOT / "deploy/prometheus/rules.yaml"
COMPLAINTS = ("prometheus_target_scrapes_sample_duplicate_timestamp_total", "prometheus_target_scrapes_sample_out_of_order_total")
"""What Prometheus counts of samples that it was shown and could not take."""


class Prometheus:
    """A running server."""

    def __init__(self, port: int, log: Path) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._log = log

    def targets(self) -> list[dict[str, Any]]:
        """Return its targets."""
        found: list[dict[str, Any]] = self._ask("targets", state="active")["activeTargets"]
        return found

    def value(self, query: str) -> float | None:
        """Return the value of a query, None when it finds nothing."""
        result = self._ask("query", query=query)["result"]
        return float(result[0]["value"][1]) if result else None

    def rules(self) -> dict[str, Any]:
        """Return its alert rules by name, once each was evaluated."""
        groups = self._ask("rules")["groups"]
        rules = {rule["name"]: rule for group in groups for rule in group["rules"]}
        return rules if all(rule["health"] != "unknown" for rule in rules.values()) else {}

    def is_ready(self) -> bool:
        """Whether it serves."""
        try:
            return get(f"{self.url}/-/ready")[0] == 200
        except OSError:
            return False

    def complaints(self) -> list[str]:
        """Return what it did not like about what it scraped."""
        counted = [name for name in COMPLAINTS if self.value(f"{name}{{job='prometheus'}}") != 0]
        return counted + [line for line in self._log.read_text().splitlines() if "level=warn" in line or "level=error" in line]

    def _ask(self, what: str, **parameters: str) -> Any:
        answer = get_json(f"{self.url}/api/v1/{what}?{urlencode(parameters)}")
        assert answer["status"] == "success"
        return answer["data"]


@contextmanager
def scraping(directory: Path, **targets: int) -> Iterator[Prometheus]:
    """Run a server that scrapes ports, and itself."""
    binary, (port,), log = program("prometheus"), free_ports(1), directory / "prometheus.log"
    jobs = [
        {"job_name": name, "static_configs": [{"targets": [f"127.0.0.1:{target}"]}]}
        for name, target in {**targets, "prometheus": port}.items()
    ]
    config = directory / "prometheus.yaml"
    pace = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    config.write_text(json.dumps({"global": pace, "scrape_configs": jobs, "rule_files": [str(RULES)]}))
    place = [f"--config.file={config}", f"--storage.tsdb.path={directory / 'tsdb'}", f"--web.listen-address=127.0.0.1:{port}"]
    with log.open("wb") as lines, subprocess.Popen([binary, *place], stdout=lines, stderr=lines) as process:
        try:
            server = Prometheus(port, log)
            until(server.is_ready, what="a ready Prometheus")
            yield server
        finally:
            process.terminate()


def check_metrics(text: bytes) -> tuple[int, str]:
    """Return the exit code of `promtool check metrics` and what it says."""
    done = subprocess.run([program("promtool"), "check", "metrics"], input=text, capture_output=True, timeout=30, check=False)
    return done.returncode, (done.stdout + done.stderr).decode()


def send_some(default: Default) -> None:
    """Send logs, traces and metrics of all forms that the SDK has."""
    assert post(default.url(4319, "/logs"), LINES.encode() * 5, "application/x-ndjson")[0] == 200
    assert post(default.url(4319, "/logs"), b"{", "application/json")[0] == 400
    with instrumented("http", default.ports[4318], "cart", {"service.version": "1.4.2"}) as service:
        service.logger.warning("low")
        with service.tracer.start_as_current_span("GET /"):
            service.meter.create_counter("orders", "{order}", "Orders placed.").add(2, {"kind": 'a "book"\\\n'})
        service.meter.create_histogram("wait", "s", "Time until an answer.").record(0.25, {"le": "taken"})
        service.meter.create_up_down_counter("open", "{order}", "Orders open.").add(-1)
        service.meter.create_gauge("load", "1", 'Share of\n"busy" workers.').set(0.5)


def test_a_real_prometheus_takes_all_of_both_endpoints(default: Default, tmp_path: Path) -> None:
    with scraping(tmp_path, telemetry=default.ports[9464], sluice=default.ports[8888]) as server:
        send_some(default)
        counted = 'sluice_logs_total{service_name="shop",severity="%s"}'
        until(lambda: server.value(counted % "ERROR") == 5, what="five errors in Prometheus")
        until(lambda: server.value(counted % "INFO") == 5, what="five others in Prometheus")
        until(lambda: server.value('orders_total{exported_job="cart"}') == 2, what="two orders in Prometheus")
        assert server.value("wait_seconds_count") == 1
        assert server.value("open") == -1
        assert server.value("load_ratio") == 0.5
        accepted = "sum(sluice_receiver_accepted_log_records_total{job='sluice'})"
        until(lambda: server.value(accepted) == 11, what="eleven accepted records in Prometheus")
        assert server.value("sum(sluice_receiver_failed_log_records_total{job='sluice'})") == 1
        until(lambda: server.value("sum(sluice_queue_items{job='sluice'})") == 0, what="empty queues in Prometheus")
        assert server.value("sluice_conservation_imbalance{job='sluice'} != 0") is None

        until(lambda: all(target["health"] == "up" for target in server.targets()), what="targets that are up")
        assert [target["lastError"] for target in server.targets()] == ["", "", ""]
        until(lambda: server.value("count(min_over_time(up[1m]) == 1)") == 3, what="targets that were never down")
        assert server.complaints() == []


def test_a_real_prometheus_evaluates_every_rule_on_real_metrics(default: Default, tmp_path: Path) -> None:
    with scraping(tmp_path, telemetry=default.ports[9464], sluice=default.ports[8888]) as server:
        send_some(default)
        until(
            lambda: server.value('sluice_logs_total{service_name="shop",severity="ERROR"}') == 5, what="five errors in Prometheus"
        )
        send_some(default)
        until(lambda: server.value('ALERTS{alertname="ServiceErrors"}') == 1, what="an alert on the errors of the shop")
        rules = until(server.rules, what="rules that were evaluated")
        assert {name: rule["lastError"] for name, rule in rules.items() if rule["health"] != "ok"} == {}
        assert {name for name, rule in rules.items() if rule.get("alerts")} == {"ServiceErrorsCritical", "ServiceErrors"}


def test_promtool_finds_nothing_to_complain_about(default: Default) -> None:
    send_some(default)
    until(lambda: b"orders_total{" in get(default.url(9464, "/metrics"))[1], what="the orders")
    until(lambda: default.intake("datadog/series"), what="the series")
    default.settle()
    assert {port: check_metrics(get(default.url(port, "/metrics"))[1]) for port in (9464, 8888)} == {9464: (0, ""), 8888: (0, "")}


def test_promtool_takes_every_metric_of_the_catalogue() -> None:
    metrics = Metrics()
    declared = [value for name, value in vars(catalogue).items() if name.isupper()]
    for metric in [each for one in declared for each in (one.values() if isinstance(one, Mapping) else [one])]:
        labels = dict.fromkeys(metric.labels, 'a "b"\\\n')
        match metric:
            case Counter():
                metrics.add(metric, **labels)
            case Gauge():
                metrics.set(metric, 0.5, **labels)
            case Histogram():
                metrics.observe(metric, 0.5, **labels)
    text, _ = metrics.expose("text/plain")
    assert text.count(b"# HELP sluice_") > 80
    assert check_metrics(text) == (0, "")
