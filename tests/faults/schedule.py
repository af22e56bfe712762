"""A random schedule of faults: the same seed gives the same one."""

import errno
import random
from dataclasses import dataclass
from typing import Final

from tests.faults.destination import FAULTS

SECONDS: Final = 2.5
"""From the first fault to the last. Each restart takes its own time on top."""

DESTINATIONS: Final = 3
DAY_NS: Final = 86_400 * 10**9


@dataclass(frozen=True)
class Event:
    """One thing that happens `at` seconds after the load began; later where the one before it took longer."""

    at: float
    what: str
    """The name of a method of `Stand`."""
    arguments: tuple[object, ...] = ()

    def __str__(self) -> str:
        return f"{self.at:5.2f} {self.what} {' '.join(map(str, self.arguments))}".rstrip()


@dataclass(frozen=True)
class Schedule:
    """What happens, and to which configuration."""

    seed: int
    journal_bytes: str
    """`service.journal.max_bytes`: small ones make many segments, and fill up."""
    queue: str
    """`sending_queue` of the first destination."""
    events: tuple[Event, ...]
    fsync: str = "group"

    def __str__(self) -> str:
        head = f"journal {self.journal_bytes}, queue {self.queue}"
        return "\n".join([head, *map(str, self.events)])


def schedule(seed: int) -> Schedule:
    """Return the schedule of a seed."""
    chance = random.Random(seed)
    events: list[Event] = []
    for _ in range(chance.randint(1, 2)):
        events += _death(chance)
    for _ in range(chance.randint(1, 3)):
        events += _destination(chance)
    for _ in range(chance.randint(0, 2)):
        events += chance.choice([_storage, _clock, _reload])(chance)
    return Schedule(
        seed,
        chance.choice(["4GiB", "64MiB", "1MiB"]),
        chance.choice(["{}", "{}", "{max_bytes: 128KiB}", "{max_bytes: 128KiB, on_full: dead_letter}"]),
        tuple(sorted(events, key=lambda event: event.at)),
    )


def _moment(chance: random.Random) -> float:
    return round(chance.uniform(0.1, SECONDS), 2)


def _death(chance: random.Random) -> list[Event]:
    at, power = _moment(chance), chance.random() < 0.6
    delay = round(chance.uniform(0.0, 0.8), 2)
    ways = [
        Event(at, "kill", (power,)),
        Event(at, "kill", (power,)),
        Event(at, "die_at_call", (chance.randint(1, 40), power)),
        Event(at, "die_at_call", (chance.randint(1, 40), power)),
        Event(at, "terminate"),
        Event(at, "kill_in_stop", (delay, power)),
        Event(at, "kill_in_start", (delay, power)),
        Event(at, "kill_in_reload", (round(delay / 8, 3), power)),
    ]
    return [chance.choice(ways)]


def _destination(chance: random.Random) -> list[Event]:
    at, which = _moment(chance), chance.randrange(DESTINATIONS)
    until = round(at + chance.uniform(0.2, 1.5), 2)
    fault = chance.choice(["stopped", *sorted(FAULTS.keys() - {""})])
    if fault == "stopped":
        return [Event(at, "stop_destination", (which,)), Event(until, "continue_destination", (which,))]
    return [Event(at, "turn_destination", (which, fault)), Event(until, "turn_destination", (which, ""))]


def _storage(chance: random.Random) -> list[Event]:
    at = _moment(chance)
    kind = chance.choice(["full", "full", "write", "sync"])
    if kind == "full":
        code = chance.choice([errno.ENOSPC, errno.EDQUOT])
        return [Event(at, "fill_disk", (code,)), Event(round(at + chance.uniform(0.2, 1.0), 2), "free_disk")]
    # Such a failure is final for a process: what comes after is a restart.
    restart = chance.choice([("kill", (True,)), ("terminate", ())])
    return [Event(at, "break_disk", (kind,)), Event(round(at + chance.uniform(0.2, 0.6), 2), *restart)]


def _clock(chance: random.Random) -> list[Event]:
    return [Event(_moment(chance), "jump_clock", (round(chance.uniform(-1, 1) * chance.choice([1, 1 / 24]) * DAY_NS),))]


def _reload(chance: random.Random) -> list[Event]:
    return [Event(_moment(chance), "reload", (chance.random() < 1 / 3,)) for _ in range(chance.randint(1, 3))]
