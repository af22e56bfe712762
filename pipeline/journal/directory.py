"""The directory of a journal on disk: where it is, whether it can be used, and that only one process uses it."""

import fcntl
import os
from pathlib import Path
from typing import Final

from pipeline.journal import JournalError

FORMAT: Final = 1
"""Of the files in the directory, as a whole: what a version can't read it leaves alone."""
SYSTEM: Final = Path("/var/lib/sluice")
_USER: Final = Path("~/.local/state/sluice")
_NETWORK: Final = frozenset(
    {"9p", "afs", "beegfs", "ceph", "cifs", "fuse.glusterfs", "fuse.sshfs", "gpfs", "lustre", "nfs", "nfs4"}
)
_NETWORK_PREFIXES: Final = ("smb", "fuse.ceph")
_WAYS_OUT: Final = "set service.journal.dir to a directory on a local disk, or service.journal.type to memory"


class InUse(JournalError):
    """Another process has the directory."""

    def __init__(self, directory: Path, owner: str) -> None:
        super().__init__(f"the journal in {directory} is in use by process {owner}; service.journal.dir names it")
        self.owner = owner
        """Its process id."""


def journal_directory(configured: str | None) -> Path:
    """Return the directory to use: the configured one, else the system's where it can be written, else the user's own."""
    if configured is not None:
        return Path(configured)
    if os.access(SYSTEM if SYSTEM.exists() else SYSTEM.parent, os.W_OK):
        return SYSTEM
    user = _USER.expanduser()
    user.parent.mkdir(parents=True, exist_ok=True)
    return user


def prepare(directory: Path, *, allow_network_fs: bool) -> int:
    """Make the directory if only it is missing, and lock it. Returns the lock, a file to close. Raises `JournalError`."""
    try:
        directory.mkdir(mode=0o750, exist_ok=True)
        kind = file_system(directory)
        if not allow_network_fs and (kind in _NETWORK or kind.startswith(_NETWORK_PREFIXES)):
            raise JournalError(f"{directory} is on a network file system ({kind}), whose syncs may not hold: {_WAYS_OUT}")
        return take_lock(directory, os.O_CREAT)
    except OSError as error:
        raise JournalError(f"the journal can't use {directory} ({error.strerror}): {_WAYS_OUT}") from error


def take_lock(directory: Path, flags: int = 0) -> int:
    """Lock a journal's directory. Returns the lock, a file to close. Raises `InUse`, and `OSError` where there is no journal."""
    lock = os.open(directory / "lock", os.O_RDWR | flags, 0o640)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        owner = os.pread(lock, 20, 0).decode("ascii", "replace").strip() or "another process"
        os.close(lock)
        raise InUse(directory, owner) from None
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    try:
        _check_format(directory)
    except BaseException:
        os.close(lock)
        raise
    return lock


def _check_format(directory: Path) -> None:
    path = directory / "format"
    try:
        found = path.read_text(encoding="ascii", errors="replace").strip()
    except FileNotFoundError:
        path.write_text(f"{FORMAT}\n", encoding="ascii")
        sync_directory(directory)
        return
    if found and found != str(FORMAT):  # an empty one was cut short by a crash
        raise JournalError(
            f"the journal in {directory} has format {found[:20]}, this version of sluice reads {FORMAT}: "
            "drain it with the version that wrote it, or set service.journal.dir to another directory"
        )


def file_system(directory: Path) -> str:
    """Return the type of the file system a directory is on, empty where the system does not tell."""
    device = directory.stat().st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    try:
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return ""
    return next((line.partition(" - ")[2].split(" ")[0] for line in mounts if line.split(" ")[2] == wanted), "")


def sync_directory(directory: Path) -> None:
    """Make names that were added to or taken from a directory durable."""
    file = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
