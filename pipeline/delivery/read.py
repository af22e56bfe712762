"""Reading on along a cursor, whatever fails meanwhile: a disk, a dead-letter store or room for a file may come back."""

import asyncio
from collections.abc import Sequence

from structlog.typing import FilteringBoundLogger

from pipeline.delivery.backoff import Backoff
from pipeline.errors import Busy
from pipeline.journal import Cursor, Entry, Journal


async def read_on(
    journal: Journal, cursor: Cursor, max_bytes: int, backoff: Backoff, log: FilteringBoundLogger
) -> Sequence[Entry]:
    """Return the next entries of a cursor, as `Journal.read` does; where that fails, say so and try again."""
    failures = 0
    while True:
        try:
            return await journal.read(cursor, max_bytes)
        except (Busy, OSError) as error:
            failures += 1
            why = str(error) if isinstance(error, Busy) else error.strerror
            log.error("a queue can't be read on", pipeline=cursor.lane, exporter=cursor.exporter, error=why)
            await asyncio.sleep(backoff.wait(failures, error.retry_after if isinstance(error, Busy) else None))
