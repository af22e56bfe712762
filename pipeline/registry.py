"""Which component types there are, and the class behind each: found by name, imported on first use and one at a time.

A type is a module or package of its kind's folder (`processors/sample.py` is the processor `sample`), or an entry point of
the group `sluice.<kind>s` that names one elsewhere. The module holds one component class, or its package re-exports it.
"""

import pkgutil
import sys
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any, Final

from pipeline.component import Component, Connector, DirectExporter, Exporter, Extension, Kind, Processor, Receiver
from pipeline.settings import Settings

_BASES: Final[Mapping[Kind, tuple[type[Component], ...]]] = {
    "receiver": (Receiver,),
    "processor": (Processor,),
    "exporter": (Exporter, DirectExporter),
    "connector": (Connector,),
    "extension": (Extension,),
}


def names(kind: Kind) -> list[str]:
    """Return every type of a kind, sorted; none of them is imported."""
    return sorted(_modules(kind) | {point.name for point in _entry_points(kind)})


@cache
def find(kind: Kind, name: str) -> type[Component]:
    """Return the class behind a type. Raises LookupError when there is none, ImportError when its module can't be imported."""
    if name in _modules(kind):
        return _component_class(kind, import_module(f"{kind}s.{name}"))
    for point in _entry_points(kind):
        if point.name == name:
            found = point.load()
            return found if isinstance(found, type) else _component_class(kind, found)
    raise LookupError(f"there is no {kind} {name}")


def config_type(cls: type[Component]) -> type[Settings]:
    """Return the `Config` struct that stands beside a component class."""
    found: type[Settings] = sys.modules[cls.__module__].Config
    return found


def summary(cls: type[Component]) -> str:
    """Return the first line of the module's docstring: what the component is for."""
    text = sys.modules[cls.__module__].__doc__ or ""
    return text.partition("\n")[0]


def _modules(kind: Kind) -> set[str]:
    folder = import_module(f"{kind}s").__path__
    return {module.name for module in pkgutil.iter_modules(folder) if not module.name.startswith("_")}


def _entry_points(kind: Kind) -> Any:
    from importlib.metadata import entry_points  # slow to import, and seldom needed

    return entry_points(group=f"sluice.{kind}s")


def _component_class(kind: Kind, module: Any) -> type[Component]:
    classes = {
        member
        for member in vars(module).values()
        if isinstance(member, type)
        and issubclass(member, _BASES[kind])
        and f"{member.__module__}.".startswith(f"{module.__name__}.")
    }
    if len(classes) != 1:
        raise ImportError(f"{module.__name__} must hold exactly one {kind} class, it holds {len(classes)}")
    return classes.pop()
