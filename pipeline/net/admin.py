"""The operator's door: reload, stop, health, and what `sluice dlq` and `sluice queue` ask a running daemon.

    service:
      admin:
        endpoint: unix:/run/sluice/admin.sock

    curl --unix-socket /run/sluice/admin.sock -X POST http://sluice/-/reload

Without an `endpoint` it is `admin.sock` in the journal's directory. A socket file is its owner's alone; a TCP address asks
for `token_file`. Each part of the daemon that can be asked something gives its own routes; answers and errors are JSON objects.
"""

import dataclasses
import errno
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import orjson

from pipeline.net import address
from pipeline.net.http_route import Handle, HttpResponse, Refusal, Route
from pipeline.net.http_server import Listeners
from pipeline.settings import AdminSettings, BearerToken, HttpListener, ListenerAuth

COMPONENT: Final = "service.admin"
SOCKET: Final = "admin.sock"
MAX_SOCKET_PATH: Final = 107
"""Bytes that Linux takes as the path of a socket, unix(7)."""


def route(path: str, handle: Handle, *, methods: Collection[str] = ("GET", "HEAD"), max_body: int = 0) -> Route:
    """Return a route of the admin server. `handle` may raise `Refusal`; credentials are checked before it is called."""
    return Route(path, handle, refuse=_refuse, methods=methods, max_body=max_body, admit=False)


def answer(body: object, status: int = 200) -> HttpResponse:
    """Return an object as JSON, with a line end behind it."""
    return HttpResponse(status, orjson.dumps(body, option=orjson.OPT_APPEND_NEWLINE))


def endpoint_of(settings: AdminSettings, journal: Path | None) -> str:
    """Return where a daemon listens whose journal is in that directory; empty when it does not."""
    if settings.endpoint is not None:
        return settings.endpoint
    return f"unix:{journal.resolve() / SOCKET}" if journal is not None else ""


@asynccontextmanager
async def serve(endpoint: str, settings: AdminSettings, listeners: Listeners, routes: Sequence[Route]) -> AsyncIterator[None]:
    """Answer at `endpoint` while the block runs. Raises `OSError` when it can't be bound."""
    auth = ListenerAuth(bearer=BearerToken(settings.token)) if settings.token is not None else None
    place = address.parse(endpoint)
    if isinstance(place, address.Unix) and len(place.path.encode()) > MAX_SOCKET_PATH:
        raise OSError(errno.ENAMETOOLONG, f"a socket's path has at most {MAX_SOCKET_PATH} bytes; set service.admin.endpoint")
    mounted = [dataclasses.replace(one, auth=auth) for one in routes]
    async with listeners.http(HttpListener(endpoint=endpoint, auth=auth), mounted, component=COMPONENT):
        if isinstance(place, address.Unix):
            _keep_others_out(Path(place.path))
        yield


def _keep_others_out(socket: Path) -> None:
    socket.chmod(0o600)


def _refuse(_: str, refusal: Refusal) -> HttpResponse:
    return answer({"error": refusal.message}, refusal.status)
