"""Print what passes, on stderr: to see a pipeline work, not to keep anything.

    exporters:
      debug:
        verbosity: detailed     # basic: a line a batch; normal: a line a record; detailed: every field

Prints the first `sampling_initial` batches of each second, then every `sampling_thereafter`-th. It stands behind the
processors: without `redact` before it, it prints personal data.
"""

import sys
import time
from collections.abc import Iterable
from typing import Annotated, Literal, TextIO

import msgspec
from msgspec import Meta

from pipeline import Batch, DirectExporter
from pipeline.settings import Settings, about
from pipeline.wire.model import LogRecord, Record, Span


class Config(Settings, frozen=True, kw_only=True):
    """How much is printed."""

    verbosity: Annotated[Literal["basic", "normal", "detailed"], about("Per batch, per record, or everything.")] = "basic"
    sampling_initial: Annotated[int, Meta(ge=0), about("Batches of each second that are printed.")] = 2
    sampling_thereafter: Annotated[int, Meta(ge=0), about("Of those after, one in so many; 0 for none.")] = 100


class Debug(DirectExporter):
    """Writes to stderr."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._second = 0
        self._seen = 0
        self._stream: TextIO = sys.stderr

    def fold(self, batch: Batch) -> None:
        """Print the batch if it is its turn."""
        if self._due(int(time.monotonic())):
            for line in self._lines(batch):
                self._stream.write(line + "\n")

    def _due(self, second: int) -> bool:
        if second != self._second:
            self._second, self._seen = second, 0
        self._seen += 1
        beyond = self._seen - self._config.sampling_initial
        every = self._config.sampling_thereafter
        return beyond <= 0 or bool(every and beyond % every == 0)

    def _lines(self, batch: Batch) -> Iterable[str]:
        yield f"{batch.signal}: {batch.items} items, {len(batch.payload)} bytes"
        match self._config.verbosity:
            case "normal":
                yield from (f"  {_title(record)}" for record in batch.records())
            case "detailed":
                yield from (msgspec.json.encode(record).decode() for record in batch.records())


def _title(record: Record) -> str:
    match record:
        case LogRecord():
            return f"{record.severity_text!r} {record.severity_number} {record.body!r}"
        case Span():
            return f"{record.name!r} {(record.end_time - record.start_time) / 1e6:.3f} ms"
        case _:
            return f"{record.metric.name!r} {record.count if record.value is None else record.value}"
