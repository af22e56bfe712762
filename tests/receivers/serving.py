"""A receiver that runs on loopback, and the pipeline behind it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace

from pipeline import Batch, Host, Receiver
from pipeline.wire.model import LogRecord


@dataclass
class Sink:
    """Takes batches, as a pipeline does."""

    batches: list[Batch] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    """Raised one by one before anything is taken."""
    gate: asyncio.Event | None = None
    """What `consume` waits for."""
    waiting: int = 0

    async def consume(self, batch: Batch) -> None:
        if self.gate is not None:
            self.waiting += 1
            await self.gate.wait()
        if self.failures:
            raise self.failures.pop(0)
        self.batches.append(batch)

    def records(self) -> list[LogRecord]:
        records = [record for batch in self.batches for record in batch.records()]
        assert all(isinstance(record, LogRecord) for record in records)
        return records  # type: ignore[return-value]


@asynccontextmanager
async def serving(receiver: Receiver, host: Host, id: str) -> AsyncIterator[Sink]:
    """Run a receiver while the block runs."""
    sink, started = Sink(), asyncio.Event()
    receiver.host = replace(host, id=id, started=started.set)
    run = asyncio.create_task(receiver.run(sink.consume))
    try:
        async with asyncio.timeout(10):
            await asyncio.wait([run, asyncio.ensure_future(started.wait())], return_when=asyncio.FIRST_COMPLETED)
        if run.done():
            run.result()
        yield sink
    finally:
        run.cancel()
        with suppress(asyncio.CancelledError):
            await run
