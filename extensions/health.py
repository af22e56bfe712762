"""Tell probes and people how the daemon is.

    extensions:
      health:
        endpoint: 127.0.0.1:13133

`/health/live` says that the process turns, `/health/ready` that it takes data (a dead destination does not change that while
there is room), `/health/dependencies` how each destination and the journal are, `/health/db` the journal alone, `/health` all.

    curl -X POST localhost:13133/-/reload

reads the configuration again and answers what came of it: 200, or 422 with what is wrong, and then the old one runs on.
`/-/config` says which one runs. Both are there only where `auth` is set or nobody else can reach the address.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, ClassVar

import orjson

from pipeline import Extension
from pipeline.net.address import is_local
from pipeline.net.http_server import HttpRequest, HttpResponse, Refusal, Route
from pipeline.reload import Reloader
from pipeline.service import Service
from pipeline.settings import HttpListener, about
from pipeline.telemetry.health import Health
from pipeline.types import Endpoint, Signal


class Config(HttpListener, frozen=True, kw_only=True):
    """Where health is served."""

    endpoint: Annotated[Endpoint, about("Address to listen on.")] = "127.0.0.1:13133"
    degraded_code: Annotated[int, about("What `/health/dependencies` answers while degraded: 200 or 503.")] = 200


Answer = Callable[[Health], tuple[int, Mapping[str, object]]]
LIVE: Answer = Health.live
READY: Answer = Health.ready
PATHS: Mapping[str, Answer] = {
    "/health": Health.summary,
    "/": Health.summary,
    "/healthz": Health.summary,
    "/health/live": LIVE,
    "/livez": LIVE,
    "/health/ready": READY,
    "/readyz": READY,
    "/health/dependencies": Health.dependencies,
    "/health/db": lambda health: health.dependencies("journal"),
}


class HealthEndpoints(Extension):
    """Serves `pipeline.telemetry.health` over HTTP."""

    signals: ClassVar[frozenset[Signal]] = frozenset()

    def __init__(self, config: Config) -> None:
        self._config = config

    async def run(self, service: Service) -> None:
        """Answer GET and HEAD until cancelled."""
        routes = [self._route(path, answer, service.health) for path, answer in PATHS.items()]
        if self._config.auth is not None or is_local(self._config.endpoint):
            routes += self._reload_routes(service.reloader)
        async with self.host.listeners.http(self._config, routes, component=self.host.id):
            self.host.started()
            await asyncio.Event().wait()

    def _route(self, path: str, answer: Answer, health: Health) -> Route:
        async def handle(_: HttpRequest) -> HttpResponse:
            code, body = answer(health)
            if path == "/health/dependencies" and body["status"] == "degraded":
                code = self._config.degraded_code
            return HttpResponse(code, orjson.dumps(body, option=orjson.OPT_APPEND_NEWLINE))

        return Route(path, handle, refuse=_refuse, methods=("GET", "HEAD"), max_body=0, auth=self._config.auth, admit=False)

    def _reload_routes(self, reloader: Reloader) -> list[Route]:
        async def reload(_: HttpRequest) -> HttpResponse:
            outcome = await asyncio.shield(reloader.request("request"))
            body = {"result": outcome.result, "generation": reloader.generation, "hash": reloader.spec.hash}
            if outcome.error:
                return HttpResponse(422, orjson.dumps({**body, "error": outcome.error}, option=orjson.OPT_APPEND_NEWLINE))
            return HttpResponse(200, orjson.dumps(body, option=orjson.OPT_APPEND_NEWLINE))

        async def config(_: HttpRequest) -> HttpResponse:
            body = {
                "generation": reloader.generation,
                "hash": reloader.spec.hash,
                "loaded_at": datetime.fromtimestamp(reloader.loaded_at, UTC).isoformat(timespec="milliseconds"),
                "last_error": reloader.last_error,
            }
            return HttpResponse(200, orjson.dumps(body, option=orjson.OPT_APPEND_NEWLINE))

        auth = self._config.auth
        return [
            Route("/-/reload", reload, refuse=_refuse, max_body=0, auth=auth, admit=False),
            Route("/-/config", config, refuse=_refuse, methods=("GET", "HEAD"), max_body=0, auth=auth, admit=False),
        ]


def _refuse(_: str, refusal: Refusal) -> HttpResponse:
    return HttpResponse(refusal.status, orjson.dumps({"status": "unhealthy", "reason": refusal.message}))
