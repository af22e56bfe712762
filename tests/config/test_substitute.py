"""Substitution (config contract §2), through the whole loader: what a field gets, or the message."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from config.load import Loaded, load
from tests.config.checking import PIPELINES, codes, over, said

PATHS = {
    "text": "processors.enrich.environment",
    "int": "exporters.debug.sampling_initial",
    "bool": "processors.enrich.overwrite",
    "duration": "service.limits.shutdown_timeout",
    "choice": "exporters.debug.verbosity",
    "list": "processors.redact.patterns",
}


def settings(path: str, written: str) -> str:
    """Return a configuration in block style with one value."""
    lines = [f"{'  ' * depth}{key}:" for depth, key in enumerate(path.split("."))]
    enriched = "\n".join(["", "service:", "  pipelines:", "    logs:", "      processors+: [enrich]"]) if "enrich" in path else ""
    return "\n".join(lines) + f" {written}{enriched}\n"


def loaded(field: str, written: str, environ: Mapping[str, str]) -> Loaded:
    return over(settings(PATHS[field], written), environ=environ)


def value(result: Loaded, field: str) -> Any:
    assert result.spec, said(result)
    components = result.spec.components
    return {
        "text": lambda: components["processor", "enrich"].config.environment,
        "int": lambda: components["exporter", "debug"].config.sampling_initial,
        "bool": lambda: components["processor", "enrich"].config.overwrite,
        "duration": lambda: result.spec and result.spec.service.limits.shutdown_timeout,
        "choice": lambda: components["exporter", "debug"].config.verbosity,
    }[field]()


@pytest.mark.parametrize(
    ("variable", "field", "written", "expected"),
    [
        ("8080", "int", "${env:X}", 8080),
        ("8080", "text", "${env:X}", "8080"),
        ("0123", "text", "${env:X}", "0123"),
        ("1e3", "text", "${env:X}", "1e3"),
        ("true", "text", "${env:X}", "true"),
        ("null", "text", "${env:X}", "null"),
        ("a: b", "text", "${env:X}", "a: b"),
        ("", "text", "${env:X:-d}", ""),
        (None, "text", "${env:X:-d}", "d"),
        (None, "text", "${env:X:-}", ""),
        (None, "text", "${X:-d}", "d"),
        ("p$w", "text", "${env:X}", "p$w"),
        ("${env:Y}", "text", "${env:X}", "${env:Y}"),
        ("30s", "duration", "${env:X}", 30.0),
        ("0x10", "int", "${X}", 16),
        ("", "int", "${env:X}", 2),
        ("TRUE", "bool", "${env:X}", True),
        ("detailed", "choice", "${env:X}", "detailed"),
        ("x", "text", "pre-${env:X}-post", "pre-x-post"),
        ("x", "text", "${env:X}${env:X}", "xx"),
        ("5", "duration", "${env:X}s", 5.0),
        ("x", "text", "$$", "$"),
        ("x", "text", "$${env:X}", "${env:X}"),
        ("x", "text", "$1 $name ${env:X}", "$1 $name x"),
        ("Y", "text", '"${env:${env:X}:-nested}"', "nested"),
        (None, "text", '"${env:X:-${env:Y:-deep}}"', "deep"),
        (None, "text", '"${env:X:-$${a}}"', "${a}"),
    ],
)
def test_what_a_field_gets(variable: str | None, field: str, written: str, expected: Any) -> None:
    result = loaded(field, written, {} if variable is None else {"X": variable})
    assert value(result, field) == expected


@pytest.mark.parametrize(
    ("variable", "field", "written", "expected"),
    [
        ("0123", "int", "${env:X}", "E306 {}: expected an integer, got an ambiguous octal (value of X (4 characters))"),
        ("8080", "int", '"${env:X}"', "E306 {}: expected an integer, got text (value of X (4 characters))"),
        ("8", "int", "1${env:X}", "E306 {}: expected an integer, got text (after substitution (2 characters))"),
        ("yes", "bool", "${env:X}", "E306 {}: expected true or false, got text (value of X (3 characters))"),
        ("1", "bool", "${env:X}", "E306 {}: expected true or false, got an integer (value of X (1 character))"),
        ("loud", "choice", "${env:X}", "E105 {}: expected one of basic, normal, detailed (value of X (4 characters))"),
        ("30", "duration", "${env:X}", "E306 {}: duration needs a unit (value of X (2 characters))"),
        ("[a]", "list", "${env:X}", "E306 {}: expected a list, got text (value of X (3 characters))"),
        (None, "int", "${env:X:-many}", "E306 {}: expected an integer, got text (default of X (4 characters))"),
        (None, "text", "${env:X}", "E301 {}: environment variable X is not set"),
        (None, "text", "${X}", "E301 {}: environment variable X is not set"),
        ("", "text", "${env:X:?name the stage}", "E301 {}: name the stage"),
        (None, "text", "${env:X:?}", "E301 {}: X is not set"),
        (None, "text", "${1}", "E302 {}: bad variable name (letters, digits, _; not starting with a digit)"),
        (None, "text", "a${}b", "E302 {}: bad variable name (letters, digits, _; not starting with a digit)"),
        (None, "text", "${env:A B}", "E302 {}: bad variable name (letters, digits, _; not starting with a digit)"),
        (None, "text", "${vault:x}", "E305 {}: unknown scheme `vault` (use env or file)"),
        (None, "text", "a ${env:X", "E307 {}: `${` without `}`"),
        (None, "text", '"' + "${env:" * 11 + "}" * 11 + '"', "E304 {}: references are nested deeper than 10 levels"),
        ("\udcff", "text", "${env:X}", "E306 {}: environment variable X is not UTF-8 text"),
    ],
)
def test_what_is_refused(variable: str | None, field: str, written: str, expected: str) -> None:
    result = loaded(field, written, {} if variable is None else {"X": variable})
    assert said(result) == [expected.replace("{}", PATHS[field], 1)]


def test_every_reference_of_a_value_is_reported_at_its_own_place() -> None:
    result = loaded("text", '"${env:A} and ${env:B}"', {})
    assert [(message.col, message.end_col) for message in result.messages] == [(19, 27), (32, 40)]


def test_places_are_found_behind_escapes_and_on_later_lines() -> None:
    text = (
        'processors:\n  enrich:\n    environment: "\\u00e9\\n\n      ${env:A}"\n    release: |\n      one\n      two ${env:B}\n'
    )
    found = [(message.line, message.col) for message in over(text).messages if message.code == "E301"]
    assert found == [(4, 7), (7, 11)]


def test_keys_are_never_expanded() -> None:
    result = over("processors: {enrich: {attributes: {'${env:X}': a}}}\nservice: {pipelines: {logs: {processors+: [enrich]}}}")
    assert result.spec
    assert dict(result.spec.components["processor", "enrich"].config.attributes) == {"${env:X}": "a"}


def test_variables_that_were_used_are_named() -> None:
    assert loaded("text", '"${env:X} ${env:Z:-}"', {"X": "1", "Y": "2"}).used_variables == ("X",)


@pytest.mark.parametrize(("variable", "code"), [('{a: 1, b: "x y"}', ""), ("no map", "E306"), ("{a", "E306")])
def test_a_map_of_headers_may_come_whole_from_a_variable(variable: str, code: str) -> None:
    text = """
    exporters:
      otlp_http:
        endpoint: https://h.example
        headers: ${env:H}
    service:
      pipelines:
        logs: {exporters+: [otlp_http]}
    """
    result = over(text, environ={"H": variable})
    assert codes(result) == ([code] if code else [])
    if result.spec:
        headers = result.spec.components["exporter", "otlp_http"].config.headers
        assert {name: secret.reveal() for name, secret in headers.items()} == {"a": "1", "b": "x y"}


class TestFiles:
    @pytest.fixture(autouse=True)
    def _in_a_directory(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)

    def test_content_without_its_last_newline(self) -> None:
        Path("stage").write_text("prod\n\n")
        assert value(loaded("text", "${file:stage}", {}), "text") == "prod\n"

    def test_relative_to_the_file_that_names_it(self) -> None:
        Path("conf").mkdir()
        Path("conf/stage").write_text("beside")
        Path("conf/a.yaml").write_text(settings(PATHS["text"], "${file:stage}"))
        result = load([f"yaml:{PIPELINES}", "conf/a.yaml"], environ={})
        assert value(result, "text") == "beside"

    def test_what_stands_in_a_file_is_not_taken_for_a_reference(self) -> None:
        Path("password").write_text("pa$$w${or}d ${")
        assert value(loaded("text", "${file:password}", {}), "text") == "pa$$w${or}d ${"

    def test_a_file_may_name_another(self) -> None:
        Path("one").write_text("1-${file:two}-${env:X}")
        Path("two").write_text("2")
        assert value(loaded("text", "${file:one}", {"X": "x"}), "text") == "1-2-x"

    def test_a_cycle_is_refused(self) -> None:
        Path("one").write_text("${file:two}")
        Path("two").write_text("${file:one}")
        assert said(loaded("text", "${file:one}", {})) == ["E304 processors.enrich.environment: one refers to itself"]

    @pytest.mark.parametrize(
        ("content", "reason"),
        [(None, "no such file"), (b"\xff", "not UTF-8 text"), (b"x" * (1024 * 1024 + 1), "larger than 1 MiB")],
    )
    def test_what_cannot_be_read(self, content: bytes | None, reason: str) -> None:
        if content is not None:
            Path("f").write_bytes(content)
        assert said(loaded("text", "${file:f}", {})) == [f"E303 processors.enrich.environment: cannot read f: {reason}"]

    def test_a_directory_is_no_file(self) -> None:
        assert said(loaded("text", "${file:.}", {})) == ["E303 processors.enrich.environment: cannot read .: is a directory"]
