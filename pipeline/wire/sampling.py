"""Consistent probability sampling: thresholds, and how a tracestate carries them (trace-context contract §5).

A threshold is a 56-bit integer T; an item is kept when its 56-bit randomness R is at least T, so the probability is
(2^56 - T) / 2^56 and one kept item stands for 2^56 / (2^56 - T). Source: OpenTelemetry, "TraceState: probability sampling".
"""

import math
import re
from typing import Final, NamedTuple

from pipeline.trace_ids import TRACE_ID
from pipeline.wire.model import LogRecord, Record, Span

ALL: Final = 1 << 56
"""Number of randomness values; as a threshold it lets nothing through."""
THRESHOLD_KEY: Final = "sampling.threshold"
RANDOMNESS_KEY: Final = "sampling.randomness"
"""Attributes of log records, which have no tracestate."""

_DIGITS: Final = 14
_MAX_MEMBERS: Final = 32
_MAX_OT: Final = 256

_TH: Final = re.compile(r"[0-9a-f]{1,14}")
_RV: Final = re.compile(r"[0-9a-f]{14}")
_MEMBER: Final = re.compile(r"([a-z0-9][a-z0-9_\-*/@]{0,255})=([ -+\--<>-~]{0,255}[!-+\--<>-~])")


def threshold(probability: float, precision: int = 4) -> int:
    """Return the rejection threshold of a probability from 0 to 1, rounded to `precision` hex digits.

    Leading `f` and `0` digits do not count, so small and large probabilities stay exact enough. 0 gives 2^56: nothing is
    kept. Raises `ValueError` for what is no probability, and above 0 for less than 2^-56.
    """
    if not 0 <= probability <= 1 or 0 < probability * ALL < 1:
        raise ValueError("a probability is 0, or from 2^-56 to 1")
    if probability in (0, 1):
        return 0 if probability else ALL
    extra = max(-math.frexp(probability)[1] // 4, -math.frexp(1 - probability)[1] // 4)
    unit = 1 << 4 * max(0, _DIGITS - precision - extra)
    return (ALL - round(probability * ALL) + unit // 2) // unit * unit


def probability(threshold: int) -> float:
    """Return the probability of a threshold."""
    return (ALL - threshold) / ALL


def adjusted_count(threshold: int) -> float:
    """Return how many items one item stands for that was kept at a threshold below 2^56."""
    return ALL / (ALL - threshold)


def encode_threshold(threshold: int) -> str:
    """Return the value of `th`: 14 hex digits without trailing zeros, `0` for none."""
    return f"{threshold:014x}".rstrip("0") or "0"


def decode_threshold(text: str) -> int | None:
    """Return the threshold that a `th` value says, None when it is malformed."""
    return int(text.ljust(_DIGITS, "0"), 16) if _TH.fullmatch(text) else None


def decode_randomness(text: str) -> int | None:
    """Return the randomness that an `rv` value says, None when it is malformed."""
    return int(text, 16) if _RV.fullmatch(text) else None


class Sampling(NamedTuple):
    """What an item says about sampling; None where it says nothing, or nothing well-formed."""

    threshold: int | None = None
    randomness: int | None = None


def of_record(record: Record) -> Sampling:
    """Return what a record says: a span in its tracestate, a log record in its attributes, a point never anything."""
    if isinstance(record, Span):
        return of_trace_state(record.trace_state)
    if not isinstance(record, LogRecord):
        return Sampling()
    threshold, randomness = record.attributes.get(THRESHOLD_KEY), record.attributes.get(RANDOMNESS_KEY)
    return Sampling(
        decode_threshold(threshold) if isinstance(threshold, str) else None,
        decode_randomness(randomness) if isinstance(randomness, str) else None,
    )


def randomness(record: Record, said: Sampling) -> int | None:
    """Return the 56 bits that decide about a record, None when it belongs to no trace."""
    if not isinstance(record, Span | LogRecord) or not TRACE_ID.fullmatch(record.trace_id):
        return None
    return int(record.trace_id[-_DIGITS:], 16) if said.randomness is None else said.randomness


def contradicted(record: Record, said: Sampling) -> bool:
    """Return whether the record could not exist if its threshold were true."""
    bits = randomness(record, said)
    return bits is not None and said.threshold is not None and bits < said.threshold


def weight(record: Record) -> float:
    """Return how many records one stands for: 1 when it was not sampled, or its threshold can't be true."""
    said = of_record(record)
    return 1.0 if said.threshold is None or contradicted(record, said) else adjusted_count(said.threshold)


def of_trace_state(trace_state: str) -> Sampling:
    """Return what the `ot` member of a W3C tracestate says; a malformed tracestate says nothing."""
    if "ot=" not in trace_state:
        return Sampling()
    keys = dict(reversed([_pair(entry) for entry in _entries(_members(trace_state))]))
    return Sampling(decode_threshold(keys.get("th", "")), decode_randomness(keys.get("rv", "")))


def with_threshold(trace_state: str, threshold: int | None) -> str | None:
    """Return a tracestate with this `th`, or without any; its `ot` member, when one is left, moves to the front.

    All other members and `ot` keys are kept; a malformed tracestate counts as empty. None when the result would break a
    limit: 256 characters of `ot`, 32 members.
    """
    members = _members(trace_state)
    entries = [entry for entry in _entries(members) if _pair(entry)[0] != "th"]
    if threshold is not None:
        entries.insert(0, f"th:{encode_threshold(threshold)}")
    value = ";".join(entries)
    result = [("ot", value)] if value else []
    result += [(key, other) for key, other in members.items() if key != "ot"]
    if len(value) > _MAX_OT or len(result) > _MAX_MEMBERS:
        return None
    return ",".join(f"{key}={text}" for key, text in result)


def _members(trace_state: str) -> dict[str, str]:
    """Return the members in order; none when the list breaks W3C's rules (trace-context contract §1)."""
    members: dict[str, str] = {}
    for text in trace_state.split(","):
        stripped = text.strip(" \t")
        if not stripped:
            continue
        member = _MEMBER.fullmatch(stripped)
        if member is None or member[1] in members or len(members) == _MAX_MEMBERS:
            return {}
        members[member[1]] = member[2]
    return members


def _entries(members: dict[str, str]) -> list[str]:
    return [entry for entry in members.get("ot", "").split(";") if entry]


def _pair(entry: str) -> tuple[str, str]:
    key, _, value = entry.partition(":")
    return key, value
