"""The catalogue of metrics, and the page of the docs that shows it."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from cli import VERBS
from docs.metrics_page import PAGE, page
from pipeline.telemetry import catalogue
from pipeline.telemetry.metrics import Counter, Metric

ROOT = Path(__file__).parents[2]
PACKAGES = ("connectors", "exporters", "extensions", "pipeline", "processors", "receivers")


def declared() -> Iterator[tuple[str, Metric]]:
    for name, entry in vars(catalogue).items():
        if name.isupper():
            yield from ((name, metric) for metric in (entry.values() if isinstance(entry, Mapping) else [entry]))


METRICS = {metric.name: metric for _, metric in declared()}


def test_the_page_says_what_the_catalogue_says() -> None:
    assert PAGE.read_text() == page(), "run make docs"


@pytest.mark.parametrize("name", METRICS)
def test_each_metric_has_a_name_of_its_kind_a_meaning_and_what_to_do(name: str) -> None:
    metric = METRICS[name]
    assert re.fullmatch(r"sluice(_[a-z]+)+", name)
    assert name.endswith("_total") == isinstance(metric, Counter)
    for text in (metric.help, metric.action):
        assert re.match("[A-Z0-9`]|sluice", text)
        assert text.endswith(".")
    assert len(metric.action) > 40


def test_metrics_that_an_action_names_exist() -> None:
    for metric in METRICS.values():
        for named in re.findall(r"`(sluice_[a-z_<>]+)`", metric.action):
            assert named.replace("<items>", "spans") in METRICS, f"{metric.name} names {named}"


def test_commands_that_an_action_names_exist() -> None:
    for metric in METRICS.values():
        assert set(re.findall(r"`sluice ([a-z]+)", metric.action)) <= VERBS.keys(), metric.name


def test_no_metric_is_documented_that_nothing_counts() -> None:
    code = "".join(path.read_text() for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    unused = {name for name, _ in declared() if f"catalogue.{name}" not in code}
    assert unused == {"SERIES_DROPPED"}  # the store itself counts it
