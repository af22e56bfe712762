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


def packed(entries: Sequence[Entry], *, most: int, max_bytes: int) -> list[Sequence[Entry]]:
    """Return the entries in order, in groups of at most `most` whose bodies, joined with commas, have at most `max_bytes`.

    An entry that is larger than that stands alone.
    """
    return [entries[group] for group in groups([len(entry.body) for entry in entries], most=most, max_bytes=max_bytes)]


def groups(sizes: Sequence[int], *, most: int, max_bytes: int) -> list[slice]:
    """Return which bodies of these sizes stand together, as `packed` says."""
    if 0 < len(sizes) <= most and sum(sizes) + len(sizes) - 1 <= max_bytes:
        return [slice(0, len(sizes))]
    found: list[slice] = []
    begin = used = 0
    for index, size in enumerate(sizes):
        if index > begin and (index - begin == most or used + 1 + size > max_bytes):
            found.append(slice(begin, index))
            begin, used = index, 0
        used += size + (index > begin)
    if sizes:
        found.append(slice(begin, len(sizes)))
    return found


def halves(entries: Sequence[Entry]) -> Sequence[Sequence[Entry]]:
    """Return two or more entries as two groups, in order."""
    half = -(-len(entries) // 2)
    return entries[:half], entries[half:]
