from collections.abc import Mapping, Sequence

from pipeline.types import Signal, Value
from pipeline.wire.reference.enrich import IdSource

class Enricher:
    def __init__(
        self,
        *,
        ids: Sequence[IdSource] = ("attributes", "json", "text"),
        derive: bool = True,
        namespace: str = "",
        move: bool = False,
        resource: Mapping[str, Value] = {},
        attributes: Mapping[str, Value] = {},
        overwrite: bool = False,
    ) -> None: ...
    def enrich(self, payload: bytes, signal: Signal) -> bytes: ...
