"""From a checked specification to live components: who feeds whom, and the account of every way."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar, get_type_hints

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
from pipeline.settings import HttpListener, NetworkExporter, QueuedExporter, SendingQueue
from pipeline.spec import ComponentSpec, DaemonSpec, PipelineSpec
from pipeline.telemetry.endpoint import MetricsEndpoint
from pipeline.types import Signal

C = TypeVar("C", bound=Component)
HostFor = Callable[[Kind, str, frozenset[Signal], str | None], Host]
"""Returns the host of a component: its kind and id, the signals that are taken from it, the base URL of the local intake."""


@dataclass
class Graph:
    """The components of one configuration, constructed and lent their hosts; those that are new do not run yet."""

    spec: DaemonSpec
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

    def sinks(self) -> Mapping[str, Component]:
        """Return the exporters of all sorts, and the connectors."""
        return {**self.exporters, **self.direct, **self.connectors}

    def servers(self) -> Mapping[tuple[Kind, str], Receiver | DirectExporter | Extension]:
        """Return the components that run by themselves; a node that only exports has no receivers."""
        groups: Mapping[Kind, Mapping[str, Receiver | DirectExporter | Extension]] = {
            "exporter": self.direct,
            "extension": self.extensions,
            "receiver": {} if self.spec.service.journal.role == "export" else self.receivers,
        }
        return {(kind, name): component for kind, group in groups.items() for name, component in group.items()}


OWN_METRICS: Final = "service.telemetry.metrics"
"""Id of the endpoint of sluice's own metrics, which runs like an extension."""


def build(spec: DaemonSpec, host_for: HostFor, running: Graph | None = None) -> Graph:
    """Construct every component that a pipeline or `service.extensions` names; one that nobody names is not built.

    A component of the `running` graph whose settings are the same is taken over as it is, with its state.
    """
    return _Builder(spec, host_for, running).build()


class _Builder:
    def __init__(self, spec: DaemonSpec, host_for: HostFor, running: Graph | None) -> None:
        self._spec = spec
        self._host_for = host_for
        self._running = running or Graph(spec)
        self._graph = Graph(spec)

    def build(self) -> Graph:
        spec, graph, running = self._spec, self._graph, self._running
        for pipeline in spec.pipelines:
            graph.processors[pipeline.id] = list(self._processors(pipeline))
            for name in pipeline.receivers:
                graph.feeds.setdefault(name, []).append(pipeline.id)
            for name in pipeline.exporters:
                if name not in graph.sinks():
                    self._add_sink(name)
        signals = {pipeline.id: pipeline.signal for pipeline in spec.pipelines}
        for name, pipelines in graph.feeds.items():
            if ("receiver", name) in spec.components:
                fed = frozenset(signals[pipeline] for pipeline in pipelines)
                known = running.receivers.get(name)
                reusable = known if known is not None and known.host.signals == fed else None
                graph.receivers[name] = self._component("receiver", name, Receiver, fed, reusable)
        for name in spec.service.extensions:
            known_extension = running.extensions.get(name)
            graph.extensions[name] = self._component("extension", name, Extension, frozenset(), known_extension)
        self._add_own_metrics()
        return graph

    def _processors(self, pipeline: PipelineSpec) -> Iterator[tuple[str, Processor]]:
        known = list(self._running.processors.get(pipeline.id, ()))
        for name in pipeline.processors:
            reusable = next((one for one in known if one[0] == name), None)
            if reusable is not None:
                known.remove(reusable)
            processor = reusable[1] if reusable else None
            yield name, self._component("processor", name, Processor, frozenset({pipeline.signal}), processor)

    def _add_sink(self, name: str) -> None:
        graph, spec = self._graph, _sink(self._spec, name)
        component = self._component(spec.kind, name, Component, frozenset(), self._running.sinks().get(name))
        match component:
            case Exporter():
                graph.exporters[name] = component
            case DirectExporter():
                graph.direct[name] = component
                graph.fold_locks[name] = self._running.fold_locks.get(name) or asyncio.Lock()
            case Connector():
                graph.connectors[name] = component
            case _:
                raise TypeError(f"{name} is neither an exporter nor a connector")

    def _add_own_metrics(self) -> None:
        address, running = self._spec.service.telemetry.metrics.address, self._running
        endpoint = running.extensions.get(OWN_METRICS)
        if endpoint is None or running.spec.service.telemetry.metrics.address != address:
            endpoint = MetricsEndpoint(HttpListener(endpoint=address))
            endpoint.host = self._host_for("extension", OWN_METRICS, frozenset(), None)
        self._graph.extensions[OWN_METRICS] = endpoint

    def _component(self, kind: Kind, name: str, cls: type[C], signals: frozenset[Signal], known: Component | None) -> C:
        """Return the running component if it is the same, otherwise a new one."""
        spec, running = self._spec.components[kind, name], self._running
        same_intake = intake_url(self._spec) == intake_url(running.spec) or not lacks_credentials(spec.config)
        if isinstance(known, cls) and running.spec.components.get((kind, name)) == spec and same_intake:
            return known
        component = spec.cls(spec.config)
        if not isinstance(component, cls):
            raise TypeError(f"{spec.id} is not a {cls.__name__}")
        component.host = self._host_for(spec.kind, spec.id, signals, intake_url(self._spec))
        return component


def cursor_sinks(spec: DaemonSpec, pipeline: PipelineSpec) -> Mapping[str, ComponentSpec]:
    """Return those that read a pipeline's lane by a cursor: its exporters but the direct ones, and the connectors it feeds."""
    sinks = {name: _sink(spec, name) for name in pipeline.exporters}
    return {name: sink for name, sink in sinks.items() if not issubclass(sink.cls, DirectExporter)}


def queue_of(component: ComponentSpec) -> SendingQueue:
    """Return an exporter's queue settings; those of a component that has none are the defaults."""
    config = component.config
    return config.sending_queue if isinstance(config, QueuedExporter) else SendingQueue()


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
