"""What users set up beyond the defaults, by both implementations (redaction contract §5, §6, §8, §9)."""

import time
from typing import Any

import pytest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, LogsData
from opentelemetry.proto.metrics.v1.metrics_pb2 import MetricsData
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from pipeline.types import Signal
from pipeline.wire import Malformed
from pipeline.wire.rules import Hits
from processors.redact import Allow, AllowedPattern, AllowedValue, Config, Keys, Near, Pattern, Scope, compile_rules
from tests.differential import both

IMPLEMENTATIONS = both("redact", "Redactor")
EMAIL = "jo@example.com"
CARD = "4000" + "000000000010"


@pytest.fixture(params=IMPLEMENTATIONS, ids=("kernel", "reference"))
def implementation(request: pytest.FixtureRequest) -> Any:
    return request.param


class Redaction:
    """Redacts by some settings, twice: the second time changes nothing."""

    def __init__(self, implementation: Any, **settings: Any) -> None:
        self._redactor = implementation(compile_rules(Config(**settings)))
        self.hits = Hits()

    def bytes(self, payload: bytes, signal: Signal) -> bytes:
        redacted, self.hits = self._redactor.redact(payload, signal)
        assert self._redactor.redact(redacted, signal)[0] is redacted
        return bytes(redacted)

    def record(self, body: Any = None, **attributes: Any) -> LogRecord:
        data = LogsData()
        record = data.resource_logs.add().scope_logs.add().log_records.add()
        if body is not None:
            record.body.CopyFrom(value(body))
        record.attributes.extend(attribute(key, each) for key, each in attributes.items())
        return LogsData.FromString(self.bytes(data.SerializeToString(), "logs")).resource_logs[0].scope_logs[0].log_records[0]

    def text(self, body: str) -> str:
        return str(self.record(body).body.string_value)

    def kept(self, **attributes: Any) -> list[str]:
        """Return the names of the attributes that are as they were."""
        record = self.record(**attributes)
        return [each.key for each in record.attributes if each.value == value(attributes.get(each.key, ""))]


def value(of: Any) -> AnyValue:
    match of:
        case bool():
            return AnyValue(bool_value=of)
        case int():
            return AnyValue(int_value=of)
        case bytes():
            return AnyValue(bytes_value=of)
        case list():
            return AnyValue(array_value=ArrayValue(values=map(value, of)))
        case dict():
            return AnyValue(kvlist_value=KeyValueList(values=[attribute(*each) for each in of.items()]))
        case _:
            return AnyValue(string_value=of)


def attribute(key: str, of: Any) -> KeyValue:
    return KeyValue(key=key, value=value(of))


# ---- keys ----


@pytest.mark.parametrize(
    ("keys", "names", "sensitive"),
    [
        (Keys(sensitive=("badge",)), "user.badge.no badges userBadge", "user.badge.no userBadge"),
        (Keys(sensitive=("a.*",)), "a.b A.B a.b.c ba.b", "a.b A.B"),
        (Keys(sensitive=("a.**",)), "a.b a.b.c a", "a.b a.b.c"),
        (Keys(sensitive=("**.id?",)), "x.id1 x.y.id1 x.id x.id.", "x.id1 x.y.id1"),
        (Keys(sensitive=("*x*.y",)), "ax.y x.y axx.y a.x.y axb.y", "ax.y x.y axx.y axb.y"),
        (Keys(sensitive=("größe", "maß*")), "größe die.größe.x maße", "größe die.größe.x maße"),
        (Keys(sensitive_defaults=False), "password passport user.token cookie", "password user.token"),
        (Keys(safe=("user.token",)), "user.token token other.token", "token other.token"),
        (Keys(safe=("user.*",)), "user.token", "user.token"),
    ],
)
def test_sensitive_names(implementation: Any, keys: Keys, names: str, sensitive: str) -> None:
    kept = Redaction(implementation, keys=keys).kept(**dict.fromkeys(names.split(), "plain"))
    assert set(names.split()) - set(kept) == set(sensitive.split())


def test_sensitive_globs_hold_for_json_too(implementation: Any) -> None:
    redaction = Redaction(implementation, keys=Keys(sensitive=("x*",)))
    assert redaction.text('{"xa": "plain", "b": {"XB": 1}}') == '{"xa": "***REDACTED***", "b": {"XB": "***REDACTED***"}}'


def test_long_names_can_be_sensitive_but_never_safe(implementation: Any) -> None:
    name = "x" * 400
    keys = Keys(sensitive=("x*y",), safe=("x**",), allowed_only=("x**",))
    redaction = Redaction(implementation, keys=keys)
    assert redaction.kept(**{name: EMAIL, f"{name}y": "plain", "xy": "plain", "xz": EMAIL}) == ["xz"]
    assert redaction.hits.matches == {("key", "attribute", "drop"): 2, ("key", "attribute", "mask"): 1}


@pytest.mark.parametrize(
    ("safe", "kept"), [("default", ["http.route"]), (("own",), ["own"]), (("default", "own"), ["http.route", "own"]), ((), [])]
)
def test_safe_names(implementation: Any, safe: Any, kept: list[str]) -> None:
    attributes = {"http.route": EMAIL, "own": EMAIL, "other": EMAIL}
    assert Redaction(implementation, keys=Keys(safe=safe)).kept(**attributes) == kept


def test_what_is_not_listed_is_dropped(implementation: Any) -> None:
    redaction = Redaction(implementation, keys=Keys(allowed_only=("a", "b.*", "token", "m")))
    record = redaction.record({"x": "y"}, a="1", c=EMAIL, **{"b.c": EMAIL, "b.c.d": "1", "token": "x", "m": {"n": "o"}})
    assert {each.key: each.value for each in record.attributes} == {
        "a": value("1"),
        "b.c": value("[email]"),
        "token": value("***REDACTED***"),
        "m": value({"n": "o"}),
    }
    assert record.body == value({"x": "y"})
    assert record.dropped_attributes_count == 2
    assert redaction.hits.matches[("key", "attribute", "drop")] == 2


def test_an_empty_list_drops_all_attributes_of_all_signals(implementation: Any) -> None:
    redaction = Redaction(implementation, keys=Keys(allowed_only=()))
    data = MetricsData()
    group = data.resource_metrics.add()
    group.resource.attributes.append(attribute("a", "b"))
    metric = group.scope_metrics.add().metrics.add(name="n")
    point = metric.gauge.data_points.add(as_int=1)
    point.attributes.append(attribute("a", "b"))
    point.exemplars.add().filtered_attributes.append(attribute("a", "b"))
    metric.metadata.append(attribute("a", "b"))
    redacted = redaction.bytes(data.SerializeToString(), "metrics")
    assert b"a" not in redacted
    assert sum(redaction.hits.matches.values()) == 4


# ---- what is allowed ----


@pytest.mark.parametrize(
    ("allow", "text", "redacted"),
    [
        (Allow(values=("*@example.com",)), "jo@example.com al@example.org", "jo@example.com [email]"),
        (Allow(values=("jo@example.com",)), "jo@example.com ajo@example.com", "jo@example.com [email]"),
        (Allow(values=("10.?.0.1",)), "10.2.0.1 10.22.0.1", "10.2.0.1 [ipv4]"),
        (Allow(values=(AllowedValue(value="*", rule="email"),)), "jo@example.com 10.2.0.1", "jo@example.com [ipv4]"),
        (Allow(patterns=("10[.].*",)), "10.2.0.1 11.2.0.1 jo@10.example.com", "10.2.0.1 [ipv4] [email]"),
        (Allow(patterns=(AllowedPattern(regex=".*", rule="ipv4"),)), "10.2.0.1 jo@example.com", "10.2.0.1 [email]"),
        (Allow(values=("hunter2",)), "password=hunter2 password=hunter3", "password=hunter2 password=[kv_secret]"),
        (Allow(values=("hunter2",)), '{"my_otp": "hunter2", "token": "hunter2"}', None),
        (Allow(values=(AllowedValue(value="hunter2", rule="email"),)), "password=hunter2", "password=[kv_secret]"),
        (Allow(values=(CARD,)), f"{CARD} jo@example.com", f"{CARD} [email]"),
    ],
)
def test_allowed_matches_stay(implementation: Any, allow: Allow, text: str, redacted: str | None) -> None:
    if redacted is None:  # a sensitive name beats it
        redacted = '{"my_otp": "***REDACTED***", "token": "***REDACTED***"}'
    assert Redaction(implementation, allow=allow).text(text) == redacted


def test_allowed_numbers_names_and_members_stay(implementation: Any) -> None:
    redaction = Redaction(implementation, allow=Allow(values=(CARD, "jo@*")), keys=Keys(sensitive_defaults=False))
    assert redaction.kept(n=int(CARD), **{"jo@example.com": "x", "al@example.com": "x"}) == ["n", "jo@example.com"]
    redaction = Redaction(implementation, allow=Allow(values=("plain1",)), keys=Keys(sensitive_defaults=False))
    assert redaction.text('{"otp": "plain1", "my_pwd": "plain2"}') == '{"otp": "plain1", "my_pwd": "[kv_secret]"}'


# ---- places ----


def test_scopes_decide_for_the_parts_of_a_log(implementation: Any) -> None:
    redaction = Redaction(
        implementation,
        scopes=(
            Scope(path="log.body", detectors=("ipv4",), keys=Keys(sensitive=("n",))),
            Scope(path="log.attributes.user.*", detectors="none"),
            Scope(path="log.attributes.*", action="mask"),
            Scope(path="resource", action="keep_last"),
        ),
    )
    data = LogsData()
    group = data.resource_logs.add()
    group.resource.attributes.append(attribute("a", EMAIL))
    scope = group.scope_logs.add()
    scope.scope.attributes.append(attribute("a", EMAIL))
    record = scope.log_records.add(event_name=EMAIL)
    record.body.CopyFrom(value({"m": f"{EMAIL} 10.2.3.4", "n": "x"}))
    record.attributes.extend(attribute(name, EMAIL) for name in ("user.id", "user.id.x", "b", EMAIL))
    redacted = LogsData.FromString(redaction.bytes(data.SerializeToString(), "logs"))
    (group,) = redacted.resource_logs
    (scope,) = group.scope_logs
    (record,) = scope.log_records
    assert group.resource.attributes[0].value == value("****.com")
    assert scope.scope.attributes[0].value == value("[email]")
    assert record.event_name == "[email]"
    assert record.body == value({"m": f"{EMAIL} [ipv4]", "n": "***REDACTED***"})
    assert [(each.key, each.value.string_value) for each in record.attributes] == [
        ("user.id", EMAIL),
        ("user.id.x", "***REDACTED***"),
        ("b", "***REDACTED***"),
        ("[email]", "***REDACTED***"),
    ]
    assert sum(redaction.hits.matches.values()) == 9


def test_scopes_with_detectors_of_their_own_share_nothing(implementation: Any) -> None:
    """One kind of shape in the resource, all of them behind it."""
    redaction = Redaction(implementation, scopes=(Scope(path="resource", detectors=("github",)),))
    token, key = "ghp_" + "a1B2" * 9, "AKIA" + "IOSFODNN7EXAMPLE"
    data = LogsData()
    group = data.resource_logs.add()
    group.resource.attributes.append(attribute("a", f"{token} {key}"))
    group.scope_logs.add().log_records.add(body=value(f"{token} {key}"))
    (group,) = LogsData.FromString(redaction.bytes(data.SerializeToString(), "logs")).resource_logs
    assert group.resource.attributes[0].value == value(f"[github] {key}")
    assert group.scope_logs[0].log_records[0].body == value("[github] [aws_key_id]")


def test_scopes_decide_for_the_parts_of_a_span(implementation: Any) -> None:
    paths = ("span.name", "span.attributes.a", "span.events.*", "span.links.*")
    for chosen in paths:
        redaction = Redaction(implementation, scopes=(Scope(path=chosen, detectors="none"),))
        data = TracesData()
        span = data.resource_spans.add().scope_spans.add().spans.add(name=EMAIL, trace_id=b"t" * 16)
        span.attributes.append(attribute("a", EMAIL))
        span.events.add(name=EMAIL).attributes.append(attribute("a", EMAIL))
        span.links.add(trace_id=b"t" * 16).attributes.append(attribute("a", EMAIL))
        span.status.message = EMAIL
        (redacted,) = (
            TracesData.FromString(redaction.bytes(data.SerializeToString(), "traces")).resource_spans[0].scope_spans[0].spans
        )
        found = {
            "span.name": [redacted.name],
            "span.attributes.a": [redacted.attributes[0].value.string_value],
            "span.events.*": [redacted.events[0].name, redacted.events[0].attributes[0].value.string_value],
            "span.links.*": [redacted.links[0].attributes[0].value.string_value],
        }
        assert redacted.status.message == "[email]"
        assert {path: set(texts) for path, texts in found.items()} == {
            path: {EMAIL if path == chosen else "[email]"} for path in paths
        }


@pytest.mark.parametrize(
    ("paths", "kept"),
    [
        (("metric.*",), "name metadata point exemplar"),
        (("metric.datapoints.*",), "point exemplar"),
        ((), ""),
    ],
)
def test_scopes_decide_for_the_parts_of_a_metric(implementation: Any, paths: tuple[str, ...], kept: str) -> None:
    redaction = Redaction(implementation, scopes=tuple(Scope(path=path, detectors="none") for path in paths))
    data = MetricsData()
    metric = data.resource_metrics.add().scope_metrics.add().metrics.add(name=EMAIL)
    metric.metadata.append(attribute("a", EMAIL))
    point = metric.summary.data_points.add()
    point.attributes.append(attribute("a", EMAIL))
    number = data.resource_metrics[0].scope_metrics[0].metrics.add(name="n").gauge.data_points.add()
    number.exemplars.add().filtered_attributes.append(attribute("a", EMAIL))
    group = MetricsData.FromString(redaction.bytes(data.SerializeToString(), "metrics")).resource_metrics[0].scope_metrics[0]
    texts = {
        "name": group.metrics[0].name,
        "metadata": group.metrics[0].metadata[0].value.string_value,
        "point": group.metrics[0].summary.data_points[0].attributes[0].value.string_value,
        "exemplar": group.metrics[1].gauge.data_points[0].exemplars[0].filtered_attributes[0].value.string_value,
    }
    assert {name for name, text in texts.items() if text == EMAIL} == set(kept.split())


def test_a_scope_can_exempt_a_name_in_one_place(implementation: Any) -> None:
    redaction = Redaction(implementation, scopes=(Scope(path="log.attributes.*", keys=Keys(safe=("default", "page.token"))),))
    data = LogsData()
    group = data.resource_logs.add()
    group.resource.attributes.append(attribute("page.token", "x"))
    group.scope_logs.add().log_records.add().attributes.append(attribute("page.token", "x"))
    (group,) = LogsData.FromString(redaction.bytes(data.SerializeToString(), "logs")).resource_logs
    assert group.resource.attributes[0].value == value("***REDACTED***")
    assert group.scope_logs[0].log_records[0].attributes[0].value == value("x")


# ---- patterns ----

ORDERS = [f"ORD-{number:06}" for number in (4711, 79927398713 % 10**6)]


@pytest.mark.parametrize(
    ("pattern", "text", "redacted"),
    [
        (Pattern(id="p1", regex="[0-9]{11}", validator="luhn"), "79927398713 79927398714", "[p1] 79927398714"),
        (Pattern(id="p1", regex="[0-9 -]{13}", validator="luhn"), "7992-7398-713", "[p1]"),
        (Pattern(id="p1", regex="[A-Z0-9]{20,}", validator="mod97"), "XX57WEST12345698765432 XX58WEST12345698765432", None),
        (Pattern(id="p1", regex="[a-z0-9]{8}", validator="entropy>=2.9"), "a1b2c3d4 aaaabbbb", "[p1] aaaabbbb"),
        (Pattern(id="p1", regex="[0-9]{4}", near=Near(words=("order",))), "order 1234", "order [p1]"),
        (Pattern(id="p1", regex="[0-9]{4}", near=Near(words=("order",))), "1234 is an ORDER", "[p1] is an ORDER"),
        (Pattern(id="p1", regex="[0-9]{4}", near=Near(words=("order",))), "reorder 1234 orders", "reorder 1234 orders"),
        (Pattern(id="p1", regex="[0-9]{4}", near=Near(words=("order",), bytes=5)), "order 1234", "order 1234"),
        (Pattern(id="p1", regex="[0-9]{4}", near=Near(words=("order",), bytes=6)), "order 1234", "order [p1]"),
        (Pattern(id="p1", regex=".*example.*"), EMAIL, "[email]"),
        (Pattern(id="p1", regex=".*example.*", priority="high"), EMAIL, "[p1]"),
        (Pattern(id="p1", regex="pass.*", priority="high"), "password=hunter2", "[p1]"),
        (Pattern(id="p1", regex="^ab+$"), '{"x": "abbbbb", "y": "xabbb"}', '{"x": "[p1]", "y": "xabbb"}'),
        (Pattern(id="p1", regex=r"\Aab+\z"), "abbbbbb", "[p1]"),
        (Pattern(id="p1", regex=r"(?s)x.+y"), "xa\nb\nby", "[p1]"),
        (Pattern(id="p1", regex=r"x[^q]*y"), "abx abcdef", "abx abcdef"),
        (Pattern(id="p1", regex=r"a b@", ignore_case=True), "x=A+B%40%20zz", "x=[p1]%20zz"),
    ],
)
def test_patterns(implementation: Any, pattern: Pattern, text: str, redacted: str | None) -> None:
    if redacted is None:
        redacted = "[p1] XX58WEST12345698765432"
    assert Redaction(implementation, patterns=(pattern,)).text(text) == redacted


def test_a_pattern_never_matches_over_the_end_of_a_text(implementation: Any) -> None:
    redaction = Redaction(implementation, patterns=(Pattern(id="p1", regex=r"(?s)abc.+xyz|q[^a]+q"),))
    attributes = {"a": "1 abcdef", "b": "uvwxyz", "c": "1234 q", "d": "q 1234", "e": "abc-xyz", "f": "qz1234q"}
    assert redaction.kept(**attributes) == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    "text", ["ORD-4711 of ORD-12", "x ORD-4711", "nothing at all", '{"a": "ORD-4711", "b": "\\u004fRD-4711"}']
)
def test_a_pattern_finds_the_same_with_an_anchor_and_without(implementation: Any, text: str) -> None:
    shapes: tuple[dict[str, Any], ...] = (
        {"regex": "ORD-[0-9]{3,}"},
        {"regex": "ORD-[0-9]{3,}", "literal": "RD-"},
        {"regex": "[O]RD-[0-9]{3,}|[O]RD-[0-9]{3,}"},
    )
    texts = {Redaction(implementation, patterns=(Pattern(id="order", **shape),)).text(text) for shape in shapes}
    assert len(texts) == 1


# ---- numbers, bytes, encodings ----


@pytest.mark.parametrize(("numbers", "kept"), [("auto", []), ("keyed", ["n"]), ("off", ["n"])])
def test_numbers(implementation: Any, numbers: str, kept: list[str]) -> None:
    redaction = Redaction(implementation, numbers=numbers)
    assert redaction.kept(n=int(CARD), pin=1234) == kept
    assert redaction.hits.type_changed == 2 - len(kept)


@pytest.mark.parametrize(
    ("setting", "kept", "opaque"), [("scan", ["plain", "opaque"], 1), ("pass", ["mail", "plain", "opaque"], 3), ("drop", [], 0)]
)
def test_bytes(implementation: Any, setting: str, kept: list[str], opaque: int) -> None:
    redaction = Redaction(implementation, bytes=setting)
    assert redaction.kept(mail=EMAIL.encode(), plain=b"plain", opaque=b"\xff", password=b"x") == kept
    assert redaction.hits.opaque_bytes == opaque
    assert redaction.hits.type_changed == 1
    assert redaction.hits.matches.get(("bytes", "attribute", "drop"), 0) == (3 if setting == "drop" else 0)


def test_bytes_that_cannot_be_dropped_are_masked(implementation: Any) -> None:
    redaction = Redaction(implementation, bytes="drop")
    assert redaction.record(b"abc").body == value(b"***REDACTED***")
    assert redaction.hits.matches == {("bytes", "body", "mask"): 1}
    assert redaction.record(["a", b"b", {"c": b"d", "e": "f"}]).body == value(["a", {"e": "f"}])


def test_json_strings_off(implementation: Any) -> None:
    redaction = Redaction(implementation, json_strings=False)
    assert redaction.text('{"ssn": "x", "a": "jo@example.com"}') == '{"ssn": "x", "a": "[email]"}'


def test_url_decode_off(implementation: Any) -> None:
    text = "a=4000%2d0000%2d0000%2d0010"
    assert Redaction(implementation).text(text) == "a=[card]"
    assert Redaction(implementation, url_decode=False).text(text) == text


def test_scan_keys_off(implementation: Any) -> None:
    redaction = Redaction(implementation, scan_keys=False)
    assert redaction.kept(**{EMAIL: "x"}) == [EMAIL]
    assert redaction.text('{"jo@example.com": "1"}') == '{"jo@example.com": "1"}'


def test_fields_of_the_wrong_type(implementation: Any) -> None:
    payload = b"\x0a\x06\x12\x04\x12\x02\x2a\x00"  # a record with an empty body
    wrong = b"\x0a\x08\x12\x06\x12\x04\x28\x07\x2a\x00"  # and one whose body is a number, too
    with pytest.raises(Malformed):
        Redaction(implementation).bytes(wrong, "logs")
    redaction = Redaction(implementation, on_wire_mismatch="unknown")
    assert redaction.bytes(wrong, "logs") == wrong
    assert redaction.hits.unknown_fields == 1
    assert Redaction(implementation, on_wire_mismatch="unknown", unknown_fields="drop").bytes(wrong, "logs") == payload


# ---- what a record says of itself ----


def summary_of(record: Any) -> dict[str, Any]:
    return {each.key: each.value for each in record.attributes if each.key.startswith("redaction.masked")}


def test_counts_in_the_record(implementation: Any) -> None:
    redaction = Redaction(implementation, summary="counts")
    assert summary_of(redaction.record("plain", a="plain")) == {}
    record = redaction.record(f"{EMAIL} and 203.0.113.9", token="x")
    assert summary_of(record) == {"redaction.masked.count": value(3)}
    again = Redaction(implementation, summary="counts", keys=Keys(sensitive=("a",)))
    record = again.record("plain", a="x", b="y", **{"redaction.masked.count": 3})
    assert summary_of(record) == {"redaction.masked.count": value(4)}
    assert [each.key for each in record.attributes] == ["a", "b", "redaction.masked.count"]


def test_keys_in_the_record(implementation: Any) -> None:
    redaction = Redaction(
        implementation, summary="debug", keys=Keys(action="drop", allowed_only=("a", "b", "c", "token", "**@**", "?email?"))
    )
    attributes = {"b": EMAIL, "a": [EMAIL], "c": "plain", "token": "x", EMAIL: "plain", "unlisted": "x"}
    record = redaction.record(**attributes, **{"redaction.masked.keys": "z", "redaction.masked.count": 2})
    assert summary_of(record) == {
        "redaction.masked.count": value(7),
        "redaction.masked.keys": value("[email],a,b,token,unlisted,z"),
    }


def test_what_records_say_costs_as_much_as_they_have_to_say() -> None:
    redactor = IMPLEMENTATIONS[0](compile_rules(Config(summary="debug", keys=Keys(allowed_only=("k*",)))))

    def cost(count: int) -> float:
        data = LogsData()
        record = data.resource_logs.add().scope_logs.add().log_records.add()
        record.attributes.extend(attribute("k", EMAIL) for _ in range(count))
        payload, best = data.SerializeToString(), float("inf")
        for _ in range(5):
            started = time.process_time()
            redactor.redact(payload, "logs")
            best = min(best, time.process_time() - started)
        return best

    assert cost(20_000) <= 4 * 2 * cost(5_000) + 0.02


def test_only_the_records_that_changed_say_so(implementation: Any) -> None:
    redaction = Redaction(implementation, summary="counts")
    data = TracesData()
    for _ in range(2):
        spans = data.resource_spans.add().scope_spans.add().spans
        spans.add(name="plain").events.add(name="plain")
        spans.add(name="x").events.add(name=EMAIL)
    redacted = TracesData.FromString(redaction.bytes(data.SerializeToString(), "traces"))
    said = [summary_of(span) for group in redacted.resource_spans for span in group.scope_spans[0].spans]
    assert said == [{}, {"redaction.masked.count": value(1)}] * 2
