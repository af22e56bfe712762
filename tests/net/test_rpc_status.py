import base64

import orjson
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import BadRequest, RetryInfo
from google.rpc.status_pb2 import Status as GoogleStatus

from pipeline.net.rpc_status import Status


def test_a_status() -> None:
    assert Status(3, "bad trace id").encode() == bytes.fromhex("08 03 12 0c 62 61 64 20 74 72 61 63 65 20 69 64")


def test_a_status_with_retry_info() -> None:
    busy = Status(14, "busy", retry_delay=30)
    assert base64.b64encode(busy.encode()) == (
        b"CA4SBGJ1c3kaMAoodHlwZS5nb29nbGVhcGlzLmNvbS9nb29nbGUucnBjLlJldHJ5SW5mbxIECgIIHg=="
    )
    assert orjson.loads(busy.to_json()) == {
        "code": 14,
        "message": "busy",
        "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "30s"}],
    }


def test_google_reads_the_details() -> None:
    status = GoogleStatus.FromString(Status(3, "no", retry_delay=1.25, violations=["a", "b"]).encode())
    retry, bad = RetryInfo(), BadRequest()
    assert status.details[0].Unpack(retry)
    assert retry.retry_delay == Duration(seconds=1, nanos=250_000_000)
    assert status.details[1].Unpack(bad)
    assert [violation.description for violation in bad.field_violations] == ["a", "b"]


def test_a_zero_delay_is_still_told() -> None:
    status = GoogleStatus.FromString(Status(14, "", retry_delay=0).encode())
    assert status.details[0].Is(RetryInfo.DESCRIPTOR)


def test_a_long_message_is_cut() -> None:
    assert len(GoogleStatus.FromString(Status(3, "x" * 5_000_000).encode()).message) == 1024


def test_the_encoding_follows_the_request() -> None:
    assert Status(3, "no").in_type("application/x-protobuf")[1] == "application/x-protobuf"
    assert Status(3, "no").in_type("application/json")[1] == "application/json"
    assert Status(3, "no").in_type("")[1] == "application/json"
