"""`sluice run` where it can't: one line that says why, and exit code 1."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.verbs import ROOT
from tests.daemon import free_ports

_FAILING = """
import sys
from pipeline.journal.lanes import LaneJournal

async def fail(*_):
    raise LookupError("the record of jo.doe@example.com")

LaneJournal.read = fail
sys.argv[0] = "sluice"
from cli import main
main()
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    logs, metrics = free_ports(2)
    path = tmp_path / "sluice.yaml"
    path.write_text(
        f"""
receivers:
  json_logs: {{endpoint: 127.0.0.1:{logs}}}
processors:
  redact:
exporters:
  otlp_http: {{endpoint: 'http://127.0.0.1:4318'}}
service:
  telemetry: {{metrics: {{address: 127.0.0.1:{metrics}}}}}
  pipelines:
    logs: {{receivers: [json_logs], processors: [redact], exporters: [otlp_http]}}
"""
    )
    return path


def run(config: Path, *sets: str, program: str = "from cli import main; main()") -> dict[str, Any]:
    """Run it until it ends by itself; return the last line that it logged, its only error."""
    arguments = ["run", "--config", str(config), *(word for one in sets for word in ("--set", one))]
    environ = {"SLUICE_JOURNAL_DIR": str(config.parent / "journal")}
    command = [sys.executable, "-c", program, *arguments]
    ended = subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (1, b"")
    assert b"Traceback" not in ended.stderr
    events: list[dict[str, Any]] = [json.loads(line) for line in ended.stderr.splitlines() if line.startswith(b"{")]
    assert [event["level"] for event in events].count("error") == 1
    return events[-1]


def test_a_certificate_that_is_not_there(config: Path) -> None:
    tls = "receivers.json_logs.tls={cert_file: /nonexistent.pem, key_file: /nonexistent.key}"
    said = run(config, tls)
    assert said["error"] == "receiver json_logs: tls.cert_file: cannot use the file: No such file or directory"


def test_an_address_that_is_not_ours(config: Path) -> None:
    said = run(config, "receivers.json_logs.endpoint=192.0.2.1:4319")
    assert said["error"].startswith("receiver json_logs: ")
    assert "cannot assign requested address" in said["error"]


def test_a_dead_letter_store_that_is_no_file(config: Path) -> None:
    (config.parent / "journal" / "dead_letters.db").mkdir(parents=True)
    assert "dead_letters.db can't be opened" in run(config)["error"]


def test_a_bug_is_told_by_type_and_place_alone(config: Path) -> None:
    said = run(config, program=_FAILING)
    assert said["event"] == "sluice failed"
    assert said["errors"] == ["LookupError at <string>:6"]
