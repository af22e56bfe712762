"""The installed command, as a shell calls it."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.daemon import SLUICE

ROOT = Path(__file__).parents[2]


def sluice(*arguments: str, stdin: bytes = b"", environ: Mapping[str, str] | None = None) -> "subprocess.CompletedProcess[bytes]":
    """Call `sluice` in the project's directory, with nothing in its environment but `environ` (and where Python finds it)."""
    found = {"PYTHONPATH": os.environ["PYTHONPATH"]} if "PYTHONPATH" in os.environ else {}
    environ = {**found, **(environ or {})}
    return subprocess.run([SLUICE, *arguments], input=stdin, env=environ, cwd=ROOT, capture_output=True, timeout=60, check=False)
