import ssl
from pathlib import Path

import pytest

from pipeline import Busy, ConfigError, Host
from pipeline.net.http_server import HttpRequest, HttpResponse, Refusal, Route
from pipeline.settings import ClientTls, HttpListener, NetworkExporter, ServerTls
from tests import certificates
from tests.certificates import Certificates
from tests.raw_http import RawConnection


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates.make(tmp_path_factory.mktemp("tls"))


async def ok(_: HttpRequest) -> HttpResponse:
    return HttpResponse()


def refuse(_: str, refusal: Refusal) -> HttpResponse:
    return HttpResponse(refusal.status)


ROUTE = Route("/", ok, refuse=refuse, max_body=100)


def listener(made: Certificates, **settings: object) -> HttpListener:
    return HttpListener(endpoint="127.0.0.1:0", tls=ServerTls(cert_file=made.server.cert, key_file=made.server.key, **settings))


async def post(host: Host, address: str, tls: ClientTls, name: str = "127.0.0.1") -> int:
    port = address.rpartition(":")[2]
    client = host.clients.http("test", NetworkExporter(tls=tls, timeout=5))
    return (await client.post(f"https://{name}:{port}/", b"x", content_type="text/plain")).status


async def test_a_client_that_trusts_the_ca_is_served(host: Host, made: Certificates) -> None:
    async with host.listeners.http(listener(made), [ROUTE], component="test") as address:
        assert await post(host, address, ClientTls(ca_file=made.ca.cert)) == 200
        assert await post(host, address, ClientTls(insecure_skip_verify=True)) == 200
        assert await post(host, address, ClientTls(ca_file=made.ca.cert, server_name_override="localhost")) == 200


async def test_a_certificate_that_does_not_fit_is_busy_with_code_tls(host: Host, made: Certificates) -> None:
    async with host.listeners.http(listener(made), [ROUTE], component="test") as address:
        for tls in (ClientTls(), ClientTls(ca_file=made.ca.cert, server_name_override="elsewhere.example")):
            with pytest.raises(Busy) as raised:
                await post(host, address, tls)
            assert raised.value.code == "tls"


async def test_mutual_tls_asks_for_a_certificate(host: Host, made: Certificates) -> None:
    async with host.listeners.http(listener(made, client_ca_file=made.ca.cert), [ROUTE], component="test") as address:
        known = ClientTls(ca_file=made.ca.cert, cert_file=made.client.cert, key_file=made.client.key)
        assert await post(host, address, known) == 200
        with pytest.raises(Busy):
            await post(host, address, ClientTls(ca_file=made.ca.cert))


async def test_versions_below_1_2_are_refused(host: Host, made: Certificates) -> None:
    async def version(at_most: ssl.TLSVersion, address: str) -> str | None:
        context = ssl.create_default_context(cafile=made.ca.cert)
        context.maximum_version = at_most
        async with RawConnection.to(address, tls=context) as connection:
            negotiated: str | None = connection.writer.get_extra_info("ssl_object").version()
            return negotiated

    async with host.listeners.http(listener(made), [ROUTE], component="test") as address:
        assert await version(ssl.TLSVersion.TLSv1_2, address) == "TLSv1.2"
        assert await version(ssl.TLSVersion.TLSv1_3, address) == "TLSv1.3"
    async with host.listeners.http(listener(made, min_version="1.3"), [ROUTE], component="test") as address:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await version(ssl.TLSVersion.TLSv1_2, address)


async def test_files_that_do_not_fit_are_located_config_errors(host: Host, made: Certificates, tmp_path: Path) -> None:
    not_pem = tmp_path / "junk.pem"
    not_pem.write_text("junk")
    for cert, key in ((made.server.cert, made.client.key), ("/nonexistent", "/nonexistent"), (str(not_pem), made.server.key)):
        broken = HttpListener(endpoint="127.0.0.1:0", tls=ServerTls(cert_file=cert, key_file=key))
        with pytest.raises(ConfigError) as raised:
            async with host.listeners.http(broken, [ROUTE], component="test"):
                pass
        assert raised.value.path == ("tls", "cert_file")
