"""What `sluice queue` asks a running daemon: what waits for each exporter, to have a copy of it, and to throw it away."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final

import msgspec
from msgspec import Struct
from structlog.typing import FilteringBoundLogger

from pipeline import wire
from pipeline.journal import Backlog, Cursor, Entry, Journal, JournalError
from pipeline.net.admin import route
from pipeline.net.http_route import HttpRequest, HttpResponse, Refusal, Route
from pipeline.offload import offload

PREFIX: Final = "/-/queue"
LAST: Final = "x-sluice-last"
"""Header: the position of the last entry in an answer."""
LOOK_BYTES: Final = 1024 * 1024
"""OTLP bytes in one answer."""

Drop = Callable[[Cursor], Awaitable[Backlog]]


class Queue(Struct, frozen=True):
    """What one exporter has before it in one pipeline."""

    pipeline: str
    exporter: str
    orphan: bool
    """Nothing that is configured reads it."""
    backlog: Backlog


def otlp_lines(entries: Sequence[Entry]) -> bytes:
    """Return each entry as a line of OTLP/JSON."""
    batches = [entry.batch for entry in entries]
    return b"".join(wire.to_json(batch.payload, batch.signal, wire.OTLP) + b"\n" for batch in batches)


def queue_routes(journal: Journal, drop: Drop, log: FilteringBoundLogger) -> Sequence[Route]:
    """Return the routes."""

    async def list_(_: HttpRequest) -> HttpResponse:
        cursors = [(cursor, False) for cursor in journal.cursors()] + [(cursor, True) for cursor in journal.orphans()]
        queues = [Queue(cursor.lane, cursor.exporter, orphan, journal.backlog(cursor)) for cursor, orphan in cursors]
        return HttpResponse(200, msgspec.json.encode(queues))

    async def entries(request: HttpRequest) -> HttpResponse:
        cursor, after = _cursor(journal, request), request.query.get("after", "-1")
        if not after.removeprefix("-").isdecimal() or len(after) > 19:
            raise Refusal(400, "`after` has to be a position")
        if after == "-1":
            log.warning("a queue is exported", pipeline=cursor.lane, exporter=cursor.exporter)
        try:
            found = await journal.look(cursor, int(after), LOOK_BYTES)
        except JournalError as error:
            raise Refusal(409, str(error)) from error
        text = await offload(partial(otlp_lines, found), sum(len(entry.batch.payload) for entry in found))
        last = {LAST: str(found[-1].position)} if found else {}
        return HttpResponse(200, text, "application/x-ndjson", last)

    async def throw_away(request: HttpRequest) -> HttpResponse:
        cursor = _cursor(journal, request)
        log.warning("a queue is dropped", pipeline=cursor.lane, exporter=cursor.exporter, items=journal.backlog(cursor).items)
        try:
            return HttpResponse(200, msgspec.json.encode(await drop(cursor)))
        except JournalError as error:
            raise Refusal(409, str(error)) from error

    return [
        route(f"{PREFIX}/list", list_),
        route(f"{PREFIX}/entries", entries),
        route(f"{PREFIX}/drop", throw_away, methods=("POST",)),
    ]


def _cursor(journal: Journal, request: HttpRequest) -> Cursor:
    cursor = Cursor(request.query.get("pipeline", ""), request.query.get("exporter", ""))
    if cursor not in (*journal.cursors(), *journal.orphans()):
        raise Refusal(404, "there is no such queue: see `sluice queue inspect`")
    return cursor
