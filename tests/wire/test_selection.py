"""Which implementation serves the wire API."""

import json
import os
import subprocess
import sys

import pytest

from pipeline import wire
from tests.parts.found import kernel

FIELDS = (
    "wire.IMPLEMENTATION, sorted(wire.UNCOMPILED), wire.LOSS, [f.__module__ for f in (wire.validate, wire.Filter, wire.encode)]"
)


def chosen(asked: str) -> tuple[str, list[str], str, list[str]]:
    """Return what a process of its own chooses."""
    program = f"import json; from pipeline import wire; print(json.dumps([{FIELDS}]))"
    environment = {**os.environ, "SLUICE_KERNEL": asked}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    name, uncompiled, loss, modules = json.loads(done.stdout)
    return name, uncompiled, loss, modules


def test_who_asks_for_python_gets_it_and_reads_what_it_costs() -> None:
    name, uncompiled, loss, modules = chosen("python")
    assert name == "reference"
    assert {"Redactor", "validate", "to_json"} <= set(uncompiled)
    assert loss.startswith("plain Python serves in place of the compiled kernel, at a hundred times the CPU a record")
    assert loss.endswith("unset SLUICE_KERNEL")
    assert all(module.startswith("pipeline.wire.reference.") for module in modules)


def test_a_compiled_kernel_is_taken() -> None:
    for module in ("validate", "split", "redact", "sample", "enrich", "filter"):
        kernel(module)
    name, _, loss, modules = chosen("")
    assert (name, loss) == ("kernel", "")
    assert modules[:2] == ["pipeline.wire.kernel.validate", "pipeline.wire.kernel.filter"]


@pytest.mark.parametrize("name", wire.__all__)
def test_everything_that_is_promised_is_there(name: str) -> None:
    assert hasattr(wire, name)
