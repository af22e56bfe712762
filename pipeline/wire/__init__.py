"""The wire kernel: functions from OTLP bytes to OTLP bytes.

Payloads are `LogsData`, `TracesData` or `MetricsData` messages (a list of field 1). A transform that changes nothing returns
the same object. Malformed input raises `Malformed` and nothing else.
"""

from typing import Literal

from pipeline.wire.errors import Malformed
from pipeline.wire.reference.encode import encode
from pipeline.wire.reference.enrich import Enricher, IdSource
from pipeline.wire.reference.filter import Filter
from pipeline.wire.reference.from_json import from_json
from pipeline.wire.reference.records import records
from pipeline.wire.reference.redact import Redactor
from pipeline.wire.reference.sample import Sampler
from pipeline.wire.reference.split import split
from pipeline.wire.reference.to_json import OTLP, to_json
from pipeline.wire.reference.validate import validate
from pipeline.wire.sampling import adjusted_count, threshold

IMPLEMENTATION: Literal["kernel", "reference"] = "reference"

__all__ = [
    "IMPLEMENTATION",
    "OTLP",
    "Enricher",
    "Filter",
    "IdSource",
    "Malformed",
    "Redactor",
    "Sampler",
    "adjusted_count",
    "encode",
    "from_json",
    "records",
    "split",
    "threshold",
    "to_json",
    "validate",
]
