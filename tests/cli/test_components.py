"""`sluice components`."""

import json

from click.testing import CliRunner

from cli import main
from pipeline import registry, wire
from pipeline.component import KINDS


def test_all_that_the_registry_has() -> None:
    listing = json.loads(CliRunner().invoke(main, ["components", "--json"]).output)
    assert listing["wire"] == wire.IMPLEMENTATION
    assert [(row["kind"], row["type"]) for row in listing["components"]] == [
        (kind, name) for kind in KINDS for name in registry.names(kind)
    ]


def test_a_row() -> None:
    listing = json.loads(CliRunner().invoke(main, ["components", "--json"]).output)
    rows = {(row["kind"], row["type"]): row for row in listing["components"]}
    assert rows["processor", "sample"] == {
        "kind": "processor",
        "type": "sample",
        "aliases": ["probabilistic_sampler"],
        "signals": ["logs", "traces"],
        "produces": [],
        "stability": "beta",
        "summary": "Keep a fixed share of traces, the same share on every node.",
    }
    assert rows["connector", "count"]["produces"] == ["metrics"]
