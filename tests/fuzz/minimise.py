"""Making a failing input small: fields, then pieces of texts, are left out as long as it still fails."""

import time
from collections.abc import Callable, Iterator
from typing import Final

from pipeline.wire.errors import Malformed
from pipeline.wire.reference.tables import DELIMITED, Message, root
from pipeline.wire.reference.walk import delimited, fields
from tests.fuzz.targets import Input

SECONDS: Final = 10
"""It is made a little smaller, not as small as can be."""


def minimised(given: Input, fails: Callable[[Input], bool]) -> Input:
    """Return the smallest input that was found to fail too."""
    end = time.monotonic() + SECONDS
    shrunk = True
    while shrunk:
        shrunk = False
        for data in _smaller(given):
            if time.monotonic() > end:
                return given
            if len(data) < len(given.data) and fails(given._replace(data=data)):
                given, shrunk = given._replace(data=data), True
                break
    return given


def _smaller(given: Input) -> Iterator[bytes]:
    if given.form == "wire":
        yield from _without_fields(given.data, root(given.signal))
    yield from _cuts(given.data)


def _without_fields(data: bytes, message: Message) -> Iterator[bytes]:
    """Yield a message without one of its fields, at any depth; the lengths around it are right."""
    try:
        visits = list(fields(data, 0, len(data)))
    except Malformed:
        yield from _cuts(data)
        return
    for at, _, _, _, stop in visits:
        yield data[:at] + data[stop:]
    for at, number, wire, value, stop in visits:
        field = message.fields.get(number)
        if field is None or wire != DELIMITED:
            continue
        inside = data[value:stop]
        for smaller in _cuts(inside) if field.message is None else _without_fields(inside, field.message):
            yield data[:at] + delimited(number, smaller) + data[stop:]


def _cuts(data: bytes) -> Iterator[bytes]:
    """Yield the data without one piece: halves, quarters, down to single bytes."""
    size = len(data)
    while size:
        for at in range(0, len(data), size):
            yield data[:at] + data[at + size :]
        size //= 2
