"""One partition's messages on their way to the pipelines: in order, each safe before the offset moves."""

import asyncio
import hashlib
import random
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final, TypeVar

from pipeline import Batch, Busy, Consume, Context, Host, Rejected, json_logs
from pipeline.admission import declared_cost
from pipeline.batch import MAX_ITEMS, merge
from pipeline.journal.dead_letter import DeadLetter
from pipeline.offload import offload
from pipeline.telemetry import catalogue
from receivers.kafka.messages import CONTENT_ENCODING, Fault, Messages, Reading

GROUP_BYTES: Final = 1024 * 1024
GROUP_MESSAGES: Final = 1000
"""What is handed on as one batch, at most; a larger message goes alone."""
_FIRST_WAIT, _LONGEST_WAIT = 0.1, 10.0

T = TypeVar("T")


class Partition:
    """The messages of one partition that this process has and that are not safe yet."""

    def __init__(self, topic: str, number: int, messages: Messages, consume: Consume, host: Host) -> None:
        self.offset: int | None = None
        """Where whoever comes next has to begin: behind the last message that is safe. None before there was one."""
        self.held = 0
        """Bytes of its messages in memory."""
        self._topic = topic
        self._number = number
        self._messages = messages
        self._consume = consume
        self._host = host
        self._work: asyncio.Task[None] | None = None

    @property
    def busy(self) -> bool:
        """Whether there are messages that are not safe yet. Raises what went wrong with the last, if anything."""
        if self._work is None:
            return False
        if self._work.done():
            self._work.result()
            return False
        return True

    def take(self, records: Sequence[Any], done: Callable[[], None]) -> None:
        """Begin with messages, the ones before being safe; `done` is called when all of them are."""
        self.held = sum(map(_size, records))
        self._work = asyncio.create_task(self._take_all(records))
        self._work.add_done_callback(lambda work: None if work.cancelled() or work.exception() else done())

    async def stop(self, grace: float) -> None:
        """Give what is under way some seconds to end; what is not safe then will be read again."""
        if self._work is not None:
            await asyncio.wait([self._work], timeout=grace)
            self._work.cancel()
            await asyncio.wait([self._work])

    async def _take_all(self, records: Sequence[Any]) -> None:
        for group in _groups(records):
            await self._take(group)
            self.offset = group[-1].offset + 1
            self.held -= sum(map(_size, group))

    async def _take(self, group: Sequence[Any]) -> None:
        """See messages safe: with the pipelines, or in the dead-letter store."""
        try:
            faults = await self._insist(partial(self._hand_on, group))
        except Rejected as rejected:
            if len(group) > 1:  # whose fault it is shows when each goes alone
                for record in group:
                    await self._take([record])
                return
            faults = [(group[0], Fault(rejected.reason, str(rejected), group[0].value or b""))]
        if faults:
            await self._insist(partial(self._set_aside, faults))

    async def _hand_on(self, group: Sequence[Any]) -> Sequence[tuple[Any, Fault]]:
        """Hand messages on as one batch; return what can't be read of them. Raises `Busy` and `Rejected`."""
        size = sum(map(_size, group))
        compressed = any(name.lower() == CONTENT_ENCODING for record in group for name, _ in record.headers)
        async with self._host.admission.lease(declared_cost(size, compressed=compressed)):
            reading = self._messages.begin(time.time_ns())
            batches, faults = await offload(partial(self._read, group, reading), size)
            for batch in batches:
                await self._consume(batch)
        signal, host = self._messages.signal, self._host
        host.metrics.add(catalogue.RECEIVER_BYTES, size, receiver=host.id, form="wire")
        if reading.rejected:
            host.metrics.add(catalogue.RECEIVER_FAILED[signal], reading.rejected, receiver=host.id, reason="malformed")
        json_logs.count(reading.normaliser, host.metrics)
        return faults

    def _read(self, group: Sequence[Any], reading: Reading) -> tuple[Sequence[Batch], Sequence[tuple[Any, Fault]]]:
        """Return batches, one where a pipeline stores as many items in one, and what can't be read."""
        faults = [(record, fault) for record in group for fault in reading.add(record.value or b"", record.headers)]
        context = Context(self._host.id, "kafka", reading.normaliser.now)
        batches = [Batch(payload, self._messages.signal, items, context) for payload, items in reading.parts()]
        return [merge(batches)] if batches and sum(batch.items for batch in batches) <= MAX_ITEMS else batches, faults

    async def _set_aside(self, faults: Sequence[tuple[Any, Fault]]) -> None:
        """Leave a dead letter of each fault, without the text: it was not redacted. Raises `Busy`."""
        host, signal = self._host, self._messages.signal
        letters = [
            DeadLetter(
                signal=signal,
                stage="receiver",
                component=host.id,
                reason=fault.reason,
                message=f"topic {self._topic}, partition {self._number}, offset {record.offset}: {fault.error}",
                items=1,
                bytes=len(fault.raw),
                sha256=hashlib.sha256(fault.raw).hexdigest(),
                first_seen=time.time_ns(),
            )
            for record, fault in faults
        ]
        await host.dead_letters.add(*letters)
        for letter in letters:
            host.metrics.add(catalogue.RECEIVER_FAILED[signal], receiver=host.id, reason=letter.reason)
        host.log.warning(
            "messages can't be taken; the dead letters say which",
            receiver=host.id,
            topic=self._topic,
            partition=self._number,
            offset=faults[0][0].offset,
            messages=len(letters),
        )

    async def _insist(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Try until it was done or rejected: whatever else goes wrong must not cost a message."""
        failures = 0
        while True:
            try:
                return await attempt()
            except Rejected:
                raise
            except Busy as busy:
                least = busy.retry_after or 0.0
            except Exception as error:
                least = 1.0
                self._host.log.error("a message was not taken", receiver=self._host.id, error=type(error).__name__)
            failures += 1
            wait = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(failures, 10))
            await asyncio.sleep(max(least, wait * random.uniform(0.5, 1.0)))  # noqa: S311  # it spreads load, it hides nothing


def _size(record: Any) -> int:
    return len(record.value or b"")


def _groups(records: Sequence[Any]) -> Iterator[Sequence[Any]]:
    begin = size = 0
    for index, record in enumerate(records):
        size += _size(record)
        if index > begin and (size > GROUP_BYTES or index - begin >= GROUP_MESSAGES):
            yield records[begin:index]
            begin, size = index, _size(record)
    if begin < len(records):
        yield records[begin:]
