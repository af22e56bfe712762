"""A random schedule of faults: the same seed gives the same one."""

import errno
import random
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from tests.faults.destination import FAULTS

SECONDS: Final = 2.5
"""From the first fault to the last. Each restart takes its own time on top."""

DESTINATIONS: Final = 3
DAY_NS: Final = 86_400 * 10**9


JournalKind = Literal["disk", "kafka"]


@dataclass(frozen=True)
class Event:
    """One thing that happens `at` seconds after the load began; later where the one before it took longer."""

    at: float
    what: str
    """The name of a method of `Stand` or `KafkaStand`."""
    arguments: tuple[object, ...] = ()

    def __str__(self) -> str:
        return f"{self.at:5.2f} {self.what} {' '.join(map(str, self.arguments))}".rstrip()


@dataclass(frozen=True)
class Schedule:
    """What happens, and to which configuration."""

    seed: int
    kind: JournalKind
    journal: str
    """Settings of `service.journal`. On disk a small `max_bytes` makes many segments, and fills up."""
    queue: str
    """`sending_queue` of the first destination."""
    events: tuple[Event, ...]
    instance: str | None = None
    """`service.journal.instance` of the first node."""

    def __str__(self) -> str:
        head = f"journal on {self.kind}, {self.journal}, queue {self.queue}"
        return "\n".join([head, *map(str, self.events)])


def schedule(seed: int, kind: JournalKind = "disk") -> Schedule:
    """Return the schedule of a seed."""
    chance = random.Random(seed)
    return _on_disk(seed, chance) if kind == "disk" else _on_kafka(seed, chance)


def _on_disk(seed: int, chance: random.Random) -> Schedule:
    events: list[Event] = []
    for _ in range(chance.randint(1, 2)):
        events += _death(chance)
    for _ in range(chance.randint(1, 3)):
        events += _destination(chance)
    for _ in range(chance.randint(0, 2)):
        events += chance.choice([_storage, _clock, _reload])(chance)
    return Schedule(
        seed,
        "disk",
        f"fsync: group, max_bytes: {chance.choice(['4GiB', '64MiB', '1MiB'])}",
        chance.choice(["{}", "{}", "{max_bytes: 128KiB}", "{max_bytes: 128KiB, on_full: dead_letter}"]),
        _in_order(events),
    )


def _on_kafka(seed: int, chance: random.Random) -> Schedule:
    events: list[Event] = []
    for kind in chance.choice([[_broker], [_rebalance], [_broker, _rebalance]]):
        events += kind(chance)
    for _ in range(chance.randint(0, 2)):
        events += _death(chance, on_disk=False)
    for _ in range(chance.randint(0, 2)):
        events += _destination(chance)
    for _ in range(chance.randint(0, 1)):
        events += chance.choice([_clock, _reload])(chance)
    return Schedule(
        seed,
        "kafka",
        f"partitions: {chance.randint(1, 4)}, compression: {chance.choice(['none', 'zstd'])}",
        "{}",
        _in_order(events),
        chance.choice([None, "node-1"]),
    )


def _in_order(events: Iterable[Event]) -> tuple[Event, ...]:
    return tuple(sorted(events, key=lambda event: event.at))


def _moment(chance: random.Random) -> float:
    return round(chance.uniform(0.1, SECONDS), 2)


def _death(chance: random.Random, *, on_disk: bool = True) -> list[Event]:
    at, power = _moment(chance), chance.random() < 0.6 and on_disk
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
    return [chance.choice([way for way in ways if on_disk or way.what != "die_at_call"])]


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


def _broker(chance: random.Random) -> list[Event]:
    return [Event(_moment(chance), "kill_broker", (round(chance.uniform(0.0, 4.0), 2),))]


def _rebalance(chance: random.Random) -> list[Event]:
    at = _moment(chance)
    return [Event(at, "join"), Event(round(at + chance.uniform(1.0, 3.0), 2), "leave", (chance.choice(["SIGTERM", "SIGKILL"]),))]
