"""YAML text to a tree: composed event by event, without tag resolution, with bounds on depth and on what aliases expand to."""

from typing import Any, Final

from yaml.error import MarkedYAMLError
from yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)
from yaml.parser import Parser
from yaml.reader import Reader, ReaderError
from yaml.scanner import Scanner

from config.messages import Place, Report
from config.reading import is_text
from config.syntax import SyntaxFault, explain, unprintable
from config.tree import BrokenNode, Entry, Key, ListNode, MapNode, Node, ScalarNode, item, under

MAX_BYTES: Final = 4 * 1024 * 1024
MAX_DEPTH: Final = 64
MAX_EXPANDED: Final = 100_000
"""Most nodes that aliases may add; a file without aliases is bounded by its size."""
_TAGS: Final = frozenset(("!", *(f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "seq", "map"))))


def parse(text: str, file: str, report: Report, *, whole: Place | None = None) -> Node | None:
    """Return the tree of a document; None when it is empty, a BrokenNode when it can't be read, which is reported.

    `whole` is the place of all nodes, for text that does not stand in a file.
    """
    try:
        return _Composer(text, file, whole, report).document()
    except SyntaxFault as fault:
        _add(report, fault, whole)
    except MarkedYAMLError as error:
        _add(report, explain(error, text, file), whole)
    except ReaderError as error:
        _add(report, unprintable(error, text, file), whole)
    return BrokenNode(whole or Place(file))


def _add(report: Report, fault: SyntaxFault, whole: Place | None) -> None:
    report.add("E001", whole or fault.place, "", f"YAML: {fault.message}", label=fault.label, help=fault.help)


class _Events(Reader, Scanner, Parser):
    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)


class _Composer:
    def __init__(self, text: str, file: str, whole: Place | None, report: Report) -> None:
        self._events: Any = _Events(text)
        self._text = text
        self._file = file
        self._report = report
        self._whole = whole
        self._anchors: dict[str, tuple[Node, int] | None] = {}
        """The node behind each anchor and its size; None while it is being built."""
        self._size = 0
        self._expanded = 0

    def document(self) -> Node | None:
        self._next()
        if isinstance(self._next(), StreamEndEvent):
            return None
        root = self._node("", 1)
        self._next()
        following = self._next()
        if not isinstance(following, StreamEndEvent):
            raise SyntaxFault(self._place(following), "a second document starts here", help=("one file holds one document",))
        return None if isinstance(root, ScalarNode) and root.null else root

    def _node(self, path: str, depth: int) -> Node:
        event = self._next()
        if isinstance(event, AliasEvent):
            return self._alias(event)
        if depth > MAX_DEPTH:
            raise SyntaxFault(self._place(event), f"nested deeper than {MAX_DEPTH} levels")
        if isinstance(event, ScalarEvent | CollectionStartEvent) and event.tag not in _TAGS | {None}:
            raise SyntaxFault(self._place(event), f"unknown tag `{event.tag}`", help=("remove it: the field says the type",))
        anchor = event.anchor if isinstance(event, NodeEvent) else None
        before = self._size
        self._size += 1
        if anchor:
            self._anchors[anchor] = None
        node: Node
        if isinstance(event, ScalarEvent):
            node = self._scalar(event)
        elif isinstance(event, MappingStartEvent):
            node = self._map(event, path, depth)
        else:
            node = self._list(event, path, depth)
        if anchor:
            self._anchors[anchor] = (node, self._size - before)
        return node

    def _alias(self, event: AliasEvent) -> Node:
        if event.anchor not in self._anchors:
            raise SyntaxFault(self._place(event), f"unknown anchor `{event.anchor}`")
        anchored = self._anchors[event.anchor]
        if anchored is None:
            raise SyntaxFault(self._place(event), f"`*{event.anchor}` stands inside of what it repeats")
        node, size = anchored
        self._size += size
        self._expanded += size
        if self._expanded > MAX_EXPANDED:
            raise SyntaxFault(self._place(event), f"aliases expand to more than {MAX_EXPANDED} values")
        return node

    def _scalar(self, event: ScalarEvent) -> ScalarNode:
        plain = event.style is None and event.tag != "tag:yaml.org,2002:str" and event.tag != "!"
        if not is_text(event.value):
            raise SyntaxFault(self._place(event), "half of a surrogate pair is no character")
        start, end = event.start_mark, event.end_mark
        raw = self._text[start.index : end.index] if start and end else ""
        return ScalarNode(event.value, plain, self._place(event), raw)

    def _list(self, start: Event, path: str, depth: int) -> ListNode:
        items: list[Node] = []
        while not isinstance(self._events.peek_event(), SequenceEndEvent):
            items.append(self._node(item(path, len(items)), depth + 1))
        return ListNode(tuple(items), self._span(start, self._next(), items))

    def _map(self, start: Event, path: str, depth: int) -> MapNode:
        entries: dict[str, Entry] = {}
        while not isinstance(self._events.peek_event(), MappingEndEvent):
            key = self._key(path, depth)
            value = self._node(under(path, key.text), depth + 1)
            if key.text in entries:
                first = entries[key.text].key.place
                label = f"first at {first.line}:{first.col}" if first.line else ""
                self._report.add("E002", key.place, path, f"duplicate key `{key.text}`", label=label)
            else:
                entries[key.text] = Entry(key, value)
        return MapNode(entries, self._span(start, self._next(), [entry.value for entry in entries.values()]))

    def _key(self, path: str, depth: int) -> Key:
        node = self._node(path, depth + 1)
        if not isinstance(node, ScalarNode):
            raise SyntaxFault(node.place, "a key must be text")
        return Key(node.text, node.place)

    def _next(self) -> Event:
        event: Event = self._events.get_event()
        return event

    def _place(self, start: Event, end: Event | None = None) -> Place:
        first, last = start.start_mark, (end or start).end_mark
        if self._whole or first is None or last is None:
            return self._whole or Place(self._file)
        return Place(self._file, first.line + 1, first.column + 1, last.line + 1, last.column + 1)

    def _span(self, start: Event, end: Event, children: list[Node]) -> Place:
        """Return the place of a collection; in block style it ends with its last child, not before the next token."""
        place = self._place(start, end)
        if self._whole or not children or getattr(start, "flow_style", False):
            return place
        last = max((child.place for child in children), key=lambda child: (child.end_line, child.end_col))
        return place._replace(end_line=last.end_line, end_col=last.end_col)
