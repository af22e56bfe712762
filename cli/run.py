"""`sluice run`: check the configuration, then serve until told to stop."""

import asyncio
import resource
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from traceback import extract_tb
from typing import TYPE_CHECKING

import click

from cli.options import config_options
from cli.source import Sources
from pipeline.spec import DaemonSpec
from pipeline.version import VERSION

if TYPE_CHECKING:
    from pipeline.service import Service


@click.command()
@config_options
def run(sources: Sequence[str], overrides: Sequence[str]) -> None:
    """Serve a configuration until SIGTERM or SIGINT.

    The first signal stops: no more data is taken, what is under way is finished, the exporters drain within
    service.limits.shutdown_timeout, and what they could not deliver stays in a journal on disk. A second signal cuts the
    draining short.

    SIGHUP, a change of the files, and POST /-/reload at service.admin take up the configuration as it is then, without
    a moment when nobody listens. One that has a fault is refused, and the one before it runs on.

    \b
    Exit codes:
      0  stopped
      1  could not start, or failed
      2  wrong usage
      3  dropped what `service.journal.ack: queued` had answered early
    """
    source = Sources(sources, overrides)
    loaded = source.load()
    if loaded.messages:
        from config.render import render_text

        click.echo(render_text(loaded.messages, color=sys.stderr.isatty()), err=True)
    if loaded.spec is None:
        sys.exit(1)
    sys.exit(_serve(loaded.spec, loaded.used_variables, source))


def _serve(spec: DaemonSpec, used_variables: Sequence[str], sources: Sources) -> int:
    from pipeline.allocator import give_back_large_blocks
    from pipeline.errors import StartError
    from pipeline.journal import JournalError
    from pipeline.reload import Source
    from pipeline.service import Service
    from pipeline.telemetry.logs import configure
    from pipeline.telemetry.metrics import Metrics
    from processors.redact import scrubber

    metrics = Metrics()
    logs = spec.service.telemetry.logs
    log = configure(logs.level, logs.format, scrubber(), metrics)
    if used_variables:
        log.info("settings come from the environment", variables=sorted(used_variables))
    source = Source(sources.reload, sources.files)
    give_back_large_blocks()
    _open_files_to_the_limit()
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            return runner.run(_until_signalled(Service(spec, metrics, log, VERSION, source)))
    except (JournalError, StartError, OSError) as error:
        log.error("sluice can't run", error=str(error))
    except Exception as error:  # a bug
        log.error("sluice failed", errors=list(_faults(error)))
    return 1


def _open_files_to_the_limit() -> None:
    """Have as many descriptors as the system allows: the usual 1,024 are for programs that can't count further."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # where the system has a lower limit of its own
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _faults(error: BaseException) -> Iterator[str]:
    """Yield type and place of what went wrong, never its text: that may hold telemetry."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _faults(inner)
    else:
        place = extract_tb(error.__traceback__)[-1]
        yield f"{type(error).__name__} at {place.filename}:{place.lineno}"


async def _until_signalled(service: "Service") -> int:
    stop, abort = asyncio.Event(), asyncio.Event()

    def signalled() -> None:
        (abort if stop.is_set() else stop).set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, signalled)
    loop.add_signal_handler(signal.SIGHUP, service.reloader.request, "signal")
    return await service.run(stop, abort)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        from uvloop import new_event_loop
    except ImportError:
        return None
    return new_event_loop
