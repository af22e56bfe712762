"""The default pipeline, as shipped, between real clients and the vendors' own software."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.default_pipeline import Default, default_pipeline
from tests.interop import planted, vendors


@pytest.fixture
def default(tmp_path: Path) -> Iterator[Default]:
    """The running pipeline. Whatever a test sends, at its end the vendors take all that arrived, and nothing planted shows."""
    with default_pipeline(tmp_path) as running:
        yield running
        running.settle()
        assert vendors.refused(running) == []
        planted.assert_hidden(running)
