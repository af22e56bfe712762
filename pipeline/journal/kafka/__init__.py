"""The journal of a fleet: lanes are Kafka topics, cursors are consumer groups (delivery contract §10.2).

    service:
      journal:
        type: kafka
        brokers: [kafka-1:9092, kafka-2:9092]
        role: both

A client is answered when every in-sync replica has what it sent. Nodes with the role `ingest` receive, process and append, nodes
with the role `export` read and send; the configuration is the same on all.
"""

import asyncio
import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import ClassVar, Final

import structlog
from aiokafka.errors import KafkaError

from pipeline.batch import Batch
from pipeline.errors import Busy, ConfigError
from pipeline.journal import Backlog, Cursor, CursorSpec, Entry, Health, Journal, JournalError, OnOverflow
from pipeline.journal.directory import journal_directory, prepare
from pipeline.journal.kafka.append import Appender
from pipeline.journal.kafka.burial import Burial
from pipeline.journal.kafka.producer import Producer
from pipeline.journal.kafka.reader import GroupReader
from pipeline.journal.kafka.topics import Topic, check_topics
from pipeline.journal.letter import DeadLetter
from pipeline.net.kafka import check_tls, connection
from pipeline.settings import JournalSettings, signal_of
from pipeline.telemetry.metrics import Metrics

PENDING_BYTES: Final = 64 * 1024 * 1024
"""OTLP bytes that wait for the brokers, at most, whether their clients still wait or not."""

_log = structlog.get_logger("journal")


class KafkaJournal(Journal):
    """Lanes in topics. The directory holds the dead letters and the admin socket of this node."""

    durable: ClassVar[bool] = True

    def __init__(
        self, settings: JournalSettings, lanes: Mapping[str, Sequence[CursorSpec]], metrics: Metrics, on_overflow: OnOverflow
    ) -> None:
        self._settings = settings
        self._specs = lanes
        self._metrics = metrics
        self._on_overflow = on_overflow
        self._topics: dict[str, Topic] = {}
        self._appenders: dict[str, Appender] = {}
        self._readers: dict[Cursor, GroupReader] = {}
        self._leaving: dict[Cursor, GroupReader] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._too_large: dict[Cursor, int] = {}
        """Items that were dead-lettered before any exporter could read them."""
        self._running = self._stalled = False
        self._told = 0

    # ---- opening and closing ----

    async def open(self) -> None:
        """Check the topics, connect, and join the groups. Raises `JournalError`."""
        with ExitStack() as resources:
            directory = journal_directory(self._settings.dir)
            lock = await asyncio.to_thread(prepare, directory, allow_network_fs=self._settings.allow_network_fs)
            resources.callback(os.close, lock)
            self.directory = directory
            try:
                check_tls(self._settings.tls)
                self._connection = connection(self._settings.brokers, self._settings.tls, self._settings.sasl)
            except ConfigError as error:
                raise JournalError(f"service.journal.{'.'.join(map(str, error.path))}: {error}") from error
            topics, dead_letters = await check_topics(self._settings, self._connection, self._specs)
            self._topics.update(topics)
            most = min(topic.max_message_bytes for topic in (*topics.values(), dead_letters))
            self._producer = Producer(self._connection, most)
            try:
                await self._producer.open()
            except (KafkaError, OSError) as error:
                raise JournalError(f"no broker takes messages ({type(error).__name__}); see service.journal.brokers") from error
            self._burial = Burial(dead_letters, self._producer, self._metrics)
            self._resources = resources.pop_all()
        self._running = True
        self._take_up(self._specs)

    async def aclose(self) -> None:
        """Answer those who wait, commit, and leave the groups; without brokers, just go."""
        if not self._running:
            return
        self._running = False
        readers = [*self._readers.values(), *self._leaving.values()]
        await asyncio.gather(*(appender.aclose() for appender in self._appenders.values()))
        await asyncio.gather(*(reader.aclose() for reader in readers), *self._closing, self._producer.aclose())
        self._resources.close()

    def _take_up(self, lanes: Mapping[str, Sequence[CursorSpec]]) -> None:
        settings = self._settings
        for name, specs in lanes.items():
            topic = self._topics[name]
            if name not in self._appenders:
                self._appenders[name] = Appender(name, topic, self._producer, settings, self._lay_aside, self._metrics)
            for spec in specs:
                cursor = Cursor(name, spec.exporter)
                if (leaving := self._leaving.pop(cursor, None)) is not None:
                    leaving.resume()
                    self._readers[cursor] = leaving
                elif cursor not in self._readers:
                    self._readers[cursor] = GroupReader(
                        cursor,
                        topic,
                        settings.group,
                        settings.instance,
                        spec.queue,
                        self._connection,
                        self._burial,
                        self._metrics,
                    )
                    if settings.role != "ingest":
                        self._readers[cursor].start()

    def topic(self, lane: str) -> str:
        """Return the name of a lane's topic."""
        return self._topics[lane].name

    # ---- appending ----

    async def append(self, batches: Sequence[tuple[str, Batch]]) -> None:
        """Send batches to their topics; return when the in-sync replicas of every partition concerned have them."""
        if not self._running:
            raise Busy("stopping", 1.0, code="stopping")
        for name, batch in batches:
            if batch.signal != signal_of(name):
                raise ValueError(f"lane {name} takes {signal_of(name)}, not {batch.signal}")
        size = sum(len(batch.payload) for _, batch in batches)
        if self._is_stalled() or self._pending() + size > max(PENDING_BYTES, size):
            raise Busy("the brokers do not take messages", 1.0, code="journal_failed")
        waits = [self._appenders[name].put(batch) for name, batch in batches if self._specs[name]]
        try:
            async with asyncio.timeout(self._settings.ack_timeout):
                await asyncio.gather(*waits)
        except TimeoutError:
            if not self._stalled:
                _log.warning("the brokers do not acknowledge: clients are answered Busy", seconds=self._settings.ack_timeout)
            self._stalled, self._told = True, self._acknowledged()
            raise Busy("the brokers did not acknowledge in time", 1.0, code="ack_timeout") from None

    def _is_stalled(self) -> bool:
        """Return whether nothing was acknowledged since an append waited in vain."""
        if self._stalled and (self._acknowledged() != self._told or not self._pending()):
            self._stalled = False
            _log.info("the brokers acknowledge again")
        return self._stalled

    def _acknowledged(self) -> int:
        return sum(appender.acknowledged for appender in self._appenders.values())

    def _pending(self) -> int:
        return sum(appender.pending for appender in self._appenders.values())

    async def _lay_aside(self, lane: str, batches: Sequence[Batch]) -> None:
        """Dead-letter items that no message can hold, once for each exporter that would have had them."""
        for spec in self._specs[lane]:
            cursor = Cursor(lane, spec.exporter)
            await self._on_overflow(cursor, [Entry(0, batch) for batch in batches], "too_large")
            self._too_large[cursor] = self._too_large.get(cursor, 0) + sum(batch.items for batch in batches)

    async def set_aside(self, letter: DeadLetter) -> None:
        """Copy a dead letter to the dead-letter topic: this node's own store goes with its disk. Raises `Busy`."""
        await self._burial.keep(letter, self.topic(letter.pipeline) if letter.pipeline in self._topics else "")

    # ---- reading ----

    async def read(self, cursor: Cursor, max_bytes: int) -> Sequence[Entry]:
        """Return the next entries of the partitions that this node has."""
        return await self._reader(cursor).read(max_bytes)

    def settle(self, cursor: Cursor, positions: Sequence[int]) -> None:
        """Be done with entries, in any order."""
        self._reader(cursor).settle(positions)

    def rewind(self, cursor: Cursor) -> None:
        """Give again what was read and not settled."""
        self._reader(cursor).rewind()

    def drain(self) -> None:
        """Take nothing more from the topics."""
        for reader in self._readers.values():
            reader.drain()

    def _reader(self, cursor: Cursor) -> GroupReader:
        return self._readers.get(cursor) or self._leaving[cursor]

    # ---- another configuration ----

    async def prepare(self, lanes: Mapping[str, Sequence[CursorSpec]]) -> None:
        """Check the topics of another configuration."""
        new = {name: specs for name, specs in lanes.items() if name not in self._topics}
        if new:
            topics, _ = await check_topics(self._settings, self._connection, new)
            for topic in topics.values():
                if topic.max_message_bytes < self._producer.max_message_bytes:
                    raise JournalError(
                        f"the topic {topic.name} takes smaller messages than those that were there at the start: restart"
                    )
            self._topics.update(topics)

    def reconfigure(self, lanes: Mapping[str, Sequence[CursorSpec]]) -> None:
        """Join the groups of new cursors; those that are gone take nothing more. What they left stays in their topic."""
        self._take_up(lanes)
        named = {Cursor(name, spec.exporter) for name, specs in lanes.items() for spec in specs}
        for cursor in self._readers.keys() - named:
            self._leaving[cursor] = self._readers.pop(cursor)
            self._leaving[cursor].drain()
        self._specs = lanes

    def release(self, cursor: Cursor) -> None:
        """Leave the group of a cursor that is gone."""
        closing = asyncio.ensure_future(self._leaving.pop(cursor).aclose())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    def backlog(self, cursor: Cursor) -> Backlog:
        """Return what this node holds of a cursor; what waits in the topic belongs to no node yet."""
        backlog = self._reader(cursor).backlog()
        aside = self._too_large.get(cursor, 0)
        return (
            backlog
            if not aside
            else Backlog(
                backlog.signal,
                backlog.bytes,
                backlog.batches,
                backlog.items,
                backlog.oldest,
                backlog.resumed,
                backlog.accepted + aside,
                backlog.capacity,
            )
        )

    def cursors(self) -> Sequence[Cursor]:
        """Return the cursors of the configuration."""
        return list(self._readers)

    def orphans(self) -> Sequence[Cursor]:
        """Return the cursors whose exporter or pipeline is gone, until they are released."""
        return list(self._leaving)

    def health(self) -> Health:
        """Return whether the brokers take messages. When they don't, clients are told to try again, and it heals by itself."""
        if not self._running:
            return Health("unhealthy", "not open")
        if self._is_stalled():
            return Health("degraded", "no broker acknowledges", self._pending(), PENDING_BYTES)
        if any(reader.failing for reader in self._readers.values()):
            return Health("degraded", "the brokers do not answer", self._pending(), PENDING_BYTES)
        return Health("healthy", bytes=self._pending(), threshold=PENDING_BYTES)
