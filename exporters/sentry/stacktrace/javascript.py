"""Stack traces of V8 (Node.js, Chrome): callees first, causes behind."""

import re
from typing import Final

from msgspec import Struct, field

from exporters.sentry.stacktrace.frames import Frame, Parsed, Thrown, bounded

CAUSES: Final = ("[cause]: ", "Caused by: ", "caused by: ")
"""As Node.js prints them, and as loggers do: pino writes the last one."""
LIBRARIES: Final = ("node:", "internal/", "<anonymous>")

_HEADER: Final = re.compile(r"(?:Uncaught )?([A-Za-z_$][\w$.]*)(?: \[[A-Z_]+\])?(?:: (.*))?")
_PLACE: Final = re.compile(r"(.+):(\d{1,9}):(\d{1,9})")
_BARE: Final = re.compile(r"at (?:async )?(\S+:\d{1,9}:\d{1,9})")


class _Block(Struct):
    """One exception as it is printed: frames newest first."""

    header: list[str]
    frames: list[Frame] = field(default_factory=list)


def parse(lines: list[str]) -> Parsed | None:
    """Return the exceptions of a stack trace, or None when it has no frame."""
    blocks = [_Block([])]
    for line in lines:
        text = line.strip()
        if text.startswith(CAUSES):
            blocks.append(_Block([text.partition(": ")[2]]))
        elif line[:1].isspace() and (frame := _frame(text.removesuffix(" {"))):
            blocks[-1].frames.append(frame)
        elif not blocks[-1].frames:
            blocks[-1].header.append(text)
    if not any(block.frames for block in blocks):
        return None
    return Parsed("javascript", [_thrown(block) for block in reversed(blocks)])


def _thrown(block: _Block) -> Thrown:
    frames = bounded(block.frames[::-1])
    header = _HEADER.fullmatch(block.header[0]) if block.header else None
    if header is None:
        return Thrown(value="\n".join(block.header), frames=frames)
    return Thrown(header[1], "", "\n".join([header[2] or "", *block.header[1:]]).strip(), frames)


def _frame(text: str) -> Frame | None:
    if bare := _BARE.fullmatch(text):
        return _placed("", bare[1])
    if not text.startswith("at ") or not text.endswith(")"):
        return None
    function, opened, place = text.removeprefix("at ").partition(" (")
    if not opened:
        return None
    return _placed(function.removeprefix("async "), place[:-1])


def _placed(function: str, place: str) -> Frame:
    """Return a frame. `place` is `LOC:L:C`, `<anonymous>`, `native`, `index 0`, or of code that `eval` made."""
    if place.startswith("eval at "):
        place = place.rpartition(", ")[2]
    match = _PLACE.fullmatch(place)
    if match is None:
        return Frame(function=function, filename="<anonymous>" if place == "<anonymous>" else "", in_app=False)
    path = match[1]
    return Frame(
        function=function,
        filename=path.removeprefix("file://").partition("?")[0],
        abs_path=path,
        lineno=int(match[2]),
        colno=int(match[3]),
        in_app=not path.startswith(LIBRARIES) and "node_modules" not in path,
    )
