"""Fingerprints of literals for the scan: which four bytes can stand where one begins, in sixteen buckets (`redact_scan.h`).

A bucket allows a byte by its low and its high half, so one that holds unlike literals lets much else through. Alike literals
share a bucket: neighbours in their order are merged, the pair first that costs least.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import pairwise, product
from math import prod
from typing import Final, TypeAlias

Fingerprint: TypeAlias = tuple[frozenset[int], ...]
"""The bytes that are possible at each of `WIDTH` places."""
Halves: TypeAlias = tuple[tuple[int, int], ...]
"""For each place the high and the low halves that are possible, as bits."""

WIDTH: Final = 4
BUCKETS: Final = 16
ANYTHING: Final = frozenset(range(256))
MOST_BEGINNINGS: Final = 400
"""Of one literal."""

_COMMON: Final = {
    **dict.fromkeys(range(256), 0.0002),
    **dict.fromkeys(b"abcdefghijklmnopqrstuvwxyz", 0.02),
    **dict.fromkeys(b"aeinorst", 0.045),
    **dict.fromkeys(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", 0.004),
    **dict.fromkeys(b"0123456789", 0.018),
    **dict.fromkeys(b"\"'()-./:=_,", 0.01),
    b" "[0]: 0.08,
}
"""How often a byte comes in telemetry, roughly: good enough to choose buckets by."""


def fingerprint(literal: bytes, *behind: bytes, fold: bool = False) -> Fingerprint:
    """Return the fingerprint of a literal; what may stand behind it narrows that of a short one."""
    places = [frozenset((*bytes((byte,)).lower(), *bytes((byte,)).upper())) if fold else frozenset((byte,)) for byte in literal]
    places += map(frozenset, behind)
    return tuple(places[:WIDTH]) + (ANYTHING,) * (WIDTH - len(places))


def buckets(fingerprints: Iterable[Fingerprint]) -> list[tuple[list[bytes], list[bytes]]]:
    """Return tables of eight buckets each: for each place those that allow a high half, and a low half, as bits."""
    merged = sorted({_halves(each) for each in fingerprints})
    while len(merged) > BUCKETS:
        costs = [_cost(_union(one, other)) - _cost(one) - _cost(other) for one, other in pairwise(merged)]
        cheapest = costs.index(min(costs))
        merged[cheapest : cheapest + 2] = [_union(merged[cheapest], merged[cheapest + 1])]
    return [(_tables(merged[at : at + 8], 0), _tables(merged[at : at + 8], 1)) for at in range(0, BUCKETS, 8)]


def beginnings(fingerprints: Iterable[Fingerprint], width: int) -> set[int] | None:
    """Return what the first `width` bytes can be where a literal begins, as little-endian numbers with bit 5 of each byte set.

    With this bit set, upper and lower case are alike. A literal counts for the width at which there are few: most for four, short
    ones for three. None means anything: there is a literal of one byte.
    """
    found: set[int] = set()
    for places in {tuple(frozenset(byte | 0x20 for byte in place) for place in each) for each in fingerprints}:
        if (prod(map(len, places)) <= MOST_BEGINNINGS) == (width == WIDTH):
            if prod(map(len, places[:width])) > MOST_BEGINNINGS:
                return None
            found.update(int.from_bytes(bytes(each), "little") for each in product(*places[:width]))
    return found


def _halves(fingerprint: Fingerprint) -> Halves:
    return tuple((sum({1 << (byte >> 4) for byte in place}), sum({1 << (byte & 15) for byte in place})) for place in fingerprint)


def _union(one: Halves, other: Halves) -> Halves:
    return tuple((high | more_high, low | more_low) for (high, low), (more_high, more_low) in zip(one, other, strict=True))


@cache
def _cost(halves: Halves) -> float:
    cost = 1.0
    for high, low in halves:
        cost *= _share(high, low)
    return cost


@cache
def _share(high: int, low: int) -> float:
    return sum(_COMMON[byte] for byte in range(256) if low >> (byte & 15) & 1 and high >> (byte >> 4) & 1)


def _tables(merged: Sequence[Halves], half: int) -> list[bytes]:
    return [
        bytes(sum(1 << bucket for bucket, halves in enumerate(merged) if halves[place][half] >> value & 1) for value in range(16))
        for place in range(WIDTH)
    ]
