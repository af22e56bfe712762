"""Puts one configuration together: journal lanes, accounts, senders and loops around the components of the graph."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from structlog.typing import FilteringBoundLogger

from pipeline.delivery.backoff import Backoff
from pipeline.delivery.books import Books, ExporterAccount
from pipeline.delivery.checks import error_rate_check, exporter_check, watch_queue
from pipeline.delivery.connect import ConnectorLoop
from pipeline.delivery.consume import ConsumePath, Folder, Lane
from pipeline.delivery.send import Sender
from pipeline.delivery.ship import CursorLoop
from pipeline.graph import Graph, cursor_sinks, queue_of
from pipeline.journal import Cursor, CursorSpec, Journal
from pipeline.journal.dead_letter import DeadLetters
from pipeline.settings import QueuedExporter, Retry, RetryOnFailure
from pipeline.spec import DaemonSpec
from pipeline.telemetry.health import Check
from pipeline.telemetry.metrics import Metrics
from pipeline.types import Signal


def lanes_of(spec: DaemonSpec) -> Mapping[str, Sequence[CursorSpec]]:
    """Return the journal's lanes: of each pipeline, the cursors that read it."""
    return {
        pipeline.id: [CursorSpec(name, queue_of(sink)) for name, sink in cursor_sinks(spec, pipeline).items()]
        for pipeline in spec.pipelines
    }


@dataclass(frozen=True)
class Parts:
    """What every assembly of the process shares."""

    journal: Journal
    consume_path: ConsumePath
    dead_letters: DeadLetters
    books: Books
    metrics: Metrics
    log: FilteringBoundLogger


class Assembly:
    """The consume path's lanes and the send path of one configuration, over an open journal.

    What is the same as in the `running` assembly is taken over: a sender with its pace, a loop with what it has under way.
    """

    def __init__(self, graph: Graph, parts: Parts, running: "Assembly | None" = None) -> None:
        self.graph = graph
        self._parts = parts
        self._running = running
        self.senders: dict[str, Sender] = {}
        self.cursor_loops: dict[Cursor, CursorLoop] = {}
        self.connector_loops: dict[str, ConnectorLoop] = {}
        self.lanes = self._lanes()
        for name, cursors in self._cursors().items():
            watch_queue(parts.metrics, parts.journal, name, [cursor for cursor, _ in cursors])
            if name in graph.connectors:
                self._add_connector(name, cursors)
            else:
                self._add_sender(name, cursors)
        self._running = None

    def routes(self) -> dict[str, Mapping[Signal, Sequence[Lane]]]:
        """Return, of each receiver and connector, the lanes it feeds."""
        routes: dict[str, Mapping[Signal, Sequence[Lane]]] = {}
        for name, pipelines in self.graph.feeds.items():
            fed: dict[Signal, list[Lane]] = {}
            for pipeline in pipelines:
                lane = self.lanes[pipeline]
                fed.setdefault(lane.signal, []).append(lane)
            routes[name] = fed
        return routes

    def checks(self) -> Mapping[str, Check]:
        """Return the health check of every exporter that has a cursor, and of their attempts."""
        journal = self._parts.journal
        cursors = journal.cursors()
        checks = {
            f"exporter:{name}": exporter_check(sender, [journal.backlog(c) for c in cursors if c.exporter == name])
            for name, sender in self.senders.items()
        }
        return {**checks, "errorRate": error_rate_check(self.senders.values())}

    def _lanes(self) -> dict[str, Lane]:
        lanes, graph, books = {}, self.graph, self._parts.books
        for pipeline in graph.spec.pipelines:
            account = books.open_pipeline(pipeline.id, pipeline.signal)
            folders = [
                Folder(
                    graph.direct[name],
                    books.open_exporter(Cursor(pipeline.id, name), pipeline.signal, None),
                    graph.fold_locks[name],
                )
                for name in pipeline.exporters
                if name in graph.direct
            ]
            lanes[pipeline.id] = Lane(pipeline.id, pipeline.signal, graph.processors[pipeline.id], account, folders)
        return lanes

    def _cursors(self) -> Mapping[str, list[tuple[Cursor, ExporterAccount]]]:
        """Return, by exporter or connector, its cursors and their accounts."""
        cursors: dict[str, list[tuple[Cursor, ExporterAccount]]] = {}
        for pipeline in self.graph.spec.pipelines:
            for name in cursor_sinks(self.graph.spec, pipeline):
                cursor = Cursor(pipeline.id, name)
                backlog = partial(self._parts.journal.backlog, cursor)
                account = self._parts.books.open_exporter(cursor, pipeline.signal, backlog)
                cursors.setdefault(name, []).append((cursor, account))
        return cursors

    def _add_connector(self, name: str, cursors: Sequence[tuple[Cursor, ExporterAccount]]) -> None:
        parts, connector = self._parts, self.graph.connectors[name]
        known = self._running.connector_loops.get(name) if self._running else None
        if known is None or known.connector is not connector or known.cursors != [cursor for cursor, _ in cursors]:
            backoff = Backoff.of(Retry(), RetryOnFailure(), durable=parts.journal.durable)
            entrance = parts.consume_path.entrance(name)
            known = ConnectorLoop(connector, cursors, entrance, parts.journal, backoff, parts.metrics, parts.log)
        self.connector_loops[name] = known

    def _add_sender(self, name: str, cursors: Sequence[tuple[Cursor, ExporterAccount]]) -> None:
        running = self._running
        sender = running.senders.get(name) if running else None
        if sender is None or sender.exporter is not self.graph.exporters[name]:
            sender = self._new_sender(name)
        self.senders[name] = sender
        for cursor, account in cursors:
            known = running.cursor_loops.get(cursor) if running else None
            keeps = known is not None and known.sender is sender
            self.cursor_loops[cursor] = known if known and keeps else CursorLoop(sender, cursor, account)

    def _new_sender(self, name: str) -> Sender:
        parts, exporter, component = self._parts, self.graph.exporters[name], self.graph.spec.components["exporter", name]
        config = component.config
        retry = config.retry_on_failure if isinstance(config, QueuedExporter) else RetryOnFailure()
        backoff = Backoff.of(exporter.retry, retry, durable=parts.journal.durable)
        queue = queue_of(component)
        return Sender(exporter, queue, backoff, parts.journal, parts.dead_letters, parts.metrics, parts.log)
