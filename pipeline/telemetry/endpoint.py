"""Where sluice's own metrics are scraped."""

import asyncio
from typing import TYPE_CHECKING

from pipeline.component import Extension
from pipeline.net.http_route import HttpRequest, HttpResponse, Refusal, Route
from pipeline.settings import HttpListener

if TYPE_CHECKING:
    from pipeline.service import Service


class MetricsEndpoint(Extension):
    """Serves `GET /metrics` in the form that the scraper asks for."""

    def __init__(self, config: HttpListener) -> None:
        self._config = config

    async def run(self, service: "Service") -> None:  # noqa: ARG002  # every extension is given it
        """Answer until cancelled."""
        route = Route("/metrics", self._scrape, refuse=_refuse, methods=("GET", "HEAD"), max_body=0, admit=False)
        async with self.host.listeners.http(self._config, [route], component=self.host.id):
            self.host.started()
            await asyncio.Event().wait()

    async def _scrape(self, request: HttpRequest) -> HttpResponse:
        body, content_type = self.host.metrics.expose(request.headers.get("accept", ""))
        return HttpResponse(200, body, content_type)


def _refuse(_: str, refusal: Refusal) -> HttpResponse:
    return HttpResponse(refusal.status, refusal.message.encode(), "text/plain; charset=utf-8")
