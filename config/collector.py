"""The Collector's spelling, rewritten to sluice's, document by document before they are merged (config contract §1.2, §1.3)."""

from collections.abc import Callable, Mapping
from typing import Final

from config.aliases import FIELDS, NEEDLESS, canonical_id
from config.ids import SECTIONS, split
from config.messages import Report
from config.tree import Entry, Key, ListNode, MapNode, Node, ScalarNode, get, under
from pipeline.component import Kind


def canonical(root: MapNode, report: Report) -> MapNode:
    """Return the document with canonical component types and fields. Two spellings of one id are reported."""
    sections = {
        name: Entry(key, _section(SECTIONS[name], value, key.text, report)) if name in SECTIONS else Entry(key, value)
        for name, (key, value) in root.entries.items()
    }
    return MapNode(sections, root.place)


def _section(kind: Kind, section: Node, path: str, report: Report) -> Node:
    if not isinstance(section, MapNode):
        return section
    entries: dict[str, Entry] = {}
    for key, value in section.entries.values():
        name = canonical_id(kind, key.text)
        if name in entries:
            first = entries[name].key
            label = f"the same as `{first.text}` at {first.place.line}:{first.place.col}"
            report.add("E002", key.place, path, f"duplicate key `{key.text}`", label=label)
        else:
            entries[name] = Entry(key, _settings(kind, split(key.text)[0], value, under(path, key.text), report))
    return MapNode(entries, section.place)


def _settings(kind: Kind, type_: str, settings: Node, path: str, report: Report) -> Node:
    if not isinstance(settings, MapNode):
        return settings
    needed = _needed(settings, NEEDLESS.get((kind, type_), {}), path, report)
    renamed = _renamed(needed, FIELDS.get((kind, type_), {}))
    return _queue(_tls(renamed, path, report), path, report) if kind == "exporter" else renamed


def _needed(settings: MapNode, needless: Mapping[str, tuple[str, str]], path: str, report: Report) -> MapNode:
    kept = {}
    for name, entry in settings.entries.items():
        word, reason = needless.get(name, ("", ""))
        if reason and isinstance(entry.value, ScalarNode) and word in ("", entry.value.text.lower()):
            report.add("I001", entry.key.place, under(path, entry.key.text), "not needed", label=reason)
        else:
            kept[name] = entry
    return MapNode(kept, settings.place)


def _renamed(settings: MapNode, fields: Mapping[str, str]) -> MapNode:
    result = MapNode({}, settings.place)
    for name, (key, value) in settings.entries.items():
        moved = _RESHAPED[name](value) if name in fields and name in _RESHAPED else value
        result = _put(result, fields[name].split(".") if name in fields else [name], key, moved)
    return result


def _put(settings: MapNode, steps: list[str], key: Key, value: Node) -> MapNode:
    """Return the settings with a value under a path of keys, which all have the place of the one that was written."""
    name, *rest = steps
    if rest:
        below = get(settings, name)
        value = _put(below if isinstance(below, MapNode) else MapNode({}, key.place), rest, key, value)
    return MapNode({**settings.entries, name: Entry(Key(name, key.place), value)}, settings.place)


def _percentage(value: Node) -> Node:
    """`25` is 25%."""
    if not isinstance(value, ScalarNode) or value.text.endswith("%"):
        return value
    return ScalarNode(f"{value.text}%", plain=value.plain, place=value.place, raw=value.raw)


def _patterns(value: Node) -> Node:
    """A list of expressions becomes a list of patterns with ids."""
    if not isinstance(value, ListNode):
        return value

    def pattern(index: int, expression: Node) -> Node:
        name = ScalarNode(f"blocked_{index}", plain=False, place=expression.place)
        fields = {"id": name, "regex": expression}
        return MapNode({field: Entry(Key(field, expression.place), node) for field, node in fields.items()}, expression.place)

    return ListNode(tuple(pattern(index, expression) for index, expression in enumerate(value.items, 1)), value.place)


_RESHAPED: Final[Mapping[str, Callable[[Node], Node]]] = {"sampling_percentage": _percentage, "blocked_values": _patterns}


def _tls(settings: MapNode, path: str, report: Report) -> MapNode:
    """Return the settings without `tls.insecure`: plain text is written `http://`, and every address has a scheme."""
    entry = settings.entries.get("tls")
    if entry is None or not isinstance(entry.value, MapNode):
        return settings
    needless = {"insecure": ("", "the scheme of the address decides")}
    needed = _needed(entry.value, needless, under(path, "tls"), report)
    return MapNode({**settings.entries, "tls": Entry(entry.key, needed)}, settings.place)


# ---- sending_queue ----

_SIZES: Final = {"bytes": "max_bytes", "items": "max_items"}
_EXPLAINED: Final[Mapping[str, str]] = {
    "storage": "the journal is the storage of every exporter",
    "enabled": "an exporter always reads from the journal",
    "wait_for_result": "when a client is answered is what the journal promises",
    "min_size": "a request goes out when it is full or `flush_timeout` is over",
}


def _queue(settings: MapNode, path: str, report: Report) -> MapNode:
    entry = settings.entries.get("sending_queue")
    if entry is None or not isinstance(entry.value, MapNode):
        return settings
    queue = _sized(entry.value, "queue_size", {"bytes": "max_bytes"}, under(path, "sending_queue"), report)
    overflow = queue.entries.pop("block_on_overflow", None)
    if overflow and isinstance(overflow.value, ScalarNode) and overflow.value.text.lower() == "true":
        block = ScalarNode("block", plain=True, place=overflow.value.place)
        queue.entries.setdefault("on_full", Entry(Key("on_full", overflow.key.place), block))
    if isinstance(batch := get(queue, "batch"), MapNode):
        sized = _sized(batch, "max_size", _SIZES, under(under(path, "sending_queue"), "batch"), report)
        queue.entries["batch"] = Entry(queue.entries["batch"].key, sized)
    return MapNode({**settings.entries, "sending_queue": Entry(entry.key, queue)}, settings.place)


def _sized(node: MapNode, field: str, sizes: Mapping[str, str], path: str, report: Report) -> MapNode:
    """Return the settings with `field`, counted in `sizer`, as the field of that unit; what needs no setting is explained."""
    entries = dict(node.entries)
    size, sizer = entries.pop(field, None), entries.pop("sizer", None)
    unit = sizer.value.text if sizer and isinstance(sizer.value, ScalarNode) else "requests"
    if size and unit in sizes:
        entries.setdefault(sizes[unit], Entry(Key(sizes[unit], size.key.place), size.value))
    elif size:
        advice = f"give `{' or '.join(sizes.values())}`"
        report.add("W110", size.key.place, under(path, field), f"counted in {unit}, which is not supported", label=advice)
    for name, reason in _EXPLAINED.items():
        if explained := entries.pop(name, None):
            report.add("I001", explained.key.place, under(path, name), "not needed", label=reason)
    return MapNode(entries, node.place)
