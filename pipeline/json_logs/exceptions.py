"""An error in a log object as the `exception.*` attributes (json-logs contract §4.3)."""

import re
from collections.abc import Mapping
from typing import Final

from pipeline.json_logs.members import Members, Names
from pipeline.types import Value

PLACES: Final = Names("err", "error", "exception", "thrown", "throwable")

_TYPE: Final = ("type", "name", "class", "className", "exc_type", "kind")
_MESSAGE: Final = ("message", "msg", "exc_value", "localizedMessage")
_STACK: Final = ("stack", "stack_trace", "stackTrace")
_HEADLINE: Final = re.compile(r"([A-Za-z_$][\w$.]*)(?:: (.*))?")


def take_exception(members: Members) -> dict[str, Value]:
    """Take the first error out of a log object and return its attributes; none when there is no error."""
    for name, value in members.present(PLACES):
        if isinstance(value, str) and value:
            members.take(name)
            return from_text(value)
        if isinstance(value, dict) and any(isinstance(value.get(key), str) for key in _TYPE + _MESSAGE + _STACK):
            members.take(name)
            return from_object(value)
    return {}


def from_text(text: str) -> dict[str, Value]:
    """Return the attributes of an error given as text: a stack trace when it looks like one, else a message."""
    if text.startswith("Traceback"):
        headline = text.rstrip().rpartition("\n")[2]
    elif "\n    at " in text or "\n\tat " in text:
        headline = text.partition("\n")[0]
    else:
        return {"exception.message": text}
    match = _HEADLINE.fullmatch(headline)
    kind, message = match.groups() if match else (None, headline)
    return _attributes(kind, message, text)


def from_object(error: Mapping[str, Value]) -> dict[str, Value]:
    """Return the attributes of an error given as an object; parts that have no place of their own keep their names."""
    rest = dict(error)
    kind, message, stack = _take_parts(rest)
    causes = _take_causes(rest)
    if causes:
        stack = (stack or _headline(kind, message)) + causes
    return _attributes(kind, message, stack) | {f"exception.{name}": value for name, value in rest.items()}


def _take_parts(error: dict[str, Value]) -> tuple[str | None, str | None, str | None]:
    """Take type, message and stack out of an error."""
    return _take_text(error, _TYPE), _take_text(error, _MESSAGE), _take_text(error, _STACK)


def _take_text(error: dict[str, Value], names: tuple[str, ...]) -> str | None:
    for name in names:
        value = error.get(name)
        if names is _STACK and isinstance(value, list) and all(isinstance(line, str) for line in value):
            value = "".join(line if line.endswith("\n") else f"{line}\n" for line in value[:-1]) + "".join(value[-1:])
        if isinstance(value, str):
            del error[name]
            return value
    return None


def _take_causes(error: dict[str, Value]) -> str:
    """Take the causes out of an error and return them as the end of its stack trace; parts without a place stay."""
    cause = error.get("cause")
    if isinstance(cause, str):
        del error["cause"]
        return f"\nCaused by: {cause}"
    if not isinstance(cause, dict):
        return ""
    rest = dict(cause)
    kind, message, stack = _take_parts(rest)
    headline = _headline(kind, message)
    if stack is not None and not stack.startswith(headline):
        stack = f"{headline}\n{stack}"
    text = f"\nCaused by: {stack or headline}" if stack or headline else ""
    text += _take_causes(rest)
    if rest:
        error["cause"] = rest
    else:
        del error["cause"]
    return text


def _headline(kind: str | None, message: str | None) -> str:
    return ": ".join(part for part in (kind, message) if part)


def _attributes(kind: str | None, message: str | None, stack: str | None) -> dict[str, Value]:
    parts = {"exception.type": kind, "exception.message": message, "exception.stacktrace": stack}
    return {name: value for name, value in parts.items() if value is not None}
