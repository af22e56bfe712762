"""What happens to entries that a cursor moves past without its exporter: dropped or dead-lettered, and always booked."""

from collections.abc import Mapping, Sequence

from pipeline.delivery.books import Books
from pipeline.journal import Cursor, Entry, Reason
from pipeline.journal.dead_letter import DeadLetter, DeadLetters
from pipeline.settings import SendingQueue
from pipeline.telemetry import catalogue
from pipeline.telemetry.metrics import Metrics


class Overflow:
    """The journal calls it before a cursor moves on: its budget is used up, or a record is damaged."""

    def __init__(self, queues: Mapping[str, SendingQueue], dead_letters: DeadLetters, books: Books, metrics: Metrics) -> None:
        self.queues = queues
        """The settings of each exporter."""
        self._dead_letters = dead_letters
        self._books = books
        self._metrics = metrics

    async def __call__(self, cursor: Cursor, entries: Sequence[Entry], reason: Reason) -> None:
        """Account for the entries; raises when they should be kept and could not be."""
        queue = self.queues.get(cursor.exporter, SendingQueue())
        kept = reason in ("corrupt", "too_large") or queue.on_full == "dead_letter"
        for entry in entries:
            batch = entry.batch
            if kept:
                await self._dead_letters.add(
                    DeadLetter(
                        signal=batch.signal,
                        stage="journal",
                        component=cursor.exporter,
                        pipeline=cursor.lane,
                        reason=reason,
                        message="no message can hold it" if reason == "too_large" else "the cursor moved past it",
                        first_seen=batch.context.received_at,
                        items=batch.items,
                        bytes=len(batch.payload),
                        payload=batch.payload or None,
                    )
                )
            labels = {"component": cursor.exporter, "signal": batch.signal, "reason": reason, "dlq": str(kept).lower()}
            self._metrics.add(catalogue.DROPPED, batch.items, **labels)
            self._books.exporters[cursor].dropped += batch.items
