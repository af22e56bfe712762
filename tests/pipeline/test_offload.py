"""Where calls into the kernel run."""

import threading
from collections.abc import Set as AbstractSet

import pytest

from pipeline import wire
from pipeline.offload import INLINE_BYTES, offload


@pytest.mark.parametrize(
    ("uncompiled", "size", "inline"),
    [
        (frozenset(), 0, True),
        (frozenset(), INLINE_BYTES, True),
        (frozenset(), INLINE_BYTES + 1, False),
        (frozenset({"to_json"}), 0, False),
    ],
)
async def test_on_the_loop_only_what_is_small_and_compiled(
    monkeypatch: pytest.MonkeyPatch, uncompiled: AbstractSet[str], size: int, inline: bool
) -> None:
    monkeypatch.setattr(wire, "UNCOMPILED", uncompiled)
    thread = await offload(threading.current_thread, size)
    assert (thread is threading.current_thread()) is inline
