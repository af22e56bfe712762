"""The daemon's life: open the journal, start what runs, serve and reload, and stop in the order that loses nothing."""

import asyncio
import platform
import time
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final, Literal

from structlog.typing import FilteringBoundLogger

from pipeline import wire
from pipeline.admission import Admission
from pipeline.assembly import Parts, lanes_of
from pipeline.component import Host, Kind
from pipeline.control import control_routes
from pipeline.delivery.books import Books
from pipeline.delivery.checks import orphan_check
from pipeline.delivery.consume import ConsumePath
from pipeline.delivery.overflow import Overflow
from pipeline.errors import StartError
from pipeline.graph import intake_url, lacks_credentials
from pipeline.journal import open_journal
from pipeline.journal.dead_letter import DeadLetters
from pipeline.letter_routes import letter_routes
from pipeline.net import admin
from pipeline.net.http_client import ClientPool
from pipeline.net.http_server import Listeners
from pipeline.queue_routes import queue_routes
from pipeline.reload import Reloader, Source
from pipeline.replay import Replay
from pipeline.runtime import Runtime, Surroundings, cancel, warn_of_orphan
from pipeline.spec import DaemonSpec
from pipeline.telemetry import catalogue
from pipeline.telemetry.disk import DiskWatch
from pipeline.telemetry.health import Check, Health
from pipeline.telemetry.metrics import Metrics
from pipeline.types import Signal

IN_FLIGHT_SECONDS: Final = 5.0
"""How long requests under way may take to finish at a stop (delivery contract §10.1)."""
EXIT_OK, EXIT_DROPPED = 0, 3


class Service:
    """One running configuration."""

    def __init__(
        self, spec: DaemonSpec, metrics: Metrics, log: FilteringBoundLogger, version: str, source: Source | None = None
    ) -> None:
        """`source` is where a reload gets the next configuration; without one there is no reload."""
        self.metrics = metrics
        self.version = version
        self.health = Health(version, self._checks, self._not_ready, lambda: self.reloader.generation)
        self.reloader = Reloader(spec, source, self._swap, metrics, log)
        self._log = log
        self._phase: Literal["starting", "serving", "stopping"] = "starting"
        self._books = Books(metrics)
        self._admission = Admission.of(spec.service.limits, metrics)
        self._doors = Listeners(self._admission, metrics, log)
        """Where telemetry comes in; closed first at a stop."""
        self._windows = Listeners(self._admission, metrics, log)
        """Health, metrics and whatever else must still answer while the doors are closed."""
        self._clients = ClientPool()
        self._disk: DiskWatch | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def spec(self) -> DaemonSpec:
        """The configuration that runs."""
        return self.reloader.spec

    async def run(self, stop: asyncio.Event, abort: asyncio.Event) -> int:
        """Serve until `stop` is set; `abort` cuts the draining short. Returns the exit code. Raises StartError, JournalError."""
        spec = self.spec
        self._dead_letters = DeadLetters(spec.service.journal, self.metrics, spec.service.dead_letters)
        overflow = Overflow({}, self._dead_letters, self._books, self.metrics)
        self._journal = open_journal(spec.service.journal, lanes_of(spec), self.metrics, overflow)
        await self._journal.open()
        consume_path = ConsumePath(self._journal, self._dead_letters, self.metrics, self._log)
        parts = Parts(self._journal, consume_path, self._dead_letters, self._books, self.metrics, self._log)
        around = Surroundings(self._host_for, (self._doors, self._windows), self._clients, overflow)
        self._parts, self._runtime = parts, Runtime(self, parts, around)
        self._replay = Replay(parts, lambda: self._runtime.assembly, self._log)
        try:
            async with AsyncExitStack() as stack:
                await self._dead_letters.open()
                await stack.enter_async_context(self._admin(stop))
                await self._serve(asyncio.create_task(self._start()), stop)
                return await self._stop(abort)
        finally:
            await self._close()

    # ---- start ----

    async def _start(self) -> None:
        labels = {"version": self.version, "python": platform.python_version(), "kernel": wire.IMPLEMENTATION}
        self.metrics.set(catalogue.BUILD_INFO, 1, **labels)
        background = [self._measure_lag(), self._admission.run(), self.reloader.run()]
        if self._journal.directory:
            self._disk = DiskWatch(self._journal.directory, self.metrics)
            background.append(self._disk.run())
        self._tasks = [asyncio.create_task(work) for work in background]
        await self._runtime.start(self.spec)
        self._phase = "serving"
        self._announce()

    @asynccontextmanager
    async def _admin(self, stop: asyncio.Event) -> AsyncIterator[None]:
        """Answer operators while the block runs. Raises `StartError` when the address that was asked for can't be had."""
        settings = self.spec.service.admin
        endpoint = admin.endpoint_of(settings, self._journal.directory)
        routes = [
            *control_routes(self.reloader, self.health, stop),
            *letter_routes(self._dead_letters, lambda: None if self._phase == "starting" else self._replay, self._log),
            *queue_routes(self._journal, self._runtime.drop, self._log),
        ]
        async with AsyncExitStack() as stack:
            try:
                if endpoint:
                    await stack.enter_async_context(admin.serve(endpoint, settings, self._windows, routes))
            except OSError as error:
                if settings.endpoint is not None:
                    raise StartError(f"{admin.COMPONENT}: {error}") from error
                self._log.warning("operators can't ask this daemon", endpoint=endpoint, error=str(error))
            yield

    def _host_for(self, kind: Kind, name: str, signals: frozenset[Signal], intake: str | None) -> Host:
        return Host(
            id=name,
            metrics=self.metrics,
            log=self._log.bind(**{kind: name}),
            admission=self._admission,
            listeners=self._doors if kind == "receiver" else self._windows,
            clients=self._clients,
            dead_letters=self._dead_letters,
            state_dir=self._journal.directory,
            intake=intake,
            signals=signals,
            started=lambda: self._runtime.opened(kind, name),
        )

    def _announce(self) -> None:
        for name in self._runtime.assembly.senders:
            if lacks_credentials(self.spec.components["exporter", name].config):
                where = intake_url(self.spec)
                self._log.warning("no credential is set: sending to the local intake", exporter=name, intake=where)
        for cursor in self._journal.orphans():
            warn_of_orphan(self._parts, cursor, self._journal.backlog(cursor).items)
        if wire.LOSS:
            self._log.warning(wire.LOSS)
        self._log.info(
            "sluice is ready",
            version=self.version,
            config=self.spec.hash,
            generation=self.reloader.generation,
            journal=self.spec.service.journal.type,
            pipelines=[pipeline.id for pipeline in self.spec.pipelines],
        )

    # ---- serve ----

    async def _serve(self, start: asyncio.Task[None], stop: asyncio.Event) -> None:
        """Start, and return when told to stop, then or before; raise the error of a component or of our own tasks."""
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait([stopping, start], return_when=asyncio.FIRST_COMPLETED)
            if not start.done():
                return
            start.result()
            own: list[asyncio.Future[None]] = [self._runtime.failure, *self._tasks]
            ends: list[asyncio.Future[Any]] = [stopping, *own]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for task in own:
                if task.done():
                    task.result()
        finally:
            await cancel([stopping, start])

    async def _swap(self, spec: DaemonSpec) -> None:
        if self._phase != "serving":
            raise StartError(f"sluice is {self._phase}")
        await self._runtime.swap(spec)
        self._admission.configure(spec.service.limits)
        self._dead_letters.configure(spec.service.dead_letters)
        self._dead_letters.generation = self.reloader.generation + 1

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
        details: dict[str, str | int] = {"bytes": journal.bytes, "threshold": str(journal.threshold)}
        checks = {
            "journal": Check(journal.status, journal.message, details=details),
            "config": self.reloader.check(),
            **({} if self._phase == "starting" else self._runtime.assembly.checks()),
        }
        for cursor in self._journal.orphans():
            checks[f"orphan:{cursor.lane}/{cursor.exporter}"] = orphan_check(self._journal.backlog(cursor))
        if self._disk:
            checks["disk"] = self._disk.check
        return checks

    # ---- stop (delivery contract §10.1) ----

    async def _stop(self, abort: asyncio.Event) -> int:
        limits = self.spec.service.limits
        limit = limits.shutdown_timeout
        deadline = time.monotonic() + limit
        self._phase = "stopping"
        self._log.info("stopping", bound=f"{limit:.0f}s")
        await cancel(self._tasks[-1:])  # no reload from here on
        await self._until(asyncio.sleep(limits.linger), abort, deadline)
        await self._until(self._doors.aclose(min(IN_FLIGHT_SECONDS, limit)), abort, deadline)
        await self._doors.aclose(0)  # or what time ran out for would be waited for again
        await self._runtime.stop_receiving()
        await self._until(self._runtime.drain(), abort, deadline)
        left = self._runtime.left()
        await self._runtime.stop_sending()
        self._log.info("stopped", items_left=left, kept_in_journal=self._journal.durable)
        answered_early = not self._journal.durable and self.spec.service.journal.ack == "queued"
        return EXIT_DROPPED if left and answered_early else EXIT_OK

    async def _until(self, work: Coroutine[Any, Any, None], abort: asyncio.Event, deadline: float) -> None:
        """Do a part of the stop until it is done, time is up, or nobody wants to wait any more."""
        ends: list[asyncio.Task[Any]] = [asyncio.create_task(work), asyncio.create_task(abort.wait())]
        await asyncio.wait(ends, timeout=max(deadline - time.monotonic(), 0), return_when=asyncio.FIRST_COMPLETED)
        await cancel(ends)

    async def _close(self) -> None:
        await self._doors.aclose(0)
        await self._windows.aclose(0)
        await cancel(self._tasks)
        await self._runtime.aclose()
        await self._clients.aclose()
        await self._journal.aclose()
        await self._dead_letters.aclose()
