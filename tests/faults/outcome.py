"""What a schedule came to, and what can be read off a daemon from outside: its dead letters, and how long it had to wait."""

import sqlite3
from collections import Counter
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from opentelemetry.proto.logs.v1.logs_pb2 import LogsData

from tests.faults.schedule import Schedule


@dataclass
class Outcome:
    """What a schedule came to. It failed when there are `faults`."""

    schedule: Schedule
    acknowledged: int = 0
    refused: int = 0
    """Requests that were not answered 200."""
    duplicates: int = 0
    dead: Counter[str] = field(default_factory=Counter)
    """Owed ids found in the dead letters only, by reason; each destination counts."""
    declined: int = 0
    """Owed ids that a destination refused in an answer of partial success."""
    torn: int = 0
    """Sectors that power cuts undid or garbled."""
    failed_calls: int = 0
    """Calls into the kernel that were made to fail."""
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0


def dead_letters(journal: Path) -> dict[str, dict[str, str]]:
    """Return the reason of each id in the dead letters beside a journal, by exporter."""
    found: dict[str, dict[str, str]] = {}
    with closing(sqlite3.connect(f"file:{journal / 'dead_letters.db'}?mode=ro", uri=True)) as store:
        for exporter, reason, payload in store.execute(
            "SELECT component, reason, payload FROM letters WHERE payload IS NOT NULL"
        ):
            for resource in LogsData.FromString(payload).resource_logs:
                for scope in resource.scope_logs:
                    found.setdefault(exporter, {}).update((one.body.string_value, reason) for one in scope.log_records)
    return found


def waited(pid: int) -> float:
    """Return for how many seconds a process could have run and was not let run, 0 once it is gone."""
    waited = 0
    with suppress(OSError, IndexError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            waited += int((task / "schedstat").read_text().split()[1])
    return waited / 1e9
