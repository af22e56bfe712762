"""Writing in whole blocks: what is written one behind the other is there, whichever way the file system takes it."""

import errno
import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from pipeline.journal.blocks import BLOCK, BlockFile, write_buffer

groups = st.lists(st.lists(st.integers(0, 3 * BLOCK), min_size=1, max_size=6), min_size=1, max_size=6)


@contextmanager
def opened(path: Path) -> Iterator[int]:
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    try:
        yield file
    finally:
        os.close(file)


def filled(number: int, size: int) -> bytes:
    return bytes([number % 255 + 1]) * size


def is_direct(file: int) -> bool:
    return bool(fcntl.fcntl(file, fcntl.F_GETFL) & os.O_DIRECT)


@pytest.mark.parametrize("cached", [False, True])
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(groups=groups, blocks=st.sampled_from([1, 2, 64]))
def test_groups_of_any_size_stand_one_behind_the_other(
    tmp_path: Path, cached: bool, groups: Sequence[Sequence[int]], blocks: int
) -> None:
    with opened(tmp_path / "file") as file:
        target, written = BlockFile(file, write_buffer(blocks * BLOCK), cached=cached), b""
        for group in groups:
            buffers = [filled(number, size) for number, size in enumerate(group)]
            target.write(buffers, len(written))
            written += b"".join(buffers)
            assert (tmp_path / "file").read_bytes().rstrip(b"\0") == written


def test_files_that_share_a_buffer_keep_apart(tmp_path: Path) -> None:
    buffer = write_buffer(BLOCK)
    with opened(tmp_path / "one") as one, opened(tmp_path / "two") as two:
        first, second = (BlockFile(file, buffer, cached=False) for file in (one, two))
        first.write([b"a" * 10], 0)
        second.write([b"b" * 20], 0)
        first.write([b"c" * 10], 10)
        assert (tmp_path / "one").read_bytes().rstrip(b"\0") == b"a" * 10 + b"c" * 10
        assert (tmp_path / "two").read_bytes().rstrip(b"\0") == b"b" * 20


def test_a_write_that_failed_is_as_if_it_had_never_been(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with opened(tmp_path / "file") as file:
        target = BlockFile(file, write_buffer(BLOCK), cached=False)
        target.write([b"a" * 10], 0)
        with monkeypatch.context() as failing:
            failing.setattr(os, "pwrite", full)
            with pytest.raises(OSError, match="No space"):
                target.write([b"b" * 5000], 10)
        target.write([b"c" * 20], 10)
        assert (tmp_path / "file").read_bytes().rstrip(b"\0") == b"a" * 10 + b"c" * 20


@pytest.mark.parametrize("answer", ["refused", "cut short"])
def test_a_file_system_that_takes_no_such_writes_gets_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    pwrite = os.pwrite

    def picky(file: int, data: bytes, offset: int) -> int:
        if not is_direct(file):
            return pwrite(file, data, offset)
        if answer == "refused":
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        return 512

    monkeypatch.setattr(os, "pwrite", picky)
    with opened(tmp_path / "file") as file:
        target = BlockFile(file, write_buffer(BLOCK), cached=False)
        target.write([b"a" * 5000], 0)
        target.write([b"b" * 5000], 5000)
        assert not is_direct(file)
        assert (tmp_path / "file").read_bytes().rstrip(b"\0") == b"a" * 5000 + b"b" * 5000
