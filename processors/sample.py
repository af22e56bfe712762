"""Keep a fixed share of traces, the same share on every node.

    processors:
      sample:
        probability: 10%        # one trace in ten
        keep_errors: true
        per:
          - where: resource.attributes["service.name"] == "checkout"
            probability: 50%

A trace is kept or dropped as a whole: the decision depends on its trace id alone (OpenTelemetry consistent probability
sampling), so any number of replicas agree without talking to each other. Logs that carry a trace id follow their trace; logs
without one are kept. What is kept says at which threshold, so that counts can be scaled back: spans in their tracestate
(`ot=th:e666`), logs in the attribute `sampling.threshold`.
"""

from typing import Annotated, Literal

from pipeline import Batch, ConfigError, Processor, wire
from pipeline.conditions import Condition, parse
from pipeline.settings import Settings, about
from pipeline.telemetry import catalogue
from pipeline.types import ConditionText, Percent


class Rule(Settings, frozen=True, kw_only=True):
    """Another probability for some of the items."""

    where: Annotated[ConditionText, about("Items that it is for; it may not look at trace ids.")]
    probability: Annotated[Percent, about("Share of their traces to keep, 0% to 100%.")]


class Config(Settings, frozen=True, kw_only=True):
    """Settings of `sample`."""

    probability: Annotated[Percent, about("Share of traces to keep, 0% to 100%.")]
    keep_errors: Annotated[bool, about("Also keep spans whose status is ERROR.")] = False
    per: Annotated[tuple[Rule, ...], about("Exceptions from `probability`; the first rule that matches counts.")] = ()
    logs: Annotated[
        Literal["follow", "all"], about("`follow`: logs with a trace id share their trace's fate; `all`: logs are not sampled.")
    ] = "follow"
    mode: Annotated[
        Literal["equalize", "proportional"],
        about("`equalize`: what an earlier sampler thinned out counts towards the share; `proportional`: thin out further."),
    ] = "equalize"


class Sample(Processor):
    """Drops spans and logs by trace id."""

    signals = frozenset({"traces", "logs"})

    def __init__(self, config: Config) -> None:
        precision = 14 if config.mode == "proportional" else 4
        self._sampler = wire.Sampler(
            _threshold(config.probability, precision, "probability"),
            keep_errors=config.keep_errors,
            mode=config.mode,
            rules=[
                (_where(rule.where, at), _threshold(rule.probability, precision, "per", at, "probability"))
                for at, rule in enumerate(config.per)
            ],
            logs=config.logs,
        )

    def process(self, batch: Batch) -> Batch:
        """Return the kept part of the batch."""
        sampled = self._sampler.sample(batch.payload, batch.signal)
        metrics, name = self.host.metrics, self.host.id
        for (decision, reason), items in sampled.decisions.items():
            labels = {"processor": name, "signal": batch.signal, "decision": decision, "reason": reason}
            metrics.add(catalogue.SAMPLING_DECISIONS, items, **labels)
        if sampled.inconsistent:
            metrics.add(catalogue.SAMPLING_INCONSISTENT, sampled.inconsistent, processor=name)
        return batch.replaced(sampled.payload, sampled_out=sampled.dropped)


def _threshold(probability: float, precision: int, *path: str | int) -> int:
    try:
        return wire.threshold(probability, precision)
    except ValueError as fault:
        raise ConfigError("E104", str(fault), path=path) from None


def _where(text: str, at: int) -> Condition:
    condition = parse(text)
    if any(path.name == "trace_id" for path in condition.paths()):
        message = "a rule may not look at trace ids: they decide who is kept"
        raise ConfigError("E112", message, path=("per", at, "where"))
    return condition
