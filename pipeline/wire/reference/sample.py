"""Keep the share of traces that a threshold asks for, and say so on what is kept (trace-context contract §5, §6)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeAlias

from pipeline.conditions import Condition
from pipeline.types import Signal
from pipeline.wire.model import LogRecord, Record, Span
from pipeline.wire.reference.items import Item, judge_items, with_attributes, with_field
from pipeline.wire.sampling import (
    ALL,
    THRESHOLD_KEY,
    Sampling,
    contradicted,
    encode_threshold,
    of_record,
    probability,
    randomness,
    threshold,
    with_threshold,
)

Mode = Literal["equalize", "proportional"]
Reason = Literal["probability", "error", "upstream", "no_trace", "all_logs", "tracestate_full"]
Decisions: TypeAlias = Mapping[tuple[Literal["keep", "drop"], Reason], int]

_ERROR: Final = 2
"""`Status.STATUS_CODE_ERROR`."""
_TRACE_STATE: Final = 3
_LOG_ATTRIBUTES: Final = 6
"""Field numbers of `Span.trace_state` and `LogRecord.attributes`."""


@dataclass(frozen=True, slots=True)
class Sampled:
    """A sampled payload and its books: `decisions` add up to the items that came in."""

    payload: bytes
    dropped: int
    decisions: Decisions
    inconsistent: int
    """Items whose threshold contradicted their randomness; it was erased."""


class _Verdict(NamedTuple):
    keep: bool
    reason: Reason
    threshold: int | None
    """What the item says from now on."""


class Sampler:
    """Decides by trace id alone, so that any number of samplers agree.

    `rules` are tried in order before `threshold`: the first condition that matches gives the threshold. In `equalize` mode
    all that is kept ends up at that threshold; in `proportional` mode the configured probability multiplies with that of an
    earlier sampler, and thresholds are best given at full precision (14). `keep_errors` keeps spans with status ERROR that
    fall below; `logs="all"` leaves logs alone.
    """

    def __init__(
        self,
        threshold: int,
        *,
        keep_errors: bool = False,
        mode: Mode = "equalize",
        rules: Sequence[tuple[Condition, int]] = (),
        logs: Literal["follow", "all"] = "follow",
    ) -> None:
        self._threshold = threshold
        self._keep_errors = keep_errors
        self._mode = mode
        self._rules = tuple(rules)
        self._logs = logs

    def keep(self, payload: bytes, signal: Signal) -> tuple[bytes, int]:
        """Return what is kept of a payload, and how many items were dropped."""
        sampled = self.sample(payload, signal)
        return sampled.payload, sampled.dropped

    def sample(self, payload: bytes, signal: Signal) -> Sampled:
        """Return what is kept of a payload, with the books of the decisions. Metrics are never sampled."""
        if signal == "metrics":
            return Sampled(payload, 0, {}, 0)
        decisions: Counter[tuple[Literal["keep", "drop"], Reason]] = Counter()
        inconsistent = 0

        def judge(item: Item) -> bytes | None:
            nonlocal inconsistent
            said = of_record(item.record)
            false = contradicted(item.record, said)
            inconsistent += false
            verdict = self._verdict(item.record, Sampling(None, said.randomness) if false else said)
            wire: bytes | None = None
            if verdict.keep:
                wire = item.wire() if verdict.threshold == said.threshold else _marked(item, verdict.threshold)
                if wire is None:
                    verdict = _Verdict(keep=True, reason="tracestate_full", threshold=said.threshold)
                    wire = item.wire()
            decisions["keep" if verdict.keep else "drop", verdict.reason] += 1
            return wire

        kept, dropped = judge_items(payload, signal, judge)
        return Sampled(kept, dropped, decisions, inconsistent)

    def _verdict(self, record: Record, said: Sampling) -> _Verdict:
        if isinstance(record, LogRecord) and self._logs == "all":
            return _Verdict(keep=True, reason="all_logs", threshold=said.threshold)
        bits = randomness(record, said)
        if bits is None:
            return _Verdict(keep=True, reason="no_trace", threshold=said.threshold)
        target = next((rule for where, rule in self._rules if where.matches(record)), self._threshold)
        if self._mode == "proportional":
            target = _product(target, said.threshold or 0)
        elif said.threshold is not None and said.threshold > target:
            return _Verdict(keep=True, reason="upstream", threshold=said.threshold)
        if self._keep_errors and isinstance(record, Span) and record.status_code == _ERROR:
            # every error is kept, so each stands for as many as it did when it came
            return _Verdict(keep=True, reason="error", threshold=said.threshold)
        if bits >= target:
            return _Verdict(keep=True, reason="probability", threshold=target)
        return _Verdict(keep=False, reason="probability", threshold=None)


def _product(configured: int, incoming: int) -> int:
    """Return the threshold of both probabilities together, never below the incoming one."""
    share = probability(configured) * probability(incoming)
    return max(threshold(share), incoming) if share * ALL >= 1 else ALL


def _marked(item: Item, threshold: int | None) -> bytes | None:
    """Return an item that says this threshold, or none; None when its tracestate has no room for it."""
    if isinstance(item.record, Span):
        trace_state = with_threshold(item.record.trace_state, threshold)
        if trace_state is None:
            return None
        return with_field(item.wire(), _TRACE_STATE, trace_state.encode() or None)
    said = {} if threshold is None else {THRESHOLD_KEY: encode_threshold(threshold)}
    return with_attributes(item.wire(), _LOG_ATTRIBUTES, said, without=(THRESHOLD_KEY,))
