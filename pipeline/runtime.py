"""Everything that runs for one configuration, and the way to the next one without a moment when nobody listens.

    build -> open what is new beside what is old -> switch -> let what is old finish

Until the switch nothing of the old configuration has changed, so a component that can't open leaves everything as it was. The
switch itself does not wait. Behind it, requests under way end on the graph where they began, and cursors pass from loop to loop.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pipeline.assembly import Assembly, Parts, lanes_of
from pipeline.component import Component, DirectExporter, Kind, Receiver
from pipeline.delivery.checks import forget_queue
from pipeline.delivery.connect import ConnectorLoop
from pipeline.delivery.overflow import Overflow
from pipeline.delivery.relay import GRACE_SECONDS, Runner
from pipeline.delivery.ship import CursorLoop
from pipeline.errors import ConfigError, StartError
from pipeline.graph import OWN_METRICS, Graph, HostFor, build, queue_of
from pipeline.journal import Backlog, Cursor, CursorSpec, JournalError
from pipeline.net.http_client import ClientPool
from pipeline.net.http_server import Listeners
from pipeline.settings import SendingQueue, signal_of
from pipeline.spec import DaemonSpec
from pipeline.telemetry import catalogue

if TYPE_CHECKING:
    from pipeline.service import Service

START_SECONDS: Final = 30.0
FLUSH_SECONDS: Final = 5.0
"""How long a connector that is replaced may take to hand on what it folded."""
Key = tuple[Kind, str]


@dataclass(frozen=True)
class Surroundings:
    """What components are lent, as far as it has to know of a change."""

    host_for: HostFor
    listeners: Sequence[Listeners]
    clients: ClientPool
    overflow: Overflow


class Runtime:
    """The components of the current configuration and their tasks."""

    def __init__(self, service: "Service", parts: Parts, surroundings: Surroundings) -> None:
        self.assembly: Assembly
        self.failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Fails with the first component or loop that fails."""
        self._service = service
        self._parts = parts
        self._around = surroundings
        self._servers: dict[Component, asyncio.Task[None]] = {}
        self._runners: dict[Cursor, Runner] = {}
        self._connecting: dict[ConnectorLoop, asyncio.Task[None]] = {}
        self._draining: dict[Cursor, asyncio.Task[None]] = {}
        self._retiring: asyncio.Task[None] | None = None
        self._closed: set[Key] = set()
        """Who has not opened yet."""
        self._all_open = asyncio.Event()

    # ---- the first configuration ----

    async def start(self, spec: DaemonSpec) -> None:
        """Start everything; return when all is open. Raises `StartError`."""
        graph = build(spec, self._around.host_for)
        self._around.overflow.queues = _queues(spec)
        self._take_over(Assembly(graph, self._parts))
        self._parts.consume_path.route(self.assembly.routes())
        self._connect()
        await self._open(graph.servers())

    def opened(self, kind: Kind, name: str) -> None:
        """Take note that a component can do its work."""
        self._closed.discard((kind, name))
        if not self._closed:
            self._all_open.set()

    # ---- the next one ----

    async def swap(self, spec: DaemonSpec) -> None:
        """Run another configuration. Raises `StartError`, `ConfigError` and `JournalError`: then the old one runs on."""
        await self.settled()
        running, parts = self.assembly, self._parts
        graph = await asyncio.to_thread(build, spec, self._around.host_for, running.graph)  # patterns take their time
        lanes = lanes_of(spec)
        await parts.journal.prepare(lanes)
        servers = graph.servers()
        leavers = [component for component in self._servers if component not in servers.values()]
        names = {component.host.id for component in leavers}
        for listeners in self._around.listeners:
            listeners.leave(names)
        parts.consume_path.changing()
        try:
            await self._open({key: component for key, component in servers.items() if component not in self._servers})
        except BaseException:
            for listeners in self._around.listeners:
                listeners.leave(names, leaving=False)
            parts.consume_path.changed()
            raise
        await self._stop_draining({Cursor(name, spec.exporter) for name, specs in lanes.items() for spec in specs})
        self._switch(graph)
        self._retiring = asyncio.create_task(self._retire(running, leavers))
        self._retiring.add_done_callback(self._ended)

    async def settled(self) -> None:
        """Wait until what the last swap replaced has finished, but for the draining of what was removed."""
        if self._retiring is not None:
            await asyncio.wait([self._retiring])

    @property
    def draining(self) -> bool:
        """Whether a swap still has something to finish."""
        return bool(self._draining) or (self._retiring is not None and not self._retiring.done())

    def _switch(self, graph: Graph) -> None:
        """Send what comes in from now on through the new graph. Old receivers that are still heard keep their ways."""
        running, journal = self.assembly, self._parts.journal
        journal.reconfigure(_union(lanes_of(running.graph.spec), lanes_of(graph.spec)))
        self._around.overflow.queues = {**_queues(running.graph.spec), **_queues(graph.spec)}
        assembly = Assembly(graph, self._parts, running)
        self._parts.consume_path.route({**running.routes(), **assembly.routes()})
        self._take_over(assembly)

    def _take_over(self, assembly: Assembly) -> None:
        for cursor, loop in assembly.cursor_loops.items():
            runner = self._runners.get(cursor)
            if runner is None or runner.loop is not loop:
                self._runners[cursor] = Runner(loop, self._parts.journal, runner, self._ended)
        self.assembly = assembly

    async def _retire(self, running: Assembly, leavers: Sequence[Component]) -> None:
        """Let what was replaced finish, and take the removed cursors from the journal's lanes."""
        parts, current = self._parts, self.assembly
        for name, loop in running.connector_loops.items():
            if current.connector_loops.get(name) is not loop:
                await self._disconnect(loop)
        self._connect()
        await cancel([self._servers.pop(component) for component in leavers])
        with suppress(TimeoutError):
            async with asyncio.timeout(GRACE_SECONDS):
                await parts.consume_path.settle_down()
        parts.consume_path.route(current.routes())
        parts.journal.reconfigure(lanes_of(current.graph.spec))
        self._forget(running)
        ids = {name for _, name in current.graph.spec.components}
        await self._around.clients.prune(ids | {cursor.exporter for cursor in self._draining})

    def _forget(self, running: Assembly) -> None:
        """Part with the accounts and cursors that the current configuration does not have."""
        parts, current = self._parts, self.assembly
        for lane, spec in ((p.id, p) for p in running.graph.spec.pipelines):
            for name in spec.exporters:
                if name in running.graph.direct and not _folds(current.graph, lane, name):
                    parts.books.close_exporter(Cursor(lane, name), spec.signal)
        for name, loop in running.connector_loops.items():
            kept = current.connector_loops.get(name)
            for cursor in loop.cursors:
                if kept is None or cursor not in kept.cursors:
                    self._let_go(cursor)
        for cursor in running.cursor_loops.keys() - current.cursor_loops.keys():
            self._draining[cursor] = asyncio.create_task(self._drain(cursor, self._runners.pop(cursor)))
            self._draining[cursor].add_done_callback(self._ended)

    async def _drain(self, cursor: Cursor, runner: Runner) -> None:
        """Send what a removed exporter still has before it, as far as it gets."""
        try:
            await runner.drain(GRACE_SECONDS)
        finally:
            if self._draining.pop(cursor, None) is None:  # it is wanted again, with all that is left
                self._parts.books.close_exporter(cursor, signal_of(cursor.lane))
            else:
                self._let_go(cursor)
                if cursor.exporter not in self.assembly.senders:
                    runner.loop.sender.forget()

    def _let_go(self, cursor: Cursor) -> None:
        """Leave a removed cursor to the journal; say what is left in it."""
        parts, signal = self._parts, signal_of(cursor.lane)
        left = parts.journal.backlog(cursor).items
        parts.journal.release(cursor)
        parts.books.close_exporter(cursor, signal)
        if cursor.exporter not in (*self.assembly.senders, *self.assembly.connector_loops):
            forget_queue(parts.metrics, cursor.exporter)
        if left and not parts.journal.durable:
            labels = {"component": cursor.exporter, "signal": signal, "reason": "shutdown", "dlq": "false"}
            parts.metrics.add(catalogue.DROPPED, left, **labels)
        if left:
            warn_of_orphan(parts, cursor, left)

    async def _stop_draining(self, cursors: Collection[Cursor]) -> None:
        """Stop reading from cursors that are wanted again."""
        await cancel([self._draining.pop(cursor) for cursor in cursors if cursor in self._draining])

    async def drop(self, cursor: Cursor) -> Backlog:
        """Throw away all that an exporter has before it in one pipeline, counted; return what that was. Raises `JournalError`."""
        await self.settled()
        journal, runner = self._parts.journal, self._runners.get(cursor)
        if cursor in self._draining:
            raise JournalError(f"{cursor.exporter} is still being drained: try again in {GRACE_SECONDS:.0f} s")
        if runner is None and cursor not in journal.orphans():
            raise JournalError(f"{cursor.exporter} is a connector: what it holds is settled at its next flush")
        if runner is not None:
            await cancel([runner.task])
        try:
            lost = await journal.drop(cursor)
            self._book_dropped(cursor, lost)
            await journal.save()
        finally:
            if runner is not None:
                self._begin_anew(runner)
        return lost

    def _book_dropped(self, cursor: Cursor, lost: Backlog) -> None:
        parts = self._parts
        account = parts.books.exporters.get(cursor)
        if account is not None:
            account.dropped += lost.items
        labels = {"component": cursor.exporter, "signal": lost.signal, "reason": "operator", "dlq": "false"}
        parts.metrics.add(catalogue.DROPPED, lost.items, **labels)

    def _begin_anew(self, runner: Runner) -> None:
        """Run a loop whose task was cancelled from the beginning."""
        cursor, journal = runner.loop.cursor, self._parts.journal
        journal.rewind(cursor)
        loop = CursorLoop(runner.loop.sender, cursor, self._parts.books.exporters[cursor])
        self.assembly.cursor_loops[cursor] = loop
        self._runners[cursor] = Runner(loop, journal, None, self._ended)

    # ---- connectors ----

    def _connect(self) -> None:
        for name, loop in self.assembly.connector_loops.items():
            if loop not in self._connecting:
                self._connecting[loop] = asyncio.create_task(loop.run(), name=f"connector {name}")
                self._connecting[loop].add_done_callback(self._ended)

    async def _disconnect(self, loop: ConnectorLoop) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(FLUSH_SECONDS):
                await loop.flush()
        await cancel([self._connecting.pop(loop)])
        for cursor in loop.cursors:
            self._parts.journal.rewind(cursor)

    # ---- what listens ----

    async def _open(self, newcomers: Mapping[Key, Component]) -> None:
        """Run components and wait until all are open. Raises `StartError`, and then none of them runs."""
        self._closed = {key for key, component in newcomers.items() if type(component).run is not DirectExporter.run}  # type: ignore[attr-defined]
        self._all_open.clear()
        tasks = {component: self._run(key, component) for key, component in newcomers.items()}
        all_open = asyncio.create_task(self._all_open.wait())
        pending: set[asyncio.Task[Any]] = {all_open, *tasks.values()}
        try:
            async with asyncio.timeout(START_SECONDS):
                while self._closed:
                    done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
                    for task in done - {all_open}:
                        raise_error_of(task)
        except BaseException as error:
            await cancel(tasks.values())
            if isinstance(error, TimeoutError):
                names = ", ".join(sorted(name for _, name in self._closed))
                raise StartError(f"not open after {START_SECONDS:.0f} s: {names}") from None
            raise
        finally:
            await cancel([all_open])
        for task in tasks.values():
            task.add_done_callback(self._ended)
        self._servers |= tasks

    def _run(self, key: Key, component: Any) -> asyncio.Task[None]:
        kind, name = key
        if isinstance(component, Receiver):
            work = component.run(self._parts.consume_path.entrance(name))
        else:
            work = component.run() if isinstance(component, DirectExporter) else component.run(self._service)
        return asyncio.create_task(work, name=name if name == OWN_METRICS else f"{kind} {name}")

    # ---- the end ----

    async def stop_receiving(self) -> None:
        """Cancel the receivers."""
        receivers = [component for component in self._servers if isinstance(component, Receiver)]
        await cancel([self._servers[component] for component in receivers])

    async def drain(self) -> None:
        """Return once nothing is under way and every cursor has settled all."""
        await self._parts.consume_path.settle_down()
        self._parts.journal.drain()
        for loop in self.assembly.cursor_loops.values():
            loop.drain()
        while True:
            for connector in self.assembly.connector_loops.values():
                await connector.flush()
            if not self.left() and not self.draining:
                return
            await asyncio.sleep(0.02)

    def left(self) -> int:
        """Return the items that exporters have not delivered."""
        journal = self._parts.journal
        return sum(journal.backlog(cursor).items for cursor in journal.cursors())

    async def stop_sending(self) -> None:
        """Cancel every loop."""
        retiring = [self._retiring] if self._retiring else []
        await cancel([*retiring, *self._draining.values()])
        await cancel([*(runner.task for runner in self._runners.values()), *self._connecting.values()])

    async def aclose(self) -> None:
        """Cancel all that is left."""
        await self.stop_sending()
        await cancel(self._servers.values())
        if self.failure.done():
            self.failure.exception()
        else:
            self.failure.cancel()

    def _ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or task.exception() is None or self.failure.done():
            return
        try:
            raise_error_of(task)
        except Exception as error:
            self.failure.set_exception(error)


def warn_of_orphan(parts: Parts, cursor: Cursor, items: int) -> None:
    """Say that data waits, or waited, for an exporter that is gone."""
    message = "data waits for what is no longer configured" if parts.journal.durable else "data was dropped with its exporter"
    parts.log.warning(message, pipeline=cursor.lane, exporter=cursor.exporter, items=items)


def raise_error_of(task: asyncio.Task[Any]) -> None:
    """Raise what a task ended with, if it failed; an error that an operator can mend says whose it is."""
    try:
        task.result()
    except ConfigError as error:
        raise StartError(f"{task.get_name()}: {'.'.join(map(str, error.path))}: {error}") from error
    except OSError as error:
        raise StartError(f"{task.get_name()}: {error}") from error


async def cancel(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks and wait until they have ended; their errors were raised where they mattered."""
    pending = [task for task in tasks if not task.done()]
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)


def _queues(spec: DaemonSpec) -> dict[str, SendingQueue]:
    return {name: queue_of(component) for (kind, name), component in spec.components.items() if kind == "exporter"}


def _union(old: Mapping[str, Sequence[CursorSpec]], new: Mapping[str, Sequence[CursorSpec]]) -> dict[str, Sequence[CursorSpec]]:
    """Return the lanes of both; where both have a cursor, as the new one wants it."""
    union: dict[str, Sequence[CursorSpec]] = {}
    for name in {**old, **new}:
        cursors = {spec.exporter: spec for spec in (*old.get(name, ()), *new.get(name, ()))}
        union[name] = tuple(cursors.values())
    return union


def _folds(graph: Graph, lane: str, name: str) -> bool:
    return name in graph.direct and any(lane == pipeline.id and name in pipeline.exporters for pipeline in graph.spec.pipelines)
