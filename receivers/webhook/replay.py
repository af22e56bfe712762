"""Which deliveries were seen before (webhooks contract §4)."""

import asyncio
import hashlib
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

from pipeline.errors import Busy
from pipeline.journal.sqlite_file import is_damage, set_aside

T = TypeVar("T")

_OPENING: Final = threading.Lock()
"""SQLite does not wait for the lock with which it turns a file to WAL, so endpoints that share one open it in turn."""
_CREATE = (
    "CREATE TABLE IF NOT EXISTS deliveries (key BLOB PRIMARY KEY, endpoint TEXT, first_seen REAL) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS by_age ON deliveries (endpoint, first_seen)",
)
_SEEN = "SELECT 1 FROM deliveries WHERE key = ? AND first_seen > ?"
_ADD = "INSERT OR REPLACE INTO deliveries VALUES (?, ?, ?)"
_EXPIRE = "DELETE FROM deliveries WHERE endpoint = ? AND first_seen <= ?"
_COUNT = "SELECT count(*) FROM deliveries WHERE endpoint = ?"
_EVICT = "DELETE FROM deliveries WHERE key IN (SELECT key FROM deliveries WHERE endpoint = ? ORDER BY first_seen LIMIT ?)"


class ReplayStore:
    """The deliveries that one endpoint accepted, for `ttl` seconds and at most `limit` of them.

    In a SQLite file, which several endpoints may share, or in memory. Only hashes of the ids are kept. It works on a thread
    of its own, so that the event loop never waits for the disk.
    """

    def __init__(self, path: Path | None, endpoint: str, ttl: float, limit: int) -> None:
        self._path = path
        self._endpoint = endpoint
        self._ttl = ttl
        self._limit = limit
        self._count = 0
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="webhook-replay")

    async def open(self) -> Path | None:
        """Open the store; return where a damaged one was set aside, if it was. Raises `OSError`."""
        try:
            return await self._run(self._open)
        except sqlite3.Error as error:
            self._thread.shutdown()
            raise OSError(f"the replay store {self._path} can't be opened: {error}") from error

    async def aclose(self) -> None:
        """Close the store."""
        await self._run(self._close)
        self._thread.shutdown()

    async def seen(self, id: str, now: float) -> bool:
        """Return whether this id was added less than `ttl` ago. Raises `Busy` when the store can't be read."""
        try:
            return await self._run(lambda: self._seen(self._key(id), now))
        except sqlite3.Error as error:
            raise Busy("the replay store can't be read", 5.0) from error

    async def add(self, id: str, now: float) -> int:
        """Remember an id; return how many had to go before their time. Raises `sqlite3.Error`."""
        return await self._run(lambda: self._add(self._key(id), now))

    def _key(self, id: str) -> bytes:
        return hashlib.sha256(f"{self._endpoint}\0{id}".encode("utf-8", "surrogateescape")).digest()

    async def _run(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    # ---- on the thread ----

    def _open(self) -> Path | None:
        with _OPENING:
            try:
                self._connect()
            except sqlite3.Error as error:
                if self._path is None or not is_damage(error):
                    raise
                kept = set_aside(self._path)
                self._connect()
                return kept
        return None

    def _connect(self) -> None:
        self._database = sqlite3.connect(self._path or ":memory:", isolation_level=None)
        try:
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=NORMAL")
            for statement in _CREATE:
                self._database.execute(statement)
            (self._count,) = self._database.execute(_COUNT, (self._endpoint,)).fetchone()
        except sqlite3.Error:
            self._database.close()
            raise

    def _close(self) -> None:
        self._database.close()

    def _seen(self, key: bytes, now: float) -> bool:
        return self._database.execute(_SEEN, (key, now - self._ttl)).fetchone() is not None

    def _add(self, key: bytes, now: float) -> int:
        self._count -= self._database.execute(_EXPIRE, (self._endpoint, now - self._ttl)).rowcount
        self._database.execute(_ADD, (key, self._endpoint, now))
        self._count += 1
        excess = self._count - self._limit
        if excess > 0:
            self._count -= self._database.execute(_EVICT, (self._endpoint, excess)).rowcount
        return max(excess, 0)
