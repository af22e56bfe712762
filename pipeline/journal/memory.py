"""The journal in memory: an append returns once the exporters have delivered (delivery contract §1).

Nothing survives the process, and nothing needs to: a client that was answered knows that its data arrived. With
`ack: queued` the answer comes at once, and a crash loses what was waiting.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

from pipeline.batch import Batch
from pipeline.errors import Busy
from pipeline.journal import Cursor, CursorSpec, Entry, Health, OnOverflow
from pipeline.journal.lanes import LaneJournal
from pipeline.journal.progress import Lane, Progress, Stored, bare
from pipeline.settings import JournalSettings
from pipeline.telemetry import catalogue
from pipeline.telemetry.metrics import Metrics

CAPACITY: Final = 64 * 1024 * 1024
"""Default budget of a cursor (delivery contract §4)."""


class _Delivery:
    """What an append waits for: one settlement of each required cursor of its lanes."""

    def __init__(self, stored: list[tuple[Lane, Stored]]) -> None:
        self.stored = stored
        self.left = {
            (reader.cursor, entry.entry.position) for lane, entry in stored for reader in lane.readers if reader.required
        }
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def settled(self, cursor: Cursor, position: int) -> None:
        self.left.discard((cursor, position))
        if not self.left and not self.done.done():
            self.done.set_result(None)


class MemoryJournal(LaneJournal):
    """Lanes that are nothing but memory."""

    durable: ClassVar[bool] = False
    capacity: ClassVar[int] = CAPACITY

    def __init__(
        self, settings: JournalSettings, lanes: Mapping[str, Sequence[CursorSpec]], metrics: Metrics, on_overflow: OnOverflow
    ) -> None:
        super().__init__(lanes, metrics, on_overflow)
        self._waits = settings.ack == "delivered"
        self._timeout = settings.ack_timeout
        self._deliveries: dict[tuple[str, int], _Delivery] = {}
        self._running = False

    async def open(self) -> None:
        """Set up the cursors; there is nothing to resume."""
        for name, specs in self._specs.items():
            lane = self._lanes[name]
            for spec in specs:
                cursor = Cursor(name, spec.exporter)
                self._cursors[cursor] = Progress(cursor, spec.queue, CAPACITY, lane.head, lane.head, durable=False)
                lane.readers.append(self._cursors[cursor])
        self._metrics.watch(catalogue.JOURNAL_BYTES, self._bytes)
        self._running = True
        self._start_ticking()

    async def aclose(self) -> None:
        """Answer those who wait; what was not delivered is gone."""
        self._running = False
        await self._stop_ticking()
        for delivery in self._deliveries.values():
            if not delivery.done.done():
                delivery.done.set_exception(Busy("stopping", 1.0, code="stopping"))

    async def append(self, batches: Sequence[tuple[str, Batch]]) -> None:
        """Put batches on their lanes and wait until every required cursor has settled them, at most `ack_timeout`.

        What no reader has by then is withdrawn; what is under way may be delivered, although the client is answered Busy.
        """
        if not self._running:
            raise Busy("stopping", 1.0, code="stopping")
        await self._reserve(batches)
        lanes = [(self._lanes[name], batch) for name, batch in batches]
        delivery = _Delivery([(lane, _put(lane, batch)) for lane, batch in lanes if lane.readers])
        self._release(batches)
        if self._waits and delivery.left:
            await self._wait(delivery)

    async def _wait(self, delivery: _Delivery) -> None:
        keys = [(lane.name, stored.entry.position) for lane, stored in delivery.stored]
        self._deliveries.update(dict.fromkeys(keys, delivery))
        try:
            async with asyncio.timeout(self._timeout):
                await delivery.done
        except TimeoutError:
            for lane, stored in delivery.stored:
                _withdraw(lane, stored)
            raise Busy("the exporters did not deliver in time", 1.0, code="ack_timeout") from None
        finally:
            for key in keys:
                del self._deliveries[key]

    def _settled(self, progress: Progress, position: int) -> None:
        delivery = self._deliveries.get((progress.cursor.lane, position))
        if delivery is not None:
            delivery.settled(progress.cursor, position)

    def health(self) -> Health:
        """Return the state; memory itself never fails."""
        if not self._running:
            return Health("unhealthy", "not open")
        return Health("healthy", bytes=self._bytes())

    def _bytes(self) -> int:
        return sum(max((reader.bytes for reader in lane.readers), default=0) for lane in self._lanes.values())


def _put(lane: Lane, batch: Batch) -> Stored:
    stored = Stored(Entry(lane.head.batches, bare(batch)), lane.head, lane.head.after(batch))
    lane.publish(stored)
    return stored


def _withdraw(lane: Lane, stored: Stored) -> None:
    """Take an entry back from those who have not read it. A reader that stands still moves on, so that memory is freed."""
    stored.withdrawn = True
    for reader in lane.readers:
        if reader.mark.batches <= stored.entry.position:
            reader.withdraw(stored)
        while not reader.lock.locked() and (unread := reader.peek(lane.tail)) is not None and unread.withdrawn:
            reader.pass_over(unread)
    lane.trim()
