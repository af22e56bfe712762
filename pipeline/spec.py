"""What the daemon is to build, as the configuration checked it: plain values, no text, no positions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from pipeline.component import Component, Kind
from pipeline.settings import ServiceSettings
from pipeline.types import Signal

ComponentClass: TypeAlias = type[Component]


@dataclass(frozen=True, slots=True)
class ComponentSpec:
    """One component that a pipeline or `service.extensions` names: `cls(config)` builds it."""

    kind: Kind
    id: str
    """`type` or `type/name`, with the canonical type."""
    type: str
    cls: ComponentClass
    config: Any
    """An instance of the `Config` struct beside `cls`."""


@dataclass(frozen=True, slots=True)
class PipelineSpec:
    """From where, through what, to where; every id is in `DaemonSpec.components`.

    A connector stands among the exporters of the pipelines it reads from and among the receivers of those it feeds.
    """

    id: str
    signal: Signal
    receivers: tuple[str, ...]
    processors: tuple[str, ...]
    exporters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DaemonSpec:
    """One whole configuration."""

    components: Mapping[tuple[Kind, str], ComponentSpec]
    pipelines: tuple[PipelineSpec, ...]
    service: ServiceSettings
    hash: str
    """SHA-256 of the canonical form with every secret replaced, in hex: the same settings have the same hash."""
