"""The names under which loggers write what OTLP has a place for (json-logs contract §3, §4)."""

from collections.abc import Callable
from typing import Final, NamedTuple

from pipeline.json_logs.members import Names
from pipeline.trace_members import TRACE_MEMBERS
from pipeline.types import Value


class Place(NamedTuple):
    """An attribute, the members it may come from, and what a value has to be: `fit` returns it, or None."""

    attribute: str
    members: Names
    fit: Callable[[Value], Value]


def text(value: Value) -> str | None:
    """Return a text that is not empty."""
    return value if isinstance(value, str) and value else None


def integer(value: Value) -> int | None:
    """Return an integer, also one written as text."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def flags(value: Value) -> int | None:
    """Return trace flags: two hex digits, a number or whether the trace is sampled."""
    if isinstance(value, str) and len(value) == 2 and all(digit in "0123456789abcdefABCDEF" for digit in value):
        return int(value, 16)
    return int(value) if isinstance(value, int) and 0 <= value < 256 else None


TIME: Final = Names(
    "@timestamp", "timestamp", "time", "ts", "@t", "asctime", "instant", "timeMillis", "eventTime", "date", "datetime",
    "__REALTIME_TIMESTAMP",
)  # fmt: skip
MESSAGE: Final = Names("message", "msg", "event", "log", "short_message", "body", "MESSAGE", "text", "@m")
SCOPE: Final = Names("logger", "logger_name", "loggerName", "log.logger")
TRACE: Final = Names("traceparent", *TRACE_MEMBERS)
FLAGS: Final = Names("trace_flags", "otelTraceSampled", "trace_sampled")

SERVICE: Final = "service.name"
RESOURCE: Final = (
    Place(
        SERVICE,
        Names(
            "service.name", "service", "dd.service", "otelServiceName", "serviceContext.service", "SYSLOG_IDENTIFIER",
        ),
        text,
    ),
    Place("service.version", Names("service.version", "version", "dd.version", "serviceContext.version"), text),
    Place(
        "deployment.environment.name",
        Names("deployment.environment.name", "deployment.environment", "env", "environment", "dd.env"),
        text,
    ),
    Place("host.name", Names("host.name", "hostname", "host", "_HOSTNAME"), text),
    Place("process.pid", Names("process.pid", "pid", "_PID"), integer),
)  # fmt: skip
THREAD: Final = (
    Place("thread.name", Names("thread_name", "threadName", "thread", "process.thread.name"), text),
    Place("thread.id", Names("threadId", "thread"), integer),
)
CODE: Final = (
    Place("code.line.number", Names("lineno"), integer),
    Place("code.function.name", Names("funcName"), text),
)
CODE_FILE: Final = Place("code.file.path", Names("filename", "pathname"), text)
"""Looked for only beside a line or a function: a file name alone may be any file's."""
