"""Lines of JSON as loggers write them, and as none should: members that mean something, with values that fit and others."""

import json
from collections.abc import Sequence
from random import Random
from typing import Final

from pipeline.json_logs import levels, tables
from pipeline.json_logs.plans import NAMES
from pipeline.trace_members import SPAN_MEMBERS, TRACE_MEMBERS

_USUAL: Final = (
    "time", "timestamp", "ts", "level", "severity", "msg", "message", "event", "pid", "hostname", "service", "env", "logger",
    "trace_id", "span_id", "trace_flags", "thread", "lineno", "filename", "error", "exception", "name", "user",
)  # fmt: skip
_OTHERS: Final = (
    "k",
    "k",
    "a.b",
    "",
    "é",
    "Level",
    "MSG",
    "Trace_Id",
    "\u212aind",
    "thread.name",
    "x" * 70,
    'q"',
    "b\\s",
    "http.route",
)
_TIMES: Final = (
    '"2026-03-04T05:06:07.123456789Z"', '"2026-03-04 05:06:07,123"', '"2026-03-04T05:06:07+01:00"',
    '"2026-03-04t05:06:07.1-0230"', '"2026-02-30T05:06:07Z"', '"2024-02-29T23:59:59.9999999999z"', '"2026-03-04T05:06:60Z"',
    '"1999-12-31T23:59:59Z"', '"2000-01-01T00:00:00Z"', '"2030-01-01T00:00:00Z"', '"2026/03/04 05:06:07"',
    '"Wed, 04 Mar 2026 05:06:07 GMT"', '"soon"', "1772600767", "1772600767.123", "1772600767.1234567899", "1772600767123",
    "1772600767123.9876543", "1772600767123000", "1772600767123000.5", "1772600767123000000", '"1772600767"', '"1772600767.5"',
    "1772600767123000000.5", "1.7726e9", "-1", "0", "99999999999", "99999999999.9", "100000000000", "946684800",
    "946684799.999999999", '"2026-03-04T05:06:07 Z"', '"2026-03-04T24:00:00Z"', '"2026-03-04T05:06:07+24:00"',
    '"2000-01-01T00:30:00+01:00"', '"2026-03-04T05:06:07."', '"2026-03-04T05:06:07.5 +01:00"',
)  # fmt: skip
_LEVELS: Final = (
    '"info"', '"WARN"', '"Error"', '"critical"', '"CRITICAL"', '"odd"', '"i\\u006efo"', "30", "35", "50", "10", "7", "0", "-4",
    "61", '"30"', "true", "30.0", '"' + "x" * 40 + '"',
)  # fmt: skip
_IDS: Final = (
    '"4bf92f3577b34da6a3ce929d0e0e4736"', '"4BF92F3577B34DA6A3CE929D0E0E4736"', '"4bf92f35-77b3-4da6-a3ce-929d0e0e4736"',
    '"00f067aa0ba902b7"', '"00F067AA0BA902B7"', '"11803532876627986230"', '"1234567890123456"', "7", '"0"',
    '"' + "0" * 32 + '"', '"' + "0" * 16 + '"', '"4bf92f3577b34da6"', '"zz"', '["4bf92f3577b34da6a3ce929d0e0e4736"]',
    '"1-5759e988-bd862e3fe1be46a994272793"', '"' + "1" * 32 + '"', '"projects/p/traces/4bf92f3577b34da6a3ce929d0e0e4736"',
)  # fmt: skip
_FLAGS: Final = ('"01"', '"00"', '"fF"', '"1"', "1", "255", "256", "-1", "true", "false", '"zz"')
_TEXTS: Final = (
    '"text"', '"x"', '""', '"42"', '"007"', '"' + "9" * 19 + '"', '"ünï"', '"\\u00e9\\n\\t\\"\\\\\\/"', '"\\ud83d\\ude00"',
    '"\\ud83d"', '"\\ude00\\ud83d"', '"\x7f"', '"\u2028"', '"Traceback (most recent call last):\\nValueError: no"',
    '"tab\\u0009"', '"nul\\u0000"', '"' + "long " * 60 + '"',
)  # fmt: skip
_NUMBERS: Final = (
    "0", "-0", "-0.0", "1", "-1", "3.25", "0.1", "1e5", "1E-7", "1e400", "1e-400", "123456789012345678", "1234567890123456789",
    "9223372036854775807", "9223372036854775808", "-9223372036854775808", "18446744073709551616", "9007199254740993.0",
    "22.777790480486516", "0.30000000000000004", "9223372036854775808.0", "1.0", "100000000000000000000.5",
    "0.000000000000000000000001", "2.2250738585072014e-308",
)  # fmt: skip
_FAULTS: Final = (
    "01",
    "1.",
    ".5",
    "+1",
    "NaN",
    "tru",
    "'x'",
    '"\\x"',
    '"\\u12"',
    '"',
    "{",
    "[1,]",
    '{"a":}',
    "",
    "\x00",
    '"\x01"',
)


def line(random: Random) -> str:
    """Return an object in one line, at times with a fault."""
    names = [_name(random) for _ in range(random.choice((0, 1, 2, 3, 4, 5, 6, 8, 10)))]
    if random.random() < 0.9:
        names = list(dict.fromkeys(names))
    return _space(random) + _object(random, [(name, _value_of(name, random)) for name in names]) + _space(random)


def body(random: Random) -> bytes:
    """Return several: one a line, in an array, one after the other, with anything between them."""
    texts = [
        line(random) if random.random() < 0.93 else random.choice((*_TEXTS, *_NUMBERS, "plain text", "", " "))
        for _ in range(random.randrange(6))
    ]
    match random.randrange(4):
        case 0:
            written = "[" + ",".join(texts) + random.choice(("]", "]", "]", ",]", "", "] x"))
        case 1:
            written = random.choice(("", " ", "\r\n")).join(texts)
        case _:
            written = "".join(text + random.choice(("\n", "\n", "\r\n", "\n\n", "\n \n")) for text in texts)
    return (random.choice(("", "", "", "\ufeff")) + written).encode(errors="surrogatepass")


def _name(random: Random) -> str:
    return random.choice(random.choice((_USUAL, _USUAL, NAMES, _OTHERS)))


def _value_of(name: str, random: Random) -> str:
    """Return a value, mostly one that fits."""
    if random.random() < 0.25:
        return _value(random, 3)
    if name in tables.TIME.all:
        return random.choice(_TIMES) if random.random() < 0.5 else _TIMES[0]
    if name in levels.PLACES.all:
        return random.choice(_LEVELS)
    if name in TRACE_MEMBERS or name in SPAN_MEMBERS:
        return random.choice(_IDS) if random.random() < 0.5 else _IDS[0 if name in TRACE_MEMBERS else 3]
    if name in tables.FLAGS.all:
        return random.choice(_FLAGS)
    return random.choice(_TEXTS)


def _value(random: Random, depth: int) -> str:
    match random.randrange(8 if depth else 5):
        case 0 | 1:
            return random.choice(_TEXTS)
        case 2 | 3:
            return random.choice(_NUMBERS)
        case 4:
            if random.random() < 0.1:
                return random.choice(_FAULTS)
            return random.choice(("true", "false", "null"))
        case 5:
            return "[" + ",".join(_value(random, depth - 1) for _ in range(random.randrange(3))) + "]"
    inner: Sequence[str] = [random.choice((*_USUAL[:6], "k", "k", "type", "stack", "é", "")) for _ in range(random.randrange(3))]
    return _object(random, [(name, _value(random, depth - 1)) for name in inner])


def _object(random: Random, members: Sequence[tuple[str, str]]) -> str:
    written = (
        f"{_space(random)}{json.dumps(name, ensure_ascii=False)}{_space(random)}:{_space(random)}{value}"
        for name, value in members
    )
    return "{" + ",".join(written) + _space(random) + "}"


def _space(random: Random) -> str:
    return random.choice((" ", "\t", "  ", "\r")) if random.random() < 0.05 else ""
