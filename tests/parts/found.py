"""Finds the real parts that tests drive. A missing one skips the test by name, and fails it where CI requires all of them."""

import os
import shutil
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

PINO = Path(__file__).parents[1] / "interop/pino/node_modules/pino"


def program(name: str) -> str:
    """Return the path of a program, or skip the test."""
    path = shutil.which(name)
    if path is None:
        missing(name)
    return str(path)


def pino() -> Path:
    """Return the folder of a Node project that has pino, or skip the test."""
    if not PINO.exists() or shutil.which("node") is None:
        missing("pino")
    return PINO.parents[1]


def kernel(module: str) -> ModuleType:
    """Return a module of the compiled kernel, or skip the test or the test module that asks."""
    try:
        return import_module(f"pipeline.wire.kernel.{module}")
    except ImportError:
        if os.environ.get("SLUICE_REQUIRE_PARTS"):
            raise
        pytest.skip("the wire kernel is not compiled", allow_module_level=True)


def missing(part: str) -> None:
    """Skip the test for lack of a part; in CI fail it."""
    if os.environ.get("SLUICE_REQUIRE_PARTS"):
        pytest.fail(f"the part {part} is missing: make parts installs it")
    pytest.skip(f"the part {part} is not on this machine (make parts)")
