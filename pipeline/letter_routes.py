"""What `sluice dlq` asks a running daemon: the dead letters, to send them again, and to remove them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct
from structlog.typing import FilteringBoundLogger

from pipeline.journal.dead_letter import Count, DeadLetters, Kept, Selection
from pipeline.net.admin import route
from pipeline.net.http_route import HttpRequest, HttpResponse, Refusal, Route
from pipeline.replay import Replay

PREFIX: Final = "/-/dlq"
MOST: Final = 1000
"""Letters in one answer."""

T = TypeVar("T")


class Sum(Struct, frozen=True):
    """How much a selection comes to, and its highest id."""

    count: Count
    last: int


class Portion(Struct, frozen=True):
    """How much is asked for at a time."""

    limit: int = 100
    items: int = 10_000
    from_start: bool = False


def letter_routes(store: DeadLetters, replay: Callable[[], Replay | None], log: FilteringBoundLogger) -> Sequence[Route]:
    """Return the routes; `replay` returns None while nothing can be sent yet."""

    async def sum_(request: HttpRequest) -> HttpResponse:
        count, last = await store.sum(_selection(request))
        return _answer(Sum(count, last))

    async def list_(request: HttpRequest) -> HttpResponse:
        portion = _of(Portion, request)
        return _answer(await store.list(_selection(request), min(portion.limit, MOST)))

    async def read(request: HttpRequest) -> HttpResponse:
        number = request.params["id"]
        kept: Kept | None = await store.read(int(number)) if number.isdecimal() and len(number) < 19 else None
        if kept is None:
            raise Refusal(404, f"no letter has the number {number[:20]}")
        return _answer(kept)

    async def purge(request: HttpRequest) -> HttpResponse:
        selection, portion = _selection(request), _of(Portion, request)
        log.warning("dead letters are purged", selection=msgspec.to_builtins(selection), limit=portion.limit)
        return _answer(await store.remove(selection, min(portion.limit, MOST)))

    async def send(request: HttpRequest) -> HttpResponse:
        selection, portion = _selection(request), _of(Portion, request)
        sending = replay()
        if sending is None:
            raise Refusal(503, "sluice is starting", 1.0)
        log.info("dead letters are replayed", selection=msgspec.to_builtins(selection), limit=portion.limit)
        limit = min(portion.limit, MOST)
        return _answer(await sending.portion(selection, limit, portion.items, from_start=portion.from_start))

    return [
        route(f"{PREFIX}/sum", sum_),
        route(f"{PREFIX}/list", list_),
        route(f"{PREFIX}/letters/{{id}}", read),
        route(f"{PREFIX}/purge", purge, methods=("POST",)),
        route(f"{PREFIX}/replay", send, methods=("POST",)),
    ]


def _answer(body: object) -> HttpResponse:
    return HttpResponse(200, msgspec.json.encode(body))


def _selection(request: HttpRequest) -> Selection:
    unknown = set(request.query) - set(Selection.__struct_fields__) - set(Portion.__struct_fields__)
    if unknown:
        raise Refusal(400, f"unknown parameter: {min(unknown)[:40]}")
    return _of(Selection, request)


def _of(kind: type[T], request: HttpRequest) -> T:
    """Return the parameters of a request that a struct has. Raises `Refusal`."""
    fields: Sequence[str] = kind.__struct_fields__  # type: ignore[attr-defined]
    given: Mapping[str, Any] = {name: value for name, value in request.query.items() if name in fields}
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise Refusal(400, str(error)) from error
