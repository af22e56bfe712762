"""A YAML document as a tree of text with the position of every node. Nothing is typed yet: `0123` stays text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from config.excerpt import split_lines
from config.messages import Place

_NULL: Final = frozenset(("", "~", "null", "Null", "NULL"))
_PLAIN_KEY: Final = re.compile(r"[^.\[\]\"\s]+")


class Key(NamedTuple):
    """A key as it was written."""

    text: str
    place: Place


@dataclass(frozen=True, slots=True)
class ScalarNode:
    """A single value. `plain` means unquoted, so that it may be a number, a boolean or null."""

    text: str
    plain: bool
    place: Place
    raw: str = ""
    """The source text, quotes and escapes included."""
    origin: str = ""
    """Where the text came from, when not from the file itself: `value of X (3 characters)`. It is then never shown."""
    literal: int | None = None
    """How many characters of it stand in the file itself; None for all."""

    @property
    def null(self) -> bool:
        """Whether it stands for no value."""
        return self.plain and self.text in _NULL


@dataclass(frozen=True, slots=True)
class ListNode:
    """A list."""

    items: "tuple[Node, ...]"
    place: Place


class Entry(NamedTuple):
    """A key and what stands under it."""

    key: Key
    value: "Node"


@dataclass(frozen=True, slots=True)
class MapNode:
    """A map. Entries are found by the canonical key; `Entry.key.text` is what was written."""

    entries: dict[str, Entry]
    place: Place


@dataclass(frozen=True, slots=True)
class BrokenNode:
    """A value whose fault is already reported."""

    place: Place


Node: TypeAlias = ScalarNode | ListNode | MapNode | BrokenNode


def under(path: str, key: str) -> str:
    """Return the path of what stands under a key, as it is printed."""
    written = key if _PLAIN_KEY.fullmatch(key) else '"' + key.replace('"', '\\"') + '"'
    return f"{path}.{written}" if path else written


def item(path: str, index: int) -> str:
    """Return the path of a list item."""
    return f"{path}[{index}]"


def get(node: Node | None, *keys: str) -> Node | None:
    """Return the node under these keys, or None where there is none."""
    for key in keys:
        entry = node.entries.get(key) if isinstance(node, MapNode) else None
        if entry is None:
            return None
        node = entry.value
    return node


def entries(node: Node | None) -> Iterator[tuple[str, Entry]]:
    """Yield the entries of a map by canonical key; none of anything else."""
    if isinstance(node, MapNode):
        yield from node.entries.items()


def inside(node: ScalarNode, start: int, end: int) -> Place:
    """Return the place of a part of a scalar's text, found again in its source, where escapes may stand between."""
    part = node.text[start:end]
    if not node.place.line or not node.raw:
        return node.place
    if node.text in node.raw:
        at = node.raw.index(node.text) + start
    else:
        at = -1
        for _ in range(node.text.count(part, 0, start) + 1):
            at = node.raw.find(part, at + 1)
        if at < 0:
            return node.place
    first, last = _position(node, at), _position(node, at + len(part))
    return Place(node.place.file, *first, *last)


def _position(node: ScalarNode, at: int) -> tuple[int, int]:
    before = split_lines(node.raw[:at])
    indent = node.place.col if len(before) == 1 else 1
    return node.place.line + len(before) - 1, indent + len(before[-1])
