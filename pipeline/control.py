"""What an operator can ask a running daemon of: the configuration it runs, another one, its health, and to stop."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pipeline.net.admin import answer, route
from pipeline.net.http_route import Handle, HttpRequest, HttpResponse, Route
from pipeline.telemetry.health import PATHS, Answer, Health

if TYPE_CHECKING:
    from pipeline.reload import Reloader


def control_routes(reloader: "Reloader", health: Health, stop: asyncio.Event) -> Sequence[Route]:
    """Return the routes of the admin server that are about the daemon as a whole (config §10, delivery §10.1, §13)."""

    async def reload(_: HttpRequest) -> HttpResponse:
        outcome = await asyncio.shield(reloader.request("request"))
        body = {"result": outcome.result, "generation": reloader.generation, "hash": reloader.spec.hash}
        return answer({**body, "error": outcome.error}, 422) if outcome.error else answer(body)

    async def config(_: HttpRequest) -> HttpResponse:
        loaded_at = datetime.fromtimestamp(reloader.loaded_at, UTC).isoformat(timespec="milliseconds")
        return answer(
            {
                "generation": reloader.generation,
                "hash": reloader.spec.hash,
                "loaded_at": loaded_at,
                "last_error": reloader.last_error,
            }
        )

    async def quit_(_: HttpRequest) -> HttpResponse:
        stop.set()
        return answer({"status": "stopping"}, 202)

    return [
        route("/-/reload", reload, methods=("POST",)),
        route("/-/config", config),
        route("/quitquitquit", quit_, methods=("POST",)),
        *(route(path, _health(tell, health)) for path, tell in PATHS.items()),
    ]


def _health(tell: Answer, health: Health) -> Handle:
    async def handle(_: HttpRequest) -> HttpResponse:
        status, body = tell(health)
        return answer(body, status)

    return handle
