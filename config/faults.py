"""How a fault of a value becomes a message: values that came from the environment, and secrets, are never repeated in it."""

from collections.abc import Iterator, Sequence
from typing import Final

from config.excerpt import REDACTED
from config.messages import Place, Report
from config.tree import ListNode, MapNode, Node, ScalarNode, inside, item, under
from config.values import Fault
from pipeline.errors import ConfigError

_CONVERSION: Final = frozenset(("E102", "E107", "E108", "E109"))
"""What is wrong with a value's form; of a substituted value that is E306."""
_SHORTEST_HIDDEN: Final = 4
"""Shorter values are not looked for in a component's message: they would be found in any word."""


def add_fault(report: Report, fault: Fault, node: ScalarNode, path: str) -> None:
    """Report what is wrong with a scalar."""
    if node.origin:
        code = "E306" if fault.code in _CONVERSION else fault.code
        report.add(code, node.place, path, fault.hidden, label=node.origin)
        return
    place = inside(node, fault.offset, len(node.text)) if fault.offset else node.place
    report.add(fault.code, place, path, fault.message, label=fault.label, help=(fault.help,) if fault.help else ())


def add_config_error(report: Report, error: ConfigError, node: Node, path: str, holder: Place) -> None:
    """Report what a component or settings struct refuses, at the node that its path leads to, as far as that exists."""
    place = holder
    found: Node | None = node
    for step in error.path:
        path = item(path, step) if isinstance(step, int) else under(path, step)
        child = _child(found, step)
        place, found = child or (place, None)
    hidden = [
        scalar.text
        for scalar in _scalars(node)
        if len(scalar.text) >= _SHORTEST_HIDDEN and (scalar.origin or report.hides(scalar.place))
    ]
    label, message, advice = (_without(hidden, text) for text in (error.label, str(error), error.help))
    if isinstance(found, ScalarNode) and found.origin:
        label = found.origin
    report.add(error.code, place, path, message, label=label, help=(advice,) if advice else ())


def _child(node: Node | None, step: str | int) -> tuple[Place, Node] | None:
    """Return a child and what to point at: its value, or its key when the value is empty or starts on a later line."""
    if isinstance(node, ListNode) and isinstance(step, int) and step < len(node.items):
        return node.items[step].place, node.items[step]
    if (
        isinstance(node, MapNode)
        and isinstance(step, str)
        and (entry := node.entries.get(step) or node.entries.get(f"{step}_file"))
    ):
        (_, key), value = entry
        beside = value.place.line == key.line and value.place.end_col > value.place.col
        return value.place if beside else key, value
    return None


def _scalars(node: Node) -> Iterator[ScalarNode]:
    match node:
        case ScalarNode():
            yield node
        case ListNode():
            for child in node.items:
                yield from _scalars(child)
        case MapNode():
            for entry in node.entries.values():
                yield from _scalars(entry.value)


def _without(hidden: Sequence[str], text: str) -> str:
    for secret in hidden:
        text = text.replace(secret, REDACTED)
    return text
