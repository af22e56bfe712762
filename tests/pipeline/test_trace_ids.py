import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import trace_ids
from pipeline.trace_ids import TraceContext

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"


@pytest.mark.parametrize(
    ("trace_id", "decimal"),
    [
        (TRACE, "11803532876627986230"),
        ("0af7651916cd43dd8448eb211c80319c", "9532127138774266268"),
        ("5b8efff798038103d269b633813fc60c", "15161849952847513100"),
        (SPAN, "67667974448284343"),
        ("b7ad6b7169203331", "13235353014750950193"),
        ("0000000000000000112210f47de98115", "1234567890123456789"),
        ("6553f10000000000112210f47de98115", "1234567890123456789"),
    ],
)
def test_low_half_is_written_in_decimal_and_read_back(trace_id: str, decimal: str) -> None:
    assert trace_ids.to_decimal(trace_id) == decimal
    if len(trace_id) == 32:
        assert trace_ids.trace_id_from_decimal(decimal, high=trace_id[:16]) == trace_id
    else:
        assert trace_ids.span_id_from_decimal(decimal) == trace_id


def test_zero_low_half_has_no_decimal_form() -> None:
    assert trace_ids.to_decimal("4bf92f3577b34da60000000000000000") is None


@given(st.integers(0, 2**64 - 1), st.integers(1, 2**64 - 1))
def test_decimal_conversion_is_lossless(high: int, low: int) -> None:
    trace_id = f"{high:016x}{low:016x}"
    decimal = trace_ids.to_decimal(trace_id)
    assert decimal is not None
    assert trace_ids.trace_id_from_decimal(decimal, high=trace_id[:16]) == trace_id


@pytest.mark.parametrize(
    ("text", "trace_id"),
    [
        (TRACE, TRACE),
        (TRACE.upper(), TRACE),
        ("a3ce929d0e0e4736", "0000000000000000a3ce929d0e0e4736"),
        ("1-5759e988-bd862e3fe1be46a994272793", "5759e988bd862e3fe1be46a994272793"),
        ("3f2504e0-4f89-11d3-9a0c-0305e82c3301", "3f2504e04f8911d39a0c0305e82c3301"),
        ("1" * 32, "1" * 32),
        ("1234567890123456789", "0000000000000000112210f47de98115"),
        ("1234567890123456", "0000000000000000000462d53c8abac0"),
        ("18446744073709551615", "0000000000000000ffffffffffffffff"),
    ],
)
def test_every_spelling_of_a_trace_id_is_read(text: str, trace_id: str) -> None:
    assert trace_ids.parse_trace_id(text) == trace_id


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "-1",
        "18446744073709551616",
        "0" * 32,
        "0" * 16,
        TRACE[:-1],
        TRACE + "0",
        "g" * 32,
        f" {TRACE}",
        "1-5759e988-bd86",
        "00000000-0000-0000-0000-000000000000",
        "\uff11" * 32,
        TRACE + "\n",
    ],
)
def test_anything_else_is_no_trace_id(text: str) -> None:
    assert trace_ids.parse_trace_id(text) is None


@pytest.mark.parametrize(
    ("text", "span_id"),
    [
        (SPAN, SPAN),
        (SPAN.upper(), SPAN),
        ("0000000000000010", "0000000000000010"),
        ("67667974448284343", SPAN),
        ("74", "000000000000004a"),
        ("0", None),
        ("0" * 16, None),
        ("-1", None),
        ("18446744073709551616", None),
        (SPAN[:-1], None),
        (SPAN + "0", None),
        ("", None),
    ],
)
def test_span_ids_are_hex_or_decimal(text: str, span_id: str | None) -> None:
    assert trace_ids.parse_span_id(text) == span_id


@pytest.mark.parametrize(
    ("header", "context"),
    [
        (f"00-{TRACE}-{SPAN}-01", TraceContext(TRACE, SPAN, 1)),
        (f"00-{TRACE}-{SPAN}-00", TraceContext(TRACE, SPAN, 0)),
        (f"00-{TRACE}-{SPAN}-03", TraceContext(TRACE, SPAN, 3)),
        (f"00-{TRACE}-{SPAN}-ff", TraceContext(TRACE, SPAN, 3)),
        (f"01-{TRACE}-{SPAN}-01-extra", TraceContext(TRACE, SPAN, 1)),
        (f"00-{TRACE.upper()}-{SPAN}-01", None),
        (f"00-{TRACE}-{SPAN}-01-extra", None),
        (f"01-{TRACE}-{SPAN}-01extra", None),
        (f"ff-{TRACE}-{SPAN}-01", None),
        (f"00-{'0' * 32}-{SPAN}-01", None),
        (f"00-{TRACE}-{'0' * 16}-01", None),
        (f"00-{TRACE[:-1]}-{SPAN}-01", None),
        (f"00-{TRACE}-{SPAN}-01,00-{TRACE}-{SPAN}-01", None),
    ],
)
def test_traceparent_is_read_as_w3c_says(header: str, context: TraceContext | None) -> None:
    assert trace_ids.parse_traceparent(header) == context


@given(st.text() | st.text("0123456789abcdef-"))
def test_no_text_is_an_error_or_a_zero_id(text: str) -> None:
    for parsed in (trace_ids.parse_trace_id(text), trace_ids.parse_span_id(text)):
        assert parsed is None or set(parsed) != {"0"}
    context = trace_ids.parse_traceparent(text)
    assert context is None or context.trace_id != "0" * 32


@pytest.mark.parametrize(
    ("source", "value", "trace_id"),
    [
        ("x-request-id", "req-000042", "59e734bd9b3e407c48430654458050d5"),
        ("X-Request-ID", "01HF3Z9QK7V8W2N4X6Y0ABCDEF", "50a419e201725f5f7ab23b959cec368d"),
        ("webhook:github", "72d3162e-cc78-11e3-81ab-4c9367dc0958", "7058244a9c4607ddab9a83c6bb9c0740"),
        ("webhook:stripe", "evt_0001", "e17cafea25b297ef026e2571bc06b5f6"),
    ],
)
def test_derived_trace_ids_are_the_published_ones(source: str, value: str, trace_id: str) -> None:
    assert trace_ids.derive_trace_id(source, value) == trace_id


def test_a_uuid_request_id_is_its_own_trace_id() -> None:
    assert (
        trace_ids.trace_id_of_request("x-request-id", "3F2504E0-4f89-11d3-9a0c-0305e82c3301")
        == "3f2504e04f8911d39a0c0305e82c3301"
    )
    assert trace_ids.trace_id_of_request("x-request-id", "req-000042") == "59e734bd9b3e407c48430654458050d5"
    nil = "00000000-0000-0000-0000-000000000000"
    assert trace_ids.trace_id_of_request("x-request-id", nil) == trace_ids.derive_trace_id("x-request-id", nil)


def test_namespaces_keep_tenants_apart() -> None:
    assert trace_ids.derive_trace_id("x-request-id", "1", "a") != trace_ids.derive_trace_id("x-request-id", "1", "b")


def test_derived_span_id_is_the_published_one() -> None:
    assert trace_ids.derive_span_id("59e734bd9b3e407c48430654458050d5", "evt_0001") == "849499870c66f236"
