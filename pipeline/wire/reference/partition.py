"""Divide a payload among the partitions of a topic, so that a trace stays together."""

from typing import Final

from pipeline.types import Signal
from pipeline.wire.errors import Malformed
from pipeline.wire.reference.split import Item, Shell, body_of, items_of
from pipeline.wire.reference.tables import DELIMITED, message
from pipeline.wire.reference.walk import fields, varint

_ITEMS: Final = {"logs": "LogRecord", "traces": "Span"}
_FNV_BASIS: Final = 0xCBF29CE484222325
_FNV_PRIME: Final = 0x100000001B3


def partition(payload: bytes, signal: Signal, n: int) -> list[bytes | None]:
    """Return what each of `n` partitions has of a payload, None where that is nothing; items in order.

    An item goes where the hash of its trace id points, one without a usable id (all zeros, a wrong length; metrics have none)
    where the hash of its resource does, so both keep their place however they arrive (delivery contract §10.2). The hash is
    FNV-1a of 64 bits, modulo `n`: of the 16 bytes, or of all fields of the ResourceLogs, ResourceSpans or ResourceMetrics
    around the item but those that lead to items. Each part has the shells of its items around them, as `split` has it; where one
    partition has all, it has the payload itself. Raises `Malformed`, and `ValueError` for an `n` of 0.
    """
    if n == 0:
        raise ValueError("there is no partition")
    parts: list[list[Item]] = [[] for _ in range(n)]
    items = items_of(payload, signal)
    hashes: dict[Shell, int] = {}
    for around, item in items:
        trace_id = _trace_id(item, signal)
        if trace_id is not None:
            parts[_hash(trace_id) % n].append((around, item))
            continue
        resource = around[1]
        if resource not in hashes:
            hashes[resource] = _hash(resource.rest)
        parts[hashes[resource] % n].append((around, item))
    return [None if not part else payload if len(part) == len(items) else body_of(part) for part in parts]


def _trace_id(item: bytes, signal: Signal) -> bytes | None:
    if signal not in _ITEMS:
        return None
    wanted = message(_ITEMS[signal]).by_name["trace_id"]
    _, at = varint(item, 0, len(item))
    _, at = varint(item, at, len(item))  # behind tag and length
    given = None
    try:
        for _, number, wire, start, stop in fields(item, at, len(item)):
            if number == wanted.number:
                given = item[start:stop] if wire == DELIMITED else b""
    except Malformed:  # `validate` looks into items, this does not
        return None
    return given if given and len(given) == wanted.id_bytes and any(given) else None


def _hash(data: bytes) -> int:
    value = _FNV_BASIS
    for byte in data:
        value = (value ^ byte) * _FNV_PRIME & 0xFFFF_FFFF_FFFF_FFFF
    return value
