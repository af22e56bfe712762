"""Exception attributes of OpenTelemetry as exceptions of a Sentry event, with the frames of their stack traces."""

from typing import Any, Final, NamedTuple

import msgspec

from exporters.sentry import stacktrace
from exporters.sentry.stacktrace.frames import Thrown, split_type
from pipeline.text import text
from pipeline.wire.model import Attributes

MAX_MESSAGE: Final = 8192
MECHANISM: Final = "auto.otlp.exception"
DOTTED: Final = frozenset({"python", "java"})
"""Platforms that name an exception by module and type."""


class Raised(NamedTuple):
    """What an event says about exceptions."""

    values: list[dict[str, Any]]
    """Oldest first: the root cause, and at the end the exception that was recorded."""
    platform: str
    stack: str
    """The stack trace as text, where the frames don't say all of it."""
    unparsed: bool


def is_exception(attributes: Attributes) -> bool:
    """Return whether attributes describe an exception."""
    return bool(attributes.get("exception.type") or attributes.get("exception.message"))


def raised(attributes: Attributes, platform: str) -> Raised:
    """Return the exceptions that attributes describe. Where the `platform` is `other`, the stack trace decides what it is."""
    stack = text(attributes.get("exception.stacktrace"))
    parsed = stacktrace.parse(stack, platform) if stack else None
    chain = list(parsed.exceptions) if parsed else [Thrown()]
    if parsed and platform == "other":
        platform = parsed.platform
    _describe(chain[-1], attributes, platform)
    handled = text(attributes.get("exception.escaped")).lower() != "true"
    values = [_value(thrown, len(chain) - 1 - position, len(chain), handled) for position, thrown in enumerate(chain)]
    kept = "" if parsed and parsed.complete else stack
    return Raised(values, platform, kept, bool(stack) and parsed is None)


def _describe(thrown: Thrown, attributes: Attributes, platform: str) -> None:
    """Let the attributes say what the recorded exception is; its text is only asked for what they leave out."""
    if name := text(attributes.get("exception.type")):
        kind, module = split_type(name) if platform in DOTTED else (name, "")
        thrown.module = module or (thrown.module if kind == thrown.type else "")
        thrown.type = kind
    thrown.value = text(attributes.get("exception.message")) or thrown.value
    if not thrown.type and not thrown.value:
        thrown.type = "Error"


def _value(thrown: Thrown, depth: int, chained: int, handled: bool) -> dict[str, Any]:
    mechanism: dict[str, Any] = {"type": MECHANISM, "handled": handled}
    if chained > 1:
        mechanism["exception_id"] = depth
        if depth:
            mechanism["parent_id"] = depth - 1
    value: dict[str, Any] = {"type": thrown.type, "module": thrown.module, "value": thrown.value[:MAX_MESSAGE]}
    value = {key: part for key, part in value.items() if part}
    value["mechanism"] = mechanism
    if thrown.frames:
        value["stacktrace"] = {"frames": msgspec.to_builtins(thrown.frames)}
    return value
