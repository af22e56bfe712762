import gzip
import os
import zlib

import pytest
import zstandard

from pipeline.net.compression import (
    Corrupt,
    TooMuch,
    UnknownEncoding,
    compress,
    content_encoding,
    decompress,
    decompress_steps,
    normal_encoding,
)

BODY = os.urandom(700) * 100 + b"tail!"
LIMIT = 1 << 20


def streamed_zstd(body: bytes, *, window_log: int = 20) -> bytes:
    """A frame without its content size, as streaming writers make it."""
    parameters = zstandard.ZstdCompressionParameters.from_level(1, window_log=window_log)
    packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    return packer.compress(body) + packer.flush()


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


PACKED = {
    "gzip": (gzip.compress(BODY), "gzip"),
    "two gzip members": (gzip.compress(BODY[:1000]) + gzip.compress(BODY[1000:]), "gzip"),
    "zlib": (zlib.compress(BODY), "deflate"),
    "raw deflate": (raw_deflate(BODY), "deflate"),
    "zstd": (zstandard.ZstdCompressor().compress(BODY), "zstd"),
    "streamed zstd": (streamed_zstd(BODY), "zstd"),
    "two zstd frames": (streamed_zstd(BODY[:1000]) + streamed_zstd(BODY[1000:]), "zstd"),
}


@pytest.mark.parametrize(
    ("header", "encoding"),
    [("", ""), ("identity", ""), ("none", ""), ("GZIP", "gzip"), (" x-gzip ", "gzip"), ("deflate", "deflate"), ("zstd", "zstd")],
)
def test_encodings_that_are_taken(header: str, encoding: str) -> None:
    assert normal_encoding(header) == encoding


@pytest.mark.parametrize("header", ["br", "snappy", "lz4", "compress", "gzip, gzip", "gzip,identity", "gzip;q=1"])
def test_encodings_that_are_refused(header: str) -> None:
    with pytest.raises(UnknownEncoding):
        normal_encoding(header)


@pytest.mark.parametrize("name", PACKED)
def test_what_was_packed_comes_out(name: str) -> None:
    packed, encoding = PACKED[name]
    assert decompress(packed, encoding, LIMIT) == BODY


@pytest.mark.parametrize("name", PACKED)
def test_the_limit_is_exact(name: str) -> None:
    packed, encoding = PACKED[name]
    assert decompress(packed, encoding, len(BODY)) == BODY
    with pytest.raises(TooMuch):
        decompress(packed, encoding, len(BODY) - 1)


@pytest.mark.parametrize("name", ["gzip", "zlib", "raw deflate", "zstd", "streamed zstd"])
def test_every_cut_is_noticed(name: str) -> None:
    packed, encoding = PACKED[name]
    for end in [*range(40), *range(40, len(packed), 997), *range(len(packed) - 20, len(packed))]:
        with pytest.raises(Corrupt):
            decompress(packed[:end], encoding, LIMIT)


def test_a_cut_in_raw_zstd_blocks_is_noticed() -> None:
    packed = streamed_zstd(os.urandom(300_000))
    for end in range(len(packed) - 60, len(packed)):
        with pytest.raises(Corrupt):
            decompress(packed[:end], "zstd", LIMIT)


@pytest.mark.parametrize("name", PACKED)
@pytest.mark.parametrize("garbage", [b"\0", b"x", b"garbage behind it"])
def test_trailing_garbage_is_refused(name: str, garbage: bytes) -> None:
    packed, encoding = PACKED[name]
    with pytest.raises(Corrupt):
        decompress(packed + garbage, encoding, LIMIT)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd"])
def test_what_is_not_compressed_is_corrupt(encoding: str) -> None:
    for body in (b"", b"{}", b'{"resourceLogs": []}' * 10):
        with pytest.raises(Corrupt):
            decompress(body, encoding, LIMIT)


@pytest.mark.parametrize("name", ["gzip", "zlib"])
def test_a_wrong_checksum_is_corrupt(name: str) -> None:
    packed, encoding = PACKED[name]
    for place in (-1, -5) if name == "gzip" else (-1,):
        damaged = bytearray(packed)
        damaged[place] ^= 1
        with pytest.raises(Corrupt):
            decompress(bytes(damaged), encoding, LIMIT)


def test_a_bomb_stops_one_byte_past_its_limit() -> None:
    for packed, encoding in ((gzip.compress(bytes(LIMIT * 8), 9), "gzip"), (streamed_zstd(bytes(LIMIT * 8)), "zstd")):
        seen: list[bytes] = []
        with pytest.raises(TooMuch):
            seen.extend(decompress_steps(packed, encoding, LIMIT))
        assert sum(map(len, seen)) <= LIMIT


def test_zstd_windows_above_8_mib_are_refused() -> None:
    assert decompress(streamed_zstd(BODY, window_log=23), "zstd", LIMIT) == BODY
    with pytest.raises(Corrupt):
        decompress(streamed_zstd(BODY, window_log=24), "zstd", LIMIT)


def test_many_members_are_refused() -> None:
    with pytest.raises(Corrupt):
        decompress(gzip.compress(b"") * 10_001, "gzip", LIMIT)


@pytest.mark.parametrize(("compression", "header"), [("gzip", "gzip"), ("zstd", "zstd"), ("none", "")])
def test_what_we_pack_others_unpack(compression: str, header: str) -> None:
    packed = compress(BODY, compression)
    assert content_encoding(compression) == header
    unpack = {"gzip": gzip.decompress, "zstd": zstandard.ZstdDecompressor().decompress, "none": bytes}[compression]
    assert unpack(packed) == BODY
