"""Substitution: `${env:NAME}` and `${file:/path}` in the values of a tree (config contract §2).

A value that was put in is never expanded again and never becomes structure: it is the text of one scalar.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from config.messages import Report
from config.reading import Unreadable, is_text, read_text
from config.template import MAX_DEPTH, Part, Reference, TooDeep, Unclosed, parse
from config.tree import BrokenNode, Entry, ListNode, MapNode, Node, ScalarNode, inside, item, under

MAX_FILE_BYTES: Final = 1024 * 1024

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_INSIDE_FILE: Final = re.compile(r"\$\{(env|file):([^${}]+)\}")
"""In the content of a file only whole references with a scheme count, so that a password may hold any other `$`."""


class Substitution:
    """Replaces references by what they stand for; a value with a fault becomes a `BrokenNode`."""

    def __init__(self, environ: Mapping[str, str], directories: Mapping[str, Path], report: Report) -> None:
        self._environ = environ
        self._directories = directories
        self._report = report
        self.used: set[str] = set()
        """Names of the variables that were read and set."""

    def apply(self, node: Node, path: str = "") -> Node:
        """Return the tree with all its values filled in."""
        if isinstance(node, ScalarNode):
            return self._scalar(node, path) if "$" in node.text else node
        if isinstance(node, ListNode):
            items = tuple(self.apply(child, item(path, index)) for index, child in enumerate(node.items))
            return ListNode(items, node.place)
        if isinstance(node, MapNode):
            entries = {name: Entry(key, self.apply(value, under(path, key.text))) for name, (key, value) in node.entries.items()}
            return MapNode(entries, node.place)
        return node

    def _scalar(self, node: ScalarNode, path: str) -> Node:
        try:
            parts = parse(node.text)
        except Unclosed as unclosed:
            place = inside(node, unclosed.offset, len(node.text))
            self._report.add("E307", place, path, "`${` without `}`", help=("write $${ for a literal ${",))
            return BrokenNode(node.place)
        except TooDeep:
            self._report.add("E304", node.place, path, f"references are nested deeper than {MAX_DEPTH} levels")
            return BrokenNode(node.place)
        if all(isinstance(part, str) for part in parts):
            return ScalarNode("".join(map(str, parts)), node.plain, node.place, node.raw)
        directory = self._directories.get(node.place.file, Path())
        scalar = _Scalar(node, path, directory, self._environ, self._report, self.used)
        text = scalar.join(parts)
        if text is None:
            return BrokenNode(node.place)
        whole = parts[0] if len(parts) == 1 else None
        literal = sum(len(part) for part in parts if isinstance(part, str))
        origin = f"{scalar.origin(whole)} ({len(text)} character{'s' if len(text) != 1 else ''})"
        return ScalarNode(text, node.plain and whole is not None, node.place, node.raw, origin, literal)


class _Fault(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class _Scalar:
    """One value under substitution."""

    def __init__(
        self, node: ScalarNode, path: str, directory: Path, environ: Mapping[str, str], report: Report, used: set[str]
    ) -> None:
        self._node = node
        self._path = path
        self._directory = directory
        self._environ = environ
        self._report = report
        self._used = used

    def join(self, parts: Sequence[Part]) -> str | None:
        """Return the parts with their values, or None after a fault; every reference gets its turn."""
        values = [part if isinstance(part, str) else self._value(part) for part in parts]
        return None if None in values else "".join(map(str, values))

    def origin(self, reference: Part | None) -> str:
        """Return what to call the text: a value that is one reference bears the reference's name."""
        if not isinstance(reference, Reference):
            return "after substitution"
        name = self._written(reference)
        if reference.scheme == "file":
            return f"content of {name}"
        return f"{'value' if name in self._environ or reference.operator != ':-' else 'default'} of {name}"

    def _written(self, reference: Reference) -> str:
        return self._node.text[reference.name_at : reference.name_end]

    def _value(self, reference: Reference) -> str | None:
        if reference.scheme not in ("env", "file"):
            end = reference.scheme_at + len(reference.scheme)
            self._add("E305", reference.scheme_at, end, f"unknown scheme `{reference.scheme}`", label="use env or file")
            return None
        name = self.join(reference.name)
        if name is None:
            return None
        if reference.scheme == "env":
            return self._variable(reference, name)
        try:
            return self._file(name, self._written(reference), self._directory, ())
        except _Fault as fault:
            self._add(fault.code, reference.start, reference.end, fault.message)
            return None

    def _variable(self, reference: Reference, name: str) -> str | None:
        if not _NAME.fullmatch(name):
            end = max(reference.name_end, reference.name_at + 1)
            self._add("E302", reference.name_at, end, "bad variable name", label="letters, digits, _; not starting with a digit")
            return None
        value = self._environ.get(name)
        if value is not None:
            self._used.add(name)
            if not is_text(value):
                self._add("E306", reference.start, reference.end, f"environment variable {name} is not UTF-8 text")
                return None
        if value or (value is not None and reference.operator != ":?"):
            return value
        if reference.operator == ":-":
            return self.join(reference.operand)
        shown = self._written(reference)
        if reference.operator == ":?":
            self._add("E301", reference.start, reference.end, self.join(reference.operand) or f"{shown} is not set")
        else:
            advice = f"set it, or give a default: ${{env:{shown}:-value}}"
            self._add("E301", reference.start, reference.end, f"environment variable {shown} is not set", advice=advice)
        return None

    def _file(self, name: str, shown: str, directory: Path, opened: tuple[Path, ...]) -> str:
        file = directory / name
        if file in opened:
            raise _Fault("E304", f"{shown} refers to itself")
        if len(opened) >= MAX_DEPTH:
            raise _Fault("E304", f"references are nested deeper than {MAX_DEPTH} levels")
        self._report.part(file)
        try:
            text = read_text(file, MAX_FILE_BYTES)
        except Unreadable as error:
            raise _Fault("E303", f"cannot read {shown}: {error}") from error

        def inner(found: re.Match[str]) -> str:
            if found[1] == "file":
                return self._file(found[2], shown, file.parent, (*opened, file))
            if found[2] not in self._environ:
                raise _Fault("E301", f"{shown} names a variable that is not set")
            self._used.add(found[2])
            return self._environ[found[2]]

        return _INSIDE_FILE.sub(inner, text)

    def _add(self, code: str, start: int, end: int, message: str, *, label: str = "", advice: str = "") -> None:
        place = inside(self._node, start, end)
        self._report.add(code, place, self._path, message, label=label, help=(advice,) if advice else ())
