"""The README's commands do what the README says, on the default pipeline as shipped."""

import re
import subprocess
from pathlib import Path

from tests.daemon import get, get_json, post, until
from tests.default_pipeline import ROOT, Default
from tests.parts.found import program

PLANTED = ["jo.doe@example.com", "hunter2", "4000 0000 0000 0010", "AKIA" + "IOSFODNN7EXAMPLE"]
"""Everything personal or secret in the README's examples."""


def commands(section: str) -> list[str]:
    """Return the indented blocks of a section of the README."""
    text = (ROOT / "README.md").read_text().partition(f"## {section}\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"(?:^    .*\n)+(?:\n(?:^    .*\n)+)*", text, re.MULTILINE)
    return ["".join(line[4:] + "\n" for line in block.splitlines()) for block in blocks]


def run(command: str, default: Default) -> str:
    """Run a command of the README, its ports replaced by those in use."""
    for port, own in default.ports.items():
        command = command.replace(f"127.0.0.1:{port}/", f"127.0.0.1:{own}/")
    return subprocess.run(["sh", "-ec", command], capture_output=True, text=True, timeout=60, check=True).stdout


def test_every_command_of_the_readme_works_and_nothing_planted_gets_out(default: Default) -> None:
    for part in ("curl", "openssl"):
        program(part)
    sends = [command for command in commands("Send something") if "-d" in command or "--data" in command]
    planted = "".join(sends)
    assert all(secret in planted for secret in PLANTED)
    for send in sends:
        assert "HTTP/1.1 200 OK" in run(send, default), send

    logs = until(lambda: (found := get_json(default.url(4330, "/intake/datadog/logs"))) and len(found) >= 5 and found)
    messages = {log["message"] for log in logs}
    assert {"payment by [email] failed", "card [card] was declined", "login of [email] failed"} <= messages
    events = until(lambda: get_json(default.url(4330, "/intake/sentry/events")))
    exceptions = [value for event in events for value in event.get("exception", {}).get("values", [])]
    assert any(value["type"] == "ValueError" and value["stacktrace"]["frames"] for value in exceptions)
    until(lambda: b"sluice_logs_total{" in get(default.url(9464, "/metrics"))[1])

    seen = [run(command, default) for command in commands("Send something") if command not in sends]
    assert len("".join(seen)) > 1000
    exit_code = default.daemon.stop()
    assert exit_code == 0
    held = [path.read_bytes() for path in default.daemon.journal.rglob("*") if path.is_file()]
    assert any(b"payment by [email] failed" in content for content in held)
    for secret in PLANTED:
        assert secret not in "".join(seen)
        assert secret not in default.daemon.text()
        assert not any(secret.encode() in content for content in held)


def test_the_counts_reach_prometheus(default: Default) -> None:
    lines = b'{"level":"error","service":"shop","message":"no"}\n{"level":"info","service":"shop","message":"yes"}\n' * 3
    assert post(default.url(4319, "/logs"), lines, "application/x-ndjson")[0] == 200

    def counted() -> bool:
        text = get(default.url(9464, "/metrics"))[1].decode()
        counts = re.findall(r'^sluice_logs_total\{[^}]*severity="(\w+)"[^}]*\} (\S+)', text, re.MULTILINE)
        return {severity.lower(): float(value) for severity, value in counts} == {"error": 3.0, "info": 3.0}

    until(counted)


def test_no_default_is_a_surprise(default: Default) -> None:
    assert "no credential is set: sending to the local intake" in default.daemon.text()
    assert get_json(default.url(13133, "/health"))["status"] == "healthy"
    assert get(default.url(4330, "/"))[0] == 200
    assert default.daemon.imbalances() == {}


def test_a_journal_directory_in_use_is_refused(default: Default, tmp_path: Path) -> None:
    other = subprocess.run(
        [str(Path(default.daemon.process.args[0])), "run", "--config", str(ROOT / "config/pipelines/default.yaml")],  # type: ignore[union-attr,index]
        env={"PATH": "/usr/bin:/bin", "SLUICE_JOURNAL_DIR": str(default.daemon.journal)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert other.returncode == 1
    assert str(default.daemon.process.pid) in other.stderr  # type: ignore[union-attr]
