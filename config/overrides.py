"""`--set a.b=c`: one value put into the merged tree, as the last file would (config contract §3)."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

from config.aliases import canonical_id
from config.excerpt import REDACTED
from config.ids import SECTIONS
from config.merge import merge
from config.messages import Place, Report
from config.parse import parse
from config.secrets import telling
from config.tree import Entry, Key, ListNode, MapNode, Node, ScalarNode, item, under

_SEGMENT: Final = re.compile(r'(?:"((?:[^"\\]|\\.)+)"|([^.\[\]="\s]+))((?:\[[0-9]{1,6}\])*)')


class _Step(NamedTuple):
    """A key of the path: how the tree knows it, and how it was written."""

    name: str
    written: str


_Path: TypeAlias = Sequence[_Step | int]


class _Fault(Exception):
    """The argument can't be used; the text says why."""


def apply(root: MapNode, argument: str, report: Report) -> MapNode:
    """Return the tree with one `--set` argument put in; a fault in the argument is reported."""
    name = f"--set {argument}".encode(errors="replace").decode()
    place = Place(name)
    report.argument(name, f"--set {argument.partition('=')[0]}={REDACTED}")
    try:
        path, text = _split(argument)
        put = _put(root, path, _value(text, place), place, report)
    except _Fault as fault:
        if telling(argument.partition("=")[0].rpartition(".")[2]):
            report.hide(place)
        report.add("E501", place, "", str(fault))
        return root
    return put if isinstance(put, MapNode) else root


def _split(argument: str) -> tuple[_Path, str]:
    steps: list[_Step | int] = []
    at = 0
    while segment := _SEGMENT.match(argument, at):
        quoted, bare, indexes = segment.groups()
        written = re.sub(r"\\(.)", r"\1", quoted) if quoted else bare
        section = steps[0].name if len(steps) == 1 and isinstance(steps[0], _Step) else ""
        steps.append(_Step(canonical_id(SECTIONS[section], written) if section in SECTIONS else written, written))
        steps += [int(index) for index in re.findall(r"[0-9]+", indexes)]
        at = segment.end()
        if argument.startswith("=", at):
            return steps, argument[at + 1 :]
        if not argument.startswith(".", at):
            break
        at += 1
    raise _Fault("bad path before the `=`" if "=" in argument else "missing `=`")


def _value(text: str, place: Place) -> Node:
    faults = Report()
    value = parse(text, place.file, faults, whole=place)
    if faults.failed:
        reason = faults.messages()[0].message.removeprefix("YAML: ")
        raise _Fault(f"the value is no YAML: {reason}")
    return value or ScalarNode("", plain=True, place=place)


def _put(node: Node | None, steps: _Path, value: Node, place: Place, report: Report, path: str = "") -> Node:
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    if isinstance(step, int):
        items = list(node.items) if isinstance(node, ListNode) else []
        if step >= len(items):
            raise _Fault(f"there is no item [{step}]: the list has {len(items)}" if items else f"there is no list for [{step}]")
        items[step] = _put(items[step], rest, value, place, report, item(path, step))
        return ListNode(tuple(items), node.place if node else place)
    below = node if isinstance(node, MapNode) else MapNode({}, place)
    before = below.entries.get(step.name)
    key = before.key if before else Key(step.written, place)
    if rest:
        child = _put(before.value if before else None, rest, value, place, report, under(path, key.text))
        return MapNode({**below.entries, step.name: Entry(key, child)}, below.place)
    return merge(below, MapNode({step.name: Entry(Key(step.written, place), value)}, place), report, path)
