"""The same exception seen twice: recorded on a span, and logged."""

from typing import Final, Literal

from exporters.sentry.events import digest

Source = Literal["log", "span"]

WINDOW: Final = 5 * 1_000_000_000
"""Nanoseconds between the two."""
MAX_KNOWN: Final = 10_000


class Duplicates:
    """Remembers exceptions by trace, span, type and message; the oldest are forgotten beyond 10,000."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Source, int]] = {}

    def seen(self, source: Source, time: int, trace_id: str, span_id: str, kind: str, message: str) -> bool:
        """Return whether the other source told of this exception within five seconds; remember it otherwise.

        What comes from one source twice is not a duplicate: it may be the same batch, encoded again. Types are compared without
        their module, which OpenTelemetry's SDK for Python gives on spans and leaves out of logs.
        """
        if not trace_id:
            return False
        key = digest(trace_id, span_id, kind.rpartition(".")[2], message)
        known = self._known.pop(key, None)
        if known is not None and known[0] != source and abs(known[1] - time) <= WINDOW:
            self._known[key] = known
            return True
        self._known[key] = source, time
        if len(self._known) > MAX_KNOWN:
            del self._known[next(iter(self._known))]
        return False
