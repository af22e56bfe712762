"""Which implementation serves the wire API: the compiled kernel where there is one, else the reference.

`SLUICE_KERNEL=python` asks for the reference, for tests and to find out whether a fault is the kernel's.
"""

import os
from importlib import import_module
from typing import Any, Final, Literal, NamedTuple

_MODULES: Final = {
    "validate": "validate",
    "split": "split",
    "partition": "partition",
    "Redactor": "redact",
    "Sampler": "sample",
    "Enricher": "enrich",
    "Filter": "filter",
    "records": "records",
    "encode": "encode",
    "from_json": "from_json",
    "to_json": "to_json",
    "log_objects": "log_objects",
    "LogLines": "log_lines",
}
"""Each function or class, and the module that has it, of the same name in both implementations."""

_HOT: Final = frozenset({"validate", "split", "partition", "Redactor", "Sampler", "Enricher", "Filter"})
"""What every batch passes through."""


class Selection(NamedTuple):
    """What was chosen."""

    api: dict[str, Any]
    implementation: Literal["kernel", "reference"]
    uncompiled: frozenset[str]
    """Names that the reference serves."""
    loss: str
    """What that costs and what to do about it, for people; empty when all that is hot is compiled."""


def select() -> Selection:
    """Load the wire API."""
    asked_for_python = os.environ.get("SLUICE_KERNEL") == "python"
    api, uncompiled = {}, set()
    for name, module in _MODULES.items():
        found = None if asked_for_python else _kernel(module)
        if found is None:
            uncompiled.add(name)
            found = import_module(f"pipeline.wire.reference.{module}")
        api[name] = getattr(found, name)
    if not uncompiled & _HOT:
        return Selection(api, "kernel", frozenset(uncompiled), "")
    remedy = "unset SLUICE_KERNEL" if asked_for_python else "install a C compiler, then sluice again"
    loss = f"plain Python serves in place of the compiled kernel, at a hundred times the CPU a record: {remedy}"
    return Selection(api, "reference", frozenset(uncompiled), loss)


def _kernel(module: str) -> Any:
    try:
        return import_module(f"pipeline.wire.kernel.{module}")
    except ImportError:  # not compiled, or for another Python
        return None
