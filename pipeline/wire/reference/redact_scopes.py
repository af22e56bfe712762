"""Which rules hold where: scopes of a redaction (redaction contract §5)."""

from collections.abc import Sequence
from typing import Final

from pipeline.wire.reference.redact_keys import globs
from pipeline.wire.reference.redact_text import TextRedactor
from pipeline.wire.rules import Rules, ScopePlace

PLACES: Final[dict[str, tuple[ScopePlace, ...]]] = {
    "Resource": ("resource",),
    "InstrumentationScope": ("scope",),
    "Span.Event": ("span.events",),
    "Span.Link": ("span.links",),
    "Metric": ("metric",),
    "NumberDataPoint": ("metric", "metric.datapoints"),
    "HistogramDataPoint": ("metric", "metric.datapoints"),
    "ExponentialHistogramDataPoint": ("metric", "metric.datapoints"),
    "SummaryDataPoint": ("metric", "metric.datapoints"),
}
"""The places that a message is, by its name."""
FIELDS: Final[dict[tuple[str, str], ScopePlace]] = {
    ("LogRecord", "body"): "log.body",
    ("LogRecord", "attributes"): "log.attributes",
    ("Span", "name"): "span.name",
    ("Span", "attributes"): "span.attributes",
}
"""The place that a field is, by the names of its message and its own."""


class Scopes:
    """The rules of all places. Immutable: safe to share by threads."""

    def __init__(self, rules: Rules) -> None:
        self.elsewhere = TextRedactor(rules)
        """For the places that no scope is about."""
        self._scopes = [(scope.place, globs((scope.names,)), TextRedactor(scope.rules)) for scope in rules.scopes]

    def at(self, places: Sequence[ScopePlace], around: TextRedactor, name: bytes = b"") -> TextRedactor:
        """Return the rules of what is these places, or else those around it. `name` is that of an attribute."""
        for place, fits, text in self._scopes:
            if place in places and fits(name):
                return text
        return around
