"""Every way to scan gives the masks of the portable one: AVX2 on this processor, NEON under an emulator."""

import subprocess
from pathlib import Path

import pytest

from tests.parts.found import program

HARNESS = Path(__file__).with_name("scan_ways.c")
KERNEL = Path(__file__).parents[3] / "pipeline/wire/kernel"
NO_OTHER_WAY = 77


def told(compiler: list[str], emulator: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Compile the harness and run it."""
    binary = folder / "scan_ways"
    subprocess.run([*compiler, "-O2", "-Wall", "-Wextra", "-Werror", f"-I{KERNEL}", HARNESS, "-o", binary], check=True)
    return subprocess.run([*emulator, binary], capture_output=True, text=True, check=False)


def test_this_processor_scans_as_the_portable_way_does(tmp_path: Path) -> None:
    run = told([program("cc")], [], tmp_path)
    if run.returncode == NO_OTHER_WAY:
        pytest.skip("this processor has no way but the portable one")
    assert (run.returncode, run.stdout) == (0, "the same\n")


def test_neon_scans_as_the_portable_way_does(tmp_path: Path) -> None:
    compiler, emulator = program("aarch64-linux-gnu-gcc"), program("qemu-aarch64")
    run = told([compiler, "-static"], [emulator], tmp_path)
    assert (run.returncode, run.stdout) == (0, "the same\n")
