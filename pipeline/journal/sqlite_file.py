"""SQLite files that a process must be able to do without: a damaged one is set aside, and a fresh one begun."""

import os
import sqlite3
import time
from pathlib import Path
from typing import Final

_DAMAGE: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_PRIMARY: Final = 0xFF
"""The primary code within an extended one, https://sqlite.org/rescode.html."""


def is_damage(error: sqlite3.Error) -> bool:
    """Return whether an error says that the file is no database, or no longer a sound one."""
    return getattr(error, "sqlite_errorcode", 0) & _PRIMARY in _DAMAGE


def set_aside(path: Path) -> Path:
    """Move a damaged file, closed, out of the way, so that somebody may still look into it; return its new name."""
    kept = path.with_name(f"{path.name}.damaged-{time.time_ns() // 1_000_000}")
    for suffix in ("-wal", "-shm"):
        beside = path.with_name(path.name + suffix)
        if beside.exists():
            beside.rename(kept.with_name(kept.name + suffix))
    path.rename(kept)
    return kept


def keep_others_out(path: Path) -> None:
    """Make the file if it is missing: SQLite itself would let everybody read it."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o640))
