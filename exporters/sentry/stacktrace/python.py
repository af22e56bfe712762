"""Tracebacks of CPython: oldest exception first, callers first."""

import re
from collections.abc import Iterator
from typing import Final

from exporters.sentry.stacktrace.frames import MAX_FRAMES, Frame, Parsed, Thrown, below_root, bounded, split_type

START: Final = "Traceback (most recent call last):"
GROUP: Final = "Exception Group Traceback (most recent call last):"
CHAINED: Final = (
    "The above exception was the direct cause of the following exception:",
    "During handling of the above exception, another exception occurred:",
)
LIBRARIES: Final = ("/site-packages/", "/dist-packages/")

_FRAME: Final = re.compile(r'  File "([^"]*)", line (\d{1,9})(?:, in (.*))?')
_REPEATED: Final = re.compile(r"  \[Previous line repeated (\d{1,9}) more times?\]")
_STANDARD: Final = re.compile(r"/lib/python\d[\d.]*/")
_NAME: Final = re.compile(r"[^\W\d][\w.]*")


def parse(lines: list[str]) -> Parsed | None:
    """Return the exceptions of a traceback, or None when there is none; an exception group has no form at Sentry."""
    exceptions = [_thrown(block) for block in _blocks(lines)]
    if not any(thrown.frames for thrown in exceptions) or any(GROUP in line for line in lines):
        return None
    return Parsed("python", exceptions)


def _blocks(lines: list[str]) -> Iterator[list[str]]:
    """Yield the lines of each exception, from its first frame on."""
    block: list[str] | None = None
    for line in lines:
        if line.strip() == START:
            if block:
                yield block
            block = []
        elif line in CHAINED and block is not None:
            yield block
            block = None
        elif block is not None:
            block.append(line)
    if block:
        yield block


def _thrown(block: list[str]) -> Thrown:
    frames: list[Frame] = []
    for position, line in enumerate(block):
        if match := _FRAME.fullmatch(line):
            frames.append(_frame(*match.groups()))
        elif frames and (repeated := _REPEATED.fullmatch(line)):
            frames += [frames[-1]] * min(int(repeated[1]), MAX_FRAMES)
        elif line.startswith("    ") and frames:
            if not frames[-1].context_line and line.strip(" ~^"):
                frames[-1].context_line = line.strip()
        elif line.strip():
            return _named(bounded(frames), block[position:])
    return Thrown(frames=bounded(frames))


def _named(frames: list[Frame], lines: list[str]) -> Thrown:
    """Return the exception that the lines behind the frames name: `module.Type: value`, the value over several lines."""
    name, _, value = lines[0].partition(": ")
    if not _NAME.fullmatch(name.strip()):
        return Thrown(frames=frames)
    kind, module = split_type(name.strip())
    return Thrown(kind, module, "\n".join([value, *lines[1:]]).strip(), frames)


def _frame(path: str, line: str, function: str | None) -> Frame:
    library = any(part in path for part in ("site-packages", "dist-packages", "lib/python")) or path.startswith("<frozen")
    return Frame(
        function=function or "",
        filename=below_root(path, [*LIBRARIES, *_STANDARD.findall(path)]),
        abs_path=path,
        lineno=int(line),
        in_app=not library,
    )
