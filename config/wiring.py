"""The pipelines: who is fed by whom, and whether each way works (config contract §7, L3)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from config import ids
from config.aliases import canonical_id
from config.definitions import Definition, Definitions
from config.messages import Report
from config.nearest import did_you_mean
from config.tree import Key, ListNode, MapNode, Node, ScalarNode, get, item, under
from pipeline.component import Connector, Kind
from pipeline.spec import PipelineSpec
from pipeline.types import SIGNALS, Signal

Role = Literal["receivers", "processors", "exporters"]

ROLES: Final[Mapping[Role, tuple[Kind, ...]]] = {
    "receivers": ("receiver", "connector"),
    "processors": ("processor",),
    "exporters": ("exporter", "connector"),
}
"""The lists of a pipeline, and the kinds that may stand in them."""
_EMPTY: Final[Mapping[str, str]] = {"receivers": "E201", "exporters": "E202"}


class Reference(NamedTuple):
    """An id in a list of a pipeline, and what it names."""

    node: ScalarNode
    path: str
    definition: Definition


@dataclass(eq=False)
class Wire:
    """One pipeline as it is written."""

    id: str
    key: Key
    path: str
    signal: Signal | None
    """None when the id names none."""
    references: dict[Role, list[Reference]] = field(default_factory=dict)
    """What is named and defined."""

    def ids(self, role: Role) -> tuple[str, ...]:
        """Return the canonical ids in one of the lists."""
        return tuple(reference.definition.id for reference in self.references[role])


def connect(root: MapNode, definitions: Definitions, report: Report) -> list[Wire]:
    """Return the pipelines, their references resolved and checked one by one."""
    pipelines = get(root, "service", "pipelines")
    if not isinstance(pipelines, MapNode):
        return []
    wires = []
    for key, node in pipelines.entries.values():
        wire = _wire(key, report)
        for role in ROLES:
            references = _List(role, under(wire.path, role), wire.signal, definitions, report)
            wire.references[role] = list(references.read(get(node, role)))
        wires.append(wire)
    return wires


def extensions(root: MapNode, definitions: Definitions, report: Report) -> list[Definition]:
    """Return the extensions that `service.extensions` names."""
    references = _List("extensions", "service.extensions", None, definitions, report)
    return [reference.definition for reference in references.read(get(root, "service", "extensions"))]


def specs(wires: Sequence[Wire]) -> tuple[PipelineSpec, ...]:
    """Return the pipelines as the runtime takes them."""
    return tuple(
        PipelineSpec(wire.id, wire.signal, wire.ids("receivers"), wire.ids("processors"), wire.ids("exporters"))
        for wire in wires
        if wire.signal is not None
    )


def _wire(key: Key, report: Report) -> Wire:
    word, name = ids.split(key.text)
    path = under("service.pipelines", key.text)
    signal = next((signal for signal in SIGNALS if signal == word), None)
    if signal is None:
        report.add("E209", key.place, path, f"unknown signal `{word}`", label=did_you_mean(word, SIGNALS))
    elif label := ids.fault(key.text):
        report.add("E012", key.place, "service.pipelines", f"bad pipeline id `{key.text}`", label=label)
    return Wire(ids.join(word, name), key, path, signal)


class _List:
    """One list of ids."""

    def __init__(
        self, role: Role | Literal["extensions"], path: str, signal: Signal | None, definitions: Definitions, report: Report
    ) -> None:
        self._role = role
        self._path = path
        self._signal = signal
        self._kinds: tuple[Kind, ...] = ("extension",) if role == "extensions" else ROLES[role]
        self._definitions = definitions
        self._report = report
        self._first: dict[str, ScalarNode] = {}

    def read(self, node: Node | None) -> Iterator[Reference]:
        """Yield what the list names; what names nothing is reported."""
        if isinstance(node, ListNode):
            if not node.items and self._role in _EMPTY:
                message = f"a pipeline needs at least one {self._kinds[0]}"
                self._report.add(_EMPTY[self._role], node.place, self._path, message)
            named = [(item(self._path, index), child) for index, child in enumerate(node.items)]
        else:
            named = [(self._path, node)] if node else []
        for path, child in named:
            if isinstance(child, ScalarNode) and not child.null:
                yield from self._reference(child, path)

    def _reference(self, node: ScalarNode, path: str) -> Iterator[Reference]:
        candidates = [(kind, canonical_id(kind, node.text)) for kind in self._kinds]
        wanted = candidates[0][1]
        self._repeated(wanted, node, path)
        for candidate in candidates:
            if definition := self._definitions.found.get(candidate):
                self._check_signal(definition, node, path)
                yield Reference(node, path, definition)
                return
        marker = self._role == "processors" and wanted in self._definitions.markers
        if not marker and not self._definitions.excuse(self._kinds, wanted):
            known = [definition.id for definition in self._definitions.of(*self._kinds)]
            message = f"{self._kinds[0]} `{node.text}` is not defined"
            self._report.add("E203", node.place, path, message, label=did_you_mean(node.text, known))

    def _repeated(self, name: str, node: ScalarNode, path: str) -> None:
        if name not in self._first:
            self._first[name] = node
            return
        before, now = self._first[name].place, node.place
        where = f"column {before.col}" if before.line == now.line else f"{before.line}:{before.col}"
        message = f"{self._kinds[0]} `{node.text}` is listed twice"
        self._report.add("E204", now, path, message, label=f"first at {where}" if before.line else "")

    def _check_signal(self, definition: Definition, node: ScalarNode, path: str) -> None:
        cls, signal = definition.cls, self._signal
        receives = self._role == "receivers"
        signals = cls.produces if receives and issubclass(cls, Connector) else cls.signals
        if signal is None or signal in signals:
            return
        verb = "produce" if receives else "take"
        listed = ", ".join(signal for signal in SIGNALS if signal in signals)
        message = f"{definition.kind} `{node.text}` does not {verb} {signal}"
        self._report.add("E205", node.place, path, message, label=f"{verb}s {listed}")
