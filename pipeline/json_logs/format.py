"""What there is to say about a format of log objects."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.json_logs import levels
from pipeline.json_logs.members import NO_NAMES, Names


def _keep(_: dict[str, Any]) -> None:
    """Nothing to prepare."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A format: how to know it, and where it differs from the tables that all formats share."""

    id: str
    detect: Callable[[Mapping[str, Any]], bool]
    """Whether an object is in this format; those before it have said no. It may look at members in `plans.NAMES` alone."""
    time: Names = NO_NAMES
    """Members that are looked at before those of `tables.TIME`."""
    level: Names = NO_NAMES
    """Before those of `levels.PLACES`."""
    message: Names = NO_NAMES
    """Before those of `tables.MESSAGE`."""
    scale: levels.Scale = levels.bare
    """What a number as level means."""
    words: Mapping[str, int] = field(default_factory=dict)
    """Severity numbers of words that mean something else here."""
    prepare: Callable[[dict[str, Any]], None] = _keep
    """Brings a log object into the shape of the shared tables, in place."""
    error_is_message: bool = False
    """Without a message, an error's is the record's."""
    any_case: bool = False
    """Members are found in any case of letters."""
