"""The SQLite file of the dead-letter store. One thread at a time uses it; `dead_letter` gives it one of its own."""

import hashlib
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from typing import Any, Final, TypeAlias

from msgspec import structs

from pipeline.errors import Reason
from pipeline.journal.letter import MAX_MESSAGE, Count, DeadLetter, Kept, Selection
from pipeline.journal.sqlite_file import is_damage, keep_others_out, set_aside

NAME: Final = "dead_letters.db"
Row: TypeAlias = tuple[int, Reason, int, int]
"""Of a letter that may go: id, reason, items, and what it takes of the budget."""
Gone: TypeAlias = dict[Reason, int]
"""Letters that had to go, by reason."""

# The payload stands last: SQLite walks through what precedes the column it is asked for.
_COLUMNS: Final = DeadLetter.__struct_fields__
_TOLD: Final = [name for name in _COLUMNS if name != "payload"]
_CREATE: Final = (
    f"CREATE TABLE IF NOT EXISTS letters (id INTEGER PRIMARY KEY AUTOINCREMENT, {', '.join(_TOLD)}, size INTEGER, payload)",
    "CREATE INDEX IF NOT EXISTS by_worth ON letters (payload IS NOT NULL, id)",
    "CREATE INDEX IF NOT EXISTS by_reason ON letters (reason, items, size)",
)
_HAS: Final = "SELECT name FROM pragma_table_info('letters')"
_INSERT: Final = f"INSERT INTO letters ({', '.join(_COLUMNS)}, size) VALUES ({', '.join('?' * (len(_COLUMNS) + 1))})"  # noqa: S608
_COUNT: Final = "SELECT reason, count(*), sum(items), sum(size) FROM letters GROUP BY reason"
_OLDEST: Final = "SELECT id, reason, items, size, time FROM letters ORDER BY id"
_LEAST: Final = "SELECT id, reason, items, size FROM letters ORDER BY payload IS NOT NULL, id"
_LIST: Final = f"SELECT id, payload IS NOT NULL, {', '.join(_TOLD)} FROM letters WHERE {{}} ORDER BY id LIMIT ?"  # noqa: S608
_READ: Final = f"SELECT id, {', '.join(_COLUMNS)} FROM letters WHERE id = ?"  # noqa: S608
_SUM: Final = "SELECT count(*), coalesce(sum(items), 0), coalesce(sum(size), 0), coalesce(max(id), 0) FROM letters WHERE {}"
_SELECT: Final = "SELECT id, reason, items, size FROM letters WHERE {} ORDER BY id LIMIT ?"


class LetterFile:
    """The letters, within their bounds. Everything raises `sqlite3.Error` when the file can't be read or written."""

    def __init__(self, path: Path | None, max_bytes: int, max_age: float) -> None:
        """`path` is None for a store in memory; `max_age` is in seconds."""
        self._path = path
        self.max_bytes = max_bytes
        self.max_age = max_age
        self.counts: Mapping[Reason, Count] = {}
        """By reason."""

    def open(self, *, mend: bool = True) -> Path | None:
        """Open the file. To mend is to set a damaged one aside, and begin a fresh one: returns where the damaged one is now."""
        try:
            self._open()
        except sqlite3.Error as error:
            if not (mend and is_damage(error)):
                raise
            return self.begin_anew()
        return None

    def begin_anew(self) -> Path | None:
        """Set a damaged file aside and begin a fresh one; return where it is now."""
        self._database.close()
        kept = set_aside(self._path) if self._path is not None else None
        self._open()
        return kept

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    # ---- keeping ----

    def add(self, letters: Iterable[DeadLetter]) -> Gone:
        """Keep letters, all or none; return those that had to go for them."""
        with self._change() as (counts, gone):
            self._insert(letters, counts, gone)
        return gone

    def resolve(self, number: int, letters: Iterable[DeadLetter]) -> Gone:
        """Put what is left of a letter in its place, in one step; return those that had to go for it."""
        with self._change() as (counts, gone):
            self._remove(self._database.execute(_SELECT.format("id = ?"), (number, 1)).fetchall(), counts)
            self._insert(letters, counts, gone)
        return gone

    def expire(self) -> Gone:
        """Remove the letters that are older than they may be."""
        horizon = time.time_ns() - self.max_age * 1e9
        oldest = self._database.execute("SELECT time FROM letters ORDER BY id LIMIT 1").fetchone()
        if oldest is None or oldest[0] >= horizon:
            return {}
        with self._change() as (counts, gone):
            self._expire(counts, gone)
        self._give_back()
        return gone

    def remove(self, selection: Selection, limit: int) -> Count:
        """Remove letters, the oldest first; return how many that were."""
        where, parameters = selection.where()
        with self._change() as (counts, _):
            rows = self._database.execute(_SELECT.format(where), (*parameters, limit)).fetchall()
            self._remove(rows, counts)
        self._give_back()
        return Count(len(rows), sum(row[2] for row in rows), sum(row[3] for row in rows))

    # ---- looking ----

    def sum(self, selection: Selection) -> tuple[Count, int]:
        """Return how much a selection comes to, and its highest id."""
        where, parameters = selection.where()
        *count, last = self._database.execute(_SUM.format(where), parameters).fetchone()
        return Count(*count), last

    def list(self, selection: Selection, limit: int) -> Sequence[Kept]:
        """Return letters without their payloads, in order."""
        where, parameters = selection.where()
        rows = self._database.execute(_LIST.format(where), (*parameters, limit))
        return [Kept(number, _letter(_TOLD, told), bool(replayable)) for number, replayable, *told in rows]

    def read(self, number: int) -> Kept | None:
        """Return one letter, whole."""
        for number_, *told in self._database.execute(_READ, (number,)):
            letter = _letter(_COLUMNS, told)
            return Kept(number_, letter, letter.payload is not None)
        return None

    # ---- inside ----

    def _open(self) -> None:
        if self._path is not None:
            keep_others_out(self._path)
        self._database = sqlite3.connect(self._path or ":memory:", isolation_level=None)
        try:
            self._database.execute("PRAGMA auto_vacuum=INCREMENTAL")
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=FULL")
            known = {name for (name,) in self._database.execute(_HAS)}
            for name in known and (set(_COLUMNS) - known):
                self._database.execute(f"ALTER TABLE letters ADD COLUMN {name} DEFAULT ''")
            for statement in _CREATE:
                self._database.execute(statement)
            self.counts = {reason: Count(*rest) for reason, *rest in self._database.execute(_COUNT)}
        except sqlite3.Error:
            self._database.close()
            raise

    @contextmanager
    def _change(self) -> Iterator[tuple[dict[Reason, Count], Gone]]:
        """Yield the counts and what had to go, both to be changed; they count when all of it is written."""
        counts, gone = dict(self.counts), Gone()
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield counts, gone
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise
        self.counts = counts

    def _insert(self, letters: Iterable[DeadLetter], counts: dict[Reason, Count], gone: Gone) -> None:
        self._expire(counts, gone)
        for letter in letters:
            kept = self._fitting(letter, gone)
            self._make_room(kept.size, counts, gone)
            self._database.execute(_INSERT, (*structs.astuple(kept), kept.size))
            counts[kept.reason] = counts.get(kept.reason, Count()).plus(1, kept.items, kept.size)

    def _fitting(self, letter: DeadLetter, gone: Gone) -> DeadLetter:
        """Return the letter as it is kept; without its payload where that alone would fill the store."""
        letter = structs.replace(letter, message=letter.message[:MAX_MESSAGE])
        if letter.payload is None or letter.size <= self.max_bytes:
            return letter
        gone[letter.reason] = gone.get(letter.reason, 0) + 1
        return structs.replace(letter, payload=None, sha256=hashlib.sha256(letter.payload).hexdigest())

    def _expire(self, counts: dict[Reason, Count], gone: Gone) -> None:
        horizon = time.time_ns() - self.max_age * 1e9
        aged = takewhile(lambda row: row[-1] < horizon, self._database.execute(_OLDEST))
        self._let_go([row[:-1] for row in aged], counts, gone)

    def _make_room(self, size: int, counts: dict[Reason, Count], gone: Gone) -> None:
        """Remove the letters that are worth least until there is room for `size` bytes."""
        excess = sum(count.bytes for count in counts.values()) + size - self.max_bytes
        least = []
        for row in self._database.execute(_LEAST) if excess > 0 else ():
            least.append(row)
            excess -= row[-1]
            if excess <= 0:
                break
        self._let_go(least, counts, gone)

    def _let_go(self, rows: Iterable[Row], counts: dict[Reason, Count], gone: Gone) -> None:
        rows = list(rows)
        self._remove(rows, counts)
        for _, reason, _, _ in rows:
            gone[reason] = gone.get(reason, 0) + 1

    def _remove(self, rows: Iterable[Row], counts: dict[Reason, Count]) -> None:
        for number, reason, items, weight in rows:
            self._database.execute("DELETE FROM letters WHERE id = ?", (number,))
            counts[reason] = counts[reason].plus(-1, -items, -weight)

    def _give_back(self) -> None:
        """Give the room of what was removed back to the disk."""
        self._database.executescript("PRAGMA incremental_vacuum")


def _letter(names: Sequence[str], values: Sequence[Any]) -> DeadLetter:
    return DeadLetter(**dict(zip(names, values, strict=True)))
