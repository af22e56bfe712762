"""The requests of one listener: who answers them, how errors look, what is counted, when a connection goes on."""

import asyncio
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from aiohttp import web
from structlog.typing import FilteringBoundLogger

from pipeline.admission import Admission
from pipeline.errors import Busy, Rejected, TooLarge
from pipeline.net.http_exchange import Exchange, essence
from pipeline.net.http_route import HttpResponse, Refusal
from pipeline.net.http_routes import RouteTable
from pipeline.net.retry_after import hint
from pipeline.net.rpc_status import Status, code_of_http
from pipeline.telemetry import catalogue
from pipeline.telemetry.metrics import Metrics

_DRAIN_BYTES: Final = 64 * 1024
"""A refused body up to this length is read and dropped, and the connection lives on (delivery contract §5)."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long a listener waits for its clients, in seconds (OTLP contract §9)."""

    head: float = 30.0
    """From the first byte of a request head to its last."""
    body: float = 60.0
    """For a body to make progress."""
    drain: float = 10.0
    """For requests under way when a listener closes because a reload took it out (config contract §10 R4)."""


class HttpService:
    """Answers the requests of one listener."""

    def __init__(self, admission: Admission, metrics: Metrics, log: FilteringBoundLogger, timeouts: Timeouts) -> None:
        self.table = RouteTable()
        self.draining = False
        """Whether every answer closes its connection."""
        self._admission = admission
        self._metrics = metrics
        self._log = log
        self._stall = timeouts.body

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Return the answer to a request, whatever happens; raises `ConnectionError` when the client is gone."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        mounted, params = self.table.find(request.rel_url.raw_path)
        if mounted:
            chosen = next((one for one in mounted if request.method in one.route.methods), mounted[0])
            exchange, component = Exchange(request, chosen, mounted, params), chosen.component
            try:
                answer = await self._answered(exchange, component)
            except Refusal as refusal:
                answer = _refused(chosen.route.refuse(exchange.content_type, refusal), refusal)
            headers = {**answer.headers, **exchange.cors_headers()}
            if exchange.read is not None:
                self._metrics.add(catalogue.RECEIVER_BYTES, exchange.read[0], receiver=component, form="wire")
                self._metrics.add(catalogue.RECEIVER_BYTES, exchange.read[1], receiver=component, form="decoded")
        else:
            answer, headers, component = _not_found(request), {}, self.table.first_component()
        self._metrics.add(catalogue.RECEIVER_REQUESTS, receiver=component, code=str(answer.status))
        self._metrics.observe(catalogue.RECEIVER_SECONDS, loop.time() - started, receiver=component)
        return self._response(request, answer, headers)

    def connections(self, count: int) -> None:
        """Tell how many connections are open, for each component that shares them."""
        for component in self.table.components():
            self._metrics.set(catalogue.RECEIVER_CONNECTIONS, count, receiver=component)

    def misunderstood(self, status: int) -> None:
        """Count an answer to what was not HTTP; nobody knows whose it was."""
        self._metrics.add(catalogue.RECEIVER_REQUESTS, receiver=self.table.first_component(), code=str(status))

    def failed(self, error: str) -> None:
        """Log a bug outside of any handler."""
        self._log.error("an HTTP connection failed", error=error)

    async def _answered(self, exchange: Exchange, component: str) -> HttpResponse:
        """Return the handler's answer; every exception but that of a lost client becomes a `Refusal`."""
        try:
            return await exchange.serve(self._admission, self._stall)
        except (Refusal, ConnectionError):
            raise
        except TooLarge as error:
            raise Refusal(413, str(error)) from None
        except Rejected as error:
            raise Refusal(400, str(error)) from None
        except Busy as error:
            raise Refusal(503, str(error), hint(error.retry_after)) from None
        except Exception as error:
            self._log.error("a request handler failed", component=component, error=type(error).__name__)
            raise Refusal(500, "internal error") from None

    def _response(self, request: web.BaseRequest, answer: HttpResponse, headers: Mapping[str, str]) -> web.Response:
        written = {"Server": "sluice", **headers}
        if answer.content_type:
            written["Content-Type"] = answer.content_type
        response = web.Response(status=answer.status, body=answer.body, headers=written)
        if self.draining or headers.get("Connection") == "close" or _is_left_unread(request, answer.status):
            response.force_close()
        return response


def _is_left_unread(request: web.BaseRequest, status: int) -> bool:
    """Return whether a body is still to come that will not be drained, so that the connection can't go on."""
    if request.content.is_eof():
        return False
    return "Expect" in request.headers or status == 413 or (request.content_length or 0) > _DRAIN_BYTES


def _refused(answer: HttpResponse, refusal: Refusal) -> HttpResponse:
    headers = {**answer.headers, **refusal.headers}
    if refusal.retry_after is not None:
        headers["Retry-After"] = str(math.ceil(refusal.retry_after))
    return HttpResponse(answer.status, answer.body, answer.content_type, headers)


def _not_found(request: web.BaseRequest) -> HttpResponse:
    content_type = essence(request.headers.get("Content-Type", ""))
    body, content_type = Status(code_of_http(404), "there is nothing at this path").in_type(content_type)
    return HttpResponse(404, body, content_type)
