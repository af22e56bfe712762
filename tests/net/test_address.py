"""Which addresses others can reach, and the warning that goes with them."""

import pytest

from pipeline.net.address import Tcp, Unix, is_local, parse
from pipeline.settings import BearerToken, HttpListener, ListenerAuth, ServerTls
from pipeline.types import Secret


@pytest.mark.parametrize(
    ("endpoint", "local"),
    [
        ("127.0.0.1:1", True),
        ("127.8.0.1:1", True),
        ("[::1]:1", True),
        ("localhost:1", True),
        ("unix:/run/x.sock", True),
        ("0.0.0.0:1", False),
        ("[::]:1", False),
        (":1", False),
        ("10.0.0.1:1", False),
        ("gateway:1", False),
    ],
)
def test_only_loopback_is_local(endpoint: str, local: bool) -> None:
    assert is_local(endpoint) is local
    assert bool(HttpListener(endpoint=endpoint).warnings()) is not local


def test_an_address_that_asks_for_credentials_needs_no_warning() -> None:
    auth = ListenerAuth(bearer=BearerToken(token=Secret("t" * 20)))
    assert not HttpListener(endpoint="0.0.0.0:1", auth=auth).warnings()
    mutual = ServerTls(cert_file="c", key_file="k", client_ca_file="ca")
    assert not HttpListener(endpoint="0.0.0.0:1", tls=mutual).warnings()
    plain = ServerTls(cert_file="c", key_file="k")
    assert [warning.code for warning in HttpListener(endpoint="0.0.0.0:1", tls=plain).warnings()] == ["W112"]


def test_endpoints_read_back() -> None:
    assert parse("[::1]:4318") == Tcp("::1", 4318)
    assert str(parse("[::1]:4318")) == "[::1]:4318"
    assert parse("unix:/run/x.sock") == Unix("/run/x.sock")
