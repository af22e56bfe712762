"""One scalar and the shape it should have: its value, or the fault."""

from typing import Any

from msgspec import Meta

from config.nearest import did_you_mean
from config.shapes import Choice, Leaf, OneOf, Shape, expected
from config.tree import ScalarNode
from config.values import KINDS, UNQUOTED, Fault, named
from pipeline.types import Secret

_LOOSE = {"a boolean": "boolean", "an integer": "integer", "a number": "number"}


def is_single(shape: Shape) -> bool:
    """Return whether a scalar can have this shape."""
    return isinstance(shape, Leaf | Choice) or (isinstance(shape, OneOf) and any(is_single(option) for option in shape.options))


def read(shape: Shape, node: ScalarNode) -> Any:
    """Return the value of a scalar. Raises Fault."""
    match shape:
        case Leaf():
            return _leaf(shape, node)
        case Choice():
            return _choice(shape, node)
        case OneOf():
            return _one_of([option for option in shape.options if is_single(option)], shape, node)
    raise Fault("E102", f"expected {expected(shape)}, got {described(node)}")


def described(node: ScalarNode) -> str:
    """Return what YAML takes the scalar for."""
    if node.null:
        return "nothing"
    return named(node.text) if node.plain else "text"


def _leaf(leaf: Leaf, node: ScalarNode) -> Any:
    kind = KINDS[leaf.kind]
    textual = leaf.kind in ("text", "secret")
    if (node.null and not (textual and node.origin)) or (leaf.kind in UNQUOTED and not node.plain):
        raise Fault("E102", f"expected {kind.expected}, got {described(node)}")
    value = kind.read(node.text)
    check_range(
        leaf.meta, len(value) if isinstance(value, str) else value, node.text, "characters" if isinstance(value, str) else ""
    )
    return Secret(value) if leaf.kind == "secret" else value


def _choice(choice: Choice, node: ScalarNode) -> str:
    if node.text in choice.words:
        return node.text
    words = ", ".join(choice.words)
    if described(node) != "text":
        raise Fault("E102", f"expected text, got {described(node)}", label=f"one of {words}")
    raise Fault("E105", f"expected one of {words}", label=did_you_mean(node.text, choice.words))


def _one_of(options: list[Shape], whole: Shape, node: ScalarNode) -> Any:
    kinds = {option.kind: option for option in options if isinstance(option, Leaf)}
    if "text" in kinds:
        options = [option for option in options if isinstance(option, Choice)]
        options += [
            kinds[kind] for kind in (_LOOSE.get(described(node), ""), "number", "text") if kind in kinds and _fits(kind, node)
        ]
    fault = Fault("E102", f"expected {expected(whole)}, got {described(node)}")
    for index, option in enumerate(options):
        try:
            return read(option, node)
        except Fault as refused:
            fault = refused if index == 0 else fault
    raise fault


def _fits(kind: str, node: ScalarNode) -> bool:
    return kind != "number" or described(node) in ("an integer", "a number")


def check_range(meta: Meta, size: float, shown: str, unit: str) -> None:
    """Raise Fault for a number out of the range that the annotation sets, or a length, which is counted in `unit`."""
    low, high = (meta.min_length, meta.max_length) if unit else (meta.ge, meta.le)
    over, below = (None, None) if unit else (meta.gt, meta.lt)
    inside = (low is None or size >= low) and (high is None or size <= high)
    if inside and (over is None or size > over) and (below is None or size < below):
        return
    if low is not None and high is not None:
        label = f"{low} to {high}"
    else:
        bounds = (("at least", low), ("at most", high), ("more than", over), ("less than", below))
        label = ", ".join(f"{word} {bound}" for word, bound in bounds if bound is not None)
    subject = f"{int(size)} {unit}" if unit else shown
    raise Fault("E104", f"{subject} is out of range", label=f"{label} {unit}".rstrip(), hidden="value is out of range")
