"""A stop keeps to its bound, whoever is connected."""

import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from tests.daemon import Daemon, free_ports, post, running, until
from tests.faults.conftest import BenchMaker


def test_a_client_that_waits_for_its_answer_does_not_hold_a_stop_up(tmp_path: Path) -> None:
    logs, health, metrics, intake = free_ports(4)
    config = tmp_path / "sluice.yaml"
    config.write_text(
        f"""
receivers:
  json_logs: {{endpoint: 127.0.0.1:{logs}}}
processors:
  redact:
exporters:
  debug:
extensions:
  health: {{endpoint: 127.0.0.1:{health}}}
  intake: {{endpoint: 127.0.0.1:{intake}, faults: {{latency: 1h}}}}
service:
  extensions: [health, intake]
  limits: {{shutdown_timeout: 1s}}
  telemetry: {{metrics: {{address: 127.0.0.1:{metrics}}}}}
  pipelines:
    logs: {{receivers: [json_logs], processors: [redact], exporters: [debug]}}
"""
    )
    with (
        running(Daemon(config, tmp_path / "journal", health, metrics)) as daemon,
        socket.create_connection(("127.0.0.1", intake)) as waiting,
    ):
        waiting.sendall(b"POST /api/v2/logs HTTP/1.1\r\nhost: x\r\ndd-api-key: x\r\ncontent-length: 2\r\n\r\n[]")
        until(lambda: daemon.metric("sluice_receiver_connections", receiver="intake"), what="the connection")
        begun = time.monotonic()
        assert daemon.stop() == 0
        assert time.monotonic() - begun < 1 + 2  # delivery contract §10.1


def test_a_client_whose_data_is_not_safe_yet_does_not_hold_a_stop_up(bench: BenchMaker) -> None:
    """It gets no answer, and sends again."""
    stand = bench(1, service="limits: {shutdown_timeout: 1s}\n  journal: {type: memory}")
    stand.daemon.start()
    with stand.load():
        until(lambda: stand.daemon.metric("sluice_queue_items"), what="data that waits for its destination")
        begun = time.monotonic()
        assert stand.daemon.stop() == 0
        assert time.monotonic() - begun < 1 + 2  # delivery contract §10.1


def test_a_second_signal_cuts_the_draining_short(bench: BenchMaker) -> None:
    """What could not be delivered stays in the journal, and the next start has it."""
    stand = bench(1, service="limits: {shutdown_timeout: 60s}")
    stand.daemon.start()
    assert post(f"http://127.0.0.1:{stand.logs}/logs", b'{"message": "id-1"}')[0] == 200
    process = stand.daemon.process
    assert process is not None
    process.send_signal(signal.SIGTERM)
    until(lambda: not stand.daemon.ready())
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(1)
    begun = time.monotonic()
    assert stand.daemon.stop() == 0
    assert time.monotonic() - begun < 2
    stand.sinks[0].open()
    stand.daemon.start()
    until(lambda: "id-1" in stand.sinks[0].received, what="its delivery after the next start")


def test_a_healthy_pipeline_is_drained_at_once(bench: BenchMaker) -> None:
    stand = bench(1)
    stand.sinks[0].open()
    stand.daemon.start()
    with stand.load() as load:
        until(lambda: len(load.owed) > 2000, 60, "2,000 acknowledgements")
        begun = time.monotonic()
        assert stand.daemon.stop() == 0
        assert time.monotonic() - begun < 5  # issue 5
    assert load.owed <= stand.sinks[0].received.keys()


def test_an_operator_may_ask_for_the_stop(bench: BenchMaker) -> None:
    stand = bench(1)
    stand.sinks[0].open()
    stand.daemon.start()
    assert stand.daemon.ask("GET", "/health/ready") == (200, {"status": "healthy"})
    assert stand.daemon.ask("POST", "/quitquitquit") == (202, {"status": "stopping"})
    assert stand.daemon.process is not None
    assert stand.daemon.process.wait(10) == 0
    assert not (stand.daemon.journal / "admin.sock").exists()


def test_data_is_taken_while_a_stop_lingers(bench: BenchMaker) -> None:
    stand = bench(1, service="limits: {shutdown_timeout: 10s, linger: 3s}")
    stand.sinks[0].open()
    stand.daemon.start()
    stand.daemon.ask("POST", "/quitquitquit")
    until(lambda: not stand.daemon.ready())
    assert post(f"http://127.0.0.1:{stand.logs}/logs", b'{"message": "id-1"}')[0] == 200
    assert stand.daemon.process is not None
    assert stand.daemon.process.wait(10) == 0
    assert "id-1" in stand.sinks[0].received
