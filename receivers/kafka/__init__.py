"""Receive logs, traces and metrics from topics of a Kafka that others own.

    receivers:
      kafka:
        brokers: [kafka-1:9092, kafka-2:9092]
        group_id: sluice-shop
        logs: {topics: [shop.logs], encoding: json_logs}
        traces: {topics: [otlp_spans]}

A message's header `encoding` (`otlp_proto`, `otlp_json`, `json_logs`, `text`), else its `content-type`
(`application/x-protobuf`, `application/json`, `application/x-ndjson`, `text/plain`), says how it is written; without them the
settings do. An offset is committed once its message is safe, so a crash costs duplicates and never a message. What can't be read
leaves a dead letter with its topic, partition and offset, and the rest goes on.
"""

import asyncio
import random
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Final, Literal

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from msgspec import Meta

from pipeline import ConfigError, Consume, Receiver
from pipeline.json_logs import Options
from pipeline.net.kafka import cause, check_tls, connection, meaning
from pipeline.settings import ClientTls, KafkaLogin, Settings, about
from pipeline.types import Duration, Size
from receivers.kafka.messages import Messages
from receivers.kafka.partition import Partition
from receivers.kafka.session import Session

_FETCH_BYTES: Final = 16 * 1024 * 1024
_LONGEST_WAIT: Final = 30.0

Topics = Annotated[tuple[str, ...], about("Topics to read.")]


class Otlp(Settings, frozen=True, kw_only=True):
    """Topics of traces, or of metrics."""

    topics: Topics
    encoding: Annotated[Literal["otlp_proto", "otlp_json"], about("How messages are written that do not say it.")] = "otlp_proto"


class Logs(Settings, frozen=True, kw_only=True):
    """Topics of logs."""

    topics: Topics = ("otlp_logs",)
    encoding: Annotated[
        Literal["otlp_proto", "otlp_json", "json_logs", "text"],
        about(
            "How messages are written that do not say it: `json_logs` is what loggers write, one object or several; `text` is "
            "one record a message."
        ),
    ] = "otlp_proto"
    service_name: Annotated[str, about("`json_logs` and `text`: service of records that name none.")] = ""
    max_line_size: Annotated[Size, about("`json_logs`: longest object taken.")] = 1024 * 1024


class Auth(Settings, frozen=True, kw_only=True):
    """How we show who we are."""

    sasl: Annotated[KafkaLogin | None, about("Log in to the brokers.")] = None


class Config(Settings, frozen=True, kw_only=True):
    """Settings of `kafka`."""

    brokers: Annotated[
        Annotated[tuple[str, ...], Meta(min_length=1)], about("`host:port` of brokers to begin with; they name the others.")
    ] = ("localhost:9092",)
    logs: Annotated[Logs, about("Topics of logs.")] = Logs()
    traces: Annotated[Otlp, about("Topics of traces.")] = Otlp(topics=("otlp_spans",))
    metrics: Annotated[Otlp, about("Topics of metrics.")] = Otlp(topics=("otlp_metrics",))
    group_id: Annotated[Annotated[str, Meta(min_length=1)], about("Consumer group: its members share the partitions.")] = "sluice"
    group_instance_id: Annotated[
        str | None, about("Name of this member, the same after a restart, so that a restart moves no partitions.")
    ] = None
    client_id: Annotated[str, about("How the brokers' logs call us.")] = "sluice"
    initial_offset: Annotated[
        Literal["latest", "earliest"], about("Where a group begins that has read nothing yet: at the end, or with all there is.")
    ] = "latest"
    session_timeout: Annotated[Duration, Meta(gt=0), about("A member that is silent for so long has left the group.")] = 10.0
    max_fetch_size: Annotated[
        Size, Meta(gt=0), about("Most bytes taken from a partition at a time, compressed; a larger message comes alone.")
    ] = 1024 * 1024
    tls: Annotated[ClientTls | None, about("How the brokers are verified; without it nothing is encrypted.")] = None
    auth: Annotated[Auth, about("How we show who we are.")] = Auth()

    def __post_init__(self) -> None:
        """Refuse what can't work: a topic of two signals, for one."""
        check_tls(self.tls)
        sources = {"logs": self.logs.topics, "traces": self.traces.topics, "metrics": self.metrics.topics}
        seen: dict[str, str] = {}
        for signal, topics in sources.items():
            for index, topic in enumerate(topics):
                if topic in seen:
                    label = f"it is among those of {seen[topic]} already"
                    raise ConfigError("E111", "a topic holds one signal", path=(signal, "topics", index), label=label)
                seen[topic] = signal


class Kafka(Receiver):
    """The receiver."""

    def __init__(self, config: Config) -> None:
        logs = config.logs
        self._config = config
        messages = partial(Messages, options=Options(service_name=logs.service_name), max_line=logs.max_line_size)
        self._messages: Mapping[str, Messages] = {
            **{topic: messages("logs", logs.encoding) for topic in logs.topics},
            **{topic: messages("traces", config.traces.encoding) for topic in config.traces.topics},
            **{topic: messages("metrics", config.metrics.encoding) for topic in config.metrics.topics},
        }

    async def run(self, consume: Consume) -> None:
        """Read until cancelled. Brokers that are away are no fault of ours: it goes on when they are back."""
        config, host = self._config, self.host
        arguments = connection(config.brokers, config.tls, config.auth.sasl, client_id=config.client_id)
        topics = [topic for topic, messages in self._messages.items() if messages.signal in host.signals]
        host.started()
        failures = 0
        while True:
            consumer = AIOKafkaConsumer(
                **arguments,
                group_id=config.group_id,
                group_instance_id=config.group_instance_id,
                enable_auto_commit=False,
                auto_offset_reset=config.initial_offset,
                session_timeout_ms=round(config.session_timeout * 1000),
                heartbeat_interval_ms=round(config.session_timeout * 1000 / 3),
                rebalance_timeout_ms=30_000,
                max_partition_fetch_bytes=config.max_fetch_size,
                fetch_max_bytes=max(_FETCH_BYTES, config.max_fetch_size),
                request_timeout_ms=max(10_000, round(config.session_timeout * 1000) + 1000),
            )
            session = Session(consumer, topics, partial(self._partition, consume), host)
            try:
                await session.run()
            except (KafkaError, OSError, TimeoutError, ValueError) as error:
                failures = 1 if session.joined else failures + 1
                why = await cause(error, arguments)
                host.log.warning("nothing comes from Kafka", receiver=host.id, error=str(meaning(why)), code=type(why).__name__)
            wait = min(_LONGEST_WAIT, 2.0**failures)
            await asyncio.sleep(wait * random.uniform(0.5, 1.0))  # noqa: S311  # it spreads load, it hides nothing

    def _partition(self, consume: Consume, topic: str, number: int) -> Partition:
        return Partition(topic, number, self._messages[topic], consume, self.host)
