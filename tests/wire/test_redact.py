"""Whole payloads: every place, every action there, lengths, counters, refusals (redaction contract §1, §4-§7)."""

import random
import struct
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, EntityRef, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogsData
from opentelemetry.proto.metrics.v1.metrics_pb2 import MetricsData
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from pipeline.types import SIGNALS, Secret, Signal
from pipeline.wire import Malformed, Redactor
from pipeline.wire.reference.walk import delimited, encode_varint
from processors.redact import Action, Config, Hmac, Keys, compile_rules

ROOTS: dict[Signal, type[Message]] = {"logs": LogsData, "traces": TracesData, "metrics": MetricsData}
KEY = Secret("sluice-test-key-" + "0123456789abcdef")
EMAIL = "jo@example.com"
BY_DEFAULT = Redactor(compile_rules(Config()))


def redactor(**settings: Any) -> Redactor:
    return Redactor(compile_rules(Config(**settings)))


def attribute(key: str, value: str = "plain") -> KeyValue:
    return KeyValue(key=key, value=AnyValue(string_value=value))


# ---- every string and bytes field of the descriptors ----


def canaries() -> Iterator[str]:
    number = 0
    while True:
        number += 1
        yield f"canary.no{number}@example.com"


def filled(descriptor: Descriptor, names: Iterator[str], depth: int = 0) -> bytes:
    """Return a message in which every field stands, all members of a oneof too, each text with a canary of its own."""
    pieces = []
    for field in descriptor.fields:
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            if depth < 12 or field.message_type.name not in ("ArrayValue", "KeyValueList"):
                pieces.append(delimited(field.number, filled(field.message_type, names, depth + 1)))
        elif field.type in (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES):
            pieces.append(delimited(field.number, next(names).encode()))
    return b"".join(pieces)


@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize("action", ["tag", "mask", "keep_last", "drop"])
def test_no_canary_remains_anywhere(signal: Signal, action: str) -> None:
    names = canaries()
    payload = filled(ROOTS[signal].DESCRIPTOR, names)
    planted = int(next(names).split("no")[1].split("@")[0]) - 1
    assert payload.count(b"canary") == planted > 40
    redacted, hits = redactor(action=action).redact(payload, signal)
    assert b"canary" not in redacted
    assert b"@example" not in redacted
    if action == "tag":
        assert sum(hits.matches.values()) == planted
    ROOTS[signal].FromString(redacted)


# ---- every place, every action ----


def logs() -> LogsData:
    data = LogsData()
    group = data.resource_logs.add(schema_url="https://example.com/schema")
    group.resource.attributes.append(attribute("a"))
    group.resource.entity_refs.append(EntityRef(type="service", id_keys=["a"], description_keys=["a"]))
    scope = group.scope_logs.add(schema_url="https://example.com/schema")
    scope.scope.name, scope.scope.version = "scope", "1"
    scope.scope.attributes.append(attribute("a"))
    record = scope.log_records.add(time_unix_nano=1, severity_number=9, severity_text="INFO", trace_id=b"t" * 16, event_name="e")
    record.body.string_value = "body"
    record.attributes.append(attribute("a"))
    record.attributes.append(attribute("b"))
    return data


def traces() -> TracesData:
    data = TracesData()
    span = (
        data.resource_spans.add()
        .scope_spans.add()
        .spans.add(trace_id=b"t" * 16, span_id=b"s" * 8, name="span", trace_state="a=b")
    )
    span.attributes.append(attribute("a"))
    span.events.add(name="event").attributes.append(attribute("a"))
    span.links.add(trace_id=b"t" * 16, span_id=b"s" * 8, trace_state="a=b").attributes.append(attribute("a"))
    span.status.message = "ok"
    return data


def metrics() -> MetricsData:
    data = MetricsData()
    scope = data.resource_metrics.add().scope_metrics.add()
    metric = scope.metrics.add(name="gauge", description="d", unit="s")
    metric.metadata.append(attribute("a"))
    point = metric.gauge.data_points.add(time_unix_nano=1, as_int=4711)
    point.attributes.append(attribute("a"))
    point.exemplars.add(trace_id=b"t" * 16, span_id=b"s" * 8).filtered_attributes.append(attribute("a"))
    for kind in ("sum", "histogram", "exponential_histogram", "summary"):
        getattr(scope.metrics.add(name=kind), kind).data_points.add().attributes.append(attribute("a"))
    return data


def log(data: LogsData) -> Any:
    return data.resource_logs[0].scope_logs[0].log_records[0]


def span(data: TracesData) -> Any:
    return data.resource_spans[0].scope_spans[0].spans[0]


def metric(data: MetricsData, index: int = 0) -> Any:
    return data.resource_metrics[0].scope_metrics[0].metrics[index]


ATTRIBUTES: dict[str, tuple[Callable[[], Any], Callable[[Any], Any], str]] = {
    # name: (message, what holds the attributes, location)
    "resource": (logs, lambda data: data.resource_logs[0].resource.attributes, "resource"),
    "scope": (logs, lambda data: data.resource_logs[0].scope_logs[0].scope.attributes, "scope"),
    "log": (logs, lambda data: log(data).attributes, "attribute"),
    "span": (traces, lambda data: span(data).attributes, "attribute"),
    "event": (traces, lambda data: span(data).events[0].attributes, "event"),
    "link": (traces, lambda data: span(data).links[0].attributes, "link"),
    "metadata": (metrics, lambda data: metric(data).metadata, "attribute"),
    "number point": (metrics, lambda data: metric(data).gauge.data_points[0].attributes, "attribute"),
    "sum point": (metrics, lambda data: metric(data, 1).sum.data_points[0].attributes, "attribute"),
    "histogram point": (metrics, lambda data: metric(data, 2).histogram.data_points[0].attributes, "attribute"),
    "exponential point": (metrics, lambda data: metric(data, 3).exponential_histogram.data_points[0].attributes, "attribute"),
    "summary point": (metrics, lambda data: metric(data, 4).summary.data_points[0].attributes, "attribute"),
    "exemplar": (metrics, lambda data: metric(data).gauge.data_points[0].exemplars[0].filtered_attributes, "exemplar"),
}
COUNTS_DROPPED: dict[str, Callable[[Any], Any]] = {
    "resource": lambda data: data.resource_logs[0].resource,
    "scope": lambda data: data.resource_logs[0].scope_logs[0].scope,
    "log": log,
    "span": span,
    "event": lambda data: span(data).events[0],
    "link": lambda data: span(data).links[0],
}
TEXTS: dict[str, tuple[Callable[[], Any], Callable[[Any], Any], str, str, bool]] = {
    # name: (message, what holds the field, field, location, whether it identifies its item)
    "body": (logs, lambda data: log(data).body, "string_value", "body", False),
    "severity text": (logs, log, "severity_text", "other", True),
    "event name": (logs, log, "event_name", "name", True),
    "resource schema": (logs, lambda data: data.resource_logs[0], "schema_url", "other", True),
    "scope schema": (logs, lambda data: data.resource_logs[0].scope_logs[0], "schema_url", "other", True),
    "scope name": (logs, lambda data: data.resource_logs[0].scope_logs[0].scope, "name", "scope", True),
    "scope version": (logs, lambda data: data.resource_logs[0].scope_logs[0].scope, "version", "scope", True),
    "entity type": (logs, lambda data: data.resource_logs[0].resource.entity_refs[0], "type", "resource", True),
    "span name": (traces, span, "name", "name", True),
    "span event name": (traces, lambda data: span(data).events[0], "name", "event", True),
    "status": (traces, lambda data: span(data).status, "message", "status", False),
    "metric name": (metrics, metric, "name", "name", True),
    "metric description": (metrics, metric, "description", "other", True),
    "metric unit": (metrics, metric, "unit", "other", True),
}
SIGNAL_OF: dict[Any, Signal] = {logs: "logs", traces: "traces", metrics: "metrics"}
REPLACED = {"tag": "[email]", "mask": "***REDACTED***", "keep_last": "****.com", "none": EMAIL}


def pseudonym(text: str) -> str:
    return redactor(action="hmac", hmac=Hmac(key=KEY)).scrub(text)


def redacted_by(action: str, data: Any, signal: Signal) -> tuple[bytes, dict[tuple[str, str, str], int]]:
    payload, hits = redactor(action=action, hmac=Hmac(key=KEY)).redact(data.SerializeToString(), signal)
    return payload, hits.matches


@pytest.mark.parametrize("action", ["tag", "mask", "keep_last", "drop", "hmac", "none"])
@pytest.mark.parametrize("place", ATTRIBUTES)
def test_each_action_on_each_attribute(place: str, action: str) -> None:
    make, find, location = ATTRIBUTES[place]
    data = make()
    find(data)[0].value.string_value = f"mail {EMAIL}, bye"
    payload, matches = redacted_by(action, data, SIGNAL_OF[make])
    expected = make()
    if action == "drop":
        del find(expected)[0]
        holder = COUNTS_DROPPED.get(place)
        if holder:
            holder(expected).dropped_attributes_count = 1
    else:
        replacement = pseudonym(EMAIL) if action == "hmac" else REPLACED[action]
        find(expected)[0].value.string_value = f"mail {replacement}, bye"
    assert payload == expected.SerializeToString()
    assert matches == {("email", location, "dry_run" if action == "none" else action): 1}


@pytest.mark.parametrize("action", ["tag", "mask", "keep_last", "drop", "hmac", "none"])
@pytest.mark.parametrize("place", TEXTS)
def test_each_action_on_each_other_text(place: str, action: str) -> None:
    make, find, name, location, identifies = TEXTS[place]
    data, expected = make(), make()
    setattr(find(data), name, f"mail {EMAIL}, bye")
    payload, matches = redacted_by(action, data, SIGNAL_OF[make])
    applied = "mask" if action == "drop" or (identifies and action in ("keep_last", "hmac")) else action
    replacement = pseudonym(EMAIL) if applied == "hmac" else REPLACED[applied]
    setattr(find(expected), name, f"mail {replacement}, bye")
    assert payload == expected.SerializeToString()
    assert matches == {("email", location, "dry_run" if action == "none" else applied): 1}


def test_repeated_identifying_texts() -> None:
    data = logs()
    data.resource_logs[0].resource.entity_refs[0].id_keys.append(EMAIL)
    data.resource_logs[0].resource.entity_refs[0].description_keys.append(EMAIL)
    parsed = LogsData.FromString(BY_DEFAULT.redact(data.SerializeToString(), "logs")[0])
    assert list(parsed.resource_logs[0].resource.entity_refs[0].id_keys) == ["a", "[email]"]
    assert list(parsed.resource_logs[0].resource.entity_refs[0].description_keys) == ["a", "[email]"]


@pytest.mark.parametrize(
    ("state", "redacted"),
    [
        (f"a=b,x={EMAIL},c=d", "a=b,x=[email],c=d"),
        (f"a=b,{EMAIL}=x,c=d", "a=b,c=d"),
        (f"{EMAIL}", ""),
        ("a=b,c=d", "a=b,c=d"),
    ],
)
def test_tracestate_stays_legal(state: str, redacted: str) -> None:
    data = traces()
    span(data).trace_state = span(data).links[0].trace_state = state
    parsed = TracesData.FromString(BY_DEFAULT.redact(data.SerializeToString(), "traces")[0])
    assert span(parsed).trace_state == span(parsed).links[0].trace_state == redacted


# ---- what does not change ----


@pytest.mark.parametrize("make", [logs, traces, metrics])
def test_a_clean_payload_is_the_same_object(make: Callable[[], Any]) -> None:
    payload = make().SerializeToString()
    redacted, hits = BY_DEFAULT.redact(payload, SIGNAL_OF[make])
    assert redacted is payload
    assert (hits.matches, hits.unknown_fields) == ({}, 0)
    assert BY_DEFAULT.redact(b"", SIGNAL_OF[make])[0] == b""


def test_ids_of_the_right_length_are_never_changed() -> None:
    data = traces()
    span(data).trace_id, span(data).span_id, span(data).parent_span_id = b"jo@example.co.uk", b"a@bcd.ef", b"a@bcd.ef"
    payload = data.SerializeToString()
    assert BY_DEFAULT.redact(payload, "traces")[0] is payload


@pytest.mark.parametrize("size", [*range(70, 140), *range(16_310, 16_400)])
@pytest.mark.parametrize("found", [f" {EMAIL}", "\nCookie: a=b; c=d; e=f"])
def test_lengths_at_their_borders(size: int, found: str) -> None:
    data, expected = logs(), logs()
    log(data).body.string_value = "~" * size + found
    log(expected).body.string_value = BY_DEFAULT.scrub("~" * size + found)
    assert BY_DEFAULT.redact(data.SerializeToString(), "logs")[0] == expected.SerializeToString()


def test_first_and_last_bytes_of_a_payload() -> None:
    group = delimited(1, delimited(3, EMAIL.encode()))
    assert BY_DEFAULT.redact(group, "logs")[0] == delimited(1, delimited(3, b"[email]"))


def test_invalid_utf8_is_scanned_as_bytes() -> None:
    group = delimited(1, delimited(3, b"\xff \xfe jo@example.com \xff"))
    assert BY_DEFAULT.redact(group, "logs")[0] == delimited(1, delimited(3, b"\xff \xfe [email] \xff"))


# ---- keys ----


def with_attributes(*attributes: KeyValue) -> LogsData:
    data = logs()
    del log(data).attributes[:]
    log(data).attributes.extend(attributes)
    return data


def attributes_after(data: LogsData, by: Redactor = BY_DEFAULT) -> list[tuple[str, Any]]:
    parsed = LogsData.FromString(by.redact(data.SerializeToString(), "logs")[0])
    return [(each.key, getattr(each.value, each.value.WhichOneof("value") or "", None)) for each in log(parsed).attributes]


SENSITIVE = [
    "password",
    "user.apiKey",
    "USER_API_KEY",
    "x-api-key",
    "http.request.header.authorization",
    "set-cookie",
    "SSN",
    "tax_id",
    "password2",
    "Card Number",
    "db.password.hash",
    "DD-API-KEY",
    "sessionId",
]
ORDINARY = [
    "author",
    "cc",
    "Accept",
    "token_count",
    "llm.token_count",
    "gen_ai.usage.input_tokens",
    "token_type",
    "oauth.token.type",
    "password.policy.min",
    "auth_token_expires_at",
    "secret.name",
    "aws.secretsmanager.secret.arn",
    "pinned",
    "secretary",
]


@pytest.mark.parametrize("key", SENSITIVE)
def test_a_sensitive_key_hides_any_value(key: str) -> None:
    values = [
        AnyValue(string_value="x"),
        AnyValue(string_value=""),
        AnyValue(bool_value=True),
        AnyValue(int_value=-5),
        AnyValue(double_value=0.5),
        AnyValue(bytes_value=b"\xff"),
        AnyValue(),
    ]
    values[-1].kvlist_value.values.append(attribute("a", "b"))
    values.append(AnyValue())
    values[-1].array_value.values.append(AnyValue(string_value="x"))
    data = with_attributes(*(KeyValue(key=key, value=value) for value in values))
    assert attributes_after(data) == [(key, "***REDACTED***")] * len(values)


@pytest.mark.parametrize("key", ORDINARY)
def test_an_ordinary_key_does_not(key: str) -> None:
    data = with_attributes(attribute(key, "plain"), KeyValue(key=key, value=AnyValue(int_value=5)))
    payload = data.SerializeToString()
    assert BY_DEFAULT.redact(payload, "logs")[0] is payload


def test_a_sensitive_key_without_a_value_stays_without() -> None:
    data = with_attributes(KeyValue(key="password"), KeyValue(key="password", value=AnyValue()))
    payload = data.SerializeToString()
    assert BY_DEFAULT.redact(payload, "logs")[0] is payload


def test_keys_below_keys_are_seen() -> None:
    data = logs()
    inner = log(data).body.kvlist_value.values.add(key="list").value.array_value.values.add().kvlist_value
    inner.values.extend([attribute("token", "x"), attribute("a", EMAIL)])
    parsed = LogsData.FromString(BY_DEFAULT.redact(data.SerializeToString(), "logs")[0])
    values = log(parsed).body.kvlist_value.values[0].value.array_value.values[0].kvlist_value.values
    assert [(each.key, each.value.string_value) for each in values] == [("token", "***REDACTED***"), ("a", "[email]")]


def test_own_sensitive_keys() -> None:
    by = redactor(keys=Keys(sensitive=("order note",)))
    assert attributes_after(with_attributes(attribute("orderNote", "x"), attribute("note", "x")), by) == [
        ("orderNote", "***REDACTED***"),
        ("note", "x"),
    ]


def test_safe_keys_are_not_scanned() -> None:
    data = with_attributes(attribute("service.version", "1.2.3.40"), attribute("k8s.pod.name", "10.20.30.40"))
    assert BY_DEFAULT.redact(data.SerializeToString(), "logs")[1].matches == {}
    data = with_attributes(attribute("service.versions", "10.20.30.40"))
    assert attributes_after(data) == [("service.versions", "[ipv4]")]


def test_keys_that_are_data() -> None:
    data = with_attributes(
        attribute("al@example.com", "1"), attribute("[email]", "2"), attribute("jo@example.com", "3"), attribute("plain", "4")
    )
    assert attributes_after(data) == [("[email]_2", "1"), ("[email]", "2"), ("[email]_3", "3"), ("plain", "4")]
    assert BY_DEFAULT.redact(data.SerializeToString(), "logs")[1].matches == {("email", "key", "tag"): 2}


def test_a_key_behind_its_value_and_a_key_given_twice() -> None:
    def record(*pieces: bytes) -> bytes:
        return delimited(1, delimited(2, delimited(2, delimited(6, b"".join(pieces)))))

    value = delimited(2, delimited(1, b"hunter2"))
    for pieces in ((value, delimited(1, b"password")), (delimited(1, b"password"), value, delimited(1, b"other"))):
        assert b"hunter2" not in BY_DEFAULT.redact(record(*pieces), "logs")[0]


def test_every_occurrence_of_a_oneof_is_scanned() -> None:
    body = delimited(1, EMAIL.encode()) + delimited(1, b"later") + delimited(7, EMAIL.encode())
    payload = delimited(1, delimited(2, delimited(2, delimited(5, body))))
    assert EMAIL.encode() not in BY_DEFAULT.redact(payload, "logs")[0]


# ---- numbers, bytes ----


@pytest.mark.parametrize(
    ("value", "redacted"),
    [
        (AnyValue(int_value=int("400000000000" + "0010")), "[card]"),
        (AnyValue(double_value=float("400000000000" + "0010")), "[card]"),
        (AnyValue(int_value=-int("400000000000" + "0010")), None),
        (AnyValue(int_value=1763640000000008), None),
        (AnyValue(double_value=0.5), None),
        (AnyValue(double_value=float("nan")), None),
        (AnyValue(double_value=float("inf")), None),
        (AnyValue(bytes_value=b"mail jo@example.com"), b"mail [email]"),
        (AnyValue(bytes_value=b"\xff jo@example.com"), None),
        (AnyValue(bytes_value=b" " * 65536 + b"jo@example.com"), None),
    ],
)
def test_numbers_and_bytes(value: AnyValue, redacted: str | bytes | None) -> None:
    data = with_attributes(KeyValue(key="a", value=value))
    if redacted is None:
        payload = data.SerializeToString()
        assert BY_DEFAULT.redact(payload, "logs")[0] is payload
    else:
        assert attributes_after(data) == [("a", redacted)]


def test_dropping_from_arrays_maps_and_counts() -> None:
    data = with_attributes(KeyValue(key="list"), attribute("mail", EMAIL), attribute("password", "x"), attribute("plain"))
    items = log(data).attributes[0].value.array_value.values
    items.extend([AnyValue(string_value="a"), AnyValue(string_value=EMAIL), AnyValue(int_value=int("400000000000" + "0010"))])
    log(data).dropped_attributes_count = 5
    payload, hits = redactor(action="drop", keys=Keys(action="drop")).redact(data.SerializeToString(), "logs")
    expected = with_attributes(KeyValue(key="list"), attribute("plain"))
    log(expected).attributes[0].value.array_value.values.append(AnyValue(string_value="a"))
    log(expected).dropped_attributes_count = 7
    assert payload == expected.SerializeToString()
    assert hits.matches == {
        ("email", "attribute", "drop"): 2,
        ("card", "attribute", "drop"): 1,
        ("key", "attribute", "drop"): 1,
    }


def test_pseudonyms_of_the_contract() -> None:
    scrub = redactor(action="hmac", hmac=Hmac(key=KEY)).scrub
    assert scrub("user@example.com") == "[email#k1.2f5a56cec91d820a6f4acf3b0722941d]"
    assert scrub("USER@Example.com") == "[email#k1.2f5a56cec91d820a6f4acf3b0722941d]"
    assert scrub("123-45-6789") == "[ssn#k1.1e959233a9298a58bc6057af01b9abda]"
    assert scrub("4000-0000-" + "0000-0010") == "[card#k1.ba99df6df6e16e24ee5d3bd693743495]"
    assert scrub("2001:DB8:0::1") == scrub("2001:db8::1")


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("4000 0000 " + "0000 0010", "****0010"),
        ("123-45-6789", "****89"),
        ("secret: abcdefgh", "secret: ****gh"),
        ("secret: abcde", "secret: ***REDACTED***"),
        ("secret: äöüäöüäöü", "secret: ****öü"),
    ],
)
def test_keep_last(text: str, redacted: str) -> None:
    n = 4 if text.startswith("4000") else 2
    by = redactor(action=Action(type="keep_last", n=n))
    assert by.scrub(text) == redacted
    assert by.scrub(redacted) == redacted


def test_keep_last_of_a_number_and_of_a_map_under_a_sensitive_key() -> None:
    value = AnyValue()
    value.kvlist_value.values.append(attribute("a", "b"))
    data = with_attributes(KeyValue(key="pin", value=AnyValue(int_value=123456789012)), KeyValue(key="token", value=value))
    assert attributes_after(data, redactor(keys=Keys(action="keep_last"))) == [("pin", "****9012"), ("token", "***REDACTED***")]


# ---- counters ----


@pytest.mark.parametrize("make", [logs, traces, metrics])
def test_hits_count_the_edits(make: Callable[[], Any]) -> None:
    names = canaries()
    payload = filled(ROOTS[SIGNAL_OF[make]].DESCRIPTOR, names)
    redacted, hits = BY_DEFAULT.redact(payload, SIGNAL_OF[make])
    assert redacted.count(b"[email]") + redacted.count(b"trace_state") <= sum(hits.matches.values())
    again, more = BY_DEFAULT.redact(redacted, SIGNAL_OF[make])
    assert again is redacted
    assert more.matches == {}


def test_a_dry_run_counts_and_changes_nothing() -> None:
    data = with_attributes(
        attribute("mail", f"{EMAIL} and {EMAIL}"), attribute("password", "x"), attribute(EMAIL, "x=%20 " + EMAIL)
    )
    payload = data.SerializeToString()
    same, hits = redactor(action="none", keys=Keys(action="none")).redact(payload, "logs")
    assert same is payload
    assert hits.matches == {
        ("email", "attribute", "dry_run"): 3,
        ("key", "attribute", "dry_run"): 1,
        ("email", "key", "dry_run"): 1,
    }


# ---- malformed and unknown ----

BAD = {
    "varint too long": b"\x0a" + b"\xff" * 10 + b"\x01",
    "length past the end": b"\x0a\x05ab",
    "group": b"\x0b\x0c",
    "wire type 6": b"\x0e\x00",
    "wire type 7": b"\x0f\x00",
    "field number 0": b"\x02\x00",
    "cut tag": b"\x8a",
    "cut fixed64": b"\x09\x00",
    "wrong wire type": b"\x08\x01",
}


@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize("name", BAD)
def test_malformed_input_is_refused(name: str, signal: Signal) -> None:
    for payload in (BAD[name], delimited(1, b"") + BAD[name]):
        with pytest.raises(Malformed):
            BY_DEFAULT.redact(payload, signal)


def test_a_text_field_with_another_wire_type_is_refused() -> None:
    for body in (b"\x08\x01", delimited(5, b"\x08\x01"), delimited(5, delimited(1, delimited(5, b"\x0d\x00\x00\x00\x00")))):
        payload = delimited(1, delimited(2, delimited(2, delimited(5, body))))
        with pytest.raises(Malformed):
            BY_DEFAULT.redact(payload, "logs")


@pytest.mark.parametrize("field", [5, 6])
def test_values_nest_a_hundred_levels_and_no_deeper(field: int) -> None:
    def nested(levels: int) -> bytes:
        value = delimited(1, EMAIL.encode())
        for _ in range(levels):
            value = delimited(5, delimited(1, value)) if field == 5 else delimited(6, delimited(1, delimited(2, value)))
        return delimited(1, delimited(2, delimited(2, delimited(5, value))))

    assert EMAIL.encode() not in BY_DEFAULT.redact(nested(100), "logs")[0]
    with pytest.raises(Malformed):
        BY_DEFAULT.redact(nested(101), "logs")


def test_unknown_fields_are_counted_and_kept_or_dropped() -> None:
    unknown = delimited(77, EMAIL.encode())
    strindex = encode_varint(8 << 3) + b"\x05"
    known = delimited(1, delimited(2, delimited(2, delimited(3, b"INFO"))))
    inside = delimited(1, unknown + delimited(2, delimited(2, delimited(5, strindex) + unknown)))
    kept, hits = BY_DEFAULT.redact(known + unknown + inside, "logs")
    assert kept == known + unknown + inside
    assert hits.unknown_fields == 4
    dropped, hits = redactor(unknown_fields="drop").redact(known + unknown + inside, "logs")
    assert dropped == known + delimited(1, delimited(2, delimited(2, delimited(5, b""))))
    assert hits.unknown_fields == 4


def planted(signal: Signal) -> tuple[bytes, list[bytes]]:
    """Return a payload with a canary in every text but the bytes values, and the canaries."""
    names = [f"canary.no{number}@example.com" for number in range(100)]
    unused = iter(names)

    def fill(message: Message, depth: int = 0) -> None:
        for field in message.DESCRIPTOR.fields:
            if field.type == FieldDescriptor.TYPE_STRING:
                name = next(unused)
                if field.is_repeated:
                    getattr(message, field.name).append(name)
                else:
                    setattr(message, field.name, name)
            elif field.type == FieldDescriptor.TYPE_MESSAGE and depth < 6 and field.name not in ("array_value", "kvlist_value"):
                child = getattr(message, field.name)
                fill(child.add() if field.is_repeated else child, depth + 1)
                if not field.is_repeated:
                    child.SetInParent()

    data = ROOTS[signal]()
    fill(data)
    payload = data.SerializeToString()
    return payload, [name.encode() for name in names if name.encode() in payload]


@pytest.mark.parametrize("signal", SIGNALS)
def test_a_mutated_payload_is_refused_or_clean(signal: Signal) -> None:
    payload, names = planted(signal)
    assert len(names) >= 8
    source = random.Random(20261121)
    by = redactor(unknown_fields="drop")
    refused = 0
    for _ in range(3334):
        mutated = bytearray(payload)
        for _ in range(source.randint(1, 3)):
            at = source.randrange(len(mutated))
            match source.randrange(4):
                case 0:
                    mutated[at] = source.randrange(256)
                case 1:
                    mutated[at] ^= 1 << source.randrange(8)
                case 2:
                    del mutated[at : at + source.randint(1, 3)]
                case _:
                    mutated[at:at] = source.randbytes(source.randint(1, 3))
        try:
            redacted, _ = by.redact(bytes(mutated), signal)
        except Malformed:
            refused += 1
            continue
        assert not [name for name in names if name in redacted], mutated.hex()
    assert 100 < refused < 3334


def test_nothing_but_malformed_comes_from_random_bytes() -> None:
    source = random.Random(20261121)
    for _ in range(3000):
        noise = source.randbytes(source.randrange(40))
        payload = delimited(1, delimited(2, delimited(2, noise)))
        try:
            BY_DEFAULT.redact(payload, source.choice(SIGNALS))
        except Malformed:
            continue


def test_negative_and_wide_integers_are_read_as_they_are() -> None:
    body = encode_varint(3 << 3) + b"\xff" * 9 + b"\x01"
    payload = delimited(1, delimited(2, delimited(2, delimited(5, body))))
    assert BY_DEFAULT.redact(payload, "logs")[0] is payload
    body = encode_varint(4 << 3 | 1) + struct.pack("<d", -0.0)
    payload = delimited(1, delimited(2, delimited(2, delimited(5, body))))
    assert BY_DEFAULT.redact(payload, "logs")[0] is payload
