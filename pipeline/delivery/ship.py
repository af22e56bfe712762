"""An exporter's way through one lane: read ahead within bounds, merge, encode once, ship, settle.

A dead destination only falls behind: what it can't take stays in the journal, and a bounded number of shipments in memory.
"""

import asyncio
import time
from collections import deque
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from pipeline.batch import MAX_ITEMS, Batch, halves, merge
from pipeline.component import Request
from pipeline.delivery.books import ExporterAccount
from pipeline.delivery.read import read_on
from pipeline.delivery.send import Sender, Undeliverable
from pipeline.journal import Cursor, Entry
from pipeline.offload import offload
from pipeline.telemetry import catalogue

OUTSTANDING_BYTES: Final = 16 * 1024 * 1024
"""OTLP bytes an exporter may hold in shipments that are under way or waiting for their next attempt."""
READ_BYTES: Final = 4 * 1024 * 1024
"""Read from the journal at a time: what does not go into the next request waits in memory for the one after."""
OUTSTANDING_PER_CONSUMER: Final = 4
"""Shipments per request slot, so that younger ones pass those in back-off."""


@dataclass
class Shipment:
    """A merged batch on its way, and the journal entries that are settled when all of it has found its end."""

    positions: Sequence[int]
    batch: Batch
    outcome: ExporterAccount
    """What became of its items; booked when it is settled, so that one that is cut and sent again counts once."""
    requests: list[Request] = field(default_factory=list)


class CursorLoop:
    """One exporter's progress in one lane: reads ahead within bounds, ships, settles."""

    def __init__(self, sender: Sender, cursor: Cursor, account: ExporterAccount) -> None:
        self.sender = self._sender = sender
        self.cursor = self._cursor = cursor
        self._account = account
        self._shipments: dict[asyncio.Task[None], int] = {}
        """With their OTLP bytes."""
        self._reading: asyncio.Task[Sequence[Entry]] | None = None
        self._ahead: deque[Entry] = deque()
        """Read, and more than the request before could take."""
        self._draining = False

    def drain(self) -> None:
        """Stop waiting for more before a request goes out."""
        self._draining = True

    async def run(self) -> None:
        """Read, merge, encode and ship until cancelled. What is not settled then stays in the journal."""
        try:
            async with asyncio.TaskGroup() as shipments:
                while True:
                    await self._room()
                    entries = await self._gather()
                    outcome = ExporterAccount(pipeline=self._cursor.lane)
                    shipment = Shipment([entry.position for entry in entries], merge([entry.batch for entry in entries]), outcome)
                    del entries
                    await self._encode(shipment, shipment.batch)
                    task = shipments.create_task(self._ship(shipment))
                    self._shipments[task] = len(shipment.batch.payload)
                    task.add_done_callback(self._shipments.pop)
        finally:
            if self._reading:
                self._reading.cancel()
                await asyncio.wait([self._reading])

    async def _room(self) -> None:
        """Wait until another shipment may be held in memory."""
        queue = self._sender.queue
        most = 1 if queue.ordered else queue.num_consumers * OUTSTANDING_PER_CONSUMER
        while self._shipments and (
            len(self._shipments) >= most or sum(self._shipments.values()) > OUTSTANDING_BYTES - READ_BYTES
        ):
            await asyncio.wait(self._shipments, return_when=asyncio.FIRST_COMPLETED)

    async def _gather(self) -> list[Entry]:
        """Return the entries of the next request: at least one, more while they come within `flush_timeout` and the limits."""
        batching, exporter = self._sender.queue.batch, self._sender.exporter
        max_bytes = min(batching.max_bytes or exporter.max_bytes, exporter.max_bytes)
        max_items = min(batching.max_items or MAX_ITEMS, exporter.max_items or MAX_ITEMS)
        entries: list[Entry] = []
        size = items = 0
        deadline = 0.0
        while size < max_bytes and items < max_items:
            if not self._ahead:
                if self._reading is None:
                    self._reading = asyncio.ensure_future(self._read(min(max_bytes - size, READ_BYTES)))
                if entries:
                    linger = 0.0 if self._draining or not self._sender.journal.durable else deadline - time.monotonic()
                    done, _ = await asyncio.wait([self._reading], timeout=max(linger, 0.0))
                    if not done:
                        break
                self._ahead.extend(await self._reading)
                self._reading = None
            if not entries:
                deadline = time.monotonic() + batching.flush_timeout
            elif items + self._ahead[0].batch.items > max_items:
                break
            entry = self._ahead.popleft()
            entries.append(entry)
            size += len(entry.batch.payload)
            items += entry.batch.items
        return entries

    async def _read(self, max_bytes: int) -> Sequence[Entry]:
        sender = self._sender
        return await read_on(sender.journal, self._cursor, max_bytes, sender.backoff, sender.log)

    async def _encode(self, shipment: Shipment, batch: Batch) -> None:
        """Encode in lane order; what an encoder fails on is narrowed down to single items before those are given up."""
        sender = self._sender
        try:
            async with sender.encoding:
                shipment.requests += await offload(partial(sender.exporter.encode, batch), len(batch.payload))
            return
        except Exception as error:
            failure = type(error).__name__
        if batch.items < 2:
            end = Undeliverable("poison", f"the exporter failed to encode: {failure}", 0)
            await sender.give_up(batch, batch.items, shipment.outcome, end)
            return
        for half in halves(batch):
            await self._encode(shipment, half)

    async def _ship(self, shipment: Shipment) -> None:
        """Bring every request of a shipment to its end, then settle its entries."""
        outcome, sender = shipment.outcome, self._sender
        skipped = shipment.batch.items - outcome.dropped - sum(request.items for request in shipment.requests)
        if sender.queue.ordered:
            for request in shipment.requests:
                await sender.deliver(request, outcome)
        else:
            await _all(sender.deliver(request, outcome) for request in shipment.requests)
        if skipped > 0:
            outcome.skipped += skipped
            sender.metrics.add(catalogue.EXPORTER_SKIPPED, skipped, exporter=sender.id, signal=shipment.batch.signal)
        self._account.add(outcome)
        sender.journal.settle(self._cursor, shipment.positions)
        age = time.time() - shipment.batch.context.received_at / 1e9
        sender.metrics.observe(catalogue.END_TO_END, max(age, 0.0), pipeline=self._cursor.lane, exporter=sender.id)


async def _all(deliveries: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Wait until all deliveries have ended. A cancellation that comes when they just have is too late: what they did counts."""
    tasks = [asyncio.ensure_future(delivery) for delivery in deliveries]
    try:
        await asyncio.gather(*tasks)
    except asyncio.CancelledError:
        if not all(task.done() and not task.cancelled() and task.exception() is None for task in tasks):
            raise
