"""A component without settings fails at once, before Hypothesis looks for the smallest batch that it fails on."""

import pytest

from pipeline.component import KINDS
from tests.contracts.settings import settings_of


@pytest.fixture(autouse=True)
def _has_settings(request: pytest.FixtureRequest) -> None:
    given = request.node.callspec.params if hasattr(request.node, "callspec") else {}
    kind = next((kind for kind in KINDS if kind == given.get("kind") or kind in request.module.__name__), None)
    if kind is not None and "name" in given:
        settings_of(kind, given["name"])
