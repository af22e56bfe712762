"""One request on its way through the server: the checks in their order, the reading, the handler.

The order is that of OTLP contract §2: path, CORS preflight, method, credentials, content type, content encoding, declared
length, admission, reading, decompressing. Whatever is refused before the reading costs no memory.
"""

import asyncio
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from aiohttp import web

from pipeline.admission import GROWTH_BYTES, Admission, declared_cost
from pipeline.net import cors, http_body
from pipeline.net.auth import shown
from pipeline.net.compression import UnknownEncoding, normal_encoding
from pipeline.net.http_route import HttpRequest, HttpResponse, Refusal
from pipeline.net.http_routes import Mounted

_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_ENCODINGS: Final = "gzip, deflate, zstd"


def essence(content_type: str) -> str:
    """Return a content type in lower case, without parameters."""
    return content_type.partition(";")[0].strip().lower()


class Exchange:
    """A request and the route that answers it."""

    def __init__(self, request: web.BaseRequest, chosen: Mounted, mounted: Sequence[Mounted], params: Mapping[str, str]) -> None:
        self.content_type = essence(request.headers.get("Content-Type", ""))
        self.read: tuple[int, int] | None = None
        """Bytes of the body on the wire and decompressed, once it was read."""
        self._request = request
        self._chosen = chosen
        self._mounted = mounted
        self._params = params

    def cors_headers(self) -> Mapping[str, str]:
        """Return what an answer to an allowed origin carries, an error too."""
        origin, settings = self._request.headers.get("Origin"), self._chosen.route.cors
        if origin is None or settings is None or not cors.allowed(settings, origin):
            return {}
        return cors.answer_headers(origin)

    async def serve(self, admission: Admission, stall: float) -> HttpResponse:
        """Return the handler's answer. Raises `Refusal`, and what the handler and the admission raise."""
        if (preflight := self._preflight()) is not None:
            return preflight
        encoding = self._check()
        if not self._chosen.route.admit:
            return await self._admitted(encoding, lambda _: None, lambda _: None, stall)
        content, length = self._request.content, self._request.content_length
        if length is None and content.is_eof():
            length = content.total_bytes
        cost = GROWTH_BYTES if length is None else declared_cost(length, compressed=bool(encoding))
        async with admission.lease(cost, self._request.remote or "") as lease:
            return await self._admitted(encoding, lease.cover, lease.hold, stall)

    def _preflight(self) -> HttpResponse | None:
        """Return the answer to a browser that asks before it posts, and may."""
        headers, settings = self._request.headers, self._chosen.route.cors
        asks = self._request.method == "OPTIONS" and "Access-Control-Request-Method" in headers
        if not asks or settings is None or not cors.allowed(settings, headers.get("Origin", "")):
            return None
        return HttpResponse(204, content_type="", headers=cors.preflight_headers(settings, headers["Origin"]))

    def _check(self) -> str:
        """Return the body's encoding; raise `Refusal` unless the head of the request is as it has to be."""
        request, route, authenticator = self._request, self._chosen.route, self._chosen.authenticator
        if request.method not in route.methods:
            allow = ", ".join(method for one in self._mounted for method in one.route.methods)
            raise Refusal(405, f"the method has to be {allow}", headers={"Allow": allow})
        if authenticator is not None and not authenticator.accepts(shown(request.headers, authenticator)):
            raise Refusal(401, "credentials are missing or wrong", headers={"WWW-Authenticate": authenticator.challenge})
        if route.content_types is not None and self.content_type not in route.content_types:
            accept = ", ".join(filter(None, route.content_types))
            raise Refusal(415, f"the content type has to be one of {accept}", headers={"Accept": accept})
        try:
            encoding = normal_encoding(",".join(request.headers.getall("Content-Encoding", ())))
        except UnknownEncoding:
            raise Refusal(
                415, f"the content encoding has to be one of {_ENCODINGS}", headers={"Accept-Encoding": _ENCODINGS}
            ) from None
        if (request.content_length or 0) > route.max_body:
            raise http_body.too_large(route.max_body, {"Connection": "close"})
        if request.headers.get("Expect", "100-continue").lower() != "100-continue":
            raise Refusal(417, "the only expectation that can be met is 100-continue")
        return encoding

    async def _admitted(
        self, encoding: str, charge: http_body.Charge, hold: Callable[[asyncio.Future[Any]], None], stall: float
    ) -> HttpResponse:
        """Read the body, decompress it and hand it on."""
        request, route = self._request, self._chosen.route
        if "Expect" in request.headers and not request.content.is_eof():
            await request.writer.write(_CONTINUE)
            request.writer.output_size = 0  # nothing of the answer itself was sent
        raw = await http_body.read(request.content, route.max_body, charge, stall, compressed=bool(encoding))
        decode = functools.partial(http_body.decode, raw, encoding, route.max_body, charge)
        body = await decode() if route.decode else raw
        self.read = len(raw), len(body)
        handed = HttpRequest(
            method=request.method,
            path=request.path,
            params=self._params,
            query=request.query,
            headers=request.headers,
            content_type=self.content_type,
            raw=raw,
            body=body,
            decoded=decode,
            hold=hold,
        )
        return await route.handle(handed)
