"""The default pipeline, for each test anew."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.default_pipeline import Default, default_pipeline


@pytest.fixture
def default(tmp_path: Path) -> Iterator[Default]:
    with default_pipeline(tmp_path) as running:
        yield running
