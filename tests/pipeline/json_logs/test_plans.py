"""Lines that the compiled reader takes become the very records that the normaliser makes of them."""

import json
from collections.abc import Iterator
from random import Random
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pipeline.json_logs
from pipeline.json_logs.entries import Kind
from pipeline.json_logs.formats import FORMATS
from pipeline.json_logs.normalise import Normaliser, Options
from pipeline.json_logs.plans import NAMES, line_table, plan
from pipeline.net.http_server import Refusal
from pipeline.trace_ids import TraceContext
from pipeline.wire.lines import Plan
from pipeline.wire.reference.log_lines import LogLines as Reference
from receivers.json_logs import Config, JsonLogs
from tests.json_lines import body, line
from tests.mutants import mutated
from tests.parts.found import kernel
from tests.pipeline.json_logs.test_formats import GENERIC, GOLDENS, NOW, PINO, STRUCTLOG

KERNEL = kernel("log_lines").LogLines
KINDS: tuple[Kind | None, ...] = ("json", "lines", "text", None)
CONFIGS: tuple[dict[str, Any], ...] = (
    {},
    {"format": "pino"},
    {"format": "structlog"},
    {"format": "generic", "service_name": "fallback"},
    {"timezone": "Europe/Berlin", "max_line_size": 200},
    {"flatten": True},
    {"keep_original": True},
)


def options_of(config: Config) -> Options:
    return Options(
        format=None if config.format == "auto" else config.format,
        zone=ZoneInfo(config.timezone) if config.timezone else Options().zone,
        service_name=config.service_name,
        flatten=config.flatten,
        keep_original=config.keep_original,
    )


class Both:
    """The same receiver with the compiled reader, and without."""

    def __init__(self, **settings: Any) -> None:
        self.config = Config(**settings)
        self.options = options_of(self.config)
        self.readers = [made(line_table(self.options)) for made in (KERNEL, Reference)]

    def check(self, text: bytes, kind: Kind | None, service: str = "", context: TraceContext | None = None) -> None:
        ours, reference = (self._answer(reader, text, kind, service, context) for reader in self.readers)
        assert ours == reference

    def _answer(self, reader: Any, text: bytes, kind: Kind | None, service: str, context: TraceContext | None) -> object:
        receiver = JsonLogs(self.config)
        receiver._bodies._lines = reader
        normaliser = Normaliser(self.options, NOW, service, context)
        try:
            return receiver._normalise(text, kind, normaliser), normaliser.tally
        except Refusal as refusal:
            return refusal.status, refusal.message


BOTH = [Both(**settings) for settings in CONFIGS]


def taken(text: str | bytes, **settings: Any) -> int:
    """Return how many lines the compiled reader takes before the first that it leaves."""
    lines = KERNEL(line_table(options_of(Config(**settings)))).begin(now=NOW, most=1_000_000)
    lines.take(text if isinstance(text, bytes) else text.encode(), 0, 1_000_000)
    return int(lines.count)


@given(st.integers(0, 2**32), st.sampled_from(KINDS))
def test_the_same_of_all_bodies(seed: int, kind: Kind | None) -> None:
    random = Random(seed)
    for both in BOTH:
        both.check(body(random), kind)


@given(st.integers(0, 2**32), st.sampled_from(KINDS))
def test_the_same_of_bodies_with_faults(seed: int, kind: Kind | None) -> None:
    random = Random(seed)
    for both in BOTH[:2]:
        both.check(mutated(body(random), random), kind)


def test_the_same_of_many_lines_each_for_itself() -> None:
    random = Random(20_261_121)
    for _ in range(10_000):
        BOTH[0].check(line(random).encode(), "lines")


@given(st.integers(0, 2**32))
def test_the_same_with_what_the_request_says(seed: int) -> None:
    text = body(Random(seed))
    BOTH[0].check(text, "lines", service="of the path", context=TraceContext("a" * 32, "b" * 16, 1))
    BOTH[0].check(text, "lines", service="\udc80", context=TraceContext("a" * 32, "b" * 16, 0))


@pytest.mark.parametrize("text", [golden[1] for golden in GOLDENS])
def test_the_same_of_the_examples_in_any_order_of_members(text: str) -> None:
    random = Random(3)
    members = list(json.loads(text).items())
    for _ in range(100):
        random.shuffle(members)
        BOTH[0].check(json.dumps(dict(members)).encode(), "lines")


@pytest.mark.parametrize("more", range(-2, 3))
@pytest.mark.parametrize("odd", [b"{}", b"{", b""])
def test_the_same_at_the_limit_of_records(monkeypatch: pytest.MonkeyPatch, more: int, odd: bytes) -> None:
    monkeypatch.setattr(pipeline.json_logs, "MAX_RECORDS", 6)
    lines = [odd] + [b'{"message":"x"}'] * (6 + more)
    for kind in KINDS:
        BOTH[0].check(b"\n".join(lines), kind)
        BOTH[0].check(b"[" + b",".join(lines[1:]) + b"]", kind)


@pytest.mark.parametrize("levels", [58, 59, 60, 61, 62, 63, 64, 65, 2000])
def test_the_same_of_deep_values(levels: int) -> None:
    BOTH[0].check(b'{"message":"x","k":' + b"[" * levels + b"]" * levels + b"}", "lines")
    BOTH[0].check(b'{"message":"x","k":' + b'{"k":' * levels + b"1" + b"}" * levels + b"}", "lines")


@pytest.mark.parametrize("count", [23, 24, 25, 127, 128, 129, 1000])
def test_the_same_of_many_members(count: int) -> None:
    members = ",".join(f'"k{number}":{number}' for number in range(count))
    BOTH[0].check(f'{{"message":"x",{members}}}'.encode(), "lines")
    BOTH[0].check(f'{{"message":"x","k":{{{members}}}}}'.encode(), "lines")


def test_the_same_of_more_shapes_than_are_remembered() -> None:
    both = Both()
    for number in range(5000):
        names = [name for index, name in enumerate(NAMES[:13]) if number >> index & 1]
        both.check(json.dumps({"body": "x", **dict.fromkeys(names, 1.5)}).encode(), "lines")


def test_the_same_of_more_levels_than_are_remembered() -> None:
    for number in range(200):
        BOTH[0].check(f'{{"message":"x","level":"odd {number}"}}'.encode(), "lines")


def test_a_text_beyond_ascii_is_taken_whole_and_bad_utf8_is_not() -> None:
    good = '{"message":"grüße","k":["☃",{"ключ":"😀"}]}'.encode()
    assert taken(good) == 1
    for at in range(len(good)):
        BOTH[0].check(good[:at] + b"\xff" + good[at + 1 :], "lines")
        BOTH[0].check(good[:at] + good[at + 1 :], None)


@pytest.mark.parametrize(
    "text",
    [
        STRUCTLOG,
        GENERIC,
        '{"level":30,"time":1772600767123,"pid":4242,"hostname":"web-1","trace_flags":"01","orderId":17,"msg":"done"}',
        '{"time":1772600767,"msg":"x","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":"00f067aa0ba902b7","trace_flags":"01"}',
        '{"level":"info","ts":1772600767.123,"logger":"core","msg":"boom","k":{"a":[1,null,"x"]},"n":null}',
        '{"time":"2026-03-04T05:06:07.123456+01:00","level":"WARN","service":"shop","message":"low \\"stock\\"","trace_id":""}',
        '{"message":{"a":1},"thread":"main","lineno":7,"filename":"a.py","env":"test","version":"1.2","host":"h"}',
    ],
)
def test_usual_lines_are_taken(text: str) -> None:
    assert taken(text) == 1
    BOTH[0].check(text.encode(), "lines")


@pytest.mark.parametrize(
    "text", [PINO, '{"k":1}', '{"message":"x","message":"y"}', '{"message":"x","Time":1}', "x", '{"message":"x"} y']
)
def test_unusual_lines_are_left(text: str) -> None:
    assert taken(text) == 0


def test_what_is_left_does_not_end_the_taking() -> None:
    usual, odd = b'{"message":"x","level":"info"}', b'{"message":"x","message":"y"}'
    for text, kind in ((b"\n".join([usual, odd, usual]), "lines"), (b"[" + b",".join([usual, odd, usual]) + b"]", "json")):
        receiver = JsonLogs(Config())
        normaliser = Normaliser(Options(), NOW)
        _, accepted, bad = receiver._normalise(text, kind, normaliser)  # type: ignore[arg-type]
        assert (accepted, bad, normaliser.tally.duplicates) == (3, [], 1)


def test_recognising_a_format_looks_at_known_names_alone() -> None:
    class Asked(dict[str, Any]):
        names: ClassVar[set[str]] = set()

        def get(self, name: str, default: Any = None) -> Any:
            self.names.add(name)
            return super().get(name, default)

        def __contains__(self, name: object) -> bool:
            self.names.add(str(name))
            return super().__contains__(name)

    values: Iterator[Any] = (random.choice((None, 1, 1.5, "x", [], {})) for random in [Random(1)] for _ in iter(int, 1))
    for _ in range(2000):
        members = Asked({name: value for name, value in zip(NAMES, values, strict=False) if value is not None})
        for each in FORMATS:
            each.detect(members)
    assert Asked.names <= set(NAMES)


def test_a_plan_says_where_members_go() -> None:
    found = plan(Options(), (("message", "text"), ("level", "text"), ("pid", "digits"), ("trace_id", "empty")))
    assert isinstance(found, Plan)
    assert (found.format, found.body, found.level, found.bad_ids) == ("generic", "message", "level", 1)
    assert [(each.attribute, each.member, each.integer) for each in found.resource] == [("process.pid", "pid", True)]
    assert found.severity is not None
    assert found.severity("CRIT") == (18, "CRIT")
