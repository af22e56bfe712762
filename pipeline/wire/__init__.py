"""The wire kernel: functions from OTLP bytes to OTLP bytes.

Payloads are `LogsData`, `TracesData` or `MetricsData` messages (a list of field 1). A transform that changes nothing returns
the same object. Malformed input raises `Malformed` and nothing else.

Everything is there twice: compiled in `kernel`, and in plain Python in `reference`, which is the specification and serves where
nothing could be compiled.
"""

from typing import TYPE_CHECKING, Final

from pipeline.wire.errors import Malformed
from pipeline.wire.reference.enrich import IdSource
from pipeline.wire.reference.to_json import OTLP
from pipeline.wire.sampling import adjusted_count, threshold
from pipeline.wire.selection import select

if TYPE_CHECKING:
    from pipeline.wire.reference.encode import encode
    from pipeline.wire.reference.enrich import Enricher
    from pipeline.wire.reference.filter import Filter
    from pipeline.wire.reference.from_json import from_json
    from pipeline.wire.reference.log_lines import LogLines
    from pipeline.wire.reference.log_objects import log_objects
    from pipeline.wire.reference.partition import partition
    from pipeline.wire.reference.records import records
    from pipeline.wire.reference.redact import Redactor
    from pipeline.wire.reference.sample import Sampler
    from pipeline.wire.reference.split import split
    from pipeline.wire.reference.to_json import to_json
    from pipeline.wire.reference.validate import validate

_SELECTION: Final = select()
globals().update(_SELECTION.api)

IMPLEMENTATION: Final = _SELECTION.implementation
UNCOMPILED: Final = _SELECTION.uncompiled
"""Names of this module that the reference serves."""
LOSS: Final = _SELECTION.loss
"""What having no kernel costs and what to do about it; empty when there is one."""

__all__ = [
    "IMPLEMENTATION",
    "LOSS",
    "OTLP",
    "UNCOMPILED",
    "Enricher",
    "Filter",
    "IdSource",
    "LogLines",
    "Malformed",
    "Redactor",
    "Sampler",
    "adjusted_count",
    "encode",
    "from_json",
    "log_objects",
    "partition",
    "records",
    "split",
    "threshold",
    "to_json",
    "validate",
]
