"""A stop keeps to its bound, whoever is connected."""

import socket
import time
from pathlib import Path

from tests.daemon import Daemon, free_ports, running, until


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
