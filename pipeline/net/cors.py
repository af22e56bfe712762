"""Browsers of other origins (OTLP contract §9)."""

from collections.abc import Mapping

from pipeline.settings import Cors

_ALWAYS = ("content-type", "content-encoding")


def allowed(settings: Cors, origin: str) -> bool:
    """Return whether the origin may post: it equals one of the allowed origins, whose `*` stand for any text."""
    return any(_matches(pattern, origin) for pattern in settings.allowed_origins)


def answer_headers(origin: str) -> Mapping[str, str]:
    """Return what every answer to an allowed origin carries."""
    return {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}


def preflight_headers(settings: Cors, origin: str) -> Mapping[str, str]:
    """Return what the answer to an allowed preflight carries."""
    return {
        **answer_headers(origin),
        "Access-Control-Allow-Methods": "POST",
        "Access-Control-Allow-Headers": ", ".join((*_ALWAYS, *settings.allowed_headers)),
        "Access-Control-Max-Age": str(int(settings.max_age)),
    }


def _matches(pattern: str, origin: str) -> bool:
    """Match in linear time: each piece between stars is looked for where the one before it ended."""
    first, *pieces = pattern.lower().split("*")
    origin = origin.lower()
    if not pieces:
        return origin == first
    *middle, last = pieces
    if not origin.startswith(first):
        return False
    position = len(first)
    for piece in middle:
        found = origin.find(piece, position)
        if found < 0:
            return False
        position = found + len(piece)
    return origin.endswith(last) and len(origin) - len(last) >= position
