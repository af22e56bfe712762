"""What all that speaks Kafka shares: how its clients connect, and what their errors mean.

To import it is to import aiokafka: whatever can do without Kafka imports it late.
"""

import asyncio
import logging
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from aiokafka import AIOKafkaProducer, errors
from aiokafka.conn import collect_hosts, create_conn

from pipeline.errors import Busy, ConfigError, Rejected, TooLarge, Unauthorized
from pipeline.net.tls import client_context
from pipeline.settings import ClientTls, KafkaLogin

# While a broker is away each client says so ten times a second. What it means is for those to tell who use one.
logging.getLogger("aiokafka").setLevel(logging.CRITICAL)

_TOO_LARGE: Final = (errors.MessageSizeTooLargeError, errors.RecordListTooLargeError, errors.RecordTooLargeError)
_CREDENTIAL: Final = (
    errors.AuthenticationFailedError,
    errors.AuthenticationMethodNotSupported,
    errors.ClusterAuthorizationFailedError,
    errors.GroupAuthorizationFailedError,
    errors.SaslAuthenticationFailed,
    errors.TopicAuthorizationFailedError,
    errors.UnsupportedSaslMechanismError,
)
_PERMANENT: Final = (
    errors.InvalidTimestampError,
    errors.InvalidTopicError,
    errors.PolicyViolationError,
    errors.UnsupportedCodecError,
    errors.UnsupportedForMessageFormatError,
)


_OF_A_CONNECTION: Final = frozenset(
    {
        "client_id",
        "request_timeout_ms",
        "security_protocol",
        "ssl_context",
        "sasl_mechanism",
        "sasl_plain_username",
        "sasl_plain_password",
    }
)


def connection(
    brokers: Sequence[str], tls: ClientTls | None, sasl: KafkaLogin | None, *, client_id: str = "sluice"
) -> Mapping[str, Any]:
    """Return the arguments about brokers and credentials that each of aiokafka's clients takes.

    Raises `ConfigError` for TLS files that can't be read or don't fit together; it reads them at each call.
    """
    arguments: dict[str, Any] = {"bootstrap_servers": list(brokers), "client_id": client_id}
    arguments["security_protocol"] = f"{'SASL_' if sasl else ''}{'SSL' if tls else 'PLAINTEXT'}"
    if tls is not None:
        arguments["ssl_context"] = client_context(tls)
    if sasl is not None:
        arguments["sasl_mechanism"] = sasl.mechanism
        arguments["sasl_plain_username"] = sasl.username
        arguments["sasl_plain_password"] = sasl.password.reveal()
    return arguments


async def cause(error: Exception, arguments: Mapping[str, Any]) -> Exception:
    """Return why no broker could be had, where that may be the TLS or the login: aiokafka tells it to the log alone.

    It connects once more to find out. Any other error is returned as it is.
    """
    if not isinstance(error, errors.KafkaConnectionError) or arguments["security_protocol"] == "PLAINTEXT":
        return error
    others = {name: value for name, value in arguments.items() if name in _OF_A_CONNECTION}
    for host, port, _ in collect_hosts(arguments["bootstrap_servers"]):
        try:
            found = await create_conn(host, port, **others)
        except (errors.KafkaError, OSError, ValueError) as why:  # ValueError: a server that fails to prove itself in SCRAM
            error = why
        else:
            found.close()
            break
    return error


def check_tls(tls: ClientTls | None) -> None:
    """Raise `ConfigError` for what can't be had with Kafka: brokers are known by the names that they tell."""
    if tls is not None and tls.server_name_override is not None:
        message = "brokers are verified by the names that they advertise"
        raise ConfigError("E111", message, path=("tls", "server_name_override"), label="leave it out")


async def start_producer(arguments: Mapping[str, Any], grace: float) -> AIOKafkaProducer:
    """Return a new idempotent producer, connected. Raises what aiokafka raises; then it was stopped, as `stop_producer` does.

    Messages count as sent when all in-sync replicas have them. Replace it when one has failed: its sequence has a gap from then
    on, and the broker refuses for good what comes behind it.
    """
    producer = AIOKafkaProducer(**arguments, acks="all", enable_idempotence=True)
    try:
        await producer.start()
    except BaseException:
        await stop_producer(producer, grace)
        raise
    return producer


async def stop_producer(producer: AIOKafkaProducer, grace: float) -> None:
    """Stop a producer within twice `grace` seconds, brokers there or not; what they have not confirmed by then has failed."""
    try:
        async with asyncio.timeout(grace):
            await producer.stop()
    except TimeoutError:
        await _abandon(producer, grace)


async def _abandon(producer: AIOKafkaProducer, grace: float) -> None:
    """End a producer that still has messages; an idempotent one would never give up by itself."""
    sender, waiting = producer._sender, producer._message_accumulator  # noqa: SLF001  # there is no other way
    with suppress(TimeoutError):
        async with asyncio.timeout(grace):
            await sender.close()
    batches = [batch for place in waiting._batches.values() for batch in place]  # noqa: SLF001
    waiting.fail_all(errors.ProducerClosed())
    for batch in batches:
        with suppress(errors.ProducerClosed):
            await batch.wait_drain()  # or its error would be reported as seen by nobody
    await producer.client.close()


def meaning(error: Exception) -> Busy | Rejected:
    """Return what an error of a Kafka client means to whoever wanted to send (delivery contract §7).

    `TooLarge` asks for smaller messages, `Unauthorized` for a better credential; whatever is not known to be for good is `Busy`.
    No text of the error goes on: it may name internal hosts.
    """
    code = type(error).__name__
    match error:
        case _ if isinstance(error, _TOO_LARGE):
            return TooLarge("the broker does not take messages of this size", code=code)
        case _ if isinstance(error, _CREDENTIAL):
            return Unauthorized("the broker refuses the credential, or what it may do", code=code)
        case _ if isinstance(error, _PERMANENT):
            return Rejected("rejected_4xx", "the broker refuses the message", code=code)
        case errors.UnknownTopicOrPartitionError():
            return Busy("there is no such topic", code=code)
        case errors.KafkaConnectionError() | errors.NoBrokersAvailable() | errors.NodeNotReadyError():
            return Busy("no connection to a broker", code="connect")
        case TimeoutError() | errors.KafkaTimeoutError() | errors.RequestTimedOutError():
            return Busy("the broker did not answer in time", code="timeout")
        case ssl.SSLError():
            return Busy("no TLS connection to a broker", code="tls")
        case OSError():
            return Busy("no connection to a broker", code="connect")
        case _:
            return Busy("the broker can't take the message now", code=code)
