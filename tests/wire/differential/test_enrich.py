"""`Enricher`: kernel and reference."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pipeline.trace_members import REQUEST_MEMBERS, SPAN_MEMBERS, TRACE_MEMBERS
from pipeline.types import SIGNALS, Signal
from pipeline.wire.model import LogRecord, Resource, Scope
from pipeline.wire.reference.encode import encode
from pipeline.wire.reference.walk import delimited
from tests.differential import both, mutants, outcome, signals_and_inputs

KERNEL, REFERENCE = both("enrich", "Enricher")

ENVIRONMENTS = ["deployment.environment.name", "deployment.environment"]
keys = st.sampled_from(["service.name", "user.email", "", "\ufffd", "trace.derived", *ENVIRONMENTS]) | st.text(max_size=3)
configured: st.SearchStrategy[Any] = st.one_of(
    st.text(max_size=4),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.sampled_from(["x" * 200, 0, 1, 1.0, True, b"bytes", [1], {"a": 1}, "\ufffd"]),
)
wanted = st.dictionaries(keys, configured, max_size=3)
settings = st.fixed_dictionaries(
    {},
    optional={
        "ids": st.lists(st.sampled_from(["attributes", "json", "text"]), unique=True),
        "derive": st.booleans(),
        "namespace": st.sampled_from(["", "tenant"]),
        "move": st.booleans(),
        "resource": wanted,
        "attributes": wanted,
        "overwrite": st.booleans(),
    },
)

TRACE, SPAN, UUID = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", "4bf92f35-77b3-4da6-a3ce-929d0e0e4736"
ids = st.sampled_from(
    [TRACE, TRACE.upper(), UUID, SPAN, "0" * 32, "12345678901234567890", f"00-{TRACE}-{SPAN}-01"]
) | st.sampled_from(
    [
        "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1",
        f"p/traces/{TRACE}",
        "",
        "req-1",
        "x" * 129,
        "é",
        42,
        None,
        True,
        [TRACE],
    ]
)
names = st.sampled_from([*TRACE_MEMBERS, *SPAN_MEMBERS, *REQUEST_MEMBERS, "traceparent", "trace.derived", "other"])
members = st.dictionaries(names, ids, max_size=3)
nested = st.sampled_from(["dd", "trace", "otel", "contextMap", "mdc", "http", "request", "span", "other"]).flatmap(
    lambda outer: st.dictionaries(st.sampled_from(["trace_id", "id", "traceId", "request.id"]), ids).map(
        lambda inner: {outer: inner}
    )
)
blanks = st.sampled_from(["", " ", "\n\t", "\x1c\x85\xa0", "\u1680\u2000\u200a\u2028\u202f\u205f\u3000", "\u200b", "é", "["])
texts = st.one_of(
    st.builds(lambda blank, some: blank + json.dumps(some), blanks, members | nested),
    st.builds(lambda some: json.dumps(some).replace("trace", "\\u0074race"), members),
    st.builds(
        "{}{}{}".format,
        st.sampled_from(["", "failed ", "tra", "ttrace "]),
        st.sampled_from(["trace_id=", "TRACEID: ", "[trace=", "t"]),
        ids,
    ),
    st.builds(
        "a {} span_id={} b".format, st.sampled_from([f"trace.id={TRACE}", f'traceparent="00-{TRACE}-{SPAN}-01"']), st.just(SPAN)
    ),
    st.text(max_size=5),
)
logs = st.builds(
    lambda attributes, more, body, trace_id, span_id, flags, environment: LogRecord(
        resource=Resource(attributes=environment),
        scope=Scope(),
        body=body,
        attributes={**attributes, **more},
        trace_id=trace_id,
        span_id=span_id,
        flags=flags,
    ),
    members,
    nested | st.just({}),
    texts | members | nested | st.none() | st.just([TRACE]),
    st.sampled_from(["", "", "", "0" * 32, TRACE, "12" * 8]),
    st.sampled_from(["", SPAN]),
    st.sampled_from([0, 1, 2, 3, 256, 257]),
    st.dictionaries(st.sampled_from(ENVIRONMENTS), st.sampled_from(["test", "production"])),
)


def check(payload: bytes, signal: Signal, **chosen: Any) -> None:
    kernel, reference = KERNEL(**chosen), REFERENCE(**chosen)
    wanted, given = outcome(lambda: reference.enrich(payload, signal)), outcome(lambda: kernel.enrich(payload, signal))
    assert given == wanted
    assert (given is payload) is (wanted is payload)


@given(signals_and_inputs(), settings)
def test_the_same_of_all_inputs(drawn: tuple[Signal, bytes], chosen: dict[str, Any]) -> None:
    check(drawn[1], drawn[0], **chosen)


@given(st.lists(logs, min_size=1, max_size=4), settings)
def test_the_same_of_logs_that_carry_ids(some: list[LogRecord], chosen: dict[str, Any]) -> None:
    check(encode(some, "logs"), "logs", **chosen)


@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize("overwrite", [False, True])
def test_the_same_of_mutants(signal: Signal, overwrite: bool) -> None:
    for mutant in mutants(signal, 1_500):
        check(mutant, signal, resource={"k": "v", "n": 1}, attributes={"team": "shop", "k": 2.5}, overwrite=overwrite)
        check(mutant, signal, resource={"k": "v"}, ids=(), derive=False)


@given(
    st.lists(st.tuples(keys, st.sampled_from(["a", "production", 1])), max_size=4), st.lists(st.booleans(), max_size=4), settings
)
def test_the_same_of_resources_in_pieces(attributes: list[tuple[str, Any]], cuts: list[bool], chosen: dict[str, Any]) -> None:
    whole = [encode([LogRecord(resource=Resource(attributes={key: value}), scope=Scope())], "logs") for key, value in attributes]
    pieces = [each[each.index(b"\n", 2) :] for each in whole]
    scope = delimited(2, delimited(2, delimited(3, b"INFO")))
    group = b"".join(piece + scope * cut for piece, cut in zip(pieces, [*cuts, *[False] * 4], strict=False))
    check(delimited(1, group), "logs", **chosen)
    check(b"\x8a\x00" + delimited(1, group)[1:] + delimited(1, scope), "logs", **chosen)


FORMS: list[Any] = [
    TRACE, TRACE.upper(), UUID, UUID.upper(), UUID.replace("-", "_"), SPAN, SPAN.upper(), "0" * 16, "0" * 32, "0" * 36, "g" * 32,
    "1", "0", "18446744073709551615", "18446744073709551616", "99999999999999999999", "1" * 16, "1" * 21, "1" * 32, -5, 7,
    2**63 - 1, "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1", "1-5759e988-bd862e3fe1be46a994272793", f"Root={TRACE}",
    "Root=;" + TRACE, f"projects/p/traces/{TRACE}", f"{TRACE}/", f"00-{TRACE}-{SPAN}-01", f"00-{TRACE}-{SPAN}-01-x",
    f"01-{TRACE}-{SPAN}-01-x", f"01-{TRACE}-{SPAN}-01x", f"ff-{TRACE}-{SPAN}-01", f"00-{TRACE.upper()}-{SPAN}-01",
    f"00-{'0' * 32}-{SPAN}-01", f"00-{TRACE}-{SPAN}-0A", f"{TRACE}\n", f" {TRACE}", "a" * 31 + "é", "a" * 15 + "é", "٣" * 16, "",
    "req", "x" * 128, "x" * 129, "é", "\t", 1.5, True, None, [TRACE], [TRACE, TRACE], [], {"trace_id": TRACE}, b"bytes",
]  # fmt: skip


@pytest.mark.parametrize("chosen", [{}, {"move": True}, {"ids": ("attributes",), "derive": False}, {"ids": ("text",)}])
def test_every_name_and_every_form_of_an_id(chosen: dict[str, Any]) -> None:
    found = ["traceparent", *TRACE_MEMBERS, *SPAN_MEMBERS, *REQUEST_MEMBERS]
    some: list[dict[str, Any]] = [{name: form} for name in found for form in FORMS]
    some += [{"trace_id": TRACE, name: form} for name in SPAN_MEMBERS for form in FORMS]
    some += [
        {half: {rest: form}} for half, _, rest in (name.partition(".") for name in found if "." in name) for form in FORMS[:9]
    ]
    some += [{"trace_id": form, "traceId": SPAN, "request_id": "r", "dd.trace_id": "5"} for form in FORMS]
    resource, scope = Resource(), Scope()
    for attributes in some:
        record = LogRecord(resource=resource, scope=scope, attributes=attributes, body=attributes)
        check(encode([record], "logs"), "logs", **chosen)
        check(encode([replace(record, body=str(attributes))], "logs"), "logs", **chosen)
        check(encode([replace(record, body=None)], "logs"), "logs", **chosen)
