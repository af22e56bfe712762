"""A journal on disk as it lies there: what each cursor owes, read without moving one."""

from collections.abc import Sequence
from pathlib import Path

from msgspec import structs

from pipeline.journal import Backlog, Cursor, Entry, JournalError
from pipeline.journal.checkpoint import CursorsFile, CursorState, State
from pipeline.journal.progress import Totals
from pipeline.journal.segment import Segment, last_record, read, segments_of
from pipeline.settings import signal_of


def end_of(lane: str, segments: Sequence[Segment], state: State | None) -> tuple[Totals, bool]:
    """Return where a lane ends, and whether a record was being written there that is left out."""
    known, floor, offset = Totals(segments[-1].first if segments else 0), Totals(), 0
    if state is not None:
        floor = state.floor(lane)
        segment, end = state.ends.get(lane, (0, 0))
        if end and segments and segments[-1].first == segment:
            known, offset = state.heads[lane], end
    last, torn = last_record(segments, lane, offset)
    found = last.after() if last else known
    head = max(found, floor)
    return head, torn and head == found


def owed(segments: Sequence[Segment], cursor: CursorState, limit: Totals, after: int, max_bytes: int) -> Sequence[Entry]:
    """Return entries before `limit` and beyond a position that a cursor has not settled; what can't be read is left out."""
    position = max(cursor.low.batches, after + 1)
    while position < limit.batches:
        begin = next((index for index, one in enumerate(segments[1:]) if one.first > position), len(segments) - 1)
        span = (Totals(position), limit)
        found = [stored.entry for stored in read(segments[begin:], cursor.lane, 0, span, max_bytes, salvage=True)]
        if not found:
            break
        entries = [entry for entry in found if not _settled(cursor, entry.position)]
        if entries:
            return entries
        position = found[-1].position + 1
    return []


def _settled(cursor: CursorState, position: int) -> bool:
    return any(first.batches <= position < last.batches for first, last in cursor.ranges)


class JournalAtRest:
    """A journal that no daemon runs on; whoever uses it holds its lock. Raises `JournalError` where it can't be understood."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        path = directory / "cursors"
        if not path.exists():
            raise JournalError(f"there is no journal in {directory}")
        self._file = CursorsFile(path)
        state = self._file.state
        if state is None:
            self._file.close()
            raise JournalError(f"the cursors of the journal in {directory} are damaged: the next start sends all of it again")
        self._state = state
        self._lanes = {cursor.lane: segments_of(directory, cursor.lane) for cursor in state.cursors}
        self._ends = {lane: end_of(lane, segments, state)[0] for lane, segments in self._lanes.items()}

    def close(self) -> None:
        """Close its files."""
        self._file.close()

    def cursors(self) -> Sequence[tuple[Cursor, bool]]:
        """Return its cursors, and whether nothing that ran last had them configured."""
        return [(Cursor(one.lane, one.exporter), one.stop is not None) for one in self._state.cursors]

    def backlog(self, cursor: Cursor) -> Backlog:
        """Return what a cursor has not settled."""
        state = self._find(cursor)
        left = self._limit(state).since(state.low)
        for start, end in state.ranges:
            left = left.since(end.since(start))
        return Backlog(signal_of(cursor.lane), left.bytes, left.batches, left.items, state.oldest if left.batches else 0)

    def look(self, cursor: Cursor, after: int, max_bytes: int) -> Sequence[Entry]:
        """Return entries that a cursor has not settled, in order, beyond a position."""
        state = self._find(cursor)
        return owed(self._lanes[cursor.lane], state, self._limit(state), after, max_bytes)

    def drop(self, cursor: Cursor) -> Backlog:
        """Throw away all that a cursor has before it; return what that was. The next start gives the room back."""
        lost, state = self.backlog(cursor), self._find(cursor)
        settled = structs.replace(state, low=self._limit(state), ranges=(), oldest=0)
        cursors = tuple(settled if one is state else one for one in self._state.cursors)
        self._state = structs.replace(self._state, cursors=cursors)
        self._file.write(self._state)
        return lost

    def _find(self, cursor: Cursor) -> CursorState:
        return next(one for one in self._state.cursors if (one.lane, one.exporter) == (cursor.lane, cursor.exporter))

    def _limit(self, state: CursorState) -> Totals:
        return self._ends[state.lane] if state.stop is None else state.stop
