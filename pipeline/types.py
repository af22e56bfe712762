"""Words that the whole project shares: signals, attribute values, and the value types a setting can have.

A setting's type says how its text is read (`30s`, `256MiB`, `25%`) and checked; `config` does both, where the position of
every node is known. Inside the process the value is the plain Python one: seconds, bytes, a fraction.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Final, Literal, TypeAlias

from msgspec import Meta

Signal = Literal["logs", "traces", "metrics"]
SIGNALS: Final[tuple[Signal, ...]] = ("logs", "traces", "metrics")

ITEMS: Final[Mapping[Signal, str]] = {"logs": "log_records", "traces": "spans", "metrics": "metric_points"}
"""What one item of a signal is called in metric names."""

Value: TypeAlias = "str | bool | int | float | bytes | Sequence[Value] | Mapping[str, Value] | None"
"""A decoded OTLP AnyValue."""


def _kind(name: str) -> Meta:
    return Meta(extra={"kind": name})


Duration = Annotated[float, _kind("duration")]
"""Seconds. Written `500ms`, `30s`, `1h30m`; `0` needs no unit."""

Size = Annotated[int, _kind("size")]
"""Bytes. Written `512KiB`, `256MiB`, `2GB`, or a bare integer."""

Percent = Annotated[float, _kind("percent")]
"""A share from 0 to 1. Written `25%` or `0.25`."""

Rate = Annotated[float, _kind("rate")]
"""Events per second. Written `100/s`, `6000/m`."""

Endpoint = Annotated[str, _kind("endpoint")]
"""Where to listen: `host:port`, `[v6]:port` or `unix:/path`."""

Url = Annotated[str, _kind("url")]
"""`http://` or `https://`, no user info."""

Regex = Annotated[str, _kind("regex")]
"""RE2 syntax, checked at load."""

Glob = Annotated[str, _kind("glob")]
"""`*`, `**`, `?`, `[a-z]`."""

ConditionText = Annotated[str, _kind("condition")]
"""The language of `pipeline.conditions`, checked at load."""


class Secret:
    """A credential. It never prints: `str`, `repr` and formatting give `[REDACTED]`; only `reveal` gives the text.

    A field `x: Secret` has a twin `x_file` in the YAML; the loader reads the file.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the credential itself."""
        return self._text

    def __repr__(self) -> str:
        return "[REDACTED]"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)
