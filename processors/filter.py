"""Drop what nobody will read: health checks, debug logs, noisy scopes.

    processors:
      filter:
        drop:
          - severity_number < INFO
          - attributes["http.route"] == "/health"
      filter/shop:
        keep: ['resource.attributes["service.name"] in ["cart", "checkout"]']
        signals: [logs]

An item is dropped when any `drop` condition matches it, or when there is a `keep` list and nothing in it does. A value that an
item does not have matches only `nil`, so a condition on severity leaves records without severity alone.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from pipeline import Batch, ConfigError, Processor, wire
from pipeline.conditions import parse
from pipeline.settings import Settings, about
from pipeline.telemetry import catalogue
from pipeline.types import SIGNALS, ConditionText, Signal


class Logs(Settings, frozen=True, kw_only=True):
    """The Collector's form, for logs."""

    log_record: Annotated[tuple[ConditionText, ...], about("As `drop`, for log records only.")] = ()


class Traces(Settings, frozen=True, kw_only=True):
    """The Collector's form, for traces."""

    span: Annotated[tuple[ConditionText, ...], about("As `drop`, for spans only.")] = ()


class Config(Settings, frozen=True, kw_only=True):
    """Settings of `filter`."""

    drop: Annotated[tuple[ConditionText, ...], about("Drop what any of these conditions matches.")] = ()
    keep: Annotated[tuple[ConditionText, ...], about("Drop what none of these conditions matches.")] = ()
    signals: Annotated[tuple[Signal, ...], about("Signals to look at; the others pass.")] = SIGNALS
    logs: Annotated[Logs, about("The Collector's form, for logs.")] = Logs()
    traces: Annotated[Traces, about("The Collector's form, for traces.")] = Traces()
    error_mode: Annotated[
        Literal["ignore", "silent", "propagate"] | None, about("The Collector's; without effect, as conditions never fail.")
    ] = None


class Filter(Processor):
    """Drops items by condition."""

    def __init__(self, config: Config) -> None:
        own: dict[Signal, Sequence[str]] = {"logs": config.logs.log_record, "traces": config.traces.span, "metrics": ()}
        if not any((config.drop, config.keep, *own.values())):
            raise ConfigError("E103", "nothing to do", help="give `drop` or `keep` a condition")
        keep = [parse(text) for text in config.keep]
        self._filters = {
            signal: wire.Filter([parse(text) for text in (*config.drop, *own[signal])], keep) for signal in config.signals
        }

    def process(self, batch: Batch) -> Batch:
        """Return what is left of the batch."""
        if batch.signal not in self._filters:
            return batch
        payload, dropped = self._filters[batch.signal].keep(batch.payload, batch.signal)
        for rule, items in dropped.items():
            labels = {"processor": self.host.id, "signal": batch.signal, "rule": rule}
            self.host.metrics.add(catalogue.PROCESSOR_FILTERED, items, **labels)
        return batch.replaced(payload, filtered=sum(dropped.values()))
