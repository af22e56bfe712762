from collections.abc import Sequence

from pipeline.types import Signal
from pipeline.wire.model import Record

def encode(records: Sequence[Record], signal: Signal) -> bytes: ...
