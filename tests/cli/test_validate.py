"""`sluice validate`: forms, exit codes, and the machine."""

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli import main
from tests.config.checking import PIPELINES

WARNED = PIPELINES.replace("exporters:\n  debug:", "exporters:\n  debug:\n  debug/spare:")
DEFAULT = Path(__file__).parents[2] / "config" / "pipelines" / "default.yaml"


@pytest.fixture(autouse=True)
def _in_a_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SLUICE_CONFIG", raising=False)
    Path("good.yaml").write_text(PIPELINES)
    Path("warned.yaml").write_text(WARNED)
    Path("bad.yaml").write_text(PIPELINES.replace("debug", "debugg"))


def validate(*arguments: str, environ: dict[str, str] | None = None, stdin: str = "") -> Result:
    return CliRunner().invoke(main, ["validate", *arguments], env=environ, input=stdin)


def test_valid() -> None:
    result = validate("-c", "good.yaml")
    assert result.exit_code == 0
    assert result.output.startswith("valid: 1 pipeline, 3 components, hash ")


def test_warnings_are_valid_unless_strict() -> None:
    result = validate("--config", "warned.yaml")
    assert result.exit_code == 0
    assert "warned.yaml:8:3: warning[W101]: exporters.debug/spare: defined but not used by any pipeline" in result.output
    assert "\n\n1 warning\n\nvalid: " in result.output
    result = validate("--config", "warned.yaml", "--strict")
    assert result.exit_code == 1
    assert "error[W101]" in result.output
    assert result.output.endswith("\n\n1 error\n\n")


def test_invalid() -> None:
    result = validate("-c", "bad.yaml")
    assert result.exit_code == 1
    assert result.output == (
        "bad.yaml:7:3: error[E011]: exporters.debugg: unknown exporter type `debugg`\n"
        " 7 |   debugg:\n"
        "   |   ^^^^^^ did you mean `debug`?\n"
        "\n"
        "1 error\n"
        "\n"
    )


def test_sources() -> None:
    assert validate("-c", "-", stdin=PIPELINES).exit_code == 0
    assert validate("-c", "env:CONF", environ={"CONF": PIPELINES}).exit_code == 0
    assert validate("-c", "good.yaml", "-c", "yaml:exporters: {debug: {verbosity: normal}}").exit_code == 0
    assert validate(environ={"SLUICE_CONFIG": "good.yaml"}).exit_code == 0
    assert "missing.yaml: error[E004]: no such file" in validate("-c", "missing.yaml").output


def test_wrong_usage() -> None:
    assert validate().exit_code == 2
    assert validate("-c", "good.yaml", "--format", "xml").exit_code == 2


def test_other_forms() -> None:
    rows = json.loads(validate("-c", "bad.yaml", "--format", "json").output)
    assert [(row["line"], row["code"]) for row in rows] == [(7, "E011")]
    assert json.loads(validate("-c", "good.yaml", "--format", "json").output) == []
    assert validate("-c", "bad.yaml", "--format", "github").output.startswith("::error file=bad.yaml,title=E011,line=7,")
    assert validate("-c", "good.yaml", "--format", "github").output == ""


def test_overridden_values_are_said_on_request() -> None:
    sources = ["good.yaml", "yaml:exporters: {debug: {verbosity: basic}}", "yaml:exporters: {debug: {verbosity: normal}}"]
    arguments = [word for source in sources for word in ("-c", source)]
    assert "I002" not in validate(*arguments).output
    assert "info[I002]: exporters.debug.verbosity: overrides an earlier value" in validate(*arguments, "-v").output


def test_the_default_pipeline_is_valid_without_a_word() -> None:
    result = validate("-c", str(DEFAULT), "--strict")
    assert result.output.startswith("valid: 3 pipelines, ")


class TestEnvironment:
    @pytest.fixture(autouse=True)
    def _journal(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SLUICE_JOURNAL_DIR", str(tmp_path / "journal"))

    @pytest.fixture
    def port(self) -> Iterator[int]:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            yield listener.getsockname()[1]

    def check(self, *more: str) -> Result:
        free = [
            "--set",
            "service.telemetry.metrics.address=127.0.0.1:0",
            "--set",
            "receivers.otlp.protocols.http.endpoint=127.0.0.1:0",
        ]
        return validate("-c", "good.yaml", "--environment", *free, *more)

    def test_a_machine_that_can(self) -> None:
        assert self.check().output.startswith("valid: ")

    def test_a_port_that_is_taken(self, port: int) -> None:
        result = self.check("--set", f"receivers.otlp.protocols.http.endpoint=127.0.0.1:{port}")
        assert result.exit_code == 1
        assert f"error[E210]: receivers.otlp.protocols.http.endpoint: cannot listen on 127.0.0.1:{port}: " in result.output

    def test_a_journal_in_use(self, tmp_path: Path) -> None:
        (tmp_path / "journal").mkdir()
        lock = os.open(tmp_path / "journal" / "lock", os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            assert "error[E004]: service.journal.dir: the journal in " in self.check().output
        finally:
            os.close(lock)

    def test_a_host_that_nobody_knows(self) -> None:
        exporter = [
            "--set",
            "exporters.otlp_http.endpoint=https://nobody.invalid",
            "--set",
            "service.pipelines.logs.exporters=[otlp_http]",
        ]
        result = self.check(*exporter)
        assert result.exit_code == 0
        assert "warning[W111]: exporters.otlp_http.endpoint: host name nobody.invalid does not resolve" in result.output
