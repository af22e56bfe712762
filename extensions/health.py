"""Tell probes and people how the daemon is.

    extensions:
      health:
        endpoint: 127.0.0.1:13133

`/health/live` says that the process turns, `/health/ready` that it takes data (a dead destination does not change that while
there is room), `/health/dependencies` how each destination and the journal are, `/health/db` the journal alone, `/health` all.
"""

import asyncio
from typing import Annotated, ClassVar, Literal

import orjson

from pipeline import Extension
from pipeline.net.http_server import HttpRequest, HttpResponse, Refusal, Route
from pipeline.service import Service
from pipeline.settings import HttpListener, about
from pipeline.telemetry.health import PATHS, Answer, Health
from pipeline.types import Endpoint, Signal


class Config(HttpListener, frozen=True, kw_only=True):
    """Where health is served."""

    endpoint: Annotated[Endpoint, about("Address to listen on.")] = "127.0.0.1:13133"
    degraded_code: Annotated[Literal[200, 503], about("What `/health/dependencies` answers while degraded: 200 or 503.")] = 200


class HealthEndpoints(Extension):
    """Serves `pipeline.telemetry.health` over HTTP."""

    signals: ClassVar[frozenset[Signal]] = frozenset()

    def __init__(self, config: Config) -> None:
        self._config = config

    async def run(self, service: Service) -> None:
        """Answer GET and HEAD until cancelled."""
        routes = [self._route(path, answer, service.health) for path, answer in PATHS.items()]
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


def _refuse(_: str, refusal: Refusal) -> HttpResponse:
    return HttpResponse(refusal.status, orjson.dumps({"status": "unhealthy", "reason": refusal.message}))
