"""Random schedules of faults lose nothing; `make soak` runs many more of them."""

import random
from pathlib import Path

import pytest

from tests.faults.schedule import schedule
from tests.faults.shim import build
from tests.faults.soak import live_through

_FRESH = random.SystemRandom().randrange(10**9)


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("shim"))


@pytest.mark.parametrize("seed", range(_FRESH, _FRESH + 10))
def test_a_schedule_of_faults_loses_nothing_and_the_books_close(library: Path, seed: int) -> None:
    print(f"make soak SEED={seed}\n{schedule(seed)}")
    assert live_through(seed, library).faults == []


def test_a_seed_gives_the_same_schedule_again() -> None:
    assert schedule(7) == schedule(7) != schedule(8)
