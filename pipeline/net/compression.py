"""Content codings of HTTP bodies: gzip, deflate and zstd in, gzip and zstd out (OTLP contract §2).

Decompression goes in bounded steps, so a bomb costs no more memory than the limit that it breaks.
"""

import functools
from collections.abc import Iterator
from typing import Final, Literal

import zstandard
from isal import isal_zlib

Compression = Literal["gzip", "zstd", "none"]

STEP_BYTES: Final = 1 << 20
"""Most bytes that one step of `decompress_steps` puts out."""

_SLICE_BYTES: Final = 256 * 1024
_MAX_MEMBERS: Final = 10_000
"""Blocked gzip writers put 64 KiB into a member; far more members than that only cost time."""
_MAX_WINDOW: Final = 8 << 20  # RFC 8878, section 3.1.1.1.2
_GZIP, _ZLIB, _RAW = 31, 15, -15  # wbits of zlib's inflateInit2

# A whole frame with a checksum behind the body: it comes out whole only when the body ended where a frame may end, which
# the reader itself does not tell. Its last bytes on the wire are the checksum, so a cut raw block can't imitate it.
_END: Final = b"\0sluice-zstd-end"
_END_FRAME: Final = zstandard.ZstdCompressor(level=1, write_checksum=True).compress(_END)


class UnknownEncoding(Exception):
    """The content coding is not one we take."""


class Corrupt(Exception):
    """The compressed stream is damaged, cut short, or followed by something else."""


class TooMuch(Exception):
    """The body decompresses to more than its limit."""


def compress(body: bytes, compression: Compression) -> bytes:
    """Return the body at level 1 of the compression; the body itself for `none`."""
    match compression:
        case "gzip":
            packed: bytes = isal_zlib.compress(body, 1, wbits=_GZIP)
            return packed
        case "zstd":
            return zstandard.ZstdCompressor(level=1).compress(body)
        case "none":
            return body


def content_encoding(compression: Compression) -> str:
    """Return the `Content-Encoding` of what `compress` returned; empty when there is none."""
    return "" if compression == "none" else compression


def normal_encoding(header: str) -> str:
    """Return `gzip`, `deflate`, `zstd`, or the empty text for an uncompressed body.

    Raises `UnknownEncoding` for anything else, lists such as `gzip, gzip` included: they nest bombs.
    """
    encoding = header.strip().lower()
    match encoding:
        case "" | "identity" | "none":
            return ""
        case "gzip" | "x-gzip":
            return "gzip"
        case "deflate" | "zstd":
            return encoding
        case _:
            raise UnknownEncoding


def decompress(raw: bytes, encoding: str, limit: int) -> bytes:
    """Return the decompressed body. Raises as `decompress_steps` does."""
    return b"".join(decompress_steps(raw, encoding, limit))


def decompress_steps(raw: bytes, encoding: str, limit: int) -> Iterator[bytes]:
    """Yield the decompressed body in steps of at most 1 MiB; `encoding` is one of `normal_encoding`.

    Raises `TooMuch` as soon as more than `limit` bytes came out, and `Corrupt`. Both may follow good steps.
    """
    match encoding:
        case "gzip":
            steps = _members(raw, limit)
        case "deflate":
            # HTTP's deflate is the zlib format (RFC 9110 section 8.4.1.2); many clients send raw deflate.
            is_zlib = len(raw) >= 2 and raw[0] & 0x0F == 8 and (raw[0] << 8 | raw[1]) % 31 == 0
            steps = _members(raw, limit, _ZLIB if is_zlib else _RAW, most=1)
        case "zstd":
            steps = _zstd(raw, limit)
        case _:
            steps = iter((raw,))
    size = 0
    for step in steps:
        size += len(step)
        if size > limit:
            raise TooMuch
        yield step


def _members(raw: bytes, limit: int, wbits: int = _GZIP, *, most: int = _MAX_MEMBERS) -> Iterator[bytes]:
    view, position, room = memoryview(raw), 0, limit + 1
    for _ in range(most):
        decoder = isal_zlib.decompressobj(wbits=wbits)
        pending: bytes | memoryview = b""
        while not decoder.eof:
            if not pending:
                pending = view[position : position + _SLICE_BYTES]
                position += len(pending)
            try:
                step: bytes = decoder.decompress(pending, max(1, min(STEP_BYTES, room)))
            except isal_zlib.error:  # type: ignore[misc]  # the stub declares an instance
                raise Corrupt from None
            pending = decoder.unconsumed_tail
            if step:
                room -= len(step)
                yield step
            elif not decoder.eof and not pending and position == len(raw):
                raise Corrupt
        position -= len(decoder.unused_data)
        if position == len(raw):
            return
    raise Corrupt


def _zstd(raw: bytes, limit: int) -> Iterator[bytes]:
    room, held = limit + 1 + len(_END), b""
    reader = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW).stream_reader(raw + _END_FRAME, read_across_frames=True)
    read = functools.partial(_read_zstd, reader)
    while step := read(max(1, min(STEP_BYTES, room))):
        room -= len(step)
        held += step
        if len(held) > len(_END):
            yield held[: -len(_END)]
            held = held[-len(_END) :]
    if held != _END or not raw:
        raise Corrupt


def _read_zstd(reader: zstandard.ZstdDecompressionReader, size: int) -> bytes:
    try:
        return reader.read(size)
    except zstandard.ZstdError:
        raise Corrupt from None
