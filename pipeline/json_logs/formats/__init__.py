"""The formats of log objects, in the order in which they are looked for (json-logs contract §5)."""

from collections.abc import Mapping
from typing import Any, Final

from pipeline.json_logs.format import Format
from pipeline.json_logs.formats.generic import GENERIC
from pipeline.json_logs.formats.pino import PINO
from pipeline.json_logs.formats.structlog import STRUCTLOG

FORMATS: Final = (PINO, STRUCTLOG, GENERIC)


def detect(members: Mapping[str, Any], forced: str | None) -> Format:
    """Return the first format that an object is in, or the forced one when the object is in it; the last takes any."""
    return next(each for each in FORMATS if (forced in (None, each.id) or each is GENERIC) and each.detect(members))
