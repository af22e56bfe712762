"""The topics of a Kafka journal: what they are called, and whether they keep what they are meant to keep."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import structlog
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaConnectionError, KafkaError, TopicAlreadyExistsError, for_code
from msgspec import Struct

from pipeline.journal import CursorSpec, JournalError
from pipeline.net.kafka import cause, meaning
from pipeline.settings import JournalSettings

START_SECONDS: Final = 20.0
"""How long a start waits for a broker."""
RETRY_SECONDS: Final = 0.5
CLOSE_SECONDS: Final = 0.5
"""How long each step of a close waits for one, two at most: a stop has 2 s for all that comes after draining (§10.1)."""
BUDGET: Final = 1024 * 1024 * 1024
"""Bytes that an exporter may be behind where its queue names none (delivery contract §4)."""
_SAFE_REPLICAS: Final = 2

_log = structlog.get_logger("journal")


class Topic(Struct, frozen=True):
    """A topic as its brokers tell it."""

    name: str
    partitions: int
    replicas: int
    max_message_bytes: int
    min_in_sync: int
    retention_ms: int
    """-1: messages go by size only."""
    retention_bytes: int
    """Of each partition; -1: messages go by age only."""
    compacted: bool


def topic_of(prefix: str, lane: str) -> str:
    """Return the name of a lane's topic: `logs/audit` is `<prefix>.logs.audit`."""
    return f"{prefix}.{re.sub(r'[^A-Za-z0-9._-]', '.', lane)}"


def dead_letter_topic(prefix: str) -> str:
    """Return the name of the topic for messages that are no batches."""
    return f"{prefix}.dlq"


async def check_topics(
    settings: JournalSettings, connection: Mapping[str, Any], lanes: Mapping[str, Sequence[CursorSpec]]
) -> tuple[Mapping[str, Topic], Topic]:
    """Return each lane's topic and the one of dead letters, made where missing if `create` is set; warn of what may lose.

    Raises `JournalError`.
    """
    names = {lane: topic_of(settings.topic, lane) for lane in lanes}
    try:
        async with asyncio.timeout(START_SECONDS):
            while (found := await _asked(settings, connection, [*names.values(), dead_letter_topic(settings.topic)])) is None:
                await asyncio.sleep(RETRY_SECONDS)
    except TimeoutError:
        brokers, why = ", ".join(settings.brokers), await _why(connection)
        raise JournalError(
            f"no broker of {brokers} answered in {START_SECONDS:.0f} s{why}; service.journal.brokers names them"
        ) from None
    except KafkaError as error:
        raise JournalError(f"the brokers refuse us ({type(error).__name__}); see service.journal") from error
    for lane, name in names.items():
        _judge(found[name], lanes[lane])
    return {lane: found[name] for lane, name in names.items()}, found[dead_letter_topic(settings.topic)]


async def _asked(settings: JournalSettings, connection: Mapping[str, Any], names: Sequence[str]) -> Mapping[str, Topic] | None:
    """Return the topics; None when the broker went away in between."""
    admin = await _connected(connection)
    try:
        return await _described(admin, settings, names)
    except KafkaError as error:
        if not error.retriable:
            raise
        return None
    finally:
        await admin.close()


async def _why(connection: Mapping[str, Any]) -> str:
    """Return what is wrong with the TLS or the login, in brackets; empty when it is neither."""
    with suppress(TimeoutError):
        async with asyncio.timeout(START_SECONDS):
            error = await cause(KafkaConnectionError(), connection)
            return "" if isinstance(error, KafkaConnectionError) else f" ({meaning(error)})"
    return ""


async def _connected(connection: Mapping[str, Any]) -> AIOKafkaAdminClient:
    while True:
        admin = AIOKafkaAdminClient(**connection)
        try:
            await admin.start()
            return admin
        except (KafkaError, OSError):
            await admin.close()
            await asyncio.sleep(RETRY_SECONDS)
        except BaseException:
            await admin.close()
            raise


async def _described(admin: AIOKafkaAdminClient, settings: JournalSettings, names: Sequence[str]) -> Mapping[str, Topic]:
    known = await _partitions(admin)
    missing = [name for name in names if name not in known]
    if missing and not settings.create:
        raise JournalError(f"there is no topic {', '.join(missing)}: create it, or set service.journal.create")
    if missing:
        await _create(admin, settings, missing)
        while not (known := await _partitions(admin)).keys() >= set(names):
            await asyncio.sleep(0.1)
    answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in names])
    topics = {}
    for answer in answers:
        for code, _, _, name, entries in answer.resources:
            if code:
                raise for_code(code)
            topics[name] = _topic(name, known[name], {entry[0]: entry[1] for entry in entries})
    return topics


async def _partitions(admin: AIOKafkaAdminClient) -> Mapping[str, Sequence[Any]]:
    """Return the partitions of every topic. All are asked for, since a broker may create a topic that is asked for by name."""
    return {topic["topic"]: topic["partitions"] for topic in await admin.describe_topics() if not topic["error_code"]}


async def _create(admin: AIOKafkaAdminClient, settings: JournalSettings, names: Sequence[str]) -> None:
    replicas = settings.replication_factor
    configs = {"min.insync.replicas": str(min(_SAFE_REPLICAS, replicas))}
    count = {dead_letter_topic(settings.topic): 1}
    topics = [NewTopic(name, count.get(name, settings.partitions), replicas, topic_configs=configs) for name in names]
    answer = await admin.create_topics(topics)
    for name, code, *_ in answer.topic_errors:
        error = for_code(code)
        if code and error is not TopicAlreadyExistsError:
            raise JournalError(f"the topic {name} can't be created: {error.message}; see service.journal")


def _topic(name: str, partitions: Sequence[Any], config: Mapping[str, str]) -> Topic:
    return Topic(
        name,
        len(partitions),
        min(len(partition["replicas"]) for partition in partitions),
        int(config["max.message.bytes"]),
        int(config["min.insync.replicas"]),
        int(config["retention.ms"]),
        int(config["retention.bytes"]),
        "compact" in config["cleanup.policy"],
    )


def _judge(topic: Topic, cursors: Sequence[CursorSpec]) -> None:
    """Refuse a topic that can't serve, and warn of one that may lose what was acknowledged."""
    if topic.compacted:
        raise JournalError(
            f"the topic {topic.name} is compacted, which deletes what has no key: set its cleanup.policy to delete"
        )
    if topic.min_in_sync > topic.replicas:
        raise JournalError(
            f"the topic {topic.name} has {topic.replicas} replicas and takes nothing with fewer than {topic.min_in_sync} in "
            "sync: lower its min.insync.replicas, or give it more replicas"
        )
    if topic.min_in_sync < _SAFE_REPLICAS:
        _log.warning(
            "a topic acknowledges what only one broker has",
            topic=topic.name,
            replicas=topic.replicas,
            min_insync_replicas=topic.min_in_sync,
        )
    budget = max((BUDGET if spec.queue.max_bytes is None else spec.queue.max_bytes for spec in cursors), default=0)
    if 0 <= topic.retention_bytes * topic.partitions < budget:
        kept = topic.retention_bytes * topic.partitions
        _log.warning("a topic keeps fewer bytes than an exporter may be behind", topic=topic.name, keeps=kept, budget=budget)
    age = max((spec.queue.max_age or 0.0 for spec in cursors), default=0.0)
    if 0 <= topic.retention_ms < age * 1000:
        kept = topic.retention_ms // 1000
        _log.warning(
            "a topic keeps messages for less time than an exporter may be behind", topic=topic.name, keeps=kept, budget=age
        )
