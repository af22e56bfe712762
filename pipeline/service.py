"""The daemon's life: open the journal, start what sends before what receives, serve, and stop in the order that loses nothing."""

import asyncio
import platform
import time
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

from structlog.typing import FilteringBoundLogger

from pipeline import wire
from pipeline.admission import Admission
from pipeline.assembly import Assembly, lanes_of
from pipeline.component import Host, Kind
from pipeline.delivery.books import Books
from pipeline.delivery.overflow import Overflow
from pipeline.errors import ConfigError
from pipeline.graph import build, intake_url, lacks_credentials, queue_of
from pipeline.journal import open_journal
from pipeline.journal.dead_letter import DeadLetters
from pipeline.net.http_client import ClientPool
from pipeline.net.http_server import HttpRequest, HttpResponse, Listeners, Refusal, Route
from pipeline.settings import HttpListener
from pipeline.spec import DaemonSpec
from pipeline.telemetry import catalogue
from pipeline.telemetry.health import Check, Health, disk_check
from pipeline.telemetry.metrics import Metrics
from pipeline.types import Signal

START_SECONDS: Final = 30.0
IN_FLIGHT_SECONDS: Final = 5.0
"""How long requests under way may take to finish at a stop (delivery contract §10.1)."""
EXIT_OK, EXIT_DROPPED = 0, 3


class StartError(Exception):
    """A component can't do its work here; the message says which, and why."""


class Service:
    """One running configuration."""

    def __init__(self, spec: DaemonSpec, metrics: Metrics, log: FilteringBoundLogger, version: str) -> None:
        self.spec = spec
        self.metrics = metrics
        self.version = version
        self.health = Health(version, self._checks, self._not_ready)
        self._log = log
        self._phase: Literal["starting", "serving", "stopping"] = "starting"
        self._books = Books(metrics)
        self._admission = Admission.of(spec.service.limits, metrics)
        self._doors = Listeners(self._admission, metrics, log)
        """Where telemetry comes in; closed first at a stop."""
        self._windows = Listeners(self._admission, metrics, log)
        """Health, metrics and whatever else must still answer while the doors are closed."""
        self._clients = ClientPool()
        self._closed: set[str] = set()
        """Who has not opened yet."""
        self._all_open = asyncio.Event()
        self._tasks: dict[str, list[asyncio.Task[None]]] = {"sending": [], "serving": [], "receiving": []}

    async def run(self, stop: asyncio.Event, abort: asyncio.Event) -> int:
        """Serve until `stop` is set; `abort` cuts the draining short. Returns the exit code. Raises StartError, JournalError."""
        queues = {name: queue_of(component) for (kind, name), component in self.spec.components.items() if kind == "exporter"}
        self._dead_letters = DeadLetters(self.spec.service.journal, self.metrics, self.spec.service.dead_letters)
        overflow = Overflow(queues, self._dead_letters, self._books, self.metrics)
        self._journal = open_journal(self.spec.service.journal, lanes_of(self.spec), self.metrics, overflow)
        await self._journal.open()
        try:
            await self._dead_letters.open()
            await self._start()
            await self._serve(stop)
            return await self._stop(abort)
        finally:
            await self._close()

    # ---- start: what sends, what shows, and last what receives ----

    async def _start(self) -> None:
        self._graph = graph = build(self.spec, self._host_for)
        self._assembly = assembly = Assembly(
            self.spec, graph, self._journal, self._dead_letters, self._books, self.metrics, self._log
        )
        labels = {"version": self.version, "python": platform.python_version(), "kernel": wire.IMPLEMENTATION}
        self.metrics.set(catalogue.BUILD_INFO, 1, **labels)
        self.metrics.set(catalogue.CONFIG_GENERATION, 1)
        own = "service.telemetry.metrics"
        self._closed = {*graph.receivers, *graph.extensions, own}
        spawn = asyncio.create_task
        self._tasks["sending"] = [spawn(loop.run()) for loop in assembly.cursor_loops]
        self._tasks["sending"] += [spawn(loop.run()) for loop in assembly.connector_loops]
        self._tasks["serving"] = [
            *(spawn(exporter.run(), name=f"exporter {name}") for name, exporter in graph.direct.items()),
            *(spawn(extension.run(self), name=f"extension {name}") for name, extension in graph.extensions.items()),
            spawn(self._serve_metrics(own), name=own),
            spawn(self._measure_lag()),
            spawn(self._admission.run()),
        ]
        self._tasks["receiving"] = [
            spawn(receiver.run(assembly.entrance(name)), name=f"receiver {name}") for name, receiver in graph.receivers.items()
        ]
        all_open = spawn(self._all_open.wait())
        if not await self._until(all_open, START_SECONDS):
            all_open.cancel()
            raise StartError(f"not open after {START_SECONDS:.0f} s: {', '.join(sorted(self._closed))}")
        self._phase = "serving"
        self._announce()

    def _host_for(self, kind: Kind, name: str, signals: frozenset[Signal]) -> Host:
        return Host(
            id=name,
            metrics=self.metrics,
            log=self._log.bind(**{kind: name}),
            admission=self._admission,
            listeners=self._doors if kind == "receiver" else self._windows,
            clients=self._clients,
            dead_letters=self._dead_letters,
            state_dir=self._journal.directory,
            intake=intake_url(self.spec),
            signals=signals,
            started=lambda: self._opened(name),
        )

    def _opened(self, name: str) -> None:
        self._closed.discard(name)
        if not self._closed:
            self._all_open.set()

    def _announce(self) -> None:
        for name in self._assembly.senders:
            if lacks_credentials(self.spec.components["exporter", name].config):
                where = intake_url(self.spec)
                self._log.warning("no credential is set: sending to the local intake", exporter=name, intake=where)
        for cursor in self._journal.orphans():
            items = self._journal.backlog(cursor).items
            self._log.warning(
                "data waits for what is no longer configured", pipeline=cursor.lane, exporter=cursor.exporter, items=items
            )
        if wire.LOSS:
            self._log.warning(wire.LOSS)
        self._log.info(
            "sluice is ready",
            version=self.version,
            config=self.spec.hash,
            generation=1,
            journal=self.spec.service.journal.type,
            pipelines=[pipeline.id for pipeline in self.spec.pipelines],
        )

    # ---- serve ----

    async def _serve(self, stop: asyncio.Event) -> None:
        await self._until(asyncio.create_task(stop.wait()))

    async def _until(self, event: asyncio.Task[Any], timeout: float | None = None) -> bool:
        """Wait for `event`; return whether it came in time. The error of a component that ends before is raised."""
        tasks = {event}.union(*self._tasks.values())
        while event in tasks:
            done, tasks = await asyncio.wait(tasks, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                _raise_error_of(task)
            if not done:
                return False
        return True

    async def _serve_metrics(self, name: str) -> None:
        async def handle(request: HttpRequest) -> HttpResponse:
            body, content_type = self.metrics.expose(request.headers.get("accept", ""))
            return HttpResponse(200, body, content_type)

        def refuse(_: str, refusal: Refusal) -> HttpResponse:
            return HttpResponse(refusal.status, refusal.message.encode(), "text/plain; charset=utf-8")

        listener = HttpListener(endpoint=self.spec.service.telemetry.metrics.address)
        route = Route("/metrics", handle, refuse=refuse, methods=("GET", "HEAD"), max_body=0, admit=False)
        async with self._windows.http(listener, [route], component=name):
            self._opened(name)
            await asyncio.Event().wait()

    async def _measure_lag(self) -> None:
        while True:
            due = time.monotonic() + 1.0
            await asyncio.sleep(1.0)
            self.metrics.observe(catalogue.LOOP_LAG, max(time.monotonic() - due, 0.0))

    def _not_ready(self) -> str:
        """Return why the process takes no data now; empty when it does. A dead destination is no reason while there is room."""
        if self._phase != "serving":
            return self._phase
        if not self._admission.open:
            return "memory"
        journal = self._journal.health()
        return f"journal: {journal.message}" if journal.status == "unhealthy" else ""

    def _checks(self) -> Mapping[str, Check]:
        journal = self._journal.health()
        details = {"bytes": journal.bytes, "threshold": journal.threshold}
        checks = {"journal": Check(journal.status, journal.message, details=details), **self._assembly.checks()}
        if self._journal.directory:
            checks["disk"] = disk_check(self._journal.directory)
        return checks

    # ---- stop (delivery contract §10.1) ----

    async def _stop(self, abort: asyncio.Event) -> int:
        limit = self.spec.service.limits.shutdown_timeout
        deadline = time.monotonic() + limit
        self._phase = "stopping"
        self._log.info("stopping", bound=f"{limit:.0f}s")
        await self._doors.aclose(min(IN_FLIGHT_SECONDS, limit))
        await _cancel(self._tasks["receiving"])
        ends = [asyncio.create_task(self._drain()), asyncio.create_task(abort.wait())]
        await asyncio.wait(ends, timeout=max(deadline - time.monotonic(), 0), return_when=asyncio.FIRST_COMPLETED)
        await _cancel(ends)
        left = self._left()
        await _cancel(self._tasks["sending"])
        self._log.info("stopped", items_left=left, kept_in_journal=self._journal.durable)
        answered_early = not self._journal.durable and self.spec.service.journal.ack == "queued"
        return EXIT_DROPPED if left and answered_early else EXIT_OK

    async def _drain(self) -> None:
        """Return once nothing is under way and every cursor has settled all."""
        await self._assembly.consume_path.settle_down()
        for loop in self._assembly.cursor_loops:
            loop.drain()
        while True:
            for connector in self._assembly.connector_loops:
                await connector.flush()
            if not self._left():
                return
            await asyncio.sleep(0.02)

    def _left(self) -> int:
        return sum(self._journal.backlog(cursor).items for cursor in self._journal.cursors())

    async def _close(self) -> None:
        await self._doors.aclose(0)
        await self._windows.aclose(0)
        for tasks in self._tasks.values():
            await _cancel(tasks)
        await self._clients.aclose()
        await self._journal.aclose()
        await self._dead_letters.aclose()


def _raise_error_of(task: asyncio.Task[Any]) -> None:
    """Raise what a task ended with, if it failed; an error that an operator can mend says whose it is."""
    try:
        task.result()
    except ConfigError as error:
        raise StartError(f"{task.get_name()}: {'.'.join(map(str, error.path))}: {error}") from error
    except OSError as error:
        raise StartError(f"{task.get_name()}: {error}") from error


async def _cancel(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks and wait until they have ended; their errors were raised where they mattered."""
    pending = [task for task in tasks if not task.done()]
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
