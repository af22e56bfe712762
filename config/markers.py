"""The Collector's processors `batch` and `memory_limiter`: their values are the defaults of what does their work here."""

from collections.abc import Iterable
from typing import Final

from config.ids import split
from config.tree import Entry, Key, MapNode, Node, ScalarNode, entries

_BATCH: Final = {"timeout": "flush_timeout", "send_batch_max_size": "max_items"}
_LIMITS: Final = {"limit_mib": "MiB", "limit_percentage": "%"}


def with_batching(exporter: Node, markers: Iterable[tuple[str, Node]]) -> Node:
    """Return an exporter's settings with the values of `batch` where its `sending_queue.batch` says nothing."""
    for processor, marker in markers:
        for name, (key, value) in entries(marker):
            if split(processor)[0] == "batch" and name in _BATCH:
                exporter = _default(exporter, ["sending_queue", "batch", _BATCH[name]], key, value)
    return exporter


def with_limit(service: Node, markers: Iterable[tuple[str, Node]]) -> Node:
    """Return the `service` section with the limit of `memory_limiter` where `limits.memory` says nothing."""
    for processor, marker in markers:
        for name, (key, value) in entries(marker):
            if split(processor)[0] == "memory_limiter" and name in _LIMITS and isinstance(value, ScalarNode):
                written = ScalarNode(f"{value.text}{_LIMITS[name]}", value.plain, value.place, value.raw, value.origin)
                service = _default(service, ["limits", "memory"], key, written)
    return service


def _default(node: Node, path: list[str], key: Key, value: Node) -> Node:
    """Return the node with a value under a path where nothing stands; anything but a map in the way stays as it is."""
    if isinstance(node, ScalarNode) and node.null:
        node = MapNode({}, key.place)
    if not isinstance(node, MapNode):
        return node
    name, *rest = path
    present = node.entries.get(name)
    if not rest:
        return node if present else MapNode({**node.entries, name: Entry(Key(name, key.place), value)}, node.place)
    below = _default(present.value if present else MapNode({}, key.place), rest, key, value)
    return MapNode({**node.entries, name: Entry(present.key if present else Key(name, key.place), below)}, node.place)
