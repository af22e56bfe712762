"""Component and pipeline ids: `type[/name]` (config contract §1.1)."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

from pipeline.component import Kind

SECTIONS: Final[Mapping[str, Kind]] = {
    "receivers": "receiver",
    "processors": "processor",
    "exporters": "exporter",
    "connectors": "connector",
    "extensions": "extension",
}
MAX_NAME: Final = 1024

_TYPE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")


def split(id: str) -> tuple[str, str | None]:
    """Return type and name (None without a `/`); the first `/` splits, surrounding spaces don't count."""
    type_, slash, name = id.strip().partition("/")
    return type_.strip(), name.strip() if slash else None


def join(type_: str, name: str | None) -> str:
    """Return the id of a type and a name."""
    return type_ if name is None else f"{type_}/{name}"


def fault(id: str) -> str:
    """Return what is wrong with an id; nothing when it is well formed."""
    type_, name = split(id)
    if not type_:
        return "nothing before the `/`" if name is not None else "a type starts with a letter"
    if not _TYPE.match(type_):
        return "a type starts with a letter"
    if not _TYPE.fullmatch(type_):
        return "a type has letters, digits and _, 63 at most"
    return "" if name is None else _name_fault(name)


def _name_fault(name: str) -> str:
    if not name:
        return "nothing after the `/`"
    if len(name) > MAX_NAME:
        return f"a name has at most {MAX_NAME} characters"
    if any(unicodedata.category(character)[0] in "ZCS" for character in name):
        return "a name has no spaces, control characters or symbols"
    return ""
