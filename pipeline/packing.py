"""Entries of a JSON array into as few arrays as a destination's limits allow."""

from collections.abc import Sequence

from msgspec import Struct

from pipeline.wire.model import Record


class Entry(Struct):
    """One element of the array, encoded."""

    body: bytes
    records: list[Record]
    """What it was made from."""
    items: int
    """How many of them count as sent with this entry; a record in several entries counts once."""


def packed(entries: Sequence[Entry], *, most: int, max_bytes: int) -> list[list[Entry]]:
    """Return the entries in order, in groups of at most `most` whose bodies, joined with commas, have at most `max_bytes`.

    An entry that is larger than that stands alone.
    """
    groups: list[list[Entry]] = []
    size = 0
    for entry in entries:
        if not groups or len(groups[-1]) == most or size + 1 + len(entry.body) > max_bytes:
            groups.append([])
            size = -1
        groups[-1].append(entry)
        size += 1 + len(entry.body)
    return groups


def halves(entries: Sequence[Entry]) -> Sequence[Sequence[Entry]]:
    """Return two or more entries as two groups, in order."""
    half = -(-len(entries) // 2)
    return entries[:half], entries[half:]
