"""From a checked specification to live components: who feeds whom, and the account of every way."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar, get_type_hints

from msgspec import Meta, Struct

from pipeline.component import (
    Component,
    Connector,
    DirectExporter,
    Exporter,
    Extension,
    Host,
    Kind,
    Processor,
    Receiver,
)
from pipeline.settings import HttpListener, NetworkExporter, SendingQueue
from pipeline.spec import ComponentSpec, DaemonSpec, PipelineSpec
from pipeline.types import Signal

C = TypeVar("C", bound=Component)
HostFor = Callable[[Kind, str, frozenset[Signal]], Host]


@dataclass
class Graph:
    """The components of one configuration, constructed and lent their hosts; nothing runs yet."""

    receivers: dict[str, Receiver] = field(default_factory=dict)
    exporters: dict[str, Exporter] = field(default_factory=dict)
    direct: dict[str, DirectExporter] = field(default_factory=dict)
    connectors: dict[str, Connector] = field(default_factory=dict)
    extensions: dict[str, Extension] = field(default_factory=dict)
    processors: dict[str, list[tuple[str, Processor]]] = field(default_factory=dict)
    """Of each pipeline, in order; every pipeline has instances of its own."""
    feeds: dict[str, list[str]] = field(default_factory=dict)
    """The pipelines of each receiver and connector."""
    fold_locks: dict[str, asyncio.Lock] = field(default_factory=dict)
    """Of each direct exporter, whose folds never overlap."""


def build(spec: DaemonSpec, host_for: HostFor) -> Graph:
    """Construct every component that a pipeline or `service.extensions` names; one that nobody names is not built."""
    graph = Graph()
    for pipeline in spec.pipelines:
        graph.processors[pipeline.id] = [
            (name, _construct(spec.components["processor", name], Processor, host_for, frozenset({pipeline.signal})))
            for name in pipeline.processors
        ]
        for name in pipeline.receivers:
            graph.feeds.setdefault(name, []).append(pipeline.id)
        for name in pipeline.exporters:
            _add_exporter(graph, spec, name, host_for)
    signals = {pipeline.id: pipeline.signal for pipeline in spec.pipelines}
    for name, pipelines in graph.feeds.items():
        receiver = spec.components.get(("receiver", name))
        if receiver is not None:
            fed = frozenset(signals[pipeline] for pipeline in pipelines)
            graph.receivers[name] = _construct(receiver, Receiver, host_for, fed)
    for name in spec.service.extensions:
        graph.extensions[name] = _construct(spec.components["extension", name], Extension, host_for, frozenset())
    return graph


def cursor_sinks(spec: DaemonSpec, pipeline: PipelineSpec) -> Mapping[str, ComponentSpec]:
    """Return those that read a pipeline's lane by a cursor: its exporters but the direct ones, and the connectors it feeds."""
    sinks = {name: _sink(spec, name) for name in pipeline.exporters}
    return {name: sink for name, sink in sinks.items() if not issubclass(sink.cls, DirectExporter)}


def queue_of(component: ComponentSpec) -> SendingQueue:
    """Return an exporter's queue settings; those of a component that has none are the defaults."""
    config = component.config
    return config.sending_queue if isinstance(config, NetworkExporter) else SendingQueue()


def intake_url(spec: DaemonSpec) -> str | None:
    """Return the base URL of the local `intake` extension, None where none runs."""
    for name in spec.service.extensions:
        component = spec.components["extension", name]
        if component.type == "intake" and isinstance(component.config, HttpListener):
            scheme = "https" if component.config.tls else "http"
            return f"{scheme}://{component.config.endpoint}"
    return None


def lacks_credentials(config: Struct) -> bool:
    """Return whether an exporter has no credential and was told to send to the local intake then."""
    if not isinstance(config, NetworkExporter) or config.without_credentials != "intake":
        return False
    hints = get_type_hints(type(config), include_extras=True)
    needed = [
        name
        for name, hint in hints.items()
        for meta in getattr(hint, "__metadata__", ())
        if isinstance(meta, Meta) and (meta.extra or {}).get("credential")
    ]
    return any(not (secret := getattr(config, name)) or not secret.reveal() for name in needed)


def _sink(spec: DaemonSpec, name: str) -> ComponentSpec:
    return spec.components.get(("exporter", name)) or spec.components["connector", name]


def _add_exporter(graph: Graph, spec: DaemonSpec, name: str, host_for: HostFor) -> None:
    if name in graph.exporters or name in graph.direct or name in graph.connectors:
        return
    sink = _sink(spec, name)
    component = _construct(sink, Component, host_for, frozenset())
    match component:
        case Exporter():
            graph.exporters[name] = component
        case DirectExporter():
            graph.direct[name] = component
            graph.fold_locks[name] = asyncio.Lock()
        case Connector():
            graph.connectors[name] = component
        case _:
            raise TypeError(f"{name} is neither an exporter nor a connector")


def _construct(spec: ComponentSpec, kind: type[C], host_for: HostFor, signals: frozenset[Signal]) -> C:
    component = spec.cls(spec.config)
    if not isinstance(component, kind):
        raise TypeError(f"{spec.id} is not a {kind.__name__}")
    component.host = host_for(spec.kind, spec.id, signals)
    return component
