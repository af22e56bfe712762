"""What `wire.log_objects` is told: how a log record looks as one flat JSON object. A value, defined by the exporter."""

from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

from msgspec import Struct

from pipeline.wire.model import Attributes

Taken: TypeAlias = Literal["message", "status", "trace_id", "span_id", "tags"]
"""What an attribute of a record is taken for, in place of becoming a member of its own name."""


class Shared(Struct, frozen=True, kw_only=True):
    """What all records of one resource have in common."""

    attributes: Mapping[str, str]
    """Its attributes, under the names of their members."""
    tags: str
    """What stands before the tags of a record, joined by commas."""
    service: str = ""
    """Empty where a record may name its own."""
    fields: Mapping[str, str] = {}
    """Further members, all of them among the layout's `fields`."""


class LogLayout(Struct, frozen=True, kw_only=True):
    """How log records look as flat JSON objects.

    The members of an object come from four places. Where their names clash, what the layout names wins over the attributes of the
    scope, these over those of the resource, and these over those of the record, maps among which are flattened.
    """

    shared: Callable[[Attributes], Shared]
    """Asked once for each resource of a payload."""
    taken: Mapping[str, Taken]
    """By name in lower case. An attribute for an id that is no such id is left out, and counted; the last of several wins."""
    copies: Mapping[str, str]
    """Attributes whose text stands in a second member too, unless that one is there."""
    service_attribute: str
    """The attribute of a record that names its service."""
    statuses: tuple[str, str, str, str, str, str]
    """For records without a text of severity: words for the six ranges of numbers, four in each (OpenTelemetry's data model)."""
    beyond: str
    """For higher numbers."""
    trace_id: str
    trace_id_decimal: str
    """Of the low 64 bits."""
    span_id: str
    span_id_decimal: str
    nanoseconds: str
    """Since the epoch, as text."""
    timestamp: str
    """The same, in UTC, to the millisecond."""
    severity_text: str
    severity_number: str
    event_name: str
    message: str
    """Always there: an attribute taken for it, else the body, as text."""
    status: str
    """Always there: an attribute taken for it, else the severity."""
    tags: str
    """Always there."""
    service: str
    fields: frozenset[str]
    """Names of the members that `Shared.fields` may have."""
    max_depth: int
    """Of flattened maps; deeper ones become JSON text."""
    max_bytes: int
    """Of one object. A larger one loses the end of its message, of its longest text, or its attributes."""
    shortened: str
    """A member that is true in such an object."""
    expendable: frozenset[str]
    """What the layout names, and can do without in an object whose attributes alone are too large."""

    def own(self) -> tuple[str, ...]:
        """Return the names that the layout gives to members, in the order in which they are written."""
        return (
            self.trace_id, self.trace_id_decimal, self.span_id, self.span_id_decimal, self.nanoseconds, self.timestamp,
            self.severity_text, self.severity_number, self.event_name, self.message, self.status, self.tags, self.service,
        )  # fmt: skip


class LogObjects(Struct):
    """The objects of a payload: one of each record, in order."""

    text: bytes
    """A JSON array, compact, in UTF-8."""
    ends: list[int]
    """Where each object ends in it: a comma stands there, or the bracket."""
    shortened: int = 0
    bad_trace_ids: int = 0
    """Attributes, and ids of records, that have the name of an id and no such form."""
    bad_span_ids: int = 0

    def array(self, begin: int, stop: int) -> bytes:
        """Return the array of some of the objects, at least one."""
        if (begin, stop) == (0, len(self.ends)):
            return self.text
        return b"[%b]" % self.text[self._begin(begin) : self.ends[stop - 1]]

    def sizes(self) -> list[int]:
        """Return the length of each object."""
        return [end - self._begin(index) for index, end in enumerate(self.ends)]

    def _begin(self, index: int) -> int:
        return self.ends[index - 1] + 1 if index else 1
