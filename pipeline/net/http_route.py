"""What a component says to the HTTP server, and what the server says to it."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, TypeAlias

from multidict import CIMultiDictProxy, MultiMapping

from pipeline.settings import Cors, ListenerAuth


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request that passed the server's checks."""

    method: str
    path: str
    params: Mapping[str, str]
    """Parameters of the route's path, percent-decoded."""
    query: MultiMapping[str]
    headers: CIMultiDictProxy[str]
    content_type: str
    """Lower case, no parameters; empty when missing."""
    raw: bytes
    """The body as it was sent."""
    body: bytes
    """The body decompressed; `raw` itself when it was not encoded, or when the route does not decode."""
    decoded: Callable[[], Awaitable[bytes]]
    """`await request.decoded()` is the decompressed body of a route that does not decode. It raises `Refusal`."""
    hold: Callable[[asyncio.Future[Any]], None]
    """`request.hold(task)` keeps room in memory for what goes on after the answer."""


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """An answer. An empty `content_type` sends none."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


class Refusal(Exception):
    """An error answer. `message` holds nothing of the payload; `retry_after` (seconds) becomes the `Retry-After` header."""

    def __init__(
        self, status: int, message: str, retry_after: float | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.retry_after = retry_after
        self.headers: Mapping[str, str] = headers or {}


Handle: TypeAlias = Callable[[HttpRequest], Awaitable[HttpResponse]]
Refuse: TypeAlias = Callable[[str, Refusal], HttpResponse]
"""Renders an error in the receiver's own form, given the request's content type."""


@dataclass(frozen=True, slots=True)
class Route:
    """One path of a listener, and who answers there."""

    path: str
    """May hold one parameter that stands for a whole segment: `/logs/{service}`. A trailing slash more is accepted."""
    handle: Handle
    """May raise `Refusal`; `Busy` becomes 503, `TooLarge` 413, `Rejected` 400 and anything else 500."""
    _: KW_ONLY
    refuse: Refuse
    methods: Collection[str] = ("POST",)
    content_types: Collection[str] | None = None
    """What it takes, in the order a 415 names them; `""` takes bodies that say nothing, None takes all."""
    max_body: int
    """Bytes, as sent and decompressed."""
    auth: ListenerAuth | None = None
    decode: bool = True
    admit: bool = True
    """Whether a request has to find room in the admission budget."""
    cors: Cors | None = None
