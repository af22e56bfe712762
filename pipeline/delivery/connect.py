"""A connector's loop: fold what its cursor reads, flush each interval into the next pipelines, then settle what was folded.

A crash between the append and the settling repeats at most that one flush (delivery contract A3). What waits to be settled stays
in memory, so a flush comes early when it is much. Without a durable journal folded is settled, since the client's answer can't
wait for an interval.
"""

import asyncio
import time
from collections.abc import Sequence
from functools import partial
from typing import Final

from structlog.typing import FilteringBoundLogger

from pipeline.batch import Batch
from pipeline.component import Connector, Consume
from pipeline.delivery.backoff import Backoff
from pipeline.delivery.books import ExporterAccount
from pipeline.delivery.read import read_on
from pipeline.errors import Busy, Rejected
from pipeline.journal import Cursor, Entry, Journal
from pipeline.journal.progress import bare
from pipeline.offload import offload
from pipeline.telemetry import catalogue
from pipeline.telemetry.metrics import Metrics

READ_BYTES: Final = 4 * 1024 * 1024
UNSETTLED_BYTES: Final = 16 * 1024 * 1024
"""OTLP bytes that are folded before they are flushed, interval or not."""


class ConnectorLoop:
    """Runs one connector over the cursors of all pipelines that feed it."""

    def __init__(
        self,
        connector: Connector,
        cursors: Sequence[tuple[Cursor, ExporterAccount]],
        consume: Consume,
        journal: Journal,
        backoff: Backoff,
        metrics: Metrics,
        log: FilteringBoundLogger,
    ) -> None:
        self.connector = self._connector = connector
        self._cursors = cursors
        self.cursors = [cursor for cursor, _ in cursors]
        self._consume = consume
        self._journal = journal
        self._backoff = backoff
        self._metrics = metrics
        self._log = log
        self._unsettled: list[tuple[Cursor, ExporterAccount, Entry]] = []
        self._unsettled_bytes = 0
        self._turn = asyncio.Lock()
        """The connector does one thing at a time."""
        self._flushing = asyncio.Lock()
        """One flush at a time. Folding goes on while what was flushed waits for room in the next pipeline."""

    async def run(self) -> None:
        """Fold and flush until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for cursor, account in self._cursors:
                tasks.create_task(self._fold(cursor, account))
            while True:
                await asyncio.sleep(self._connector.interval)
                await self.flush()

    async def flush(self) -> None:
        """Hand on what was folded so far, then settle it."""
        async with self._flushing:
            async with self._turn:
                batches = self._connector.flush(time.time_ns())
                folded, self._unsettled, self._unsettled_bytes = self._unsettled, [], 0
            for batch in batches:
                await self._hand_on(batch)
            for cursor, account, entry in folded:
                self._settle(cursor, account, entry)

    async def _fold(self, cursor: Cursor, account: ExporterAccount) -> None:
        while True:
            for entry in await read_on(self._journal, cursor, READ_BYTES, self._backoff, self._log):
                async with self._turn:
                    await self._fold_entry(cursor, account, entry)
                if self._unsettled_bytes >= UNSETTLED_BYTES:
                    await self.flush()

    async def _fold_entry(self, cursor: Cursor, account: ExporterAccount, entry: Entry) -> None:
        batch = bare(entry.batch)  # what it decodes is not kept with the entry
        try:
            await offload(partial(self._connector.fold, batch), len(batch.payload))
        except Exception as error:
            name = self._connector.host.id
            self._log.error("a connector failed on a batch", connector=name, error=type(error).__name__, items=batch.items)
            labels = {"component": name, "signal": batch.signal, "reason": "processor_error", "dlq": "false"}
            self._metrics.add(catalogue.DROPPED, batch.items, **labels)
            account.dropped += batch.items
            self._journal.settle(cursor, [entry.position])
            return
        if self._journal.durable:
            self._unsettled.append((cursor, account, entry))
            self._unsettled_bytes += len(batch.payload)
        else:
            self._settle(cursor, account, entry)

    async def _hand_on(self, batch: Batch) -> None:
        failures = 0
        while True:
            try:
                return await self._consume(batch)
            except Busy as busy:
                failures += 1
                await asyncio.sleep(self._backoff.wait(failures, busy.retry_after))
            except Rejected as rejected:
                self._log.error(
                    "a pipeline refused a connector's batch", connector=self._connector.host.id, reason=rejected.reason
                )
                return None

    def _settle(self, cursor: Cursor, account: ExporterAccount, entry: Entry) -> None:
        account.sent += entry.batch.items
        self._journal.settle(cursor, [entry.position])
