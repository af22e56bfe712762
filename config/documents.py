"""From the arguments of the command line to one merged tree: sources, their includes, `--set` (config contract §3)."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from config import overrides, sources
from config.collector import canonical
from config.merge import merge
from config.messages import Place, Report
from config.parse import parse
from config.secrets import hide_suspect_lines, hide_suspects
from config.sources import Source
from config.tree import BrokenNode, ListNode, MapNode, Node, ScalarNode, item


class Documents(NamedTuple):
    """The merged tree, None when nothing could be read, and where relative paths of each source start."""

    root: MapNode | None
    directories: Mapping[str, Path]


def read(arguments: Sequence[str], settings: Sequence[str], environ: Mapping[str, str], report: Report) -> Documents:
    """Return everything that was given as one tree; what can't be read is reported."""
    directories: dict[str, Path] = {}
    root: MapNode | None = None
    for argument in arguments:
        for source in sources.read(argument, environ, report):
            for document in _documents(source, (), directories, report):
                root = merge(root or MapNode({}, document.place), document, report)
    for setting in settings:
        root = overrides.apply(root or MapNode({}, Place("")), setting, report)
    if root:
        hide_suspects(root, report)
    return Documents(root, directories)


def _documents(source: Source, opened: tuple[Path, ...], directories: dict[str, Path], report: Report) -> Iterator[MapNode]:
    """Yield the documents that a source includes, then its own."""
    directories[source.name] = source.directory
    node = parse(source.text, source.name, report)
    if node is None:
        report.add("E003", Place(source.name), "", "the file is empty")
    elif isinstance(node, ScalarNode | ListNode):
        got = "a list" if isinstance(node, ListNode) else "text"
        report.add("E102", node.place, "", f"expected a map of sections, got {got}")
    if isinstance(node, BrokenNode):
        hide_suspect_lines(source.name, source.text, report)
    if not isinstance(node, MapNode):
        return
    entries = dict(node.entries)
    if include := entries.pop("include", None):
        here = (*opened, source.file) if source.file else opened
        for path, place, name in _included(include.value, report):
            yield from _included_file(source, name, place, path, here, directories, report)
    yield canonical(MapNode(entries, node.place), report)


def _included(node: Node, report: Report) -> Iterator[tuple[str, Place, str]]:
    named = (
        [(item("include", index), child) for index, child in enumerate(node.items)]
        if isinstance(node, ListNode)
        else [("include", node)]
    )
    for path, child in named:
        if isinstance(child, ScalarNode) and not child.null:
            yield path, child.place, child.text
        else:
            report.add("E102", child.place, path, "expected a path")


def _included_file(
    source: Source, name: str, place: Place, path: str, opened: tuple[Path, ...], directories: dict[str, Path], report: Report
) -> Iterator[MapNode]:
    file = source.directory / name
    for included in sources.read_file(file, str(file), report, place, path):
        if included.file in opened:
            report.add("E304", place, path, f"{name} includes itself")
        else:
            yield from _documents(included, opened, directories, report)
