"""The HTTP client that every exporter shares: one session a component, network trouble as `Busy`, bounded answers."""

import asyncio
import base64
import io
import ipaddress
import socket
import ssl
import traceback
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar, cast
from urllib.request import getproxies, proxy_bypass

import aiohttp
from aiohttp import hdrs
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from pipeline.errors import Busy, ConfigError, Rejected
from pipeline.net.compression import Corrupt, TooMuch, UnknownEncoding, decompress, normal_encoding
from pipeline.net.tls import client_context
from pipeline.settings import ClientAuth, NetworkExporter
from pipeline.version import VERSION

USER_AGENT: Final = f"sluice/{VERSION}"
MAX_ANSWER_BYTES: Final = 4 << 20
"""As sent and decompressed (OTLP contract §2)."""

_LARGE_BYTES: Final = 1 << 20
"""From here on aiohttp writes a body in pieces, when it is given as a file, so that it does not hold the loop up."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What a destination answered. The body is decompressed; empty when that could not be done."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes


class HttpClient:
    """Posts to one destination with an exporter's settings."""

    def __init__(self, settings: NetworkExporter) -> None:
        self._settings = settings
        self._headers = CIMultiDict({"User-Agent": USER_AGENT, "Accept-Encoding": "gzip"})
        self._headers.update({name: value.reveal() for name, value in settings.headers.items()})
        if settings.auth is not None:
            self._headers["Authorization"] = _authorization(settings.auth)
        self._tls: ssl.SSLContext | None = None
        self._session: aiohttp.ClientSession | None = None

    async def post(
        self,
        url: str,
        body: bytes,
        *,
        content_type: str,
        content_encoding: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> HttpAnswer:
        """Send one request and return whatever is answered; redirects are answers too and not followed.

        Raises `Busy` for network trouble, its code one of connect, dns, tls, timeout and reset, and for settings that no request
        can be made with, its code `settings`: it is not the data's fault. Raises `Rejected` for an answer above 4 MiB.
        """
        session, place = self._opened(), URL(url)
        sent = CIMultiDict(self._headers)
        sent[hdrs.CONTENT_TYPE] = content_type
        if content_encoding:
            sent[hdrs.CONTENT_ENCODING] = content_encoding
        sent.update(headers or {})
        try:
            async with session.post(
                place,
                data=body if len(body) < _LARGE_BYTES else io.BytesIO(body),
                headers=sent,
                allow_redirects=False,
                proxy=_proxy(place, self._settings.proxy),
                ssl=self._context() if place.scheme == "https" else True,
                server_hostname=self._settings.tls.server_name_override if place.scheme == "https" else None,
            ) as response:
                raw = await _bounded(response.content)
                return HttpAnswer(response.status, response.headers, _decoded(raw, response.headers))
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            # What failed and the frames it came through hold each other, and with them the body, until some collection.
            for failed in filter(None, (error, error.__cause__)):
                traceback.clear_frames(failed.__traceback__)
            del failed
            raise _busy(error) from None
        except ConfigError as error:
            raise Busy(f"{'.'.join(map(str, error.path))}: {error}", code="settings") from None
        except ValueError:  # aiohttp's word for headers that it won't write
            raise Busy("no request can be made with these settings: look at `headers` and `auth`", code="settings") from None

    async def aclose(self) -> None:
        """Close the connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                timeout=aiohttp.ClientTimeout(total=self._settings.timeout),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
            )
        return self._session

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = client_context(self._settings.tls)
        return self._tls


class Client(Protocol):
    """Whatever holds connections for a component."""

    async def aclose(self) -> None:
        """Close them."""


S = TypeVar("S")
C = TypeVar("C", bound=Client)


class ClientPool:
    """The clients of all components."""

    def __init__(self) -> None:
        self._clients: dict[str, tuple[object, Client]] = {}
        self._replaced: list[Client] = []

    def http(self, component_id: str, settings: NetworkExporter) -> HttpClient:
        """Return the component's HTTP client; it connects when it is first used."""
        return self.client(component_id, settings, HttpClient)

    def client(self, component_id: str, settings: S, make: Callable[[S], C]) -> C:
        """Return the component's client, the same one for the same settings; else `make` makes it. A component has one."""
        known = self._clients.get(component_id)
        if known is not None and known[0] == settings:
            return cast("C", known[1])
        client = make(settings)
        if known is not None:
            self._replaced.append(known[1])
        self._clients[component_id] = settings, client
        return client

    async def prune(self, component_ids: Collection[str]) -> None:
        """Close the clients that were replaced, and those of components that are not named."""
        gone = [name for name in self._clients if name not in component_ids]
        self._replaced += [self._clients.pop(name)[1] for name in gone]
        replaced, self._replaced = self._replaced, []
        for client in replaced:
            await client.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        for client in (*self._replaced, *(client for _, client in self._clients.values())):
            await client.aclose()


async def _bounded(content: aiohttp.StreamReader) -> bytes:
    parts, size = [], 0
    while part := await content.readany():
        size += len(part)
        if size > MAX_ANSWER_BYTES:
            raise _answer_too_large()
        parts.append(part)
    return b"".join(parts)


def _decoded(raw: bytes, headers: Mapping[str, str]) -> bytes:
    try:
        encoding = normal_encoding(headers.get(hdrs.CONTENT_ENCODING, ""))
        return decompress(raw, encoding, MAX_ANSWER_BYTES) if encoding and raw else raw
    except TooMuch:
        raise _answer_too_large() from None
    except (Corrupt, UnknownEncoding):
        return b""


def _answer_too_large() -> Rejected:
    return Rejected("rejected_4xx", "the destination's answer is larger than 4 MiB", code="answer_too_large")


def _authorization(auth: ClientAuth) -> str:
    if auth.bearer is not None:
        return f"Bearer {auth.bearer.token.reveal()}"
    if auth.basic is not None:
        login = f"{auth.basic.username}:{auth.basic.password.reveal()}"
        return f"Basic {base64.b64encode(login.encode()).decode()}"
    return ""


def _busy(error: Exception) -> Busy:
    """Return what the runtime is told. No text of the error goes on: it may name internal hosts or hold a URL's secrets."""
    match error:
        case aiohttp.ClientConnectorDNSError() | socket.gaierror():
            return Busy("the destination's name does not resolve", code="dns")
        case aiohttp.ClientSSLError() | ssl.SSLError() | aiohttp.ServerFingerprintMismatch():
            return Busy("no TLS connection to the destination", code="tls")
        case asyncio.TimeoutError():
            return Busy("the destination did not answer in time", code="timeout")
        case aiohttp.ClientConnectorError() | aiohttp.ClientHttpProxyError():
            return Busy("no connection to the destination", code="connect")
        case _:
            return Busy("the connection broke before the answer was complete", code="reset")


def _proxy(url: URL, setting: str | None) -> str | None:
    """Return the proxy to use: the one of the settings, or of the environment unless the destination is on loopback."""
    if setting is not None:
        return None if setting == "off" else setting
    host = url.host or ""
    return None if _is_loopback(host) or proxy_bypass(host) else getproxies().get(url.scheme)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
