"""The checks of Datadog's intake: key, limits and shape (Datadog contract §2-§6), with its status codes."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
import orjson
from msgspec import Meta, Struct

from pipeline.net.http_server import HttpResponse, Refusal

LOGS_BYTES: Final = 5_000_000
LOGS_ENTRIES: Final = 1000
SERIES_BYTES_SENT: Final = 512_000
SERIES_BYTES: Final = 5_242_880


class Point(Struct):
    """One value of a series."""

    timestamp: int
    value: float


class Resource(Struct):
    """What a series is about."""

    type: str
    name: str


class Series(Struct):
    """One series of a metrics payload, with the fields that are checked."""

    metric: Annotated[str, Meta(min_length=1, max_length=200, pattern="^[A-Za-z][A-Za-z0-9_.]*$")]
    points: list[Point]
    type: Annotated[int, Meta(ge=0, le=3)] = 0
    tags: list[str] = []
    resources: list[Resource] = []


class SeriesPayload(Struct):
    """A metrics payload."""

    series: list[Series]


def check_key(headers: Mapping[str, str]) -> None:
    """Raise Refusal where no API key is shown; any key will do here."""
    if not headers.get("dd-api-key"):
        raise Refusal(403, "Forbidden")


def logs(body: bytes) -> list[dict[str, Any]]:
    """Return the logs of a payload. Raises Refusal as Datadog refuses it."""
    if len(body) > LOGS_BYTES:
        raise Refusal(413, "Payload Too Large")
    try:
        payload = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Refusal(400, "Bad Request: invalid JSON") from None
    entries: list[dict[str, Any]] = payload if isinstance(payload, list) else [payload]
    if len(entries) > LOGS_ENTRIES:
        raise Refusal(413, "Payload Too Large")
    if not all(isinstance(entry, dict) and isinstance(entry.get("message"), str) for entry in entries):
        raise Refusal(400, "Bad Request: every log needs a `message` of text")
    return entries


def series(body: bytes, *, sent: int) -> list[dict[str, Any]]:
    """Return the series of a payload that was `sent` bytes long on the wire. Raises Refusal as Datadog refuses it."""
    if sent > SERIES_BYTES_SENT or len(body) > SERIES_BYTES:
        raise Refusal(413, "Payload Too Large")
    try:
        msgspec.json.decode(body, type=SeriesPayload)
    except msgspec.DecodeError as error:
        place = str(error).rpartition(" - at ")[2] if isinstance(error, msgspec.ValidationError) else "the JSON"
        raise Refusal(400, f"Bad Request: wrong at {place}") from None
    entries: list[dict[str, Any]] = orjson.loads(body)["series"]
    return entries


def refuse(_: str, refusal: Refusal) -> HttpResponse:
    """Render an error as Datadog does."""
    return HttpResponse(refusal.status, orjson.dumps({"errors": [refusal.message]}))
