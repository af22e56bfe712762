"""Split a payload into parts that a destination takes."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TypeAlias

from pipeline.types import Signal
from pipeline.wire.reference.tables import Field, Message, root
from pipeline.wire.reference.walk import delimited, encode_varint, expect, fields


class Shell:
    """A message around items: its field number in its parent, and all of its fields but the items and shells in it."""

    __slots__ = ("number", "rest")

    def __init__(self, number: int, rest: bytes) -> None:
        self.number = number
        self.rest = rest


Item: TypeAlias = tuple[tuple[Shell, ...], bytes]
"""The shells around an item, from the payload inwards, and the whole field that it is."""


def split(payload: bytes, signal: Signal, *, max_items: int, max_bytes: int) -> list[bytes]:
    """Return the payload in parts of at most `max_items` items and `max_bytes` bytes, items in order.

    Metrics are split by data points. Each part has the Resource, Scope and Metric of its items around them, with all fields of
    theirs, unknown ones too; shells without items are left out. Parts are as full as the limits allow; an item that is too
    large by itself has a part of its own. A payload within the limits is returned as it is. Raises `Malformed`.
    """
    items = items_of(payload, signal)
    if len(items) <= max_items and len(payload) <= max_bytes:
        return [payload]
    parts: list[list[Item]] = []
    size = _Size()
    for item in items:
        if not parts or len(parts[-1]) == max_items or size.with_item(item) > max_bytes:
            parts.append([])
            size = _Size()
        parts[-1].append(item)
        size.add(item)
    return [body_of(part) for part in parts]


def items_of(payload: bytes, signal: Signal) -> list[Item]:
    """Return all items of a payload, each with the shells around it. Raises `Malformed`."""
    return list(_items(payload, 0, len(payload), root(signal), 0, ()))


def _items(data: bytes, start: int, end: int, message: Message, number: int, around: tuple[Shell, ...]) -> Iterator[Item]:
    """Yield the items in the message `data[start:end]`, which is field `number` of what is around it."""
    rest: list[bytes] = []
    inside: list[tuple[Field, Message, int, int, int]] = []
    for at, tag_number, wire, value, stop in fields(data, start, end):
        field = expect(message, tag_number, wire, at)
        below = None if field is None else field.message
        if field is None or below is None or not (below.item or below.shell):
            rest.append(data[at:stop])
            continue
        if inside and field.name in inside[0][0].rivals:
            inside.clear()  # of a metric's data, the type given last counts
        inside.append((field, below, at, value, stop))
    around = (*around, Shell(number, b"".join(rest)))
    if len(inside) > 1 and not inside[0][0].repeated:  # a singular message in several pieces is one
        field, below, *_ = inside[0]
        merged = b"".join(data[value:stop] for *_, value, stop in inside)
        yield from _items(merged, 0, len(merged), below, field.number, around)
        return
    for field, below, at, value, stop in inside:
        if below.item:
            yield around, data[at:stop]
        else:
            yield from _items(data, value, stop, below, field.number, around)


class _Size:
    """The exact size of a part, kept up while items are added: of each shell still open, the bytes in it so far."""

    def __init__(self) -> None:
        self._open: tuple[Shell, ...] = ()
        self._bytes: list[int] = []

    def with_item(self, item: Item) -> int:
        """Return what the size would be with one more item."""
        open_shells, sizes = self._after(item)
        total = 0
        for shell, size in zip(reversed(open_shells), reversed(sizes), strict=True):
            total = _framed(shell.number, size + total) if shell.number else size + total
        return total

    def add(self, item: Item) -> None:
        """Add an item."""
        self._open, self._bytes = self._after(item)

    def _after(self, item: Item) -> tuple[tuple[Shell, ...], list[int]]:
        shells, field = item
        shared = sum(1 for mine, theirs in zip(self._open, shells, strict=False) if mine is theirs)
        sizes = self._bytes[:shared]
        closed = 0
        for shell, size in zip(reversed(self._open[shared:]), reversed(self._bytes[shared:]), strict=True):
            closed = _framed(shell.number, size + closed)
        if sizes:
            sizes[-1] += closed
        sizes += [len(shell.rest) for shell in shells[shared:]]
        sizes[-1] += len(field)
        return shells, sizes


def _framed(number: int, size: int) -> int:
    return len(encode_varint(number << 3)) + len(encode_varint(size)) + size


def body_of(items: Sequence[Item], depth: int = 0) -> bytes:
    """Return the shell at `depth` that all the items share, with the items in it."""
    shells, _ = items[0]
    pieces = [shells[depth].rest]
    if depth + 1 == len(shells):
        pieces += [field for _, field in items]
    else:
        for _, group in groupby(items, key=lambda item: id(item[0][depth + 1])):
            part = list(group)
            pieces.append(delimited(part[0][0][depth + 1].number, body_of(part, depth + 1)))
    return b"".join(pieces)
