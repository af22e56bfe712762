"""The redaction kernel on text made to hold it up (redaction contract §10), 64 KiB in one body, a figure an input."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Final

from opentelemetry.proto.logs.v1.logs_pb2 import LogsData

from benchmarks.measure import Figure, Scale, each, interleaved
from pipeline import wire
from processors.redact import Config, compile_rules

SIZE: Final = 64 * 1024
INPUTS: Final[Mapping[str, str]] = {
    "one letter": "a",
    "at signs": "@",
    "mail without end": "a@" + "a." * SIZE,
    "token heads": "-eyJ",
    "token without end": "eyJ" + "A" * SIZE,
    "version numbers": "1.1.1.",
    "digits and dashes": "1-",
    "key heads": f"-----BEGIN RSA {'PRIVATE'} KEY-----\n",
    "URLs without end": "://a:",
    "assignments": "password=",
    "addresses": "abcd:",
    "colons": "::",
    "vendor prefixes": "sk-" + "ant-",
    "digits": "9",
    "digits and spaces": "9 ",
    "deep JSON": '{"a":',
    "backslashes": "\\",
    "escapes": "\\u0040",
    "percent signs": "%40",
    "key ids": "AK" + "IA",
    "schemes": "Bearer ",
    "scheme without end": "bearer " + "A" * SIZE,
    "cookies": "Cookie: " + "a=b;" * SIZE,
    "account numbers": "AA99",
}
"""What is repeated until the body is full."""


def run(scale: Scale) -> Iterator[Figure]:
    """Redact one body of each kind."""
    redact = partial(wire.Redactor(compile_rules(Config())).redact, signal="logs")
    size = scale.of(SIZE)
    short = scale._replace(rounds=min(scale.rounds, 3), seconds=scale.seconds / len(INPUTS))
    worst = 0.0
    for name, text in INPUTS.items():
        samples = interleaved({"redact": redact}, [_payload((text * (size // len(text) + 1))[:size])], short)["redact"]
        nanoseconds = each(samples, size) * 1e3
        worst = max(worst, nanoseconds)
        yield Figure(name, nanoseconds, "ns/byte")
    yield Figure("the worst of all", worst, "ns/byte")


def _payload(text: str) -> bytes:
    root = LogsData()
    root.resource_logs.add().scope_logs.add().log_records.add().body.string_value = text
    return root.SerializeToString()
