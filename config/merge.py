"""Several documents as one: maps deep, the later value wins, every node keeps its own place (config contract §3)."""

from config.messages import Report
from config.tree import Entry, Key, ListNode, MapNode, Node, ScalarNode, under


def merge(base: MapNode, later: MapNode, report: Report, path: str = "") -> MapNode:
    """Return `base` overlaid with `later`.

    A null resets the key to absent when `base` has it; `key+` with a list appends to the list under `key`.
    """
    entries = dict(base.entries)
    for name, (key, value) in later.entries.items():
        if name.endswith("+") and isinstance(value, ListNode):
            target, written = name[:-1], Key(key.text[:-1], key.place)
            entries[target] = Entry(*_appended(entries.get(target), written, value, report, under(path, written.text)))
            continue
        before = entries.get(name)
        if before is None:
            entries[name] = Entry(key, _alone(value, report, under(path, key.text)))
        elif isinstance(value, ScalarNode) and value.null:
            del entries[name]
        elif isinstance(value, MapNode):
            below = before.value if isinstance(before.value, MapNode) else MapNode({}, value.place)
            entries[name] = Entry(before.key, merge(below, value, report, under(path, key.text)))
        else:
            entries[name] = Entry(key, value)
            _note(before.value, value, report, under(path, key.text))
    return MapNode(entries, base.place)


def _alone(value: Node, report: Report, path: str) -> Node:
    return merge(MapNode({}, value.place), value, report, path) if isinstance(value, MapNode) else value


def _appended(before: Entry | None, key: Key, more: ListNode, report: Report, path: str) -> tuple[Key, Node]:
    if before is None or (isinstance(before.value, ScalarNode) and before.value.null):
        return key, more
    if isinstance(before.value, ListNode):
        return before.key, ListNode(before.value.items + more.items, more.place)
    report.add("E102", key.place, path, f"`{key.text}+` appends to a list, and `{key.text}` is none")
    return before


def _note(before: Node, after: Node, report: Report, path: str) -> None:
    if isinstance(before, ScalarNode) and isinstance(after, ScalarNode) and before.place.line:
        place = before.place
        report.add("I002", after.place, path, "overrides an earlier value", label=f"of {place.file}:{place.line}:{place.col}")
