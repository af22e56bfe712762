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
        "allowed_keys": "keys.allowed_only",
        "ignored_keys": "keys.safe",
        "allowed_values": "allow.patterns",
    },
    ("processor", "probabilistic_sampler"): {"sampling_percentage": "probability"},
}
"""(kind, written type) to the fields that have another name or place."""

WORDS: Final[Mapping[tuple[Kind, str], Mapping[str, Mapping[str, str]]]] = {
    ("processor", "redaction"): {"summary": {"info": "counts", "silent": "off"}},
}
"""(kind, written type) and field to the values that are spelt otherwise."""

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
