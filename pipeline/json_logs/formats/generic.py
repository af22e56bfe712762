"""Any other object: the shared tables alone."""

from collections.abc import Mapping
from typing import Any, Final

from pipeline.json_logs.format import Format


def _detect(_: Mapping[str, Any]) -> bool:
    return True


GENERIC: Final = Format(id="generic", detect=_detect, any_case=True)
