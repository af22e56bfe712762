"""What `wire.LogLines` is told: which members of a line of JSON mean something, and where they go. A receiver says it."""

from collections.abc import Callable
from typing import Literal, Protocol, TypeAlias

from msgspec import Struct

from pipeline.wire.model import LogRecord

Kind: TypeAlias = Literal["text", "empty", "digits", "integer", "real", "boolean", "map", "list"]
"""What a value is; of texts also whether it is empty, or has decimal digits alone, at most 18 of them. A null is no member."""

Shape: TypeAlias = tuple[tuple[str, Kind], ...]
"""The members with known names that a line has, in the order of the names."""


class Placed(Struct, frozen=True):
    """An attribute that comes from a member."""

    attribute: str
    member: str
    integer: bool = False
    """Its digits are to be a number."""


class Plan(Struct, frozen=True, kw_only=True):
    """What becomes of the known members of all lines of one shape. Those that it does not name stay attributes.

    A plan is for these values: a time that is RFC 3339 or a number, neither before 2000 nor more than a day ahead; ids in hex of
    their full length; flags of two hex digits, or less than 256. Lines with others are not taken.
    """

    format: str
    """What the line is counted as."""
    severity: Callable[[str | int], tuple[int, str] | None] | None = None
    """Severity number and text that the level means; None where the line is not to be taken."""
    level: str = ""
    time: str = ""
    body: str
    trace_id: str = ""
    span_id: str = ""
    flags: str = ""
    scope: str = ""
    resource: tuple[Placed, ...] = ()
    attributes: tuple[Placed, ...] = ()
    """Behind those that keep their names."""
    bad_ids: int = 0
    """How many ids such a line has that are none."""


class LineTable(Struct, frozen=True, kw_only=True):
    """How lines of JSON become log records."""

    names: tuple[str, ...]
    """The members that mean something. A line with one of them in other letters is not taken."""
    plan: Callable[[Shape], Plan | None]
    """Asked once for each shape of lines; None where they are not to be taken."""
    utc: bool = True
    """Whether times without a zone are in UTC; else they are not read."""


class Lines(Protocol):
    """The records of one body: those that it took, and those that were added."""

    count: int
    """Of records."""
    bad_ids: int
    """Of what was taken."""

    def take(self, body: bytes, at: int, longest: int, *, elements: bool = False) -> int:
        """Take lines from `at` on; return where the first begins that was not taken. Those of white space are passed over.

        With `elements` these are elements of an array, the first of which begins at `at`; what is returned is where the last ends
        that was taken, and `at` when none was. Nothing is taken that is longer than `longest` bytes.
        """

    def add(self, record: LogRecord) -> None:
        """Add a record, with nothing on its resource but attributes and nothing on its scope but a name."""

    def formats(self) -> dict[str, int]:
        """Return how many were taken of each format."""

    def payload(self) -> bytes:
        """Return the payload of all records."""
