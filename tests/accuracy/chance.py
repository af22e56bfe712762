"""How often the card finder takes for a card what is none, of numbers drawn at random (redaction contract §14, R11)."""

from collections.abc import Callable, Iterator
from random import Random
from typing import Final, NamedTuple
from uuid import UUID

from opentelemetry.proto.logs.v1.logs_pb2 import LogsData

from tests.accuracy.judge import Redact

SEED: Final = 1_763_640_000
NUMBERS: Final = 1_000_000
_TEXT: Final = 1000
"""Numbers in one text, each on a line of its own."""


class Rate(NamedTuple):
    """So many of so many were taken for cards."""

    kind: str
    numbers: int
    cards: int


def _uuid(random: Random) -> str:
    return str(UUID(int=random.getrandbits(128), version=4))


_KINDS: Final[dict[str, Callable[[Random], str]]] = {
    "16 digits": lambda random: f"{random.randrange(10**16):016}",
    "epoch time in µs, 2001 to 2033": lambda random: str(random.randrange(10**15, 2 * 10**15)),
    "UUID": _uuid,
    "hex id, 32 characters": lambda random: f"{random.getrandbits(128):032x}",
    "hex id, 16 characters": lambda random: f"{random.getrandbits(64):016x}",
}


def rates(redact: Redact, numbers: int = NUMBERS) -> Iterator[Rate]:
    """Yield what comes of so many numbers of each kind."""
    for kind, draw in _KINDS.items():
        random = Random(f"{SEED} {kind}")
        cards = 0
        for _ in range(numbers // (_TEXT * 50)):
            data = LogsData()
            records = data.resource_logs.add().scope_logs.add().log_records
            for _ in range(50):
                records.add().body.string_value = "\n".join(draw(random) for _ in range(_TEXT))
            cards += redact(data.SerializeToString()).count(b"[card]")
        yield Rate(kind, numbers, cards)
