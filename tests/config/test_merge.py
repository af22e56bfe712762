"""Several sources, includes and `--set` (config contract §3)."""

from pathlib import Path
from typing import Any

import pytest

from config.load import Loaded, load
from config.render import render_text
from tests.config.checking import PIPELINES, alone, codes, over, said


@pytest.fixture(autouse=True)
def _in_a_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("base.yaml").write_text(PIPELINES)


def debug(result: Loaded) -> Any:
    assert result.spec, said(result)
    return result.spec.components["exporter", "debug"].config


def test_maps_are_merged_deep_and_the_later_scalar_counts() -> None:
    result = over("exporters: {debug: {sampling_initial: 1, verbosity: normal}}", "exporters.debug.sampling_initial=3")
    assert (debug(result).sampling_initial, debug(result).verbosity) == (3, "normal")


def test_lists_are_replaced_or_appended_to() -> None:
    text = "processors: {filter: {drop: ['name == \"a\"']}, filter/b: {drop: ['name == \"b\"']}}\n"
    replaced = over(text + "service: {pipelines: {logs: {processors: [filter, filter/b]}}}")
    appended = over(text + "service: {pipelines: {logs: {processors+: [filter]}}}")
    assert replaced.spec
    assert appended.spec
    assert replaced.spec.pipelines[0].processors == ("filter", "filter/b")
    assert appended.spec.pipelines[0].processors == ("redact", "filter")


def test_appending_to_nothing_makes_the_list_and_to_a_scalar_is_an_error() -> None:
    assert over("processors: {redact: {patterns+: [{id: abc, regex: x}]}}").spec
    assert said(over("processors: {redact: {action: tag, action+: [x]}}")) == [
        "E102 processors.redact.action: `action+` appends to a list, and `action` is none"
    ]


def test_a_later_null_resets_a_key_and_defines_a_new_one() -> None:
    result = load(
        [
            f"yaml:{PIPELINES}",
            "yaml:exporters: {debug: {verbosity: normal}}",
            "yaml:exporters: {debug: {verbosity: }, debug/b: }",
        ],
        environ={},
    )
    assert debug(result).verbosity == "basic"
    assert said(result) == ["W101 exporters.debug/b: defined but not used by any pipeline"]


def test_an_error_names_the_file_that_set_the_value() -> None:
    Path("site.yaml").write_text("# of this site\nexporters:\n  debug:\n    verbosity: loud\n")
    assert render_text(load(["base.yaml", "site.yaml"], environ={}).messages) == (
        "site.yaml:4:16: error[E105]: exporters.debug.verbosity: expected one of basic, normal, detailed\n"
        " 4 |     verbosity: loud\n"
        "   |                ^^^^\n"
        "\n"
        "1 error"
    )


def test_a_missing_field_is_reported_where_the_component_was_first_defined() -> None:
    Path("site.yaml").write_text("exporters:\n  otlp_http:\n    timeout: 1s\n")
    Path("more.yaml").write_text("exporters:\n  otlp_http:\n    compression: none\n")
    messages = load(["base.yaml", "site.yaml", "more.yaml"], environ={}).messages
    assert ("site.yaml", 2, "E103") in [(message.file, message.line, message.code) for message in messages]


def test_overridden_values_are_listed_as_infos() -> None:
    Path("a.yaml").write_text("exporters:\n  debug: {verbosity: normal}\n")
    Path("b.yaml").write_text("exporters:\n  debug: {verbosity: detailed}\n")
    assert said(load(["base.yaml", "a.yaml", "b.yaml"], environ={})) == [
        "I002 exporters.debug.verbosity: overrides an earlier value (of a.yaml:2:22)"
    ]


def test_a_directory_is_its_yaml_files_by_name() -> None:
    Path("conf").mkdir()
    for name, verbosity in (("20-b.yaml", "detailed"), ("10-a.yaml", "normal"), ("99.yml", "basic")):
        (Path("conf") / name).write_text(f"exporters: {{debug: {{verbosity: {verbosity}}}}}")
    assert debug(load(["base.yaml", "conf"], environ={})).verbosity == "detailed"


def test_a_directory_without_yaml_is_an_error() -> None:
    Path("conf").mkdir()
    assert said(load(["base.yaml", "conf"], environ={})) == ["E004 : no *.yaml file in this directory"]


def test_a_variable_may_hold_a_source() -> None:
    result = load(["base.yaml", "env:MORE"], environ={"MORE": "exporters: {debug: {verbosity: loud}}"})
    assert [(message.file, message.line, message.code) for message in result.messages] == [("env:MORE", 1, "E105")]
    assert said(load(["base.yaml", "env:MORE"], environ={})) == ["E301 : the environment variable is not set"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "E003 : the file is empty"),
        (b"# nothing\n---\n", "E003 : the file is empty"),
        (b"~", "E003 : the file is empty"),
        (b"- a\n", "E102 : expected a map of sections, got a list"),
        (b"text\n", "E102 : expected a map of sections, got text"),
        (b"a: \xff\n", "E001 : YAML: not UTF-8 text"),
        (b"#" * (4 * 1024 * 1024 + 1), "E001 : YAML: larger than 4 MiB"),
    ],
)
def test_files_that_hold_no_configuration(content: bytes, message: str) -> None:
    Path("other.yaml").write_bytes(content)
    assert said(load(["base.yaml", "other.yaml"], environ={})) == [message]


class TestIncludes:
    def test_the_file_that_includes_has_the_last_word(self) -> None:
        Path("parts").mkdir()
        Path("parts/a.yaml").write_text("include: b.yaml\nexporters: {debug: {verbosity: normal}}")
        Path("parts/b.yaml").write_text("exporters: {debug: {verbosity: detailed, sampling_initial: 7}}")
        Path("top.yaml").write_text("include: [base.yaml, parts/a.yaml]\n")
        result = load(["top.yaml"], environ={})
        assert (debug(result).verbosity, debug(result).sampling_initial) == ("normal", 7)

    def test_a_cycle_is_an_error_at_the_include(self) -> None:
        Path("a.yaml").write_text("include: [b.yaml]\n" + PIPELINES)
        Path("b.yaml").write_text("include: [a.yaml]\nversion: 1\n")
        messages = load(["a.yaml"], environ={}).messages
        assert [(m.file, m.line, m.col, m.code, m.path, m.message) for m in messages] == [
            ("b.yaml", 1, 11, "E304", "include[0]", "a.yaml includes itself")
        ]

    def test_a_missing_file_is_an_error_at_the_include(self) -> None:
        Path("a.yaml").write_text("include: [nope.yaml, {}]\n" + PIPELINES)
        assert said(load(["a.yaml"], environ={})) == [
            "E004 include[0]: cannot read nope.yaml: no such file",
            "E102 include[1]: expected a path",
        ]


class TestSet:
    @pytest.mark.parametrize(
        ("setting", "field", "expected"),
        [
            ("exporters.debug.verbosity=detailed", "verbosity", "detailed"),
            ("exporters.logging.verbosity=detailed", "verbosity", "detailed"),
            ('"exporters"."debug".verbosity="detailed"', "verbosity", "detailed"),
            ("exporters.debug={verbosity: normal}", "verbosity", "normal"),
            ("exporters.debug.verbosity=", "verbosity", "basic"),
            ("exporters.debug.sampling_initial=0x10", "sampling_initial", 16),
        ],
    )
    def test_value_is_put_last(self, setting: str, field: str, expected: Any) -> None:
        assert getattr(debug(over("exporters: {debug: {verbosity: basic}}", setting)), field) == expected

    def test_the_last_of_two_counts(self) -> None:
        assert (
            debug(over("version: 1", "exporters.debug.sampling_initial=1", "exporters.debug.sampling_initial=2")).sampling_initial
            == 2
        )

    def test_values_are_expanded_like_those_of_files(self) -> None:
        result = over("version: 1", "exporters.debug.verbosity=${env:V}", environ={"V": "normal"})
        assert debug(result).verbosity == "normal"

    def test_list_items_and_ids_with_a_slash(self) -> None:
        result = over(
            "exporters: {debug/b: }", "service.pipelines.logs.exporters[0]=debug/b", "exporters.debug/b.verbosity=normal"
        )
        assert result.spec
        assert result.spec.components["exporter", "debug/b"].config.verbosity == "normal"

    def test_keys_with_dots_are_quoted(self) -> None:
        result = over("service: {pipelines: {logs: {processors+: [enrich]}}}", 'processors.enrich.resource."cloud.region"=eu')
        assert result.spec
        assert dict(result.spec.components["processor", "enrich"].config.resource) == {"cloud.region": "eu"}

    @pytest.mark.parametrize(
        ("setting", "message"),
        [
            ("exporters.debug", "missing `=`"),
            ("=x", "bad path before the `=`"),
            ("a..b=x", "bad path before the `=`"),
            ('a."b=x', "bad path before the `=`"),
            ("exporters.debug.verbosity=[a", "the value is no YAML: list is not closed"),
            ("service.pipelines.logs.exporters[3]=x", "there is no item [3]: the list has 1"),
            ("exporters.debug[0]=x", "there is no list for [0]"),
        ],
    )
    def test_bad_arguments(self, setting: str, message: str) -> None:
        result = over("version: 1", setting)
        assert render_text(result.messages) == f"--set {setting}: error[E501]: {message}\n\n1 error"

    def test_faults_of_the_value_point_at_the_argument(self) -> None:
        result = over("version: 1", "exporters.debug.verbosity=loud")
        assert [message.file for message in result.messages] == ["--set exporters.debug.verbosity=loud"]
        assert said(result) == ["E105 exporters.debug.verbosity: expected one of basic, normal, detailed"]

    def test_a_secret_on_the_command_line_is_not_repeated(self) -> None:
        text = "exporters: {otlp_http: {endpoint: 'https://h.example'}}\nservice: {pipelines: {logs: {exporters+: [otlp_http]}}}"
        result = over(text, "exporters.otlp_http.auth.bearer.token=" + "abcdefgh" + "ijkl")
        assert [(message.file, message.code) for message in result.messages] == [
            ("--set exporters.otlp_http.auth.bearer.token=[REDACTED]", "W102")
        ]

    def test_duplicates_inside_of_one_argument_are_found(self) -> None:
        assert codes(over("version: 1", "service.pipelines.logs.exporters=[debug, debug]")) == ["E204"]
        assert codes(over("version: 1", "exporters.debug={verbosity: basic, verbosity: normal}")) == ["E501"]


def test_an_alias_and_its_canonical_id_in_one_file_are_a_duplicate() -> None:
    assert said(alone(PIPELINES + "  extensions: []\nextensions:\n  health:\n  health_check:\n"), "E002") == [
        "E002 extensions: duplicate key `health_check` (the same as `health` at 13:3)"
    ]


def test_an_alias_in_another_file_is_merged() -> None:
    assert debug(over("exporters: {logging: {verbosity: normal}}")).verbosity == "normal"
