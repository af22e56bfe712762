"""The alert rules of deploy/prometheus: promtool tries them, and what they name exists."""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.telemetry import catalogue
from tests.parts.found import program

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "deploy/prometheus"
GROUPS = yaml.safe_load((PROMETHEUS / "rules.yaml").read_text())["groups"]
RULES = {rule["alert"]: rule for group in GROUPS for rule in group["rules"] if "alert" in rule}
RECORDED = {rule["record"]: rule for group in GROUPS for rule in group["rules"] if "record" in rule}

TARGET = {"job", "instance"}
"""Labels that the scrape adds."""
ELSEWHERE = {
    "up": set(),
    "process_start_time_seconds": set(),
    "sluice_logs_total": {"service_name", "severity"},
    "sluice_spans_total": {"service_name", "status_code"},
}
"""What rules may name beside the catalogue: the scraper's own, the process's, and the counts of the default pipeline."""


def known() -> Mapping[str, set[str]]:
    entries = [entry for name, entry in vars(catalogue).items() if name.isupper()]
    metrics = [metric for entry in entries for metric in (entry.values() if isinstance(entry, Mapping) else [entry])]
    return {metric.name: set(metric.labels) for metric in metrics} | ELSEWHERE


def metrics_in(expression: str) -> set[str]:
    """Return the names of an expression that are metrics, those behind recorded ones included."""
    found = set(re.findall(r"\b(?:sluice_\w+|process_\w+|up)\b", expression))
    recorded = [rule["expr"] for name, rule in RECORDED.items() if name in expression]
    return found.union(*(metrics_in(each) for each in recorded))


def labels_in(rule: Mapping[str, Any]) -> set[str]:
    """Return the labels that a rule selects, groups or joins by, or shows."""
    expression = rule["expr"]
    listed = re.findall(r"\b(?:by|on|without|group_left|ignoring) ?\(([^)]*)\)", expression)
    selected = re.findall(r"[{,] *(\w+) *(?:=~|!~|!=|=)", expression)
    shown = re.findall(r"\$labels\.(\w+)", str(rule.get("annotations")))
    return {label.strip() for some in listed for label in some.split(",")} | {*selected, *shown}


def anchors(page: Path) -> set[str]:
    return {
        re.sub(r"[^\w-]", "", line[3:].lower().replace(" ", "-")) for line in page.read_text().splitlines() if line[:3] == "## "
    }


def test_promtool_passes_the_rules_and_their_tests() -> None:
    promtool = program("promtool")
    for command in (["check", "rules", "rules.yaml"], ["test", "rules", "tests.yaml"]):
        done = subprocess.run([promtool, *command], cwd=PROMETHEUS, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", [*RULES, *RECORDED])
def test_every_metric_and_label_that_a_rule_names_exists(name: str) -> None:
    rule, metrics = {**RULES, **RECORDED}[name], known()
    named = metrics_in(rule["expr"])
    assert named
    assert named <= metrics.keys()
    assert labels_in(rule) <= TARGET.union(*(metrics[metric] for metric in named))


@pytest.mark.parametrize("name", RULES)
def test_every_alert_is_summed_up_described_and_leads_to_its_section_of_the_runbook(name: str) -> None:
    rule = RULES[name]
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert rule["annotations"].keys() == {"summary", "description", "runbook"}
    page, _, anchor = rule["annotations"]["runbook"].partition("#")
    assert anchor == name.lower()
    assert anchor in anchors(ROOT / page)


def test_the_runbook_explains_no_alert_that_is_gone() -> None:
    assert anchors(ROOT / "docs/runbooks/alerts.md") == {name.lower() for name in RULES}


@pytest.mark.parametrize("name", RULES)
def test_every_alert_fires_in_its_tests(name: str) -> None:
    tests = yaml.safe_load((PROMETHEUS / "tests.yaml").read_text())["tests"]
    tried = [case for test in tests for case in test.get("alert_rule_test", ()) if case["alertname"] == name]
    assert any(case["exp_alerts"] for case in tried)
