"""A destination that answers as a test tells it to, faults included."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Self


@dataclass(frozen=True)
class Received:
    method: str
    path: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


def answer(status: int, body: bytes = b"", **headers: str) -> bytes:
    """Return an answer's bytes. Underscores of header names stand for dashes."""
    given = {"Content-Length": str(len(body)), **{name.replace("_", "-"): value for name, value in headers.items()}}
    lines = [f"HTTP/1.1 {status} Scripted", *(f"{name}: {value}" for name, value in given.items()), "", ""]
    return "\r\n".join(lines).encode() + body


OK = answer(200)
RESET = b"RESET"
"""Instead of an answer: cut the connection."""
HANG = b"HANG"
"""Instead of an answer: none."""


@dataclass
class ScriptedServer:
    """Gives `script`, one answer a request, then 200 for ever; an answer that stops short of its length is cut there."""

    script: list[bytes] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    url: str = ""

    @classmethod
    @asynccontextmanager
    async def running(cls, script: Sequence[bytes] = ()) -> AsyncIterator[Self]:
        scripted = cls(list(script))
        tasks: set[asyncio.Task[None]] = set()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            tasks.add(asyncio.ensure_future(scripted._serve(reader, writer)))

        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        scripted.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield scripted
        finally:
            server.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while request := await _read(reader):
                self.received.append(request)
                reply = self.script.pop(0) if self.script else OK
                if reply == HANG:
                    await asyncio.Event().wait()
                if reply != RESET:
                    writer.write(reply)
                    await writer.drain()
                if reply == RESET or _is_cut(reply):
                    return
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()


def _is_cut(reply: bytes) -> bool:
    head, separator, body = reply.partition(b"\r\n\r\n")
    lengths = [line[15:] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    return not separator or not lengths or int(lengths[0]) != len(body)


async def _read(reader: asyncio.StreamReader) -> Received | None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1") if not reader.at_eof() else ""
    if not head:
        return None
    first, *lines = head.rstrip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    method, path, _ = first.split(" ")
    if headers.get("transfer-encoding") == "chunked":
        body = b""
        while size := int(await reader.readline(), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
    else:
        body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Received(method, path, headers, body)
