"""The Collector's names for what sluice calls otherwise, as data (config contract §1.2); `config.collector` applies them."""

from collections.abc import Mapping
from typing import Final

from config.ids import join, split
from pipeline.component import Kind

TYPES: Final[Mapping[tuple[Kind, str], str]] = {
    ("receiver", "webhookevent"): "webhook",
    ("processor", "redaction"): "redact",
    ("processor", "probabilistic_sampler"): "sample",
    ("exporter", "otlphttp"): "otlp_http",
    ("exporter", "logging"): "debug",
    ("extension", "health_check"): "health",
}
"""(kind, written type) to the canonical type."""

FIELDS: Final[Mapping[tuple[Kind, str], Mapping[str, str]]] = {
    ("processor", "redaction"): {
        "blocked_values": "patterns",
        "blocked_key_patterns": "keys.sensitive",
    },
    ("processor", "probabilistic_sampler"): {"sampling_percentage": "probability"},
}
"""(kind, written type) to the fields that have another name or place."""

NEEDLESS: Final[Mapping[tuple[Kind, str], Mapping[str, tuple[str, str]]]] = {
    ("processor", "redaction"): {
        "allow_all_keys": ("true", "keys are kept"),
        "summary": ("", "sluice_redaction_matches_total counts by rule"),
    },
}
"""(kind, written type) to the fields that say what is so anyway: the value that does (empty for any), and why."""

MARKERS: Final[Mapping[str, str]] = {
    "batch": "batching is done at each exporter: its values are the defaults of sending_queue.batch",
    "memory_limiter": "memory is bounded for the whole process: its limit is the default of service.limits.memory",
}
"""Processors that are taken and do nothing, and what happens instead."""


def canonical_id(kind: Kind, written: str) -> str:
    """Return an id with the canonical type."""
    type_, name = split(written)
    return join(TYPES.get((kind, type_), type_), name)


def aliases_of(kind: Kind, type_: str) -> list[str]:
    """Return the other names of a type."""
    return sorted(written for (of, written), canonical in TYPES.items() if (of, canonical) == (kind, type_))
