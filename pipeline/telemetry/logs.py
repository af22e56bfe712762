"""sluice's own logs: structured, on stderr, behind the redactor, counted by level.

No component logs telemetry. Should a piece of it get into a message all the same (an exception's text, say), the scrubber,
the default rules of `redact`, takes out what it knows. It is injected, because `pipeline` knows no processor.
"""

import logging
import sys
from collections.abc import Callable, MutableMapping
from typing import Any, Final, Literal

import structlog
from structlog.typing import FilteringBoundLogger, WrappedLogger

from pipeline.telemetry import catalogue
from pipeline.telemetry.metrics import Metrics

Level = Literal["debug", "info", "warning", "error"]
LEVELS: Final = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
Scrub = Callable[[str], str]


def configure(level: Level, form: Literal["json", "text"], scrub: Scrub, metrics: Metrics) -> FilteringBoundLogger:
    """Set up the process's logging and return the root logger. Messages of libraries pass the same way, from WARNING up."""

    def scrubbed(_: WrappedLogger, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event.pop("exc_info", None)  # a traceback quotes messages and, in colour, variables
        return {name: scrub(value) if isinstance(value, str) else value for name, value in event.items()}

    def counted(_: WrappedLogger, name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        metrics.add(catalogue.LOG_MESSAGES, level=name)
        return event

    render: Any = structlog.processors.JSONRenderer()
    if form == "text":
        render = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    structlog.configure(
        processors=[
            counted,
            structlog.processors.add_log_level,
            scrubbed,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    log: FilteringBoundLogger = structlog.get_logger()
    root = logging.getLogger()
    root.handlers[:] = [_Forward(log)]
    root.setLevel(max(LEVELS[level], logging.WARNING))
    return log


class _Forward(logging.Handler):
    """Passes a library's message on: its logger's name and template only, since arguments may hold anything."""

    def __init__(self, log: FilteringBoundLogger) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        self._log.warning(str(record.msg), logger=record.name, library_level=record.levelname.lower())
