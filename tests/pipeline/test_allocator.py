"""What the process gives back of the memory that it had."""

import platform
import subprocess
import sys

import pytest

_GROWTH = """
from pathlib import Path
from pipeline.allocator import give_back_large_blocks

def resident():
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("RssAnon")]
    return int(line.split()[1]) // 1024

give_back_large_blocks()
before = resident()
b"x" * (16 << 20)                                   # the largest block that was ever freed
requests = [(b"x" * (2 << 20), b"y" * 200_000) for _ in range(20)]
held = [small for _, small in requests]             # what lives on, between what does not
del requests
print(resident() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc is told what to do")
def test_large_blocks_leave_the_process_though_small_ones_between_them_live_on() -> None:
    grown = subprocess.run([sys.executable, "-c", _GROWTH], check=True, capture_output=True, text=True).stdout
    assert int(grown) < 10
