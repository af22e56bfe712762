"""Reloads of the real daemon, rule by rule (config contract §10)."""

import signal
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import grpc
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2_grpc import LogsServiceStub
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs

from tests.daemon import Daemon, free_ports, get, get_json, post, until
from tests.faults.conftest import Bench, BenchMaker
from tests.faults.reloads import run

UNWATCHED = "watch: false\n  limits: {shutdown_timeout: 10s}"
LINE = b'{"message": "id-%d"}'


def edit(daemon: Daemon, *replacements: tuple[str, str]) -> None:
    """Change the configuration file."""
    text = daemon.config.read_text()
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    daemon.config.write_text(text)


def signalled(daemon: Daemon) -> str:
    """Send SIGHUP; return what came of it."""
    before = reloads(daemon)
    assert daemon.process is not None
    daemon.process.send_signal(signal.SIGHUP)
    changed: list[str] = until(lambda: [name for name, count in reloads(daemon).items() if count > before[name]])
    return changed[0]


def reloads(daemon: Daemon) -> dict[str, float]:
    return {result: daemon.metric("sluice_reloads_total", result=result) for result in ("applied", "unchanged", "refused")}


def arrives(stand: Bench, number: int, sink: int = 0) -> None:
    """Post a line; wait until a sink has it."""
    assert post(f"http://127.0.0.1:{stand.logs}/logs", LINE % number)[0] == 200
    until(lambda: f"id-{number}" in stand.sinks[sink].received, what="its arrival")


@pytest.fixture
def stand(bench: BenchMaker) -> Bench:
    """A daemon that runs and is told when to reload; its only destination listens."""
    made = bench(1, service=UNWATCHED)
    made.sinks[0].open()
    made.daemon.start()
    return made


def test_a_signal_takes_up_what_changed(stand: Bench) -> None:
    before = stand.daemon.ask("GET", "/-/config")[1]
    edit(stand.daemon, ("detectors: [email, card]", "detectors: [email]"))
    assert signalled(stand.daemon) == "applied"
    status, after = stand.daemon.ask("GET", "/-/config")
    assert (status, after["generation"], after["last_error"]) == (200, 2, "")
    assert after["hash"] != before["hash"]
    assert after["loaded_at"] > before["loaded_at"]
    assert stand.daemon.metric("sluice_config_generation") == 2
    assert f'"before": "{before["hash"]}"' in stand.daemon.text()
    assert signalled(stand.daemon) == "unchanged"
    assert stand.daemon.metric("sluice_config_generation") == 2
    arrives(stand, 1)


FAULTS: dict[str, tuple[Callable[[str], str], str]] = {
    "an unknown field": (lambda text: text.replace("detectors", "detectorz"), "error[E101]: processors.redact.detectorz"),
    "half a file": (lambda text: text[: len(text) // 2], "error[E"),
    "an empty file": (lambda _: "", "error[E003]"),
    "another journal": (lambda text: text.replace("  pipelines:", "  journal: {type: memory}\n  pipelines:"), "error[E701]"),
    "another admin address": (
        lambda text: text.replace("  pipelines:", "  admin: {endpoint: 'unix:/nonexistent/admin.sock'}\n  pipelines:"),
        "error[E701]: service.admin: can't change while sluice runs",
    ),
    "an address that is not ours": (
        lambda text: text.replace("json_logs: {endpoint: 127.0.0.1:", "json_logs: {endpoint: 192.0.2.1:"),
        "receiver json_logs: ",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_is_said_and_the_old_configuration_runs_on(stand: Bench, fault: str) -> None:
    daemon, sound = stand.daemon, stand.daemon.config.read_text()
    spoil, said = FAULTS[fault]
    daemon.config.write_text(spoil(sound))
    status, outcome = daemon.ask("POST", "/-/reload")
    assert (status, outcome["result"], outcome["generation"]) == (422, "refused", 1)
    assert said in outcome["error"]
    assert daemon.ask("GET", "/-/config")[1]["last_error"] == outcome["error"]
    assert daemon.metric("sluice_config_last_reload_successful") == 0
    health = get_json(f"http://127.0.0.1:{daemon.health}/health/dependencies")
    assert (health["status"], health["checks"]["config"]["status"]) == ("degraded", "degraded")
    arrives(stand, 1)
    daemon.config.write_text(sound)
    assert daemon.ask("POST", "/-/reload")[1]["result"] == "unchanged"
    assert daemon.metric("sluice_config_last_reload_successful") == 1
    assert get_json(f"http://127.0.0.1:{daemon.health}/health/dependencies")["status"] == "healthy"
    assert daemon.stop() == 0


def test_an_address_that_is_taken_leaves_everything_as_it_was(stand: Bench) -> None:
    taken = socket.create_server(("127.0.0.1", 0))
    with taken:
        port = taken.getsockname()[1]
        edit(
            stand.daemon,
            ("receivers: [json_logs]", "receivers: [json_logs, otlp]"),
            (
                "processors:\n  redact",
                f"  otlp: {{protocols: {{http: {{endpoint: '127.0.0.1:{port}'}}}}}}\nprocessors:\n  redact",
            ),
            ("[email, card]", "[email]"),
        )
        assert signalled(stand.daemon) == "refused"
        assert "receiver otlp: " in stand.daemon.ask("GET", "/-/config")[1]["last_error"]
        arrives(stand, 1)
    assert signalled(stand.daemon) == "applied"
    assert post(f"http://127.0.0.1:{port}/v1/logs", b"{}")[0] == 200


def test_connections_stay_open_and_a_request_under_way_is_finished(stand: Bench) -> None:
    """The receiver is replaced, its listener is not."""
    idle = HTTPConnection("127.0.0.1", stand.logs, timeout=20)
    idle.request("POST", "/logs", LINE % 1, {"content-type": "application/json"})
    assert idle.getresponse().read() is not None
    mark = idle.sock
    with socket.create_connection(("127.0.0.1", stand.logs), timeout=20) as slow:
        body = LINE % 2
        head = b"POST /logs HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
        slow.sendall(head + body[:5])
        until(lambda: stand.daemon.metric("sluice_receiver_connections", receiver="json_logs") == 2)
        edit(
            stand.daemon, (f"endpoint: 127.0.0.1:{stand.logs}", f"endpoint: 127.0.0.1:{stand.logs}, max_request_body_size: 1MiB")
        )
        assert signalled(stand.daemon) == "applied"
        slow.sendall(body[5:])
        assert slow.recv(1000).startswith(b"HTTP/1.1 200 ")
    idle.request("POST", "/logs", LINE % 3, {"content-type": "application/json"})
    assert idle.getresponse().status == 200
    assert idle.sock is mark
    idle.close()
    until(lambda: {"id-1", "id-2", "id-3"} <= stand.sinks[0].received.keys())


def test_an_address_that_is_removed_is_closed(stand: Bench) -> None:
    [other] = free_ports(1)
    edit(stand.daemon, (f"endpoint: 127.0.0.1:{stand.logs}", f"endpoint: 127.0.0.1:{other}"))
    assert signalled(stand.daemon) == "applied"
    assert post(f"http://127.0.0.1:{other}/logs", LINE % 1)[0] == 200

    def refused() -> bool:
        try:
            socket.create_connection(("127.0.0.1", stand.logs)).close()
        except ConnectionRefusedError:
            return True
        return False

    until(refused, what="the end of the old address")


def test_what_did_not_change_keeps_its_state(stand: Bench) -> None:
    """A counter that a connector keeps goes on, while the exporter beside it is replaced."""
    [scraped] = free_ports(1)
    edit(
        stand.daemon,
        ("exporters:\n  otlp", f"exporters:\n  prometheus: {{endpoint: 127.0.0.1:{scraped}}}\n  otlp"),
        ("processors:\n  redact", "connectors:\n  count: {logs: {lines: {}}, interval: 200ms}\nprocessors:\n  redact"),
        (
            "exporters: [otlp_http/0]}",
            "exporters: [otlp_http/0, count]}\n    metrics: {receivers: [count], exporters: [prometheus]}",
        ),
    )
    assert signalled(stand.daemon) == "applied"
    for number in range(3):
        arrives(stand, number)
        edit(stand.daemon, (f"timeout: {number + 2}s", f"timeout: {number + 3}s"))
        assert signalled(stand.daemon) == "applied"

    def shown() -> bool:
        lines = get(f"http://127.0.0.1:{scraped}/metrics")[1].decode().splitlines()
        return any(line.startswith("lines") and line.split(" ")[1] == "3" for line in lines)

    until(shown, what="three counted lines")


def test_a_destination_with_the_wrong_address_is_mended_by_a_reload(stand: Bench) -> None:
    """What waited in its lane goes to the new address at once, whatever was being tried at the old one."""
    [nobody] = free_ports(1)
    right = f"127.0.0.1:{stand.sinks[0].port}"
    edit(stand.daemon, (right, f"127.0.0.1:{nobody}"))
    assert signalled(stand.daemon) == "applied"
    for number in range(10):
        assert post(f"http://127.0.0.1:{stand.logs}/logs", LINE % number)[0] == 200
    until(lambda: stand.daemon.metric("sluice_exporter_failed_attempts_total") > 2, what="attempts at the wrong address")
    edit(stand.daemon, (f"127.0.0.1:{nobody}", right))
    assert signalled(stand.daemon) == "applied"
    until(lambda: len(stand.sinks[0].received) == 10, 5, "their arrival")
    stand.assert_books_close()


def test_a_removed_exporter_leaves_an_orphan_that_its_return_takes_up(bench: BenchMaker) -> None:
    stand = bench(2, service=UNWATCHED)
    stand.sinks[0].open()
    stand.daemon.start()
    arrives(stand, 1)
    edit(stand.daemon, ("exporters: [otlp_http/0, otlp_http/1]", "exporters: [otlp_http/0]"))
    assert signalled(stand.daemon) == "applied"
    arrives(stand, 2)

    def orphan() -> Any:
        return get_json(f"http://127.0.0.1:{stand.daemon.health}/health/dependencies")["checks"].get("orphan:logs/otlp_http/1")

    assert until(orphan, what="the orphan")["items"] == 1
    edit(stand.daemon, ("exporters: [otlp_http/0]", "exporters: [otlp_http/0, otlp_http/1]"))
    stand.sinks[1].open()
    assert signalled(stand.daemon) == "applied"
    until(lambda: stand.sinks[1].received, what="the arrival of what had waited")
    assert stand.sinks[1].received.keys() == {"id-1"}  # what came without it was not for it
    arrives(stand, 3, sink=1)
    assert orphan() is None
    stand.assert_books_close()


def test_an_exporter_that_returns_while_it_is_drained_goes_on_where_it_was(bench: BenchMaker) -> None:
    """In memory, where there is no other place to find what it had."""
    stand = bench(2, service=f"{UNWATCHED}\n  journal: {{type: memory, ack: queued}}")
    stand.sinks[0].open()
    stand.daemon.start()
    for number in range(5):
        arrives(stand, number)
    edit(stand.daemon, ("exporters: [otlp_http/0, otlp_http/1]", "exporters: [otlp_http/0]"))
    assert signalled(stand.daemon) == "applied"
    arrives(stand, 5)
    edit(stand.daemon, ("exporters: [otlp_http/0]", "exporters: [otlp_http/0, otlp_http/1]"))
    assert signalled(stand.daemon) == "applied"
    stand.sinks[1].open()
    arrives(stand, 6, sink=1)
    until(lambda: len(stand.sinks[1].received) == 6, what="what it had, and what came since it is back")
    assert "id-5" not in stand.sinks[1].received
    stand.assert_books_close()


def test_grpc_clients_notice_nothing_of_a_receiver_that_is_replaced(stand: Bench) -> None:
    grpc_port, http_port = free_ports(2)
    protocols = f"{{grpc: {{endpoint: '127.0.0.1:{grpc_port}'}}, http: {{endpoint: '127.0.0.1:{http_port}'}}}}"
    edit(
        stand.daemon,
        ("receivers: [json_logs]", "receivers: [json_logs, otlp]"),
        ("processors:\n  redact", f"  otlp: {{protocols: {protocols}}}\nprocessors:\n  redact"),
    )
    assert signalled(stand.daemon) == "applied"
    with grpc.insecure_channel(f"127.0.0.1:{grpc_port}") as channel:
        service = LogsServiceStub(channel)
        for number in range(4):
            body = AnyValue(string_value=f"grpc-{number}")
            scope = ScopeLogs(log_records=[LogRecord(body=body)])
            service.Export(ExportLogsServiceRequest(resource_logs=[ResourceLogs(scope_logs=[scope])]), timeout=10)
            size = f", max_request_body_size: {number + 1}MiB}}}}}}"
            text = stand.daemon.config.read_text()
            head, _, rest = text.partition(f"http: {{endpoint: '127.0.0.1:{http_port}'")
            stand.daemon.config.write_text(f"{head}http: {{endpoint: '127.0.0.1:{http_port}'{size}{rest[rest.index(chr(10)) :]}")
            assert signalled(stand.daemon) == "applied"
    until(lambda: {f"grpc-{number}" for number in range(4)} <= stand.sinks[0].received.keys())


def test_requests_while_one_runs_come_to_one_more(stand: Bench) -> None:
    with ThreadPoolExecutor(10) as clients:
        outcomes = list(clients.map(lambda _: stand.daemon.ask("POST", "/-/reload")[1]["result"], range(30)))
    assert outcomes == ["unchanged"] * 30
    assert reloads(stand.daemon)["unchanged"] < 15


def test_a_file_is_taken_up_when_it_changes(bench: BenchMaker) -> None:
    stand = bench(1)
    stand.sinks[0].open()
    daemon = stand.daemon
    daemon.start()
    sound = daemon.config.read_text()
    changed = sound.replace("[email, card]", "[email]")
    daemon.config.write_text(changed)
    until(lambda: reloads(daemon)["applied"] == 1)
    daemon.config.write_text(changed[: len(changed) // 2])
    until(lambda: reloads(daemon)["refused"] == 1)
    daemon.config.unlink()
    until(lambda: reloads(daemon)["refused"] == 2)
    arrives(stand, 1)
    daemon.config.write_text(sound)
    until(lambda: reloads(daemon)["applied"] == 2)
    assert daemon.metric("sluice_config_generation") == 3


def test_a_secret_is_taken_up_when_its_file_changes(bench: BenchMaker, tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("one\n")
    secret.chmod(0o600)
    stand = bench(1)
    url = f"http://127.0.0.1:{stand.logs}/logs"
    edit(stand.daemon, (f"127.0.0.1:{stand.logs}", f"127.0.0.1:{stand.logs}, auth: {{bearer: {{token_file: {secret}}}}}"))
    stand.sinks[0].open()
    stand.daemon.start()
    assert post(url, LINE % 1, headers={"authorization": "Bearer one"})[0] == 200
    secret.write_text("two\n")
    until(lambda: post(url, LINE % 2, headers={"authorization": "Bearer two"})[0] == 200)
    assert post(url, LINE % 3, headers={"authorization": "Bearer one"})[0] == 401


def test_a_mounted_config_map_is_taken_up_when_its_link_is_swapped(bench: BenchMaker, tmp_path: Path) -> None:
    """As Kubernetes does it: the file is a link to `..data/sluice.yaml`, `..data` a link to a directory, replaced by rename."""
    stand = bench(1)
    daemon, mounted = stand.daemon, tmp_path / "mounted"
    for version in ("..one", "..two"):
        (mounted / version).mkdir(parents=True)
    (mounted / "..one" / "sluice.yaml").write_text(daemon.config.read_text())
    (mounted / "..two" / "sluice.yaml").write_text(daemon.config.read_text().replace("[email, card]", "[email]"))
    (mounted / "..data").symlink_to("..one")
    (mounted / "sluice.yaml").symlink_to("..data/sluice.yaml")
    daemon.config = mounted / "sluice.yaml"
    daemon.start()
    (mounted / "..data_tmp").symlink_to("..two")
    (mounted / "..data_tmp").rename(mounted / "..data")
    until(lambda: reloads(daemon)["applied"] == 1)


def test_a_file_more_in_a_directory_is_taken_up(bench: BenchMaker, tmp_path: Path) -> None:
    stand = bench(1)
    directory = tmp_path / "conf.d"
    directory.mkdir()
    stand.daemon.config.rename(directory / "10-main.yaml")
    stand.daemon.config = directory
    stand.daemon.start()
    (directory / "20-more.yaml").write_text("processors: {redact: {detectors: [email]}}\n")
    until(lambda: reloads(stand.daemon)["applied"] == 1)


def test_reloads_under_load_lose_nothing_and_refuse_nobody(tmp_path: Path) -> None:
    figures = run(tmp_path, 30, seed=5)
    assert (figures.lost, figures.not_200, dict(figures.broken)) == (0, 0, {})
    assert figures.applied
    assert figures.refused
