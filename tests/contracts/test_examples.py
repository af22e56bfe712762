"""The YAML in a component's docstring is what a reader copies first: it is valid as it stands."""

import re
import sys
from itertools import takewhile
from textwrap import dedent
from typing import Any

import pytest
import yaml

from config.load import load
from pipeline import registry
from pipeline.component import KINDS, Kind

COMPONENTS = [(kind, name) for kind in KINDS for name in registry.names(kind)]
AROUND: dict[str, Any] = {
    "receivers": {"otlp": {"protocols": {"http": {"endpoint": "127.0.0.1:4319"}}}},
    "exporters": {"otlp_http": {"endpoint": "http://127.0.0.1:4320"}, "prometheus": None},
}
YAML_LINE = re.compile(r"| {4}(\w+:| .*)")
ENVIRONMENT = {"DD_API_KEY": "0" * 32, "SENTRY_DSN": "https://" + "0" * 32 + "@127.0.0.1/1"}


def example(kind: Kind, name: str) -> str:
    """Return the block of the docstring that begins with the component's section."""
    lines = iter((sys.modules[registry.find(kind, name).__module__].__doc__ or "").splitlines())
    section = next(line for line in lines if line == f"    {kind}s:")
    return dedent("\n".join([section, *takewhile(YAML_LINE.fullmatch, lines)]))


def around(kind: Kind, name: str, written: dict[str, Any]) -> dict[str, Any]:
    """Return the rest of a configuration that uses every component of the example."""
    ids = list(written[f"{kind}s"])
    rest = {section: components for section, components in AROUND.items() if section not in written}
    if "service" in written:
        return rest
    pipeline = {
        "receivers": ["otlp"],
        "processors": [],
        "exporters": ["otlp_http"],
        **({} if kind == "extension" else {f"{kind}s": ids}),
    }
    signals = sorted(registry.find(kind, name).signals) or ["logs"]
    service: dict[str, Any] = {"pipelines": dict.fromkeys(signals, pipeline)}
    return {**rest, "service": {**service, **({"extensions": ids} if kind == "extension" else {})}}


@pytest.mark.parametrize(("kind", "name"), COMPONENTS)
def test_the_example_of_a_component_is_valid(kind: Kind, name: str) -> None:
    text = example(kind, name)
    rest = around(kind, name, yaml.safe_load(text))
    loaded = load([f"yaml:{text}", f"yaml:{yaml.safe_dump(rest)}"], environ=ENVIRONMENT)
    assert [message for message in loaded.messages if message.severity == "error"] == []
    assert loaded.spec is not None
