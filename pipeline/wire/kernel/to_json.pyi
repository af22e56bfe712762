from pipeline.types import Signal
from pipeline.wire.reference.to_json import Layout

def to_json(payload: bytes, signal: Signal, layout: Layout) -> bytes: ...
