"""What is compiled keeps nothing of a call, answered or refused: asked the same again, it takes no more memory."""

import ctypes
import gc
import sys
from collections.abc import Callable
from typing import Any, ClassVar, Final

import pytest

from tests.fuzz import inputs, targets
from tests.fuzz.targets import TARGETS, Target
from tests.parts.found import kernel

INPUTS: Final = 100
ROUNDS: Final = 3
SMALLEST: Final = 16
"""Bytes of an object; the interpreter counts objects, not bytes."""


class MallInfo(ctypes.Structure):
    """`struct mallinfo2` of the GNU C library."""

    _fields_: ClassVar = [
        *((name, ctypes.c_size_t) for name in ("arena", "ordblks", "smblks", "hblks", "hblkhd")),
        *((name, ctypes.c_size_t) for name in ("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")),
    ]


@pytest.fixture(scope="module")
def in_use() -> Callable[[], int]:
    """Return the function that counts bytes in use, at least."""
    mallinfo = getattr(ctypes.CDLL(None), "mallinfo2", None)
    if mallinfo is None:
        pytest.skip("the C library does not tell what is allocated")
    mallinfo.restype = MallInfo

    def counted() -> int:
        gc.collect()
        info: Any = mallinfo()
        return int(info.uordblks + info.hblkhd) + sys.getallocatedblocks() * SMALLEST

    return counted


@pytest.mark.parametrize("target", TARGETS, ids=[target.name for target in TARGETS])
def test_the_same_again_takes_no_memory(target: Target, in_use: Callable[[], int]) -> None:
    kernel(target.module)
    given = inputs.several(target.form, INPUTS)
    _, make, ask = target.options[0]
    named = targets._made("kernel", target.module, target.name, make)
    grown = []
    for _ in range(5):
        before = in_use()
        for _ in range(ROUNDS):
            for each in given:
                targets._answer(target, lambda each=each: ask(named, each))  # type: ignore[misc]
        grown.append(in_use() - before)
    assert min(grown) < INPUTS * ROUNDS * SMALLEST, "caches find their size, but what leaks each time shows each time"
