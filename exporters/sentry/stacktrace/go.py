"""Stack traces of Go panics and of `runtime/debug.Stack`: callees first, two lines a call."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from exporters.sentry.stacktrace.frames import Frame, Parsed, Thrown, below_root, bounded

GOROUTINE: Final = "goroutine "
ROOTS: Final = ("/pkg/mod/", "/vendor/", "/go/src/")
LIBRARIES: Final = ("/pkg/mod/", "/vendor/", "/go/src/")

_PLACE: Final = re.compile(r"\t(.+\.(?:go|s|c)):(\d{1,9})(?: \+0x[0-9a-f]+)?")
_PANIC: Final = re.compile(r"\s*panic: (.*?)(?: \[recovered[^\]]*\])?")


def parse(lines: list[str]) -> Parsed | None:
    """Return the panics and the stack of the first goroutine, or None when it has no frame."""
    frames = bounded(list(_frames(lines))[::-1])
    if not frames:
        return None
    panics = [match[1] for line in lines if (match := _PANIC.fullmatch(line))]
    earlier = [Thrown(type="panic", value=value) for value in panics[:-1]]
    return Parsed("go", [*earlier, Thrown(value=panics[-1] if panics else "", frames=frames)])


def _frames(lines: list[str]) -> Iterator[Frame]:
    goroutines = 0
    for line, following in pairwise(lines):
        if line.startswith(GOROUTINE):
            goroutines += 1
            if goroutines > 1:
                return
        elif not line.startswith("\t") and (place := _PLACE.fullmatch(following)):
            yield _frame(line, place[1], int(place[2]))


def _frame(call: str, path: str, line: int) -> Frame:
    call = call.removeprefix("created by ").partition(" in goroutine ")[0]
    name = call[: call.rindex("(")] if call.endswith(")") and "(" in call else call
    folder, _, last = name.rpartition("/")
    package, dot, function = last.partition(".")
    if not dot:  # a builtin such as panic
        package, function = "", last
    module = f"{folder}/{package}" if folder else package
    standard = not path.startswith("/") and "." not in path.partition("/")[0] and module != "main"
    return Frame(
        function=function,
        module=module,
        filename=below_root(path, ROOTS),
        abs_path=path,
        lineno=line,
        in_app=not (standard or module == "runtime" or any(part in path for part in LIBRARIES)),
    )
