"""What the loader has to say: one message a fault, each with its place (config contract §8)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal, NamedTuple

from config.excerpt import Excerpt, draw, split_lines

Severity = Literal["error", "warning", "info"]

_SEVERITIES: Final[dict[str, Severity]] = {"E": "error", "W": "warning", "I": "info"}


class Place(NamedTuple):
    """A run of source text. Lines and columns start at 1 and count code points; the end is exclusive.

    Line 0 means the whole of `file`, which then is a file that has no text, or a `--set` argument.
    """

    file: str
    line: int = 0
    col: int = 0
    end_line: int = 0
    end_col: int = 0


class Message(NamedTuple):
    """A fault, ready to print: nothing in it is secret."""

    file: str
    line: int | None
    """None where there is no text to point at; so are `col` and `end_col`."""
    col: int | None
    end_col: int | None
    """One past the last column of the offending run, on the first line."""
    severity: Severity
    code: str
    path: str
    message: str
    label: str
    help: tuple[str, ...]
    excerpt: Excerpt | None


class _Fault(NamedTuple):
    place: Place
    code: str
    path: str
    message: str
    label: str
    help: tuple[str, ...]


class Report:
    """Collects faults in any order and hands them out in the order of the files, with excerpts that show no secret."""

    def __init__(self) -> None:
        self._lines: dict[str, list[str]] = {}
        self._arguments: dict[str, str] = {}
        self._faults: dict[_Fault, None] = {}
        self._hidden: dict[str, list[Place]] = {}
        self._parts: dict[Path, None] = {}

    def file(self, name: str, text: str = "") -> None:
        """Register a source in the order of merging; excerpts are cut from its text."""
        self._lines[name] = split_lines(text)

    def part(self, file: Path) -> None:
        """Register a file whose text stands for a value: a secret, or what `${file:…}` names."""
        self._parts[file] = None

    def files(self) -> Sequence[Path]:
        """Return every file that had a part in it so far."""
        return [*(file for file in map(Path, self._lines) if file.is_file()), *self._parts]

    def unused(self, name: str) -> str:
        """Return a name that no source has yet: `<yaml>`, then `<yaml 2>`."""
        number = 1
        while (numbered := name if number == 1 else f"{name[:-1]} {number}{name[-1]}") in self._lines:
            number += 1
        return numbered

    def argument(self, name: str, shown: str) -> None:
        """Register a `--set` argument; `shown` stands for it once its value turns out to be secret."""
        self._lines[name] = []
        self._arguments[name] = shown

    def add(self, code: str, place: Place, path: str, message: str, *, label: str = "", help: Sequence[str] = ()) -> None:
        """Record a fault. The code's first letter tells errors, warnings and infos apart."""
        self._faults[_Fault(place, code, path, message, label, tuple(help))] = None

    def hide(self, place: Place) -> None:
        """Never show the text of this place."""
        self._hidden.setdefault(place.file, []).append(place)

    def hides(self, place: Place) -> bool:
        """Return whether the text of exactly this place is hidden."""
        return place in self._hidden.get(place.file, ())

    @property
    def failed(self) -> bool:
        """Whether an error was recorded."""
        return any(fault.code.startswith("E") for fault in self._faults)

    def failed_under(self, path: str) -> bool:
        """Return whether an error was recorded for a path or something below it."""
        return any(fault.code.startswith("E") and fault.path.startswith(path) for fault in self._faults)

    def messages(self) -> list[Message]:
        """Return all messages, sorted by file order, line, column, code."""
        order = {name: index for index, name in enumerate(self._lines)}
        ranked = sorted(
            self._faults,
            key=lambda fault: (order.get(fault.place.file, len(order)), fault.place.line, fault.place.col, fault.code),
        )
        return [self._message(fault) for fault in ranked]

    def _message(self, fault: _Fault) -> Message:
        place = fault.place
        file = self._arguments[place.file] if place.file in self._arguments and place.file in self._hidden else place.file
        tail = (_SEVERITIES[fault.code[0]], fault.code, fault.path, fault.message, fault.label, fault.help)
        lines = self._lines.get(place.file, [])
        if not 0 < place.line <= len(lines):
            return Message(file, None, None, None, *tail, None)
        line = lines[place.line - 1]
        end = place.end_col if place.end_line == place.line else len(line.rstrip()) + 1
        excerpt = draw(line, place.line, place.col, max(end, place.col + 1), self._spans(place.file, place.line, len(line)))
        return Message(file, place.line, place.col, max(end, place.col + 1), *tail, excerpt)

    def _spans(self, file: str, line: int, length: int) -> list[tuple[int, int]]:
        """Return the hidden runs of one line as columns."""
        return [
            (hidden.col if hidden.line == line else 1, hidden.end_col if hidden.end_line == line else length + 1)
            for hidden in self._hidden.get(file, ())
            if hidden.line <= line <= hidden.end_line
        ]
