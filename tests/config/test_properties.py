"""Whatever stands in a file, the loader answers with messages: it never raises, and it tells no secret."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from config.load import load
from config.nearest import edits, nearest
from config.render import render_github, render_json, render_text
from config.template import TooDeep, Unclosed, parse

PLANTED = "hunter2-" + "hunter2"
BASE = f"""receivers:
  otlp:
    protocols: {{http: {{endpoint: "127.0.0.1:4318", auth: {{basic: {{username: me, password: {PLANTED}}}}}}}, grpc: }}
  json_logs: {{paths: [/logs], endpoint: 127.0.0.1:4319}}
processors:
  redact:
    detectors: [email]
    action: {{type: keep_last, n: 2}}
    patterns: [{{id: ord, regex: "ORD-[0-9]+"}}]
  sample: {{probability: 25%, per: [{{where: 'name == "x"', probability: 1}}]}}
connectors:
  count:
    logs: {{a.b: {{where: severity_number >= ERROR, attributes: [x]}}}}
exporters:
  otlp_http/dd:
    endpoint: https://otlp.example.com
    headers: {{dd-api-key: "${{env:DD_KEY:-x}}"}}
    sending_queue: {{max_bytes: 256MiB, batch: {{flush_timeout: 1s}}}}
    auth:
      bearer:
        token: {PLANTED}
  debug:
service:
  telemetry: {{logs: {{level: info}}}}
  pipelines:
    logs: {{receivers: [otlp, json_logs], processors: [redact, sample], exporters: [otlp_http/dd, count]}}
    metrics: {{receivers: [count], processors: [redact], exporters: [debug]}}
"""
LINES = BASE.splitlines(keepends=True)
SNIPPETS = st.sampled_from(
    [
        *(
            "",
            " ",
            "\t",
            ":",
            ": ",
            "- ",
            "[",
            "]",
            "{",
            "}",
            "&a ",
            "*a ",
            "${env:X}",
            "${",
            "$$",
            "!!int ",
            "null",
            "~",
            "0123",
        ),
        *(
            '"',
            "'",
            "|\n",
            "#",
            ",",
            "\n",
            "\x00",
            "é",
            "\u2028",
            "99999999999",
            "-1",
            "25%",
            "<<: ",
            "x",
            "true",
            "[]",
            "{}",
            "+",
        ),
    ]
)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    text = BASE
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        match draw(st.sampled_from(["insert", "replace", "cut", "swap"])):
            case "insert":
                text = text[:at] + draw(SNIPPETS) + text[at:]
            case "replace":
                text = text[:at] + draw(SNIPPETS) + text[at + draw(st.integers(1, 12)) :]
            case "cut":
                text = text[:at] + text[at + draw(st.integers(1, 60)) :]
            case "swap":
                lines = text.splitlines(keepends=True) or [""]
                one, other = draw(st.integers(0, len(lines) - 1)), draw(st.integers(0, len(lines) - 1))
                lines[one], lines[other] = lines[other], lines[one]
                text = "".join(lines)
    return text


def check(text: str) -> str:
    loaded = load([f"yaml:{text}"], environ={"X": "from the environment"})
    errors = [message for message in loaded.messages if message.severity == "error"]
    assert (loaded.spec is None) == bool(errors)
    for message in loaded.messages:
        assert message.line is None or message.line >= 1
        assert message.excerpt is None or message.excerpt.width >= 1
    render_json(loaded.messages)
    render_github(loaded.messages)
    return render_text(loaded.messages)


def test_the_base_is_valid() -> None:
    assert load([f"yaml:{BASE}"], environ={}).spec


@settings(max_examples=300, deadline=None)
@given(mutated())
def test_a_damaged_file_gives_messages(text: str) -> None:
    check(text)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80))
@example("a: &a {b: *a}")
@example("receivers: {? : }")
@example("service: {pipelines: {logs: {receivers: [[otlp]]}}}")
def test_any_text_gives_messages(text: str) -> None:
    check(text)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(LINES) - 1), st.sampled_from(["oops: 1", "? [x]", "x: [", "\tx: 1", "- y", "'"]), st.integers(0, 10))
def test_an_added_line_never_brings_a_planted_secret_to_light(number: int, line: str, indent: int) -> None:
    lines = [*LINES[:number], " " * indent + line + "\n", *LINES[number:]]
    assert PLANTED not in check("".join(lines))


@given(st.text(max_size=12), st.text(max_size=12))
def test_edits_is_a_distance(one: str, other: str) -> None:
    assert edits(one, other) == edits(other, one)
    assert (edits(one, other) == 0) == (one == other)
    assert abs(len(one) - len(other)) <= edits(one, other) <= max(len(one), len(other))


def test_nearest_takes_the_best_then_the_first_of_the_alphabet() -> None:
    assert nearest("detectorz", ["detectors", "detector"]) == "detector"
    assert nearest("tagg", ["tag", "tags"]) == "tag"
    assert nearest("tg", ["tag", "to"]) == "tag"
    assert nearest("abcd", ["ab"]) is None
    assert nearest("recieve", ["receive"]) == "receive"


@given(st.text(alphabet="${}:-?AB a", max_size=30))
def test_templates_are_read_or_refused(text: str) -> None:
    try:
        parts = parse(text)
    except (Unclosed, TooDeep):
        return
    if "$" not in text:
        assert "".join(map(str, parts)) == text
