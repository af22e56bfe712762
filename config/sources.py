"""Where configuration text comes from: files, directories, standard input, a variable, the command line."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from config.excerpt import split_lines
from config.messages import Place, Report
from config.parse import MAX_BYTES
from config.reading import Unreadable, read_bytes

STDIN: Final = "-"


class Source(NamedTuple):
    """One text, what messages call it, and where relative paths in it start."""

    name: str
    text: str
    directory: Path
    file: Path | None = None
    """Its resolved path, by which an include cycle is recognised."""


def read(argument: str, environ: Mapping[str, str], report: Report) -> Iterator[Source]:
    """Yield the texts that one `--config` names; what can't be read is reported and left out."""
    if argument.startswith("yaml:"):
        yield from _decoded(
            report.unused("<yaml>"), argument.removeprefix("yaml:").encode(errors="surrogateescape"), Path(), report
        )
    elif argument.startswith("env:"):
        text = environ.get(argument.removeprefix("env:"))
        if text is None:
            report.add("E301", Place(argument), "", "the environment variable is not set")
        else:
            yield from _decoded(argument, text.encode(errors="surrogateescape"), Path(), report)
    elif argument == STDIN:
        yield from _decoded("<stdin>", sys.stdin.buffer.read(MAX_BYTES + 1), Path(), report)
    elif Path(argument).is_dir():
        files = sorted(Path(argument).glob("*.yaml"))
        if not files:
            report.add("E004", Place(argument), "", "no *.yaml file in this directory")
        for file in files:
            yield from read_file(file, str(file), report)
    else:
        yield from read_file(Path(argument), argument, report)


def read_file(file: Path, name: str, report: Report, place: Place | None = None, path: str = "") -> Iterator[Source]:
    """Yield the text of a file; `place` and `path` lead to what named it."""
    try:
        content = read_bytes(file, MAX_BYTES + 1)
    except Unreadable as fault:
        message = f"{fault}" if place is None else f"cannot read {name}: {fault}"
        report.add("E004", place or Place(name), path, message)
        return
    yield from _decoded(name, content, file.parent, report, file.resolve())


def _decoded(name: str, content: bytes, directory: Path, report: Report, file: Path | None = None) -> Iterator[Source]:
    if len(content) > MAX_BYTES:
        report.file(name)
        report.add("E001", Place(name), "", f"YAML: larger than {MAX_BYTES // 1024**2} MiB")
        return
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        report.file(name, content.decode(errors="replace"))
        before = split_lines(content[: error.start].decode())
        line, col = len(before), len(before[-1]) + 1
        report.add("E001", Place(name, line, col, line, col + 1), "", "YAML: not UTF-8 text")
        return
    report.file(name, text)
    yield Source(name, text, directory, file)
