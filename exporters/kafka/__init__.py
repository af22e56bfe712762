"""Send logs, traces and metrics to topics of a Kafka that others read.

    exporters:
      kafka:
        brokers: [kafka-1:9092, kafka-2:9092]
        logs: {topic: shop.logs, encoding: json_logs}
        traces: {topic: otlp_spans}
        producer: {compression: lz4}

A message goes to the partition that its trace id points to (without one, its resource), so a trace stays in order. It counts as
sent when all in-sync replicas have it, and is written once whatever is sent again. Headers `encoding` and `content-type` say
how it is written. Topics are not made here: one that is not there sends its data to the dead letters, or waits for it.
"""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Final, Literal

from aiokafka.errors import KafkaError, MessageSizeTooLargeError, UnknownTopicOrPartitionError
from msgspec import Meta

from exporters.kafka.objects import log_object
from exporters.kafka.producer import Delivery, Message, Producer
from pipeline import Batch, Busy, ConfigError, Exporter, Rejected, Request, wire
from pipeline.net.kafka import check_tls, connection, meaning
from pipeline.offload import offload
from pipeline.settings import ClientTls, KafkaLogin, QueuedExporter, Settings, about
from pipeline.types import Secret, Signal, Size
from pipeline.wire.model import LogRecord

_CONTENT_TYPES: Final[Mapping[str, bytes]] = {
    "otlp_proto": b"application/x-protobuf",
    "otlp_json": b"application/json",
    "json_logs": b"application/json",
}
_OVERHEAD: Final = 1024
"""What a message may take beside its value, generously."""
_BATCH_BYTES: Final = 256 * 1024
"""Of messages to one partition that go out together."""

Topic = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{1,249}$", description="Topic to write to.")]


class Otlp(Settings, frozen=True, kw_only=True):
    """Where traces go, or metrics."""

    topic: Topic
    encoding: Annotated[Literal["otlp_proto", "otlp_json"], about("How messages are written.")] = "otlp_proto"


class Logs(Settings, frozen=True, kw_only=True):
    """Where logs go."""

    topic: Topic = "otlp_logs"
    encoding: Annotated[
        Literal["otlp_proto", "otlp_json", "json_logs"],
        about("How messages are written; `json_logs` is one flat JSON object a record, one record a message."),
    ] = "otlp_proto"


class ProducerSettings(Settings, frozen=True, kw_only=True):
    """How messages are written to the brokers."""

    compression: Annotated[Literal["none", "gzip", "snappy", "lz4", "zstd"], about("How batches of messages are compressed.")] = (
        "none"
    )
    max_message_bytes: Annotated[
        Size, Meta(ge=10_000), about("Largest message sent, before compression; not above the brokers' `message.max.bytes`.")
    ] = 1_000_000


class Auth(Settings, frozen=True, kw_only=True):
    """How we show who we are."""

    sasl: Annotated[KafkaLogin | None, about("Log in to the brokers.")] = None


class Config(QueuedExporter, frozen=True, kw_only=True):
    """Settings of `kafka`."""

    brokers: Annotated[
        Annotated[tuple[str, ...], Meta(min_length=1)], about("`host:port` of brokers to begin with; they name the others.")
    ] = ("localhost:9092",)
    logs: Annotated[Logs, about("Where logs go.")] = Logs()
    traces: Annotated[Otlp, about("Where traces go.")] = Otlp(topic="otlp_spans")
    metrics: Annotated[Otlp, about("Where metrics go.")] = Otlp(topic="otlp_metrics")
    producer: Annotated[ProducerSettings, about("How messages are written to the brokers.")] = ProducerSettings()
    on_unknown_topic: Annotated[
        Literal["dead_letter", "retry"], about("What becomes of data whose topic is not there: `retry` keeps it until it is.")
    ] = "dead_letter"
    headers: Annotated[Mapping[str, Secret], about("Sent with each message; values never print.", allow_yaml=True)] = {}
    client_id: Annotated[str, about("How the brokers' logs call us.")] = "sluice"
    tls: Annotated[ClientTls | None, about("How the brokers are verified; without it nothing is encrypted.")] = None
    auth: Annotated[Auth, about("How we show who we are.")] = Auth()

    def __post_init__(self) -> None:
        """Refuse what can't work."""
        check_tls(self.tls)


class Kafka(Exporter):
    """The exporter."""

    max_bytes = 512 * 1024  # with one partition that is one message, and JSON takes more room

    def __init__(self, config: Config) -> None:
        self._config = config
        self._ways: Mapping[Signal, Logs | Otlp] = {"logs": config.logs, "traces": config.traces, "metrics": config.metrics}

    def encode(self, batch: Batch) -> Sequence[Request]:
        """Return the batch as one request; it becomes messages once the partitions are known."""
        if not batch.items:
            return []
        return [Request(batch.payload, batch, batch.items, len(batch.payload), parts=Delivery())]

    async def send(self, request: Request) -> None:
        """Send the messages of one request, and see them confirmed by all in-sync replicas (delivery contract §7)."""
        signal = request.batch.signal
        delivery: Delivery = request.parts
        way = self._ways[signal]
        try:
            async with asyncio.timeout(self._config.timeout):
                producer = self.host.clients.client(self.host.id, self._config, _producer)
                if delivery.way != way:
                    partitions = await producer.partitions(way.topic)
                    divide = partial(_messages, request.batch.payload, signal, way.encoding, partitions)
                    messages = self._checked(await offload(divide, len(request.batch.payload)))
                    delivery.way, delivery.messages, delivery.under_way = way, messages, {}
                await producer.deliver(way.topic, delivery, self._headers(way))
        except UnknownTopicOrPartitionError as error:
            if self._config.on_unknown_topic == "retry":
                raise meaning(error) from None
            raise Rejected("unroutable", f"there is no topic {way.topic}", code=type(error).__name__) from None
        except ConfigError as error:
            raise Busy(f"{'.'.join(map(str, error.path))}: {error}", code="settings") from None
        except (KafkaError, OSError, TimeoutError) as error:
            raise meaning(error) from None

    def _headers(self, way: Logs | Otlp) -> Sequence[tuple[str, bytes]]:
        own = [("content-type", _CONTENT_TYPES[way.encoding]), ("encoding", way.encoding.encode())]
        return own + [(name, value.reveal().encode()) for name, value in self._config.headers.items()]

    def _checked(self, messages: Sequence[Message]) -> Sequence[Message]:
        """Return messages that the brokers may take. Raises `MessageSizeTooLargeError` before any of them was sent."""
        room = self._config.producer.max_message_bytes - _OVERHEAD
        if any(len(message.value) > room for message in messages):
            raise MessageSizeTooLargeError
        return messages


def _producer(config: Config) -> Producer:
    return Producer(
        {
            **connection(config.brokers, config.tls, config.auth.sasl, client_id=config.client_id),
            "compression_type": None if config.producer.compression == "none" else config.producer.compression,
            "max_request_size": config.producer.max_message_bytes,
            "max_batch_size": min(config.producer.max_message_bytes, _BATCH_BYTES),
            "request_timeout_ms": round(config.timeout * 1000),
        },
        patience=config.timeout / 2,
    )


def _messages(payload: bytes, signal: Signal, encoding: str, partitions: int) -> Sequence[Message]:
    """Return the messages of a payload: one a partition, or one a record."""
    return [
        Message(number, value)
        for number, part in enumerate(wire.partition(payload, signal, partitions))
        if part is not None
        for value in _values(part, signal, encoding)
    ]


def _values(payload: bytes, signal: Signal, encoding: str) -> Sequence[bytes]:
    match encoding:
        case "otlp_json":
            return [wire.to_json(payload, signal, wire.OTLP)]
        case "json_logs":
            return [log_object(record) for record in wire.records(payload, signal) if isinstance(record, LogRecord)]
        case _:
            return [payload]
