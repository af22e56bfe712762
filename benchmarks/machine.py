"""What the figures were measured on."""

import os
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Final

from benchmarks.corpus import SEED, SIGNALS, corpus
from benchmarks.measure import Scale
from pipeline import wire

LIBRARIES: Final = ("aiohttp", "isal", "msgspec", "orjson", "protobuf", "uvloop", "zstandard")


def machine(scale: Scale) -> Mapping[str, str]:
    """Return machine, versions, the wire implementation that is active, and the corpus."""
    found = {
        "CPU": f"{_cpu_model()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start",
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "libraries": ", ".join(f"{name} {version(name)}" for name in LIBRARIES),
        "wire": wire.IMPLEMENTATION,
        "seed": str(SEED),
    }
    return found | {f"SHA-256 of {each.name}": each.sha256 for each in (corpus(signal, 5, scale) for signal in SIGNALS)}


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
