"""Fingerprints of literals for the scan: which four bytes can stand where one begins, in eight buckets (`redact_scan.h`).

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
"""For each place the low and the high halves that are possible, as bits."""

WIDTH: Final = 4
BUCKETS: Final = 8
ANYTHING: Final = frozenset(range(256))
MOST_BEGINNINGS: Final = 5_000
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


def buckets(fingerprints: Iterable[Fingerprint]) -> tuple[list[bytes], list[bytes]]:
    """Return two tables for each place: the buckets that allow a low half, and those that allow a high half, as bits."""
    merged = sorted({_halves(each) for each in fingerprints})
    while len(merged) > BUCKETS:
        costs = [_cost(_union(one, other)) - _cost(one) - _cost(other) for one, other in pairwise(merged)]
        cheapest = costs.index(min(costs))
        merged[cheapest : cheapest + 2] = [_union(merged[cheapest], merged[cheapest + 1])]
    return _tables(merged, 0), _tables(merged, 1)


def beginnings(fingerprints: Iterable[Fingerprint]) -> set[int]:
    """Return all that four bytes can be where a literal begins, as little-endian numbers with bit 5 of each byte set.

    With this bit set, upper and lower case are alike. Where a literal is so short that there would be too many, all there are.
    """
    found: set[int] = set()
    for places in {tuple(frozenset(byte | 0x20 for byte in place) for place in each) for each in fingerprints}:
        if prod(map(len, places)) > MOST_BEGINNINGS:
            return {int.from_bytes(bytes((*ends, 0x20)), "little") for ends in product(range(256), repeat=3)}
        found.update(int.from_bytes(bytes(each), "little") for each in product(*places))
    return found


def _halves(fingerprint: Fingerprint) -> Halves:
    return tuple((sum({1 << (byte & 15) for byte in place}), sum({1 << (byte >> 4) for byte in place})) for place in fingerprint)


def _union(one: Halves, other: Halves) -> Halves:
    return tuple((low | more_low, high | more_high) for (low, high), (more_low, more_high) in zip(one, other, strict=True))


@cache
def _cost(halves: Halves) -> float:
    cost = 1.0
    for low, high in halves:
        cost *= _share(low, high)
    return cost


@cache
def _share(low: int, high: int) -> float:
    return sum(_COMMON[byte] for byte in range(256) if low >> (byte & 15) & 1 and high >> (byte >> 4) & 1)


def _tables(merged: Sequence[Halves], half: int) -> list[bytes]:
    return [
        bytes(sum(1 << bucket for bucket, halves in enumerate(merged) if halves[place][half] >> value & 1) for value in range(16))
        for place in range(WIDTH)
    ]
