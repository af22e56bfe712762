"""Trace ids under other names (trace-context contract §4, json-logs contract §4.3)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.trace_ids import TRACE_ID, trace_id_of_request
from pipeline.trace_members import REQUEST_HEADERS, TRACE_MEMBERS, find_ids, find_request, ids_in_text
from tests.strategies import attributes

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"


@pytest.mark.parametrize("name", [name for name in TRACE_MEMBERS if name != "xray_trace_id"])
def test_every_name_is_read(name: str) -> None:
    ids = find_ids({name: TRACE})
    assert ids is not None
    assert (ids.trace_id, ids.members) == (TRACE, (name,))


@pytest.mark.parametrize(
    ("members", "trace", "span"),
    [
        ({"trace_id": TRACE, "span_id": SPAN}, TRACE, SPAN),
        ({"traceId": TRACE.upper(), "spanId": SPAN.upper()}, TRACE, SPAN),
        ({"trace_id": "a3ce929d0e0e4736"}, "0000000000000000a3ce929d0e0e4736", ""),
        ({"dd.trace_id": "11803532876627986230", "dd.span_id": "67667974448284343"}, "0000000000000000a3ce929d0e0e4736", SPAN),
        ({"dd": {"trace_id": 11803532876627986230, "span_id": 67667974448284343}}, "0000000000000000a3ce929d0e0e4736", SPAN),
        ({"dd.trace_id": TRACE}, TRACE, ""),
        ({"logging.googleapis.com/trace": f"projects/demo/traces/{TRACE}", "logging.googleapis.com/spanId": SPAN}, TRACE, SPAN),
        ({"xray_trace_id": "1-5759e988-bd862e3fe1be46a994272793"}, "5759e988bd862e3fe1be46a994272793", ""),
        ({"AWS-XRAY-TRACE-ID": "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1"}, "5759e988bd862e3fe1be46a994272793", ""),
        ({"traceparent": f"00-{TRACE}-{SPAN}-01"}, TRACE, SPAN),
        ({"trace_id": "0", "traceID": TRACE}, TRACE, ""),
        ({"trace_id": TRACE, "span_id": "0" * 16, "spanId": SPAN}, TRACE, SPAN),
    ],
)
def test_the_first_valid_id_wins_in_whatever_form(members: dict[str, Any], trace: str, span: str) -> None:
    ids = find_ids(members)
    assert ids is not None
    assert (ids.trace_id, ids.span_id) == (trace, span)


@pytest.mark.parametrize("value", ["", "0", "0" * 32, "none", TRACE[:-1], TRACE + "0", None, True, 1.5, [TRACE, TRACE], b"x"])
def test_what_is_no_id_is_not_used(value: Any) -> None:
    assert find_ids({"trace_id": value}) is None


def test_a_span_id_alone_is_nothing() -> None:
    assert find_ids({"span_id": SPAN}) is None


@pytest.mark.parametrize(
    ("text", "trace", "span"),
    [
        (f"charge failed trace_id={TRACE} span_id={SPAN} user=7", TRACE, SPAN),
        (f"charge failed, traceId: {TRACE.upper()}, spanId: {SPAN}", TRACE, SPAN),
        (f'level=info "trace_id": "{TRACE}"', TRACE, ""),
        (f"GET / traceparent=00-{TRACE}-{SPAN}-01", TRACE, SPAN),
        (f"[trace={TRACE} span={SPAN}] started", TRACE, SPAN),
        ("[dd.service=shop dd.trace_id=11803532876627986230 dd.span_id=67667974448284343]", "0" * 16 + "a3ce929d0e0e4736", SPAN),
        (f"trace_id=none trace_id={TRACE}", TRACE, ""),
    ],
)
def test_text_names_its_trace(text: str, trace: str, span: str) -> None:
    ids = ids_in_text(text)
    assert ids is not None
    assert (ids.trace_id, ids.span_id) == (trace, span)


@pytest.mark.parametrize("text", ["", f"commit {TRACE}", f"backtrace_id={TRACE}", f"trace_id={TRACE}ff", "trace_id=" + "0" * 32])
def test_text_that_names_none(text: str) -> None:
    assert ids_in_text(text) is None


@pytest.mark.parametrize(
    ("members", "found"),
    [
        ({"request_id": "req-000042"}, ("x-request-id", "req-000042")),
        ({"http.request.header.x-request-id": ["req-000042"]}, ("x-request-id", "req-000042")),
        ({"correlationId": "c-1"}, ("x-correlation-id", "c-1")),
        ({"cf-ray": "7d1"}, ("cf-ray", "7d1")),
        ({"request_id": 42}, ("x-request-id", "42")),
        ({"request_id": "x" * 129}, None),
        ({"request_id": "a\nb"}, None),
        ({"request_id": ""}, None),
        ({}, None),
    ],
)
def test_a_request_is_named_by_its_header(members: dict[str, Any], found: tuple[str, str] | None) -> None:
    assert find_request(members) == found


def test_log_attribute_and_header_give_the_same_id() -> None:
    request = find_request({"request_id": "req-000042"})
    assert request is not None
    assert trace_id_of_request(*request) == "59e734bd9b3e407c48430654458050d5"


@given(attributes(), st.text(), st.sampled_from((*TRACE_MEMBERS, *REQUEST_HEADERS)))
def test_nothing_is_taken_that_is_no_id(members: dict[str, Any], text: str, name: str) -> None:
    for ids in (find_ids({**members, name: text}), ids_in_text(f"{name}={text}")):
        assert ids is None or TRACE_ID.fullmatch(ids.trace_id)
    find_request({**members, name: text})
