from collections.abc import Sequence

from pipeline.types import Signal
from pipeline.wire.model import Record

def records(payload: bytes, signal: Signal) -> Sequence[Record]: ...
