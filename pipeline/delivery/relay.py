"""Passing a cursor from one loop to the next while the process runs: one reads at a time, and nothing is left between them."""

import asyncio
from collections.abc import Callable
from typing import Final

from pipeline.delivery.ship import CursorLoop
from pipeline.journal import Journal

GRACE_SECONDS: Final = 10.0
"""How long requests under way may take when their exporter is replaced, and how long a removed one may drain (config §10 R5)."""


class Runner:
    """The task of one cursor loop, begun once the one before it on the same cursor has ended."""

    def __init__(self, loop: CursorLoop, journal: Journal, before: "Runner | None", failed: Callable[[asyncio.Task[None]], None]):
        self.loop = loop
        self._journal = journal
        self._before = before
        self.task = asyncio.create_task(self._run(), name=f"exporter {loop.sender.id}")
        self.task.add_done_callback(failed)

    async def _run(self) -> None:
        before, self._before = self._before, None
        if before is not None:
            ending = asyncio.ensure_future(before.end(GRACE_SECONDS))
            try:
                await asyncio.shield(ending)
            finally:
                ending.cancel()
                await asyncio.wait([ending])
            self._journal.rewind(self.loop.cursor)
        await self.loop.run()

    async def end(self, grace: float) -> None:
        """Let requests under way finish within `grace` seconds, then stop. What is not settled stays in the journal."""
        try:
            await self.loop.sender.retire(grace)
        finally:
            self.task.cancel()
            await asyncio.wait([self.task])

    async def drain(self, seconds: float) -> None:
        """Go on until the cursor has nothing before it, at most for `seconds`, then stop."""
        self.loop.drain()
        try:
            async with asyncio.timeout(seconds):
                while self._journal.backlog(self.loop.cursor).items:
                    await asyncio.sleep(0.02)
        except TimeoutError:
            pass
        finally:
            self.task.cancel()
            await asyncio.wait([self.task])
