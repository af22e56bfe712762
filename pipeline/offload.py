"""Where a call into the kernel runs: on the loop while it is short, on a thread when it would hold the loop up."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from pipeline import wire

T = TypeVar("T")

INLINE_BYTES: Final = 256 * 1024
"""Above this a kernel call leaves the loop (design: the life of a batch). The reference, a hundred times slower, always does."""

_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="wire")


async def offload(call: Callable[[], T], size: int) -> T:
    """Return `call()`, run on the loop or on one of two threads, as `size` bytes of payload ask for.

    On the loop only when all of `wire` is compiled: nobody knows which functions a component's call leads to. A call on a
    thread can't be interrupted: when the awaiting task is cancelled it still runs to its end.
    """
    if size <= INLINE_BYTES and not wire.UNCOMPILED:
        return call()
    return await asyncio.get_running_loop().run_in_executor(_threads, call)
