"""A parsed condition: immutable data, and its meaning on decoded records."""

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from pipeline.conditions.paths import Path
from pipeline.types import Value
from pipeline.wire.model import Record

Constant: TypeAlias = "str | bool | int | float | None"
Operator = Literal["==", "!=", "<", "<=", ">", ">="]

_OPERATORS: Final[Mapping[Operator, Callable[[Any, Any], bool]]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Compare:
    """`path < literal` and its kin."""

    path: Path
    operator: Operator
    literal: Constant

    def holds(self, record: Record) -> bool:
        """Return whether it is true of a record."""
        value = self.path.read(record)
        if self.literal is None:
            return (value is None) == (self.operator == "==")
        return _alike(value, self.literal) and _OPERATORS[self.operator](value, self.literal)


@dataclass(frozen=True, slots=True)
class Match:
    """`path =~ "regex"` and `path !~ "regex"`: RE2, unanchored; both are false of what is no text."""

    path: Path
    pattern: str
    negated: bool
    regex: Any = field(compare=False, repr=False)

    def holds(self, record: Record) -> bool:
        """Return whether it is true of a record."""
        value = self.path.read(record)
        return isinstance(value, str) and (self.regex.search(value) is None) == self.negated


@dataclass(frozen=True, slots=True)
class OneOf:
    """`path in [literals]`."""

    path: Path
    literals: tuple[Constant, ...]

    def holds(self, record: Record) -> bool:
        """Return whether it is true of a record."""
        value = self.path.read(record)
        return any(
            (literal is None and value is None) or (_alike(value, literal) and value == literal) for literal in self.literals
        )


@dataclass(frozen=True, slots=True)
class All:
    """`… and …`."""

    terms: "tuple[Expression, ...]"

    def holds(self, record: Record) -> bool:
        """Return whether it is true of a record."""
        return all(term.holds(record) for term in self.terms)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """`… or …`."""

    terms: "tuple[Expression, ...]"

    def holds(self, record: Record) -> bool:
        """Return whether it is true of a record."""
        return any(term.holds(record) for term in self.terms)


@dataclass(frozen=True, slots=True)
class Not:
    """`not …`."""

    term: "Expression"

    def holds(self, record: Record) -> bool:
        """Return whether it is true of a record."""
        return not self.term.holds(record)


Expression: TypeAlias = Compare | Match | OneOf | All | AnyOf | Not


@dataclass(frozen=True, slots=True)
class Condition:
    """A parsed condition. `expression` is plain data, for who wants to run it some other way."""

    text: str
    expression: Expression

    def matches(self, record: Record) -> bool:
        """Return whether the condition is true of a record. Never raises."""
        return self.expression.holds(record)

    def paths(self) -> Iterator[Path]:
        """Yield every path that the condition looks at."""
        return _paths(self.expression)


def _paths(expression: Expression) -> Iterator[Path]:
    match expression:
        case All(terms) | AnyOf(terms):
            for term in terms:
                yield from _paths(term)
        case Not(term):
            yield from _paths(term)
        case _:
            yield expression.path


def _alike(value: Value, literal: Constant) -> bool:
    """Return whether a comparison of the two has a meaning: equal types, or integer with decimal."""
    if isinstance(literal, bool) or isinstance(value, bool):
        return isinstance(literal, bool) and isinstance(value, bool)
    if isinstance(literal, int | float):
        return isinstance(value, int | float)
    return isinstance(literal, str) and isinstance(value, str)
