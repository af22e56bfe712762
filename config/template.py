"""The grammar of `${…}` inside a value (config contract §2): text in, literal runs and references out."""

import re
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

MAX_DEPTH: Final = 10

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9_+.]*):(?![-?])")
_OPERATOR: Final = re.compile(r":[-?]")


@dataclass(frozen=True, slots=True)
class Reference:
    """`${scheme:name}`, `${env:name:-operand}` or `${env:name:?operand}`; offsets are into the whole text."""

    start: int
    end: int
    scheme: str
    scheme_at: int
    name: "tuple[Part, ...]"
    name_at: int
    name_end: int
    operator: Literal["", ":-", ":?"] = ""
    operand: "tuple[Part, ...]" = ()


Part: TypeAlias = str | Reference


class Unclosed(Exception):
    """A `${` without its `}`, at `offset`."""

    def __init__(self, offset: int) -> None:
        super().__init__("`${` without `}`")
        self.offset = offset


class TooDeep(Exception):
    """More references inside of references than `MAX_DEPTH`."""


def parse(text: str) -> tuple[Part, ...]:
    """Return the parts of a value. `$$` is a `$`; a `$` before anything but `{` or `$` is itself.

    Raises Unclosed and TooDeep.
    """
    return _parts(text, 0, 0, None)[0]


def _parts(text: str, at: int, depth: int, stop: re.Pattern[str] | None) -> tuple[tuple[Part, ...], int]:
    """Return the parts up to the end (`stop` is None), or up to what `stop` matches, and where that is."""
    parts: list[Part] = []
    literal = ""
    while at < len(text) and not (stop and stop.match(text, at)):
        if text.startswith("${", at):
            reference = _reference(text, at, depth + 1)
            parts += [literal, reference] if literal else [reference]
            literal, at = "", reference.end
        else:
            literal += text[at]
            at += 2 if text.startswith("$$", at) else 1
    if literal:
        parts.append(literal)
    return tuple(parts), at


_CLOSE: Final = re.compile(r"\}")
_CLOSE_OR_OPERATOR: Final = re.compile(r"\}|:[-?]")


def _reference(text: str, start: int, depth: int) -> Reference:
    if depth > MAX_DEPTH:
        raise TooDeep
    at = start + 2
    found = _SCHEME.match(text, at)
    scheme, name_at = (found[1], found.end()) if found else ("env", at)
    stop = _CLOSE_OR_OPERATOR if scheme == "env" else _CLOSE
    name, name_end = _parts(text, name_at, depth, stop)
    operator: Literal["", ":-", ":?"] = ""
    operand: tuple[Part, ...] = ()
    end = name_end
    if _OPERATOR.match(text, end):
        operator = ":-" if text[end + 1] == "-" else ":?"
        operand, end = _parts(text, end + 2, depth, _CLOSE)
    if end >= len(text):
        raise Unclosed(start)
    return Reference(start, end + 1, scheme, at, name, name_at, name_end, operator, operand)
