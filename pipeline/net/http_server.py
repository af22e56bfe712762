"""The servers that every receiver, and everything else that listens, shares.

    async with host.listeners.http(listener, [Route("/logs", handle, refuse=refuse, max_body=...)], component=host.id):
        ...

aiohttp's low-level server does the protocol; the checks before a handler runs, in their order, are `Exchange`.
gRPC is in `grpc_server`, loaded when it is first asked for.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from structlog.typing import FilteringBoundLogger

from pipeline.admission import Admission
from pipeline.errors import ConfigError
from pipeline.net import address
from pipeline.net.http_connection import ConnectionServer
from pipeline.net.http_route import HttpRequest, HttpResponse, Refusal, Route
from pipeline.net.http_routes import Mounted
from pipeline.net.http_service import HttpService, Timeouts
from pipeline.net.tls import server_context
from pipeline.settings import GrpcListener, HttpListener
from pipeline.telemetry.metrics import Metrics

if TYPE_CHECKING:
    from pipeline.net.grpc_server import GrpcServer, Method

__all__ = ["HttpRequest", "HttpResponse", "Listeners", "Refusal", "Route", "Timeouts"]

_BACKLOG = 1024


@dataclass
class _Bound:
    """An address that is listened on."""

    listener: HttpListener
    address: str
    service: HttpService
    connections: ConnectionServer
    sockets: asyncio.AbstractServer
    users: int = 0

    def stop_accepting(self) -> None:
        """Close the sockets and the idle connections."""
        self.service.draining = True
        self.sockets.close()
        self.connections.retire()
        if self.address.startswith("unix:"):
            Path(self.address.removeprefix("unix:")).unlink(missing_ok=True)

    async def aclose(self, grace: float) -> None:
        """Stop accepting, give the requests under way `grace` seconds, cut what is left."""
        self.stop_accepting()
        await self.connections.aclose(grace)


class Listeners:
    """All addresses that the process listens on. Several components may share one of HTTP when their paths differ."""

    def __init__(
        self, admission: Admission, metrics: Metrics, log: FilteringBoundLogger, *, timeouts: Timeouts | None = None
    ) -> None:
        self._admission = admission
        self._metrics = metrics
        self._log = log
        self._timeouts = timeouts or Timeouts()
        self._bound: list[_Bound] = []
        self._grpc: list[GrpcServer] = []
        self._binding = asyncio.Lock()

    @asynccontextmanager
    async def http(self, listener: HttpListener, routes: Sequence[Route], *, component: str) -> AsyncIterator[str]:
        """Serve the routes while the block runs; yield the bound address, `host:port` with the real port, or `unix:/path`.

        The last component of an address closes it; requests under way get a few seconds.
        Raises `ConfigError` when a path is taken or TLS settings of one address differ, `OSError` when it can't be bound.
        """
        async with self._binding:
            bound = self._shared(listener) or await self._bind(listener)
            bound.users += 1
        mounted: Sequence[Mounted] = ()
        try:
            mounted = bound.service.table.add(routes, component)
            yield bound.address
        finally:
            bound.users -= 1
            if not bound.users:
                self._bound.remove(bound)
                await bound.aclose(self._timeouts.drain)
            bound.service.table.remove(mounted)

    @asynccontextmanager
    async def grpc(self, listener: GrpcListener, methods: Mapping[str, "Method"], *, component: str) -> AsyncIterator[str]:
        """Serve gRPC methods, by their full path, while the block runs; yield the bound address.

        Raises `ConfigError` for settings that can't work, `OSError` when the address can't be bound.
        """
        from pipeline.net.grpc_server import GrpcServer

        server = next((server for server in self._grpc if server.may_be_taken_over(listener)), None)
        if server is None:
            server = GrpcServer(listener, self._admission, self._metrics, self._log)
            await server.start()
            self._grpc.append(server)
        tenant = server.add(methods, listener.auth, component)
        try:
            yield server.address
        finally:
            if server.remove(tenant):
                self._grpc.remove(server)
                await server.aclose(self._timeouts.drain)

    def leave(self, components: Collection[str], *, leaving: bool = True) -> None:
        """Let newcomers take the addresses and paths that components have now, without a moment when nobody listens.

        Until they are closed, they answer where nobody took over.
        """
        for bound in self._bound:
            bound.service.table.leave(components, leaving=leaving)
        for server in self._grpc:
            server.leave(components, leaving=leaving)

    async def aclose(self, grace: float) -> None:
        """Take no new connection, close idle ones, give requests under way `grace` seconds, then cut them."""
        http, grpc = (bound.aclose(grace) for bound in self._bound), (server.aclose(grace) for server in self._grpc)
        await asyncio.gather(*http, *grpc)

    def _shared(self, listener: HttpListener) -> _Bound | None:
        for bound in self._bound:
            if bound.listener.endpoint == listener.endpoint and not listener.endpoint.endswith(":0"):
                if bound.listener.tls != listener.tls:
                    raise ConfigError("E210", "another component listens at this address with other `tls` settings")
                return bound
        return None

    async def _bind(self, listener: HttpListener) -> _Bound:
        context = server_context(listener.tls) if listener.tls is not None else None
        service = HttpService(self._admission, self._metrics, self._log, self._timeouts)
        connections = ConnectionServer(service.handle, service, keepalive=listener.keepalive, head_timeout=self._timeouts.head)
        handshake = self._timeouts.head if context is not None else None
        loop, place = asyncio.get_running_loop(), address.parse(listener.endpoint)
        if isinstance(place, address.Unix):
            sockets = await loop.create_unix_server(
                connections, place.path, ssl=context, ssl_handshake_timeout=handshake, backlog=_BACKLOG
            )
        else:
            sockets = await loop.create_server(
                connections,
                place.host or None,
                place.port,
                ssl=context,
                ssl_handshake_timeout=handshake,
                backlog=_BACKLOG,
            )
            place = address.Tcp(place.host, sockets.sockets[0].getsockname()[1])
        bound = _Bound(listener, str(place), service, connections, sockets)
        self._bound.append(bound)
        return bound
