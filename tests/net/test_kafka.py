"""What a Kafka client is told, and what its errors mean."""

import ssl
from pathlib import Path

import pytest
from aiokafka import errors

from pipeline import Busy, ConfigError, Rejected, TooLarge, Unauthorized
from pipeline.net.kafka import check_tls, connection, meaning
from pipeline.settings import ClientTls, KafkaLogin
from pipeline.types import Secret

LOGIN = KafkaLogin(username="us", password=Secret("pass" + "word"))


@pytest.mark.parametrize(
    ("tls", "sasl", "protocol"),
    [
        (None, None, "PLAINTEXT"),
        (ClientTls(), None, "SSL"),
        (None, LOGIN, "SASL_PLAINTEXT"),
        (ClientTls(), LOGIN, "SASL_SSL"),
    ],
)
def test_tls_and_login_decide_the_protocol(tls: ClientTls | None, sasl: KafkaLogin | None, protocol: str) -> None:
    told = connection(("a:9092", "b:9092"), tls, sasl)
    assert (told["bootstrap_servers"], told["security_protocol"]) == (["a:9092", "b:9092"], protocol)
    assert isinstance(told.get("ssl_context"), ssl.SSLContext) == (tls is not None)
    login = (told.get("sasl_mechanism"), told.get("sasl_plain_username"), told.get("sasl_plain_password"))
    assert login == (("SCRAM-SHA-512", "us", "pass" + "word") if sasl else (None, None, None))


def test_files_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        connection(("a:9092",), ClientTls(ca_file=str(tmp_path / "none.pem")), None)
    assert caught.value.path == ("tls", "ca_file")


def test_a_name_to_expect_can_not_be_had() -> None:
    check_tls(None)
    check_tls(ClientTls())
    with pytest.raises(ConfigError, match="advertise"):
        check_tls(ClientTls(server_name_override="broker"))


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (errors.MessageSizeTooLargeError(), TooLarge, "MessageSizeTooLargeError"),
        (errors.RecordListTooLargeError(), TooLarge, "RecordListTooLargeError"),
        (errors.TopicAuthorizationFailedError("orders"), Unauthorized, "TopicAuthorizationFailedError"),
        (errors.AuthenticationFailedError("us"), Unauthorized, "AuthenticationFailedError"),
        (errors.InvalidTopicError(), Rejected, "InvalidTopicError"),
        (errors.UnknownTopicOrPartitionError(), Busy, "UnknownTopicOrPartitionError"),
        (errors.NotEnoughReplicasError(), Busy, "NotEnoughReplicasError"),
        (errors.KafkaConnectionError("internal.host:9092"), Busy, "connect"),
        (ConnectionRefusedError("internal.host:9092"), Busy, "connect"),
        (ssl.SSLCertVerificationError("internal.host"), Busy, "tls"),
        (errors.KafkaTimeoutError(), Busy, "timeout"),
        (TimeoutError(), Busy, "timeout"),
        (errors.ProducerClosed(), Busy, "ProducerClosed"),
    ],
)
def test_each_error_has_its_meaning(error: Exception, kind: type[Exception], code: str) -> None:
    found = meaning(error)
    assert type(found) is kind
    assert found.code == code
    assert "internal" not in str(found)
