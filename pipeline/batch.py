"""A batch: an immutable OTLP message in wire format, its signal, its item count, and where it came from."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Self

from pipeline import wire
from pipeline.types import Signal
from pipeline.wire.model import Record

MAX_ITEMS: Final = 10_000
"""Of a batch that is stored or encoded, so that decoding it is bounded: a megabyte can hold half a million empty items."""


@dataclass(frozen=True, slots=True)
class Context:
    """Where and when a batch came in."""

    receiver: str = ""
    """Component id of the receiver."""
    transport: str = ""
    """How it came: `http`, `grpc`."""
    received_at: int = 0
    """Wall clock, nanoseconds since the epoch; of a merged batch, the earliest."""


@dataclass(frozen=True, slots=True)
class Batch:
    """`payload` is a `LogsData`, `TracesData` or `MetricsData` message that passed `wire.validate`.

    `items` counts log records, spans or data points. `filtered` and `sampled_out` count what processors took out of it
    on purpose, so that the books of the pipeline balance (delivery contract §9).
    """

    payload: bytes
    signal: Signal
    items: int
    context: Context = Context()
    filtered: int = 0
    sampled_out: int = 0
    _records: list[Sequence[Record]] = field(default_factory=list, init=False, repr=False, compare=False)

    def records(self) -> Sequence[Record]:
        """Return the decoded records, in wire order; decoded at the first call, then kept. Treat them as read-only."""
        if not self._records:
            self._records.append(wire.records(self.payload, self.signal))
        return self._records[0]

    def replaced(self, payload: bytes, *, filtered: int = 0, sampled_out: int = 0) -> Self:
        """Return this batch with another payload, less the items that a processor took out (itself when nothing changed)."""
        if payload is self.payload and not filtered and not sampled_out:
            return self
        return type(self)(
            payload,
            self.signal,
            self.items - filtered - sampled_out,
            self.context,
            self.filtered + filtered,
            self.sampled_out + sampled_out,
        )


def merge(batches: Sequence[Batch]) -> Batch:
    """Return one batch of all: concatenated bytes, added counts. All must be of one signal; at least one is needed."""
    first = batches[0]
    if len(batches) == 1:
        return first
    return Batch(
        b"".join(batch.payload for batch in batches),
        first.signal,
        sum(batch.items for batch in batches),
        Context(first.context.receiver, first.context.transport, min(batch.context.received_at for batch in batches)),
    )


def halves(batch: Batch) -> Sequence[Batch]:
    """Return a batch of two or more items as two, in order."""
    return pieces(batch, -(-batch.items // 2))


def pieces(batch: Batch, max_items: int) -> Sequence[Batch]:
    """Return a batch as several of at most so many items each, in order; the batch itself when it has no more."""
    if batch.items <= max_items:
        return [batch]
    parts = wire.split(batch.payload, batch.signal, max_items=max_items, max_bytes=len(batch.payload))
    counts = [min(max_items, batch.items - before) for before in range(0, batch.items, max_items)]
    return [Batch(part, batch.signal, items, batch.context) for part, items in zip(parts, counts, strict=True)]


def subset(batch: Batch, records: Sequence[Record]) -> Batch:
    """Return a batch of these records, which are some of the batch's own; the batch itself when they are all of them."""
    if len(records) == batch.items:
        return batch
    return Batch(wire.encode(records, batch.signal), batch.signal, len(records), batch.context)
