"""Taking up a changed configuration while running: who asks, one at a time, and what came of it (config contract §10)."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from structlog.typing import FilteringBoundLogger

from pipeline.errors import ConfigError, StartError
from pipeline.journal import JournalError
from pipeline.spec import DaemonSpec
from pipeline.telemetry import catalogue
from pipeline.telemetry.health import Check
from pipeline.telemetry.metrics import Metrics

LOOK_SECONDS: Final = 1.0
SETTLE_SECONDS: Final = 0.5
"""How long files have to stay as they are before they are read."""

Cause = Literal["signal", "file", "request"]


class ConfigRefused(Exception):
    """A configuration has faults; the text is what `sluice validate` prints."""


@dataclass(frozen=True)
class Source:
    """Where configurations come from; `pipeline` can't read one itself."""

    load: Callable[[], DaemonSpec]
    """Reads and checks it anew, on a thread. Raises `ConfigRefused`."""
    files: Callable[[], Sequence[Path]]
    """Returns what was read last: files, and directories whose files count."""


@dataclass(frozen=True)
class Outcome:
    """What became of a reload. `error` is empty unless it was refused."""

    result: Literal["applied", "unchanged", "refused"]
    error: str = ""


class Reloader:
    """Knows which configuration runs, and replaces it when asked."""

    def __init__(
        self,
        spec: DaemonSpec,
        source: Source | None,
        swap: Callable[[DaemonSpec], Awaitable[None]],
        metrics: Metrics,
        log: FilteringBoundLogger,
    ) -> None:
        self.spec = spec
        self.generation = 1
        self.loaded_at = time.time()
        self.last_error = ""
        """Why the last reload was refused; empty when it was not."""
        self._source = source
        self._swap = swap
        self._metrics = metrics
        self._log = log
        self._wanted = asyncio.Event()
        self._waiting: list[asyncio.Future[Outcome]] = []
        self._cause: Cause = "signal"
        metrics.watch(catalogue.CONFIG_GENERATION, lambda: self.generation)
        metrics.watch(catalogue.CONFIG_LOADED, lambda: self.loaded_at)
        metrics.watch(catalogue.CONFIG_SUCCESSFUL, lambda: float(not self.last_error))

    def request(self, cause: Cause) -> "asyncio.Future[Outcome]":
        """Ask for a reload; requests while one runs come to one more."""
        outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append(outcome)
        self._cause = cause
        self._wanted.set()
        return outcome

    async def run(self) -> None:
        """Reload when asked, and when the files change, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            if self._source is not None:
                tasks.create_task(self._look_on(self._source))
            while True:
                await self._wanted.wait()
                self._wanted.clear()
                waiting, self._waiting = self._waiting, []
                outcome = await self._reload(self._cause)
                for one in waiting:
                    if not one.done():
                        one.set_result(outcome)

    def check(self) -> Check:
        """Return the health check: whether what runs is what was asked for."""
        running = {"generation": self.generation}
        if self.last_error:
            return Check("degraded", "the last reload was refused: see the log", required=False, details=running)
        return Check("healthy", "ok", required=False, details=running)

    async def _reload(self, cause: Cause) -> Outcome:
        before = self.spec.hash
        outcome = await self._attempt()
        self.last_error = outcome.error
        self._metrics.add(catalogue.RELOADS, result=outcome.result)
        if outcome.result == "applied":
            self.generation += 1
            self.loaded_at = time.time()
            hashes = {"before": before, "config": self.spec.hash, "generation": self.generation}
            self._log.info("the configuration was reloaded", cause=cause, **hashes)
        elif outcome.result == "refused":
            self._log.error("the new configuration is refused, the old one runs on", cause=cause, error=outcome.error)
        else:
            self._log.info("the configuration has not changed", cause=cause)
        return outcome

    async def _attempt(self) -> Outcome:
        if self._source is None:
            return Outcome("refused", "there is nothing to reload from")
        try:
            spec = await asyncio.to_thread(self._source.load)
            if spec == self.spec:
                return Outcome("unchanged")
            _check_fixed(self.spec, spec)
            await self._swap(spec)
        except ConfigError as error:
            return Outcome("refused", f"error[{error.code}]: {'.'.join(map(str, error.path))}: {error}")
        except (ConfigRefused, StartError, JournalError) as error:
            return Outcome("refused", str(error))
        except Exception as error:  # a bug; what runs is not touched by it
            return Outcome("refused", f"internal error: {type(error).__name__}")
        self.spec = spec
        return Outcome("applied")

    async def _look_on(self, source: Source) -> None:
        """Ask for a reload once files have changed and then stayed as they are, while `service.watch` is on."""
        seen = await asyncio.to_thread(_fingerprint, source.files())
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            now = await asyncio.to_thread(_fingerprint, source.files())
            if now == seen:
                continue
            while True:
                await asyncio.sleep(SETTLE_SECONDS)
                seen, now = now, await asyncio.to_thread(_fingerprint, source.files())
                if now == seen:
                    break
            if self.spec.service.watch:
                await self.request("file")
                seen = {**await asyncio.to_thread(_fingerprint, source.files()), **seen}  # it may have read files more


def _check_fixed(running: DaemonSpec, spec: DaemonSpec) -> None:
    """Raise `ConfigRefused` when a setting differs that counts at a start only (config contract §10 R9)."""
    changed = [
        name
        for name, old, new in (
            ("service.journal", running.service.journal, spec.service.journal),
            ("service.admin", running.service.admin, spec.service.admin),
            ("service.telemetry.logs", running.service.telemetry.logs, spec.service.telemetry.logs),
        )
        if old != new
    ]
    if changed:
        lines = [f"error[E701]: {name}: can't change while sluice runs\n   = help: restart sluice" for name in changed]
        raise ConfigRefused("\n\n".join(lines))


def _fingerprint(paths: Sequence[Path]) -> dict[Path, tuple[object, ...]]:
    """Return what changes when a file does, is replaced, or is pointed at by another symbolic link."""
    return {path: _state(path) for path in paths}


def _state(path: Path) -> tuple[object, ...]:
    try:
        status = path.stat()
        inner = sorted(child for child in path.iterdir() if child.is_file()) if path.is_dir() else []
    except OSError:
        return ()
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size, *((child.name, _state(child)) for child in inner)
