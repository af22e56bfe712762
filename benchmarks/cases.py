"""The cases, found by their folders."""

from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Final, Protocol, cast

from benchmarks.measure import Figure, Scale

CASES: Final[Sequence[str]] = sorted(each.parent.name for each in Path(__file__).parent.glob("*/__init__.py"))


class Case(Protocol):
    """A module that measures something."""

    def run(self, scale: Scale) -> Iterator[Figure]:
        """Yield its figures: always the same names, whatever the scale."""


def case(name: str) -> Case:
    """Return the case of a name in `CASES`."""
    return cast("Case", import_module(f"benchmarks.{name}"))
