"""Puts one configuration together: journal lanes, accounts, senders and loops around the components of the graph."""

from collections.abc import Mapping, Sequence
from functools import partial

from structlog.typing import FilteringBoundLogger

from pipeline.component import Consume
from pipeline.delivery.backoff import Backoff
from pipeline.delivery.books import Books, ExporterAccount
from pipeline.delivery.checks import exporter_check, watch_queue
from pipeline.delivery.connect import ConnectorLoop
from pipeline.delivery.consume import ConsumePath, Folder, Lane
from pipeline.delivery.send import Sender
from pipeline.delivery.ship import CursorLoop
from pipeline.graph import Graph, cursor_sinks, queue_of
from pipeline.journal import Cursor, CursorSpec, Journal
from pipeline.journal.dead_letter import DeadLetters
from pipeline.settings import NetworkExporter, Retry, RetryOnFailure
from pipeline.spec import DaemonSpec
from pipeline.telemetry.health import Check
from pipeline.telemetry.metrics import Metrics


def lanes_of(spec: DaemonSpec) -> Mapping[str, Sequence[CursorSpec]]:
    """Return the journal's lanes: of each pipeline, the cursors that read it."""
    return {
        pipeline.id: [CursorSpec(name, queue_of(sink)) for name, sink in cursor_sinks(spec, pipeline).items()]
        for pipeline in spec.pipelines
    }


class Assembly:
    """The consume path and the send path of one configuration, over an open journal."""

    def __init__(
        self,
        spec: DaemonSpec,
        graph: Graph,
        journal: Journal,
        dead_letters: DeadLetters,
        books: Books,
        metrics: Metrics,
        log: FilteringBoundLogger,
    ) -> None:
        self._spec = spec
        self._graph = graph
        self._journal = journal
        self._dead_letters = dead_letters
        self._books = books
        self._metrics = metrics
        self._log = log
        self.senders: dict[str, Sender] = {}
        self.cursor_loops: list[CursorLoop] = []
        self.connector_loops: list[ConnectorLoop] = []
        self.consume_path = ConsumePath(self._lanes(), journal, dead_letters, metrics, log)
        for name, cursors in self._cursors().items():
            watch_queue(metrics, journal, name, [cursor for cursor, _ in cursors])
            if name in graph.connectors:
                self._add_connector(name, cursors)
            else:
                self._add_sender(name, cursors)

    def entrance(self, name: str) -> Consume:
        """Return the `consume` of a receiver or connector."""
        return self.consume_path.entrance(name, self._graph.feeds.get(name, ()))

    def checks(self) -> Mapping[str, Check]:
        """Return the health check of every exporter that has a cursor."""
        cursors = self._journal.cursors()
        return {
            f"exporter:{name}": exporter_check(sender, [self._journal.backlog(c) for c in cursors if c.exporter == name])
            for name, sender in self.senders.items()
        }

    def _lanes(self) -> dict[str, Lane]:
        lanes = {}
        for pipeline in self._spec.pipelines:
            account = self._books.open_pipeline(pipeline.id, pipeline.signal)
            folders = [
                Folder(
                    self._graph.direct[name],
                    self._books.open_exporter(Cursor(pipeline.id, name), pipeline.signal, None),
                    self._graph.fold_locks[name],
                )
                for name in pipeline.exporters
                if name in self._graph.direct
            ]
            lanes[pipeline.id] = Lane(pipeline.id, pipeline.signal, self._graph.processors[pipeline.id], account, folders)
        return lanes

    def _cursors(self) -> Mapping[str, list[tuple[Cursor, ExporterAccount]]]:
        """Return, by exporter or connector, its cursors and their accounts."""
        cursors: dict[str, list[tuple[Cursor, ExporterAccount]]] = {}
        for pipeline in self._spec.pipelines:
            for name in cursor_sinks(self._spec, pipeline):
                cursor = Cursor(pipeline.id, name)
                account = self._books.open_exporter(cursor, pipeline.signal, partial(self._journal.backlog, cursor))
                cursors.setdefault(name, []).append((cursor, account))
        return cursors

    def _add_connector(self, name: str, cursors: Sequence[tuple[Cursor, ExporterAccount]]) -> None:
        backoff = Backoff.of(Retry(), RetryOnFailure(), durable=self._journal.durable)
        connector = self._graph.connectors[name]
        loop = ConnectorLoop(connector, cursors, self.entrance(name), self._journal, backoff, self._metrics, self._log)
        self.connector_loops.append(loop)

    def _add_sender(self, name: str, cursors: Sequence[tuple[Cursor, ExporterAccount]]) -> None:
        exporter, component = self._graph.exporters[name], self._spec.components["exporter", name]
        config = component.config
        retry = config.retry_on_failure if isinstance(config, NetworkExporter) else RetryOnFailure()
        backoff = Backoff.of(exporter.retry, retry, durable=self._journal.durable)
        queue = queue_of(component)
        sender = Sender(exporter, queue, backoff, self._journal, self._dead_letters, self._metrics, self._log)
        self.senders[name] = sender
        self.cursor_loops += [CursorLoop(sender, cursor, account) for cursor, account in cursors]
