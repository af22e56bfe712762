"""Write docs/metrics.md from the catalogue: `make docs`."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from pipeline.telemetry import catalogue
from pipeline.telemetry.metrics import Metric, unit

PAGE: Final = Path(__file__).with_name("metrics.md")

_HEAD: Final = """\
# sluice's own metrics

Scraped at `service.telemetry.metrics.address`, `http://127.0.0.1:8888/metrics` unless set. Each one with its meaning and, after
"When it moves", what to do. `make docs` writes this page from `pipeline/telemetry/catalogue.py`, and a test holds the two equal.

- `<items>` is `log_records`, `spans` or `metric_points`: three counters. An item is one of these.
- A counter or histogram appears when it first counts: no series means zero. Timestamps are in seconds since the epoch.
- A label holds the id of a component as the configuration names it, a signal, or a word of a closed list. Past 1,000 series a
  metric folds new ones into `other`.
- Settings without a section in front are those of the component that the label names.
- Beside these there are the usual `process_*` metrics: CPU seconds, resident memory, open files, start time.

Alerts on these metrics are in [deploy/prometheus/rules.yaml](../deploy/prometheus/rules.yaml); what to do when one fires is in
the [runbook](runbooks/alerts.md).
"""


def page() -> str:
    """Return the page."""
    return "\n".join((_HEAD, *(_section(name, metric) for name, metric in _entries())))


def _entries() -> Iterator[tuple[str, Metric]]:
    """Yield the catalogue in its order; counters that exist once a signal come once."""
    for name, declared in vars(catalogue).items():
        if not name.isupper():
            continue
        if isinstance(declared, Mapping):
            metric = declared["logs"]
            yield metric.name.replace("log_records", "<items>"), metric
        else:
            yield declared.name, declared


def _section(name: str, metric: Metric) -> str:
    labels = ", ".join(f"`{label}`" for label in metric.labels) or "none"
    measured = unit(metric) if "<items>" not in name else "items"
    kind = f"{type(metric).__name__.lower()}{f' of {measured}' if measured else ''}"
    return f"## `{name}`\n{metric.help}\n\nType: {kind}. Labels: {labels}.\n\nWhen it moves: {metric.action}\n"


if __name__ == "__main__":
    PAGE.write_text(page())
