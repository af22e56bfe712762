"""What the loader finds beyond the goldens: the graph, ports, secrets, and the form of the report."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from config.load import load
from config.render import render_text
from tests.config.checking import PIPELINES, alone, codes, over, said
from tests.third_party import install


def test_ten_faults_are_ten_messages() -> None:
    result = alone("""
        recievers:
        receivers:
          otlp: {protocols: {http: {endpoint: nowhere}}}
        processors:
          redact: {actoin: tag}
          sample: {probability: 2000%}
          nothing/like_it:
        exporters:
          debug: {verbosity: 3, sampling_initial: many}
          otlp_http: {timeout: 5}
        service:
          pipelines:
            logs: {receivers: [otlp], processors: [redact], exporters: [debug, gone]}
          limits: {shutdown_timeout: soon}
        """)
    assert codes(result) == ["E010", "E111", "E101", "E104", "E011", "E102", "E102", "E103", "E107", "E203", "E107"]
    assert render_text(result.messages).endswith("\n\n11 errors")
    assert result.spec is None


def test_nothing_is_reported_twice_over() -> None:
    assert codes(over("receivers: {otlp: {nonsense: 1}}")) == ["E101"]
    assert codes(over("receivers: [otlp]")) == ["E102"]
    assert codes(over("service: {pipelines: {logs: {receivers: {}}}}")) == ["E102"]


class TestGraph:
    def test_cycle(self) -> None:
        result = over("""
            connectors: {count: , count/b: }
            service:
              pipelines:
                metrics: {receivers: [count], processors: [redact], exporters: [count/b]}
                metrics/b: {receivers: [count/b], processors: [redact], exporters: [count]}
            """)
        assert said(result) == [
            "E206 service.pipelines.metrics/b.exporters[0]: pipelines form a cycle: metrics -> metrics/b -> metrics"
        ]

    def test_connector_with_one_end(self) -> None:
        text = "connectors: {count: }\nservice: {pipelines: {metrics: {receivers: [%s], exporters: [%s], processors: [redact]}}}"
        label = "(it leads from one pipeline to another)"
        assert said(over(text % ("count", "debug")), "E207") == [
            f"E207 service.pipelines.metrics.receivers[0]: connector `count` is not an exporter of any pipeline {label}"
        ]
        assert said(over(text % ("otlp", "count")), "E207") == [
            f"E207 service.pipelines.metrics.exporters[0]: connector `count` is not a receiver of any pipeline {label}"
        ]

    def test_connector_produces_what_it_says(self) -> None:
        result = over("""
            connectors: {count: }
            service:
              pipelines:
                logs: {exporters: [count]}
                traces: {receivers: [count], processors: [redact], exporters: [debug]}
            """)
        assert said(result) == [
            "E205 service.pipelines.traces.receivers[0]: connector `count` does not produce traces (produces metrics)"
        ]

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "service:\n",
            "service: {}\n",
            "service: {pipelines: }\n",
            "service: {pipelines: {}}\n",
            "service: {extensions: []}\n",
        ],
    )
    def test_no_pipeline(self, text: str) -> None:
        assert said(alone("receivers: {otlp: }\n" + text)) == ["E208 service.pipelines: there is no pipeline"]

    @pytest.mark.parametrize(
        ("id", "message"),
        [
            ("logz", "E209 service.pipelines.logz: unknown signal `logz` (did you mean `logs`?)"),
            ("logs/", "E012 service.pipelines: bad pipeline id `logs/` (nothing after the `/`)"),
            (
                "logs/a b",
                "E012 service.pipelines: bad pipeline id `logs/a b` (a name has no spaces, control characters or symbols)",
            ),
        ],
    )
    def test_pipeline_ids(self, id: str, message: str) -> None:
        result = over(f"service: {{pipelines: {{{id}: {{receivers: [otlp], processors: [redact], exporters: [debug]}}}}}}")
        assert said(result) == [message]

    def test_exporter_and_connector_of_one_id(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        install(tmp_path, monkeypatch)
        result = over("""
            connectors:
              acme/x:
            exporters:
              acme/x:
            """)
        assert said(result, "E014") == ["E014 exporters.acme/x: `acme/x` is an exporter and a connector (connector at 3:3)"]

    def test_unlisted_extension(self) -> None:
        assert said(over("extensions: {health: }")) == ["W101 extensions.health: defined but not listed in service.extensions"]
        assert said(over("service: {extensions: [health]}")) == ["E203 service.extensions[0]: extension `health` is not defined"]

    def test_an_alias_names_the_canonical_component(self) -> None:
        result = over(
            "extensions: {health_check: }\nservice: {extensions: [health_check]}", "service.pipelines.logs.exporters=[logging]"
        )
        assert result.spec
        assert result.spec.service.extensions == ("health",)
        assert result.spec.pipelines[0].exporters == ("debug",)

    def test_one_id_may_stand_for_a_list(self) -> None:
        result = over("version: 1", "service.pipelines.logs.receivers=otlp")
        assert result.spec
        assert result.spec.pipelines[0].receivers == ("otlp",)


class TestRanges:
    @pytest.mark.parametrize(
        "setting",
        [
            "service.limits.memory=0",
            "service.limits.inflight=0",
            "exporters.otlp_http.timeout=0",
            "exporters.otlp_http.max_request_size=0",
            "connectors.count.interval=0",
        ],
    )
    def test_what_nothing_can_work_with(self, setting: str) -> None:
        result = over("""
            exporters: {otlp_http: {endpoint: https://example.com}}
            connectors: {count: }
            service:
              pipelines:
                logs: {exporters: [otlp_http, count]}
                metrics: {receivers: [count], exporters: [otlp_http]}
            """, setting)  # fmt: skip
        assert said(result, "E104") == [f"E104 {setting.removesuffix('=0')}: 0 is out of range (more than 0)"]

    def test_no_limit_of_items_is_one_and_less_than_none_is_not(self) -> None:
        path = "exporters.otlp_http.sending_queue.batch.max_items"
        text = """
            exporters: {otlp_http: {endpoint: https://example.com}}
            service: {pipelines: {logs: {exporters: [otlp_http]}}}
            """
        assert said(over(text, f"{path}=0"), "E104") == []
        assert said(over(text, f"{path}=-1"), "E104") == [f"E104 {path}: -1 is out of range (at least 0)"]


class TestRedaction:
    def test_a_pipeline_that_exports_without_it(self) -> None:
        result = over("service: {pipelines: {traces: {receivers: [otlp], exporters: [debug]}}}")
        assert said(result) == ["W104 service.pipelines.traces: exports without a `redact` processor"]

    def test_what_a_redacted_pipeline_feeds_is_clean(self) -> None:
        text = """
            connectors: {count: }
            service:
              pipelines:
                logs: {exporters: [count]}
                metrics: {receivers: [%s], exporters: [debug]}
            """
        assert said(over(text % "count"), "W104") == []
        assert len(said(over(text % "count, otlp"), "W104")) == 1

    def test_sampling_before_it(self) -> None:
        result = over("processors: {sample: {probability: 1%}}\nservice: {pipelines: {logs: {processors: [sample, redact]}}}")
        assert said(result) == ["W106 service.pipelines.logs.processors[0]: `sample` stands before `redact` (put it behind)"]


class TestPorts:
    TEXT = """
        receivers:
          json_logs/a: {endpoint: %s, paths: [%s]}
          json_logs/b: {endpoint: 127.0.0.1:4319, paths: [/b], %s}
        service:
          pipelines:
            logs: {receivers+: [json_logs/a, json_logs/b]}
        """

    @pytest.mark.parametrize(
        ("endpoint", "path", "more", "why"),
        [
            ("127.0.0.1:4319", "/b", "", "both serve /b"),
            ("localhost:4319", "/a, /b", "", "both serve /b"),
            ("127.0.0.1:4319", "/a", "auth: {bearer: {token: '${env:T}'}}", "their auth settings differ"),
            ("127.0.0.1:4319", "/a", "tls: {cert_file: a, key_file: b}", "their TLS settings differ"),
            ("0.0.0.0:4319", "/a", "", "one of them listens on every address"),
            ("127.0.0.1:4319", "/a", "", None),
            ("127.0.0.2:4319", "/b", "", None),
            ("127.0.0.1:0", "/b", "endpoint: 127.0.0.1:0", None),
        ],
    )
    def test_two_listeners(self, endpoint: str, path: str, more: str, why: str | None) -> None:
        text = self.TEXT % (endpoint, path, more)
        if "endpoint" in more:
            text = text.replace("endpoint: 127.0.0.1:4319, ", "")
        taken = f"E210 receivers.json_logs/b.endpoint: address 127.0.0.1:4319 is taken by receiver `json_logs/a` ({why})"
        assert said(over(text, environ={"T": "x"}), "E210") == ([taken] if why else [])

    def test_the_metrics_of_sluice_itself(self) -> None:
        result = over("receivers: {otlp: {protocols: {grpc: {endpoint: '127.0.0.1:8888'}}}}")
        (message,) = result.messages
        assert message.message == "address 127.0.0.1:8888 is taken by service.telemetry.metrics"
        assert (message.code, message.label) == ("E210", "gRPC needs an address of its own")


class TestSecrets:
    TOKEN = "correct-horse-" + "battery"

    @pytest.fixture(autouse=True)
    def _in_a_directory(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        monkeypatch.chdir(tmp_path)
        return iter(())

    def text(self, auth: str, more: str = "") -> str:
        exporter = f"exporters:\n  otlp_http:\n    endpoint: https://h.example\n    auth: {{bearer: {{{auth}}}}}\n    {more}\n"
        return exporter + "service:\n  pipelines:\n    logs: {exporters+: [otlp_http]}\n"

    def test_written_into_the_file(self) -> None:
        result = over(self.text(f"token: {self.TOKEN}"))
        assert render_text(result.messages).splitlines()[:3] == [
            "<yaml 2>:4:28: warning[W102]: exporters.otlp_http.auth.bearer.token: secret is written into the configuration",
            " 4 |     auth: {bearer: {token: [REDACTED]}}",
            "   |                            ^^^^^^^^^^",
        ]

    def test_forbidden(self) -> None:
        result = over(self.text("token: short") + "  forbid_inline_secrets: true\n")
        assert codes(result) == ["E401"]
        result = over(self.text("token: '${env:T}'") + "  forbid_inline_secrets: true\n", environ={"T": self.TOKEN})
        assert result.spec

    def test_no_excerpt_shows_one(self) -> None:
        faults = ["", "colour: red", f"headers: {{x-api-key: {self.TOKEN}, : }}", f"api_kee: {self.TOKEN}"]
        for more in faults:
            for auth in (
                f"token: {self.TOKEN}, colour: red",
                f"tokne: {self.TOKEN}",
                f"token: [{self.TOKEN}]",
                f"token: {{a: {self.TOKEN}}}",
            ):
                assert self.TOKEN not in render_text(over(self.text(auth, more)).messages).replace(f"api_kee: {self.TOKEN}", "")

    def test_the_value_of_a_variable_is_never_shown(self) -> None:
        result = over("processors:\n  sample:\n    probability: ${env:P}\n", environ={"P": self.TOKEN})
        assert self.TOKEN not in render_text(result.messages)

    def test_in_a_file(self) -> None:
        Path("token").write_text(self.TOKEN + "\n")
        Path("token").chmod(0o640)
        result = over(self.text("token_file: token"))
        assert result.spec
        assert result.messages == []
        assert result.spec.components["exporter", "otlp_http"].config.auth.bearer.token.reveal() == self.TOKEN
        assert self.TOKEN not in repr(result.spec)

    @pytest.mark.parametrize(
        ("content", "mode", "message"),
        [
            (None, 0, "E402 exporters.otlp_http.auth.bearer.token_file: cannot read token: no such file"),
            ("\n", 0o600, "E402 exporters.otlp_http.auth.bearer.token_file: token is empty"),
            ("x", 0o644, "W103 exporters.otlp_http.auth.bearer.token_file: token is open to others: mode 0644"),
        ],
    )
    def test_what_may_be_wrong_with_the_file(self, content: str | None, mode: int, message: str) -> None:
        if content is not None:
            Path("token").write_text(content)
            Path("token").chmod(mode)
        assert said(over(self.text("token_file: token"))) == [message]

    def test_a_required_one_that_is_missing(self) -> None:
        assert said(over(self.text(""))) == ["E103 exporters.otlp_http.auth.bearer: missing required field `token`"]


class TestCredentials:
    TEXT = """
        exporters:
          datadog: {%s}
        service:
          pipelines:
            logs: {exporters+: [datadog]}
        """

    @pytest.mark.parametrize("settings", ["", "api_key: ''", "api_key: '${env:NONE:-}'", "without_credentials: error"])
    def test_needed(self, settings: str) -> None:
        assert said(over(self.TEXT % settings)) == ["E103 exporters.datadog: missing required field `api_key`"]

    def test_from_the_environment(self) -> None:
        result = over(self.TEXT % "", environ={"DD_API_KEY": "k" * 32, "DD_SITE": "datadoghq.eu"})
        assert result.spec, said(result)
        assert result.spec.components["exporter", "datadog"].config.api_key.reveal() == "k" * 32
        assert set(result.used_variables) == {"DD_API_KEY", "DD_SITE"}

    def test_explicit_fields_win(self) -> None:
        result = over(self.TEXT % "api_key: '${env:MINE}'", environ={"DD_API_KEY": "theirs" * 6, "MINE": "m" * 32})
        assert result.spec, said(result)
        assert result.spec.components["exporter", "datadog"].config.api_key.reveal() == "m" * 32
        assert result.used_variables == ("MINE",)

    def test_intake_instead(self) -> None:
        text = self.TEXT % "without_credentials: intake"
        assert said(over(text), "E203") == [
            "E203 exporters.datadog.without_credentials: no `intake` extension is running (list one in service.extensions)"
        ]
        assert over(text + "  extensions: [intake]\n        extensions: {intake: }\n").spec


def test_a_variable_fills_a_setting_of_the_service_at_any_depth() -> None:
    for text in ("version: 1", "service: {telemetry: {logs: {format: text}}}", "service: {telemetry: }"):
        result = over(text, environ={"SLUICE_LOG_LEVEL": "debug", "SLUICE_JOURNAL_DIR": "/j"})
        assert result.spec
        assert (result.spec.service.telemetry.logs.level, result.spec.service.journal.dir) == ("debug", "/j")
    (message,) = over("version: 1", environ={"SLUICE_LOG_LEVEL": "loud"}).messages
    assert (message.code, message.label) == ("E105", "value of SLUICE_LOG_LEVEL (4 characters)")


def test_plain_text_is_a_matter_of_the_address() -> None:
    text = """
        exporters: {otlp_http: {endpoint: http://127.0.0.1:4318, tls: {insecure: true, min_version: "1.3"}}}
        service: {pipelines: {logs: {exporters: [otlp_http]}}}
        """
    result = over(text)
    assert said(result, "I001") == ["I001 exporters.otlp_http.tls.insecure: not needed (the scheme of the address decides)"]
    assert result.spec
    assert result.spec.components["exporter", "otlp_http"].config.tls.min_version == "1.3"


def test_what_takes_no_telemetry_has_no_settings_for_it() -> None:
    result = over("""
        exporters: {prometheus: {max_request_body_size: 1MiB}}
        extensions: {health: {cors: {allowed_origins: ["*"]}}, intake: {max_request_body_size: 1MiB}}
        service: {extensions: [health, intake], pipelines: {metrics: {receivers: [otlp], exporters: [prometheus]}}}
        """)
    assert [(message.code, message.path) for message in result.messages if message.code.startswith("E")] == [
        ("E101", "exporters.prometheus.max_request_body_size"),
        ("E101", "extensions.health.cors"),
        ("E101", "extensions.intake.max_request_body_size"),
    ]


def test_version() -> None:
    assert over("version: 1").spec
    assert said(over("version: 2")) == ["E104 version: version 2 is not supported (this release reads 1)"]


def test_the_section_of_tests_is_left_alone() -> None:
    assert over("tests: [{name: '${not a reference', anything: goes}]").messages == []


def test_hash_is_of_meaning_not_of_spelling() -> None:
    one = alone(PIPELINES)
    other = alone(PIPELINES.replace("debug:", "logging: {verbosity: basic}").replace("[debug]", "[logging]"))
    changed = over("exporters: {debug: {verbosity: normal}}")
    assert one.spec
    assert other.spec
    assert changed.spec
    assert one.spec.hash == other.spec.hash != changed.spec.hash


def test_collector_file(tmp_path: Path) -> None:
    """A file as the Collector's documentation shows them."""
    file = tmp_path / "otelcol.yaml"
    file.write_text("""
receivers:
  otlp:
    protocols:
      grpc:
      http:
processors:
  memory_limiter: {check_interval: 1s, limit_mib: 400}
  batch: {timeout: 1s, send_batch_size: 100, send_batch_max_size: 500}
  redaction: {allow_all_keys: true, blocked_values: ["4111[0-9]{12}"], summary: debug}
  probabilistic_sampler: {sampling_percentage: 15.3}
exporters:
  otlphttp:
    endpoint: https://example.com:4318
    sending_queue: {enabled: true, queue_size: 1048576, sizer: bytes, block_on_overflow: true, batch: {max_size: 9, sizer: items}}
  otlphttp/b:
    endpoint: https://example.com:4319
    sending_queue: {queue_size: 1000}
  logging: {verbosity: detailed}
extensions:
  health_check:
service:
  extensions: [health_check]
  pipelines:
    traces:
      receivers: [otlp]
      processors: [memory_limiter, redaction, probabilistic_sampler, batch]
      exporters: [otlphttp, otlphttp/b, logging]
""")
    result = load([str(file)], environ={})
    assert result.spec, said(result)
    components, service = result.spec.components, result.spec.service
    queue, other = (components["exporter", name].config.sending_queue for name in ("otlp_http", "otlp_http/b"))
    assert result.spec.pipelines[0].processors == ("redact", "sample")
    assert components["processor", "sample"].config.probability == pytest.approx(0.153)
    assert [pattern.regex for pattern in components["processor", "redact"].config.patterns] == ["4111[0-9]{12}"]
    assert (queue.max_bytes, queue.on_full, queue.batch.max_items, queue.batch.flush_timeout) == (1048576, "block", 9, 1.0)
    assert (other.max_bytes, other.batch.max_items) == (None, 500)
    assert service.limits.memory == 400 * 1024**2
    assert {message.code for message in result.messages} == {"I001", "W110"}
