"""The walker: what it reads, what it refuses, and how it rewrites (otlp contract §11)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.wire import Malformed
from pipeline.wire.reference.tables import DELIMITED, FIXED32, FIXED64, VARINT, message, messages, root
from pipeline.wire.reference.walk import (
    MAX_NUMBER,
    Splice,
    delimited,
    descend,
    encode_varint,
    expect,
    fields,
    rewrite,
    scalar,
    scalars,
    varint,
)


def walked(data: bytes) -> list[tuple[int, int, int, int, int]]:
    return list(fields(data, 0, len(data)))


def test_yields_number_wire_type_and_range_of_each_field() -> None:
    data = b"\x08\x96\x01" + b"\x11" + bytes(8) + b"\x1a\x02hi" + b"\x25" + bytes(4)
    assert walked(data) == [(0, 1, VARINT, 1, 3), (3, 2, FIXED64, 4, 12), (12, 3, DELIMITED, 14, 16), (16, 4, FIXED32, 17, 21)]


def test_stays_within_its_message() -> None:
    assert list(fields(b"\xff\x08\x01\xff", 1, 3)) == [(1, 1, VARINT, 2, 3)]
    assert list(fields(b"\xff", 1, 1)) == []


@pytest.mark.parametrize("wire", [3, 4, 6, 7])
def test_groups_and_unused_wire_types_are_malformed(wire: int) -> None:
    with pytest.raises(Malformed, match=f"wire type {wire} at byte 2"):
        walked(b"\x08\x01" + bytes([1 << 3 | wire]) + bytes(8))


@pytest.mark.parametrize("number", [0, MAX_NUMBER + 1])
def test_field_numbers_that_do_not_exist_are_malformed(number: int) -> None:
    with pytest.raises(Malformed, match="field number out of range at byte 0"):
        walked(encode_varint(number << 3) + b"\x01")
    assert walked(encode_varint(MAX_NUMBER << 3) + b"\x01")


def test_a_varint_has_ten_bytes_at_most() -> None:
    assert walked(b"\x08" + b"\x80" * 9 + b"\x00") == [(0, 1, VARINT, 1, 11)]
    with pytest.raises(Malformed, match="varint longer than 10 bytes"):
        walked(b"\x08" + b"\x80" * 10 + b"\x00")


def test_non_minimal_varints_are_legal_as_tag_length_and_value() -> None:
    assert walked(b"\x8a\x80\x00" + b"\x82\x00" + b"hi") == [(0, 1, DELIMITED, 5, 7)]
    assert varint(b"\x81\x80\x80\x00", 0, 4) == (1, 4)


@pytest.mark.parametrize(
    "data", [b"\x0a", b"\x0a\x01", b"\x0a\x80", b"\x08", b"\x08\x80", b"\x09" + bytes(7), b"\x0d" + bytes(3), b"\x80"]
)
def test_what_runs_past_the_end_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        walked(data)


def test_a_length_past_the_parent_is_malformed_though_the_payload_goes_on() -> None:
    with pytest.raises(Malformed, match="field longer than its message at byte 0"):
        list(fields(b"\x0a\x03abc", 0, 4))


@given(st.integers(0, 2**64 - 1))
def test_varints_round_trip(value: int) -> None:
    encoded = encode_varint(value)
    assert varint(encoded, 0, len(encoded)) == (value, len(encoded))


def test_a_varint_of_more_than_64_bits_is_cut_as_protobuf_does() -> None:
    assert varint(b"\xff" * 9 + b"\x7f", 0, 10) == (2**64 - 1, 10)


def test_a_known_field_with_a_wrong_wire_type_is_malformed() -> None:
    record = message("LogRecord")
    assert expect(record, 1, FIXED64, 0) is record.fields[1]
    assert expect(record, 23, DELIMITED, 0) is None
    with pytest.raises(Malformed, match=r"wire type 2 for LogRecord\.time_unix_nano at byte 5"):
        expect(record, 1, DELIMITED, 5)


def test_repeated_scalars_may_be_packed_or_not() -> None:
    point, buckets = message("HistogramDataPoint"), message("ExponentialHistogramDataPoint.Buckets")
    counts, varints = point.by_name["bucket_counts"], buckets.by_name["bucket_counts"]
    assert expect(point, 6, FIXED64, 0) is expect(point, 6, DELIMITED, 0) is counts
    assert expect(buckets, 2, VARINT, 0) is expect(buckets, 2, DELIMITED, 0) is varints
    assert scalars(b"\x01" + bytes(7) + b"\x02" + bytes(7), counts, DELIMITED, 0, 16) == [1, 2]
    assert scalars(b"\x03" + bytes(7), counts, FIXED64, 0, 8) == [3]
    assert scalars(b"\x01\xac\x02", varints, DELIMITED, 0, 3) == [1, 300]
    with pytest.raises(Malformed, match="packed values of the wrong length"):
        scalars(bytes(9), counts, DELIMITED, 0, 9)
    with pytest.raises(Malformed, match="varint runs past the end"):
        scalars(b"\x80", varints, DELIMITED, 0, 1)


def test_a_singular_scalar_may_not_be_packed() -> None:
    with pytest.raises(Malformed):
        expect(message("LogRecord"), 2, DELIMITED, 0)


@pytest.mark.parametrize(
    ("owner", "field", "data", "value"),
    [
        ("LogRecord", "severity_number", encode_varint(2**64 - 1), -1),
        ("LogRecord", "severity_number", encode_varint(2**32 + 9), 9),
        ("LogRecord", "dropped_attributes_count", encode_varint(2**64 - 1), 2**32 - 1),
        ("LogRecord", "time_unix_nano", b"\xff" * 8, 2**64 - 1),
        ("LogRecord", "flags", b"\xff" * 4, 2**32 - 1),
        ("AnyValue", "int_value", encode_varint(2**64 - 1), -1),
        ("AnyValue", "bool_value", b"\x02", True),
        ("AnyValue", "double_value", bytes.fromhex("000000000000f83f"), 1.5),
        ("NumberDataPoint", "as_int", b"\xff" * 8, -1),
        ("ExponentialHistogramDataPoint", "scale", b"\x03", -2),
    ],
)
def test_scalars_are_read_as_their_type_says(owner: str, field: str, data: bytes, value: object) -> None:
    assert scalar(data, message(owner).by_name[field], 0, len(data)) == value


@pytest.mark.parametrize("size", [0, 1, 126, 127, 128, 129, 16_383, 16_384])
@pytest.mark.parametrize("grow", [-1, 0, 1])
def test_enclosing_lengths_are_right_when_a_value_crosses_a_length_boundary(size: int, grow: int) -> None:
    new = b"n" * max(0, size + grow)
    inner = delimited(3, b"before") + delimited(1, b"o" * size) + delimited(2, b"after")
    payload = delimited(9, b"sibling") + delimited(4, delimited(5, inner)) + b"\x78\x01"

    def leaf(number: int, wire: int, start: int, end: int) -> bytes | None:
        return delimited(1, new) if number == 1 else None

    def middle(number: int, wire: int, start: int, end: int) -> bytes | None:
        return descend(payload, number, start, end, leaf)

    def top(number: int, wire: int, start: int, end: int) -> bytes | None:
        return descend(payload, number, start, end, middle) if number == 4 else None

    expected = delimited(3, b"before") + delimited(1, new) + delimited(2, b"after")
    assert rewrite(payload, 0, len(payload), top) == (
        delimited(9, b"sibling") + delimited(4, delimited(5, expected)) + b"\x78\x01"
    )


def test_a_rewrite_that_changes_nothing_returns_none_and_one_that_removes_all_returns_no_bytes() -> None:
    data = delimited(1, b"a") + delimited(2, b"b")
    assert rewrite(data, 0, len(data), lambda *_: None) is None
    assert rewrite(data, 0, len(data), lambda *_: b"") == b""


def test_untouched_fields_pass_byte_for_byte_non_minimal_and_unknown_ones_too() -> None:
    odd = b"\x92\x80\x00\x81\x00x" + encode_varint(77 << 3) + b"\x85\x00"
    data = odd + delimited(1, b"a") + odd
    assert rewrite(data, 0, len(data), lambda number, *_: b"" if number == 1 else None) == odd + odd


def test_splice_replaces_from_left_to_right() -> None:
    splice = Splice(b"0123456789", 2, 8)
    assert splice.result() is None
    splice.replace(3, 5, b"ab")
    splice.replace(7, 8, b"")
    assert splice.result() == b"2ab56"


def test_tables_know_what_messages_are() -> None:
    assert [table.name for table in messages() if table.item] == [
        "LogRecord",
        "Span",
        "NumberDataPoint",
        "HistogramDataPoint",
        "ExponentialHistogramDataPoint",
        "SummaryDataPoint",
    ]
    assert {table.name for table in messages() if table.nests} == {"ArrayValue", "KeyValueList"}
    assert {table.name for table in messages() if table.ids} == {"LogRecord", "Span", "Span.Link", "Exemplar"}
    assert root("metrics").shell
    assert not message("Resource").shell
    assert message("Metric").by_name["sum"].rivals == ("gauge", "histogram", "exponential_histogram", "summary")
    assert message("HistogramDataPoint").by_name["sum"].rivals == ()
    assert message("AnyValue").by_name["string_value_strindex"].absent
