"""pino, for Node.js."""

from collections.abc import Mapping
from typing import Any, Final

from pipeline.json_logs import levels
from pipeline.json_logs.format import Format
from pipeline.json_logs.members import Names


def _detect(members: Mapping[str, Any]) -> bool:
    level, time = members.get("level"), members.get("time")
    if type(level) is int:
        return time is not None and ("msg" in members or "err" in members)
    return isinstance(level, str) and type(time) in (int, float) and "pid" in members and "hostname" in members


PINO: Final = Format(
    id="pino",
    detect=_detect,
    time=Names("time"),
    level=Names("level"),
    message=Names("msg"),
    scale=levels.pino,
    error_is_message=True,
)
