"""One compiled object serves several threads at once, each as if it were alone."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any, Final

import pytest

from tests.fuzz import inputs, targets
from tests.fuzz.targets import TARGETS, Target
from tests.parts.found import kernel

INPUTS: Final = 60
OPTIONS: Final = 4
THREADS: Final = 4


@pytest.fixture
def impatient() -> Iterator[None]:
    """Let the interpreter switch threads much more often than it would."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("target", TARGETS, ids=[target.name for target in TARGETS])
def test_threads_that_share_an_object_get_what_one_gets_alone(target: Target) -> None:
    named = getattr(kernel(target.module), target.name)
    given = inputs.several(target.form, INPUTS)
    for _, make, ask in target.options[:OPTIONS]:

        def answers(seed: int, shared: Any, ask: targets.Ask = ask) -> list[Any]:
            order = Random(seed).sample(range(len(given)), len(given))
            found = {at: targets._answer(target, lambda at=at: ask(shared, given[at])) for at in order}  # type: ignore[misc]
            return [found[at] for at in range(len(given))]

        alone, shared = answers(0, make(named)), make(named)
        with ThreadPoolExecutor(THREADS) as pool:
            assert list(pool.map(lambda seed, shared=shared: answers(seed, shared), range(THREADS))) == [alone] * THREADS
