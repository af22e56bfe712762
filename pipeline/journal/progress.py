"""A lane as it is in memory, and how far each of its cursors has come.

Everything is counted from the beginning of the lane (`Totals`), so what lies between two places is a subtraction, also
where the entries between them can no longer be read.
"""

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

from msgspec import Struct

from pipeline.batch import Batch
from pipeline.journal import Backlog, Cursor, Entry
from pipeline.journal.ages import Ages
from pipeline.settings import SendingQueue, signal_of

MAX_RANGES: Final = 1024
"""Settled stretches beyond the low-water mark that a cursor remembers across a crash (delivery contract §4)."""


class Totals(NamedTuple):
    """A place in a lane: how much was appended before it. `batches` is the position of the entry that follows."""

    batches: int = 0
    items: int = 0
    bytes: int = 0

    def after(self, batch: Batch) -> "Totals":
        """Return the place behind a batch that stands here."""
        return Totals(self.batches + 1, self.items + batch.items, self.bytes + len(batch.payload))

    def since(self, start: "Totals") -> "Totals":
        """Return what lies between an earlier place and this one."""
        return Totals(self.batches - start.batches, self.items - start.items, self.bytes - start.bytes)


Range = tuple[Totals, Totals]
"""A stretch of a lane, from its first entry to the place behind its last."""


class Stored(Struct, eq=False):
    """An entry between two places. `segment` and `end` say where its record is on disk, where there is one."""

    entry: Entry
    before: Totals
    after: Totals
    segment: int = 0
    end: int = 0
    withdrawn: bool = False
    """Not to be given to cursors that have not read it yet."""

    @property
    def received_at(self) -> int:
        """When it was received: wall clock, nanoseconds."""
        return self.entry.batch.context.received_at


class Held(NamedTuple):
    """An entry that was read and is not settled. Its reader has the batch; here it is `kept` where nobody else keeps it."""

    before: Totals
    after: Totals
    received_at: int
    kept: Stored | None


def bare(batch: Batch) -> Batch:
    """Return a batch without the decoded records it may carry along, which weigh ten times its bytes."""
    return Batch(batch.payload, batch.signal, batch.items, batch.context)


class Progress:
    """A cursor in its lane.

    `mark` is the place up to which it has read. Entries that were read and not settled are `held`; all others before the mark are
    settled. `ready` holds entries from the mark on that had to be fetched from the disk. `skip` are stretches
    from the mark on that were settled before a restart. An orphan owes nothing from `stop` on.
    """

    def __init__(
        self,
        cursor: Cursor,
        queue: SendingQueue,
        capacity: int,
        mark: Totals,
        head: Totals,
        skip: Iterable[Range] = (),
        *,
        durable: bool,
    ) -> None:
        """`durable`: entries can be fetched again after they were read."""
        self.cursor = cursor
        self._durable = durable
        self.configure(queue, capacity)
        self.mark = mark
        self.place = (0, 0)
        """Segment and offset where the record of the next unread entry is looked for."""
        self.skip = deque(skip)
        self.stop: Totals | None = None
        self.held: dict[int, Held] = {}
        self.read_at = mark.bytes
        """How many bytes its lane had been given when it last read."""
        self.ready: deque[Stored] = deque()
        self.batches, self.items, self.bytes = head.since(mark)
        for start, end in self.skip:
            self._owe_less(end.since(start))
        self.resumed = self.items
        self.accepted = 0
        self.oldest_unread = 0
        """What a checkpoint remembered of entries that were not read again yet."""
        self.lock = asyncio.Lock()
        self.more = asyncio.Event()

    def configure(self, queue: SendingQueue, capacity: int) -> None:
        """Take over queue settings; `capacity` is the budget where they name none."""
        self.capacity = capacity if queue.max_bytes is None else queue.max_bytes
        self.max_age = queue.max_age
        self.required = queue.required
        self.on_full: Literal["block", "drop_oldest", "dead_letter"] = queue.on_full or (
            "block" if queue.required else "drop_oldest"
        )

    def put(self, stored: Stored) -> None:
        """Owe an entry that was just appended."""
        self.batches += 1
        self.items += stored.entry.batch.items
        self.bytes += len(stored.entry.batch.payload)
        self.accepted += stored.entry.batch.items
        self.more.set()

    def withdraw(self, stored: Stored) -> None:
        """Owe an entry no longer that was not read yet."""
        self._owe_less(stored.after.since(stored.before))
        self.accepted -= stored.entry.batch.items

    def hold(self, stored: Stored) -> None:
        """Read the entry at the mark."""
        self.held[stored.entry.position] = Held(
            stored.before, stored.after, stored.received_at, None if self._durable else stored
        )
        self.pass_over(stored)

    def pass_over(self, stored: Stored) -> None:
        """Move the mark behind the entry at the mark."""
        self.place = (stored.segment, stored.end)
        if self.ready and self.ready[0] is stored:
            self.ready.popleft()
        self._move(stored.after)

    def give_back(self, taken: list[Stored]) -> None:
        """Undo `hold` for the entries that were read last."""
        for stored in reversed(taken):
            del self.held[stored.entry.position]
            self.ready.appendleft(stored)
        self.mark = taken[0].before

    def rewind(self) -> None:
        """Have everything that is held read again."""
        low, settled = self.low(), self._settled()
        kept = [held.kept for held in self.held.values() if held.kept is not None]
        self.ready = deque() if self._durable else deque([*kept, *self.ready])
        self.held = {}
        self.mark, self.skip, self.place = low, deque(settled), (0, 0)
        self.more.set()

    def resume(self, head: Totals) -> None:
        """Go on after having been an orphan: what came since then is not owed. The account begins anew."""
        self.rewind()
        if self.stop is not None and self.stop.batches < head.batches:
            self.skip.append((self.stop, head))
        self.stop = None
        self.resumed, self.accepted = self.items, 0

    def reaches(self, place: int) -> bool:
        """Return whether the entry at a position is one to read: an orphan ends where it stopped."""
        return self.stop is None or place < self.stop.batches

    def jump(self) -> bool:
        """Move the mark behind the settled stretch that begins at it; False when none does."""
        if not self.skip or self.skip[0][0].batches > self.mark.batches:
            return False
        self._move(self.skip[0][1])
        return True

    def settle(self, position: int) -> bool:
        """Be done with an entry that is held; False when it is not."""
        held = self.held.pop(position, None)
        if held is None:
            return False
        self._owe_less(held.after.since(held.before))
        return True

    def settled_before(self, stored: Stored) -> bool:
        """Tell whether the entry at the mark was settled before a restart."""
        return bool(self.skip) and self.skip[0][0].batches <= stored.entry.position

    def missing(self, place: Totals) -> Totals:
        """Return what is owed between the mark and a place; it is lost when nothing was found there."""
        lost = place.since(self.mark)
        for start, end in self.skip:
            if start.batches < place.batches:
                lost = lost.since(min(end, place).since(start))
        return lost

    def lose(self, place: Totals) -> None:
        """Move the mark to a place; what is owed before it is lost."""
        self._owe_less(self.missing(place))
        self._move(place)

    def drop(self, place: Totals) -> None:
        """Owe nothing before a place, which is the end of what it owes."""
        self.held.clear()
        self.ready.clear()
        self.skip.clear()
        self.mark, self.place = place, (0, 0)
        self.batches = self.items = self.bytes = 0

    def low(self) -> Totals:
        """Return the low-water mark: everything before it is settled."""
        return next(iter(self.held.values())).before if self.held else self.mark

    def settled_ranges(self) -> list[Range]:
        """Return the settled stretches beyond the low-water mark, in order; the longest when there are too many."""
        ranges = self._settled()
        if len(ranges) > MAX_RANGES:
            ranges = sorted(sorted(ranges, key=lambda r: r[0].batches - r[1].batches)[:MAX_RANGES])
        return ranges

    def _settled(self) -> list[Range]:
        ranges: list[Range] = []
        reached = self.low()
        for held in self.held.values():
            if held.before is not reached and held.before != reached:
                ranges.append((reached, held.before))
            reached = held.after
        if reached != self.mark:
            ranges.append((reached, self.mark))
        return [*ranges, *self.skip]

    def oldest(self, tail: "deque[Stored]") -> int:
        """Return when the oldest entry that is owed was received, 0 when none is."""
        if not self.batches:
            return 0
        if self.held:
            return next(iter(self.held.values())).received_at
        unread = self.peek(tail)
        return self.oldest_unread if unread is None else unread.received_at

    def peek(self, tail: "deque[Stored]") -> Stored | None:
        """Return the entry at the mark, or the first one behind it that could be read; None when it is not in memory."""
        if self.ready:
            return self.ready[0]
        index = self.mark.batches - tail[0].entry.position if tail else -1
        return tail[index] if 0 <= index < len(tail) else None

    def backlog(self, tail: "deque[Stored]") -> Backlog:
        """Return the account."""
        return Backlog(
            signal_of(self.cursor.lane),
            self.bytes,
            self.batches,
            self.items,
            self.oldest(tail),
            self.resumed,
            self.accepted,
            self.capacity,
        )

    def _move(self, mark: Totals) -> None:
        self.mark = mark
        while self.skip and self.skip[0][0].batches < mark.batches:
            _, end = self.skip.popleft()
            if end.batches > mark.batches:
                self.skip.appendleft((mark, end))

    def _owe_less(self, gone: Totals) -> None:
        self.batches -= gone.batches
        self.items -= gone.items
        self.bytes -= gone.bytes


class Lane:
    """A lane's newest entries in memory, as many as some cursor has not read, and its cursors."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.signal = signal_of(name)
        self.head = Totals()
        self.tail: deque[Stored] = deque()
        self.tail_bytes = 0
        self.ages = Ages()
        self.end: tuple[int, int] | None = None
        """Segment and offset where the head is, in a journal that has any."""
        self.pending = 0
        """Bytes of appends that are on their way."""
        self.readers: list[Progress] = []
        self.leaving: list[Progress] = []
        """Orphans that are still being read."""

    def publish(self, stored: Stored) -> None:
        """Show an appended entry to every cursor."""
        self.head = stored.after
        self.end = (stored.segment, stored.end)
        self.tail.append(stored)
        self.tail_bytes += len(stored.entry.batch.payload)
        for reader in self.readers:
            reader.put(stored)

    def trim(self) -> None:
        """Forget what every cursor has read."""
        floor = min((reader.mark.batches for reader in (*self.readers, *self.leaving)), default=self.head.batches)
        while self.tail and self.tail[0].entry.position < floor:
            self.forget_first()

    def bound(self, most: int) -> None:
        """Forget the oldest entries beyond `most` bytes; beyond a quarter of it, those that only readers at a standstill need.

        One stands still when it has read nothing while a quarter of `most` came in. It goes on from where else they are kept.
        """
        while self.tail_bytes > most:
            self.forget_first()
        few = most // 4
        if self.tail_bytes > few:
            going = (reader.mark.batches for reader in self.readers if self.head.bytes - reader.read_at <= few)
            floor = min(going, default=self.head.batches)
            while self.tail_bytes > few and self.tail[0].entry.position < floor:
                self.forget_first()

    def forget_first(self) -> None:
        """Forget the oldest entry."""
        self.tail_bytes -= len(self.tail.popleft().entry.batch.payload)
