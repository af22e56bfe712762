"""The connections of one listener: aiohttp's own, with a time limit for request heads and errors that OTLP clients can read."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol

from aiohttp import web
from aiohttp.http_exceptions import LineTooLong

from pipeline.net.rpc_status import INTERNAL, INVALID_ARGUMENT, Status

LINGER_SECONDS: Final = 5.0
"""How long what is left of a refused body is read and thrown away, so that the client gets to read the answer."""


class Observer(Protocol):
    """Who is told about connections."""

    def connections(self, count: int) -> None:
        """Take note of how many are open."""

    def misunderstood(self, status: int) -> None:
        """Take note of an answer to what was not HTTP."""

    def failed(self, error: str) -> None:
        """Take note of a bug, by the type of its exception."""


class Connection(web.RequestHandler):
    """Cuts a client that takes longer than `head_timeout` seconds for the head of a request, counted from its first byte."""

    def __init__(self, server: "ConnectionServer", **options: Any) -> None:
        super().__init__(server, **options)
        self._server = server
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the connection."""
        super().connection_made(transport)
        self._server.opened(self)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Count it no more."""
        self._stop_head_timer()
        super().connection_lost(exc)
        self._server.closed(self)

    def data_received(self, data: bytes) -> None:
        """Pass the bytes on; those of an unfinished head start the clock."""
        requests = self._request_count
        super().data_received(data)
        if self._request_count != requests:
            self._stop_head_timer()
        elif self._waiter is not None and self._head_timer is None:
            self._head_timer = self._loop.call_later(self._server.head_timeout, self.force_close)

    def retire(self) -> None:
        """Close the connection if it is idle; one that is busy is closed by its answer."""
        if self._waiter is not None:
            self.force_close()

    def handle_error(
        self,
        request: web.BaseRequest,  # noqa: ARG002  # aiohttp's signature
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002  # it may quote the client's bytes
    ) -> web.StreamResponse:
        """Return the answer to bytes that are not HTTP, or to a bug."""
        if status == 400:
            status = 431 if isinstance(exc, LineTooLong) else 400
            error = Status(INVALID_ARGUMENT, "the request head is too long" if status == 431 else "this is not HTTP/1.1")
            self._server.observer.misunderstood(status)
        else:
            error = Status(INTERNAL, "internal error")
            self.log_exception(exc_info=exc)
        body, content_type = error.in_type("")
        response = web.Response(status=status, body=body, headers={"Content-Type": content_type, "Server": "sluice"})
        response.force_close()
        return response

    def log_exception(self, *_: Any, **details: Any) -> None:
        """Log the type alone: the text of an exception may hold what the client sent. A client that left is no failure."""
        error = details.get("exc_info")
        if not isinstance(error, ConnectionError):
            self._server.observer.failed(type(error).__name__)

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


class ConnectionServer(web.Server):
    """Makes the connections of a listener, and knows them."""

    def __init__(
        self,
        handle: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
        observer: Observer,
        *,
        keepalive: float,
        head_timeout: float,
    ) -> None:
        super().__init__(
            handle,
            keepalive_timeout=keepalive,
            access_log=None,
            auto_decompress=False,
            lingering_time=LINGER_SECONDS,
        )
        self.observer = observer
        self.head_timeout = head_timeout
        self._open: set[Connection] = set()
        self._none_open = asyncio.Event()
        self._none_open.set()

    def __call__(self) -> Connection:
        """Return the protocol of a new connection."""
        return Connection(self, loop=asyncio.get_running_loop(), **self._kwargs)

    def opened(self, connection: Connection) -> None:
        """Take note of a connection."""
        self._open.add(connection)
        self._none_open.clear()
        self.observer.connections(len(self._open))

    def closed(self, connection: Connection) -> None:
        """Take note of its end."""
        self._open.discard(connection)
        if not self._open:
            self._none_open.set()
        self.observer.connections(len(self._open))

    def retire(self) -> None:
        """Close idle connections now; busy ones close with their answers."""
        for connection in list(self._open):
            connection.retire()

    async def aclose(self, grace: float) -> None:
        """Retire all connections, wait up to `grace` seconds for the busy ones, then cut what is left."""
        self.retire()
        try:
            async with asyncio.timeout(grace):
                await self._none_open.wait()
        except TimeoutError:
            await self.shutdown(0.1)
