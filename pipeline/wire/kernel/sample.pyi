from collections.abc import Sequence
from typing import Literal

from pipeline.conditions import Condition
from pipeline.types import Signal
from pipeline.wire.reference.sample import Mode, Sampled

class Sampler:
    def __init__(
        self,
        threshold: int,
        *,
        keep_errors: bool = False,
        mode: Mode = "equalize",
        rules: Sequence[tuple[Condition, int]] = (),
        logs: Literal["follow", "all"] = "follow",
    ) -> None: ...
    def keep(self, payload: bytes, signal: Signal) -> tuple[bytes, int]: ...
    def sample(self, payload: bytes, signal: Signal) -> Sampled: ...
