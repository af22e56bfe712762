"""structlog, for Python."""

from collections.abc import Mapping
from typing import Any, Final

from pipeline.json_logs import levels
from pipeline.json_logs.format import Format
from pipeline.json_logs.members import Names

_RENDERED: Final = ("frames", "is_cause", "is_group")


def _detect(members: Mapping[str, Any]) -> bool:
    return (
        isinstance(members.get("event"), str)
        and ("level" in members or "timestamp" in members)
        and "msg" not in members
        and "message" not in members
    )


def _prepare(members: dict[str, Any]) -> None:
    """Render the list of stacks that `structlog.tracebacks` makes as a Python traceback; its causes follow."""
    stacks = members.get("exception")
    if not isinstance(stacks, list) or not stacks or not all(_is_stack(stack) for stack in stacks):
        return
    error: dict[str, Any] = {}
    for number, stack in reversed(list(enumerate(stacks))):
        causes = {"cause": error} if error else {}
        error = {name: value for name, value in stack.items() if name not in _RENDERED and value not in ([], {})}
        error |= {"stack": _traceback(stack) if number == 0 else _frames_below(stack), **causes}
    members["exception"] = error


def _is_stack(stack: Any) -> bool:
    return (
        isinstance(stack, dict)
        and isinstance(stack.get("exc_type"), str)
        and isinstance(stack.get("exc_value"), str)
        and isinstance(stack.get("frames"), list)
        and all(isinstance(frame, dict) for frame in stack["frames"])
    )


def _traceback(stack: Mapping[str, Any]) -> str:
    return "\n".join(["Traceback (most recent call last):", *_frames(stack), _headline(stack)])


def _frames_below(stack: Mapping[str, Any]) -> str:
    return "\n".join([_headline(stack), *_frames(stack)])


def _headline(stack: Mapping[str, Any]) -> str:
    return ": ".join(part for part in (stack["exc_type"], stack["exc_value"]) if part)


def _frames(stack: Mapping[str, Any]) -> list[str]:
    return [
        f'  File "{frame.get("filename", "?")}", line {frame.get("lineno", "?")}, in {frame.get("name", "?")}'
        for frame in stack["frames"]
    ]


STRUCTLOG: Final = Format(
    id="structlog",
    detect=_detect,
    time=Names("timestamp"),
    level=Names("level"),
    message=Names("event"),
    scale=levels.python,
    words=levels.PYTHON_WORDS,
    prepare=_prepare,
)
