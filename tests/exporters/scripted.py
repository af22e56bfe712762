"""A destination on loopback that keeps what it gets and answers as it is told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from multidict import CIMultiDict

from pipeline.net.compression import decompress


@dataclass
class Reply:
    status: int = 202
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"{}"


RESET = Reply(status=0)
"""Close the connection in the middle of the answer."""


@dataclass
class Received:
    path: str
    headers: CIMultiDict[str]
    raw: bytes
    body: bytes


@dataclass
class Destination:
    url: str = ""
    received: list[Received] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    """Used up one by one; then everything is accepted."""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        encoding = request.headers.get("Content-Encoding", "")
        body = decompress(raw, encoding, 1 << 30)
        self.received.append(Received(request.path_qs, CIMultiDict(request.headers), raw, body))
        reply = self.replies.pop(0) if self.replies else Reply()
        if reply is RESET:
            response = web.StreamResponse(headers={"Content-Length": "100"})
            await response.prepare(request)
            await response.write(b"{")
            assert request.transport is not None
            request.transport.abort()
            return response
        return web.Response(status=reply.status, headers=reply.headers, body=reply.body)


@asynccontextmanager
async def destination() -> AsyncIterator[Destination]:
    found = Destination()
    app = web.Application(client_max_size=1 << 30, handler_args={"auto_decompress": False})
    app.router.add_route("*", "/{path:.*}", found.handle)
    runner = web.AppRunner(app, auto_decompress=False)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    found.url = f"http://{host}:{port}"
    try:
        yield found
    finally:
        await runner.cleanup()
