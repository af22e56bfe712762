from collections.abc import Mapping, Sequence

from pipeline.conditions import Condition
from pipeline.types import Signal

class Filter:
    def __init__(self, drop: Sequence[Condition] = (), keep: Sequence[Condition] = ()) -> None: ...
    def keep(self, payload: bytes, signal: Signal) -> tuple[bytes, Mapping[str, int]]: ...
