"""What a stack trace says: exceptions, oldest first, and their frames, from caller to callee."""

from collections.abc import Iterable
from typing import Final

from msgspec import Struct, field

MAX_FRAMES: Final = 250
"""Of an exception (Sentry keeps 50); the middle is cut."""
MAX_EXCEPTIONS: Final = 50
"""Of a chain; the newest are kept."""


class Frame(Struct, omit_defaults=True):
    """One call, in Sentry's words."""

    function: str = ""
    module: str = ""
    filename: str = ""
    abs_path: str = ""
    lineno: int = 0
    colno: int = 0
    context_line: str = ""
    in_app: bool | None = None


class Thrown(Struct):
    """One exception of a chain."""

    type: str = ""
    module: str = ""
    value: str = ""
    frames: list[Frame] = field(default_factory=list)


class Parsed(Struct):
    """A stack trace that was understood."""

    platform: str
    exceptions: list[Thrown]
    complete: bool = True
    """Whether the text holds nothing that the exceptions don't."""


def bounded(frames: list[Frame]) -> list[Frame]:
    """Return the frames, at most `MAX_FRAMES`, without the middle."""
    half = MAX_FRAMES // 2
    return frames if len(frames) <= MAX_FRAMES else frames[:half] + frames[-half:]


def below_root(path: str, markers: Iterable[str]) -> str:
    """Return a source path as it is the same on every machine: below the last of the markers, else below the first folder.

    What the first folder of an absolute path is called (`/app`, `/srv`) is a matter of deployment.
    """
    end = max((path.rfind(marker) + len(marker) for marker in markers if marker in path), default=0)
    if end:
        return path[end:]
    if not path.startswith("/"):
        return path
    first, _, rest = path[1:].partition("/")
    return rest or first


def split_type(name: str) -> tuple[str, str]:
    """Return type and module of a dotted exception name."""
    module, _, kind = name.rpartition(".")
    return kind, module
