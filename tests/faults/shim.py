"""The preloaded faults of `shim.c`: built once, set while the daemon runs, and the power cut that a SIGKILL can be made into."""

import mmap
import os
import random
import struct
import subprocess
from pathlib import Path
from typing import Final

_SOURCE: Final = Path(__file__).with_name("shim.c")
_CONTROL: Final = struct.Struct("iiiiqq")
_FIELDS: Final = ("write_error", "sync_error", "allocate_error", "calls_to_live", "clock_offset", "failed")
_UNDO: Final = struct.Struct("qq")
_SECTOR: Final = 512
"""What a disk writes whole or not at all."""


def build(directory: Path) -> Path:
    """Compile the shim, unless this directory has it."""
    library = directory / "shim.so"
    if not library.exists():
        fresh = directory / f"shim.{os.getpid()}.so"
        subprocess.run(
            ["cc", "-O1", "-Wall", "-Werror", "-shared", "-fPIC", "-o", fresh, _SOURCE, "-ldl", "-pthread"], check=True
        )
        fresh.rename(library)
    return library


class Shim:
    """The faults of one daemon, which keeps its journal in `journal`."""

    def __init__(self, library: Path, directory: Path, journal: Path) -> None:
        self._journal = journal
        self._undo = directory / "undo"
        self._undo.mkdir()
        control = directory / "control"
        control.write_bytes(bytes(_CONTROL.size))
        with control.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), _CONTROL.size)
        self.environ = {
            "LD_PRELOAD": str(library),
            "FAULTS_CONTROL": str(control),
            "FAULTS_JOURNAL": str(journal),
            "FAULTS_UNDO": str(self._undo),
        }

    def set(self, **values: int) -> None:
        """Change faults: three errnos (0 for none), `calls_to_live`, and `clock_offset` in nanoseconds."""
        # Field by field: the daemon writes to the others.
        for name, value in values.items():
            position = _FIELDS.index(name)
            form = "i" if position < 4 else "q"
            offset = 4 * position if position < 4 else 16 + 8 * (position - 4)
            struct.pack_into(form, self._map, offset, value)

    def get(self, name: str) -> int:
        """Return a field, such as `failed`: how many calls were made to fail."""
        return int(_CONTROL.unpack_from(self._map)[_FIELDS.index(name)])

    def cut_power(self, chance: random.Random) -> int:
        """Undo and garble what no sync has covered, sector by sector, as a power cut may. The daemon is dead.

        A sector keeps what was written, or has what was there before, or, where the two differ, nonsense. Returns the number
        of sectors that were changed.
        """
        files = {path.stat().st_ino: path for path in self._journal.rglob("*") if path.is_file()}
        changed = 0
        for log in self._undo.iterdir():
            path = files.get(int(log.name))
            writes = [] if path is None else _writes(log.read_bytes())
            if path is not None and writes:
                with path.open("r+b") as file:
                    changed += sum(_tear(file.fileno(), offset, before, chance) for offset, before in reversed(writes))
                    os.fsync(file.fileno())
            log.unlink()
        return changed

    def close(self) -> None:
        """Let go of the control file."""
        self._map.close()


def _writes(log: bytes) -> list[tuple[int, bytes]]:
    writes, position = [], 0
    while position < len(log):
        offset, size = _UNDO.unpack_from(log, position)
        position += _UNDO.size
        writes.append((offset, log[position : position + size]))
        position += size
    return writes


def _tear(file: int, offset: int, before: bytes, chance: random.Random) -> int:
    now = bytearray(os.pread(file, len(before), offset))
    fate = chance.choice(["all lost", "mixed", "mixed"])
    changed, start = 0, 0
    while start < len(now):
        end = min(len(now), start - (offset + start) % _SECTOR + _SECTOR)
        old, new = before[start:end], bytes(now[start:end])
        if old != new:
            outcome = "lost" if fate == "all lost" else chance.choice(["kept", "lost", "garbled"])
            if outcome == "lost":
                now[start:end] = old
            elif outcome == "garbled":
                now[start:end] = bytes(b if a == b else chance.randrange(256) for a, b in zip(old, new, strict=True))
            changed += outcome != "kept"
        start = end
    os.pwrite(file, now, offset)
    return changed
