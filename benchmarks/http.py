"""HTTP/1.1 with little more than memory copies, so that load and sink cost less than any daemon between them."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final, Self, cast

_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
_END: Final = b"\r\n\r\n"


class Messages(asyncio.Protocol):
    """Cuts what comes in into messages with a `Content-Length`, one after the other, and hands over head and body."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._body_at = self._end = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while self._complete():
            head, body = bytes(self._buffer[: self._body_at]), bytes(self._buffer[self._body_at : self._end])
            del self._buffer[: self._end]
            self._end = 0
            self.received(head, body)

    def received(self, head: bytes, body: bytes, /) -> None:
        """Take a message."""
        raise NotImplementedError

    def _complete(self) -> bool:
        if not self._end:
            self._body_at = self._buffer.find(_END) + len(_END)
            if self._body_at < len(_END):
                return False
            length = _LENGTH.search(self._buffer, 0, self._body_at)
            if length is None:
                raise ValueError("a message without Content-Length")
            self._end = self._body_at + int(length[1])
        return len(self._buffer) >= self._end


class Client(Messages):
    """A connection that has one request under way at a time."""

    @classmethod
    async def connect(cls, port: int) -> Self:
        """Return an open connection."""
        _, client = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        return client

    def __init__(self) -> None:
        super().__init__()
        self._answer: asyncio.Future[int] | None = None

    async def exchange(self, request: bytes) -> int:
        """Send a whole request and return the status of its answer. Raises ConnectionError when there is none."""
        if self.transport.is_closing():
            raise ConnectionError("the daemon closed the connection")
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self._answer

    def received(self, head: bytes, _: bytes) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(int(head[9:12]))

    def connection_lost(self, _: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError("the daemon closed the connection"))


class Server(Messages):
    """A connection to a sink: every request is handed over, and answered 200, which for OTLP means all of it was taken."""

    def __init__(self, take: Callable[[bytes, bytes], None]) -> None:
        super().__init__()
        self._take = take

    def received(self, head: bytes, body: bytes) -> None:
        self._take(head, body)
        self.transport.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n")


class Stalled(Messages):
    """A connection to a sink that takes requests and never answers."""

    def received(self, head: bytes, body: bytes) -> None:
        pass


@asynccontextmanager
async def serving(port: int, connection: Callable[[], Messages]) -> AsyncIterator[None]:
    """Listen for a while; at the end, connections are closed too."""
    made: list[Messages] = []

    def connected() -> Messages:
        made.append(connection())
        return made[-1]

    server = await asyncio.get_running_loop().create_server(connected, "127.0.0.1", port)
    try:
        yield
    finally:
        server.close()
        for each in made:
            each.transport.abort()
        await server.wait_closed()
