"""Reading a request's body: within its limit, charged to the admission budget as it grows, cut when it stalls."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from aiohttp import StreamReader
from aiohttp.web_protocol import RequestPayloadError

from pipeline.admission import COMPRESSED_FACTOR, PLAIN_FACTOR
from pipeline.net.compression import Corrupt, TooMuch, decompress_steps
from pipeline.net.http_route import Refusal

Charge: TypeAlias = Callable[[int], None]
"""Sees to it that this many bytes are reserved in all. Raises `Busy` or `TooLarge`."""

PROGRESS_BYTES: Final = 1024
"""What a body has to grow by to count as progress: a byte a second is none."""

_INLINE_BYTES: Final = 256 * 1024
"""What is decompressed on the loop before a thread goes on."""


def too_large(limit: int, headers: Mapping[str, str] | None = None) -> Refusal:
    """Return the refusal of a body, as sent or decompressed, that is larger than its limit."""
    return Refusal(413, f"the body is larger than {limit} bytes", headers=headers)


async def read(content: StreamReader, limit: int, charge: Charge, stall: float, *, compressed: bool) -> bytes:
    """Return the whole body. Raises `Refusal`, whatever `charge` raises, and `ConnectionError` when the client is gone.

    `stall` is how many seconds may pass without progress.
    """
    factor = COMPRESSED_FACTOR if compressed else PLAIN_FACTOR
    parts, size, mark = [], 0, 0
    try:
        async with asyncio.timeout(stall) as progress:
            while part := await content.readany():
                size += len(part)
                if size > limit:
                    raise too_large(limit)
                charge(size * factor)
                parts.append(part)
                if size - mark >= PROGRESS_BYTES:
                    mark = size
                    progress.reschedule(asyncio.get_running_loop().time() + stall)
    except TimeoutError:
        raise Refusal(408, "the body did not arrive in time", headers={"Connection": "close"}) from None
    except RequestPayloadError:
        raise Refusal(400, "the body breaks the rules of its transfer encoding", headers={"Connection": "close"}) from None
    return parts[0] if len(parts) == 1 else b"".join(parts)


async def decode(raw: bytes, encoding: str, limit: int, charge: Charge) -> bytes:
    """Return the decompressed body, `raw` itself when there is no encoding; long ones are worked on by a thread.

    Raises `Refusal` and whatever `charge` raises.
    """
    if not encoding:
        return raw
    steps = decompress_steps(raw, encoding, limit)
    parts, size = [], 0
    inline = len(raw) <= _INLINE_BYTES
    try:
        while part := next(steps, b"") if inline else await asyncio.to_thread(next, steps, b""):
            size += len(part)
            charge(len(raw) + size * PLAIN_FACTOR)
            parts.append(part)
            inline = inline and size < _INLINE_BYTES
    except TooMuch:
        raise too_large(limit) from None
    except Corrupt:
        raise Refusal(400, f"the body is not one sound {encoding} stream") from None
    return parts[0] if len(parts) == 1 else b"".join(parts)
