"""The component sections: from ids and settings to classes and their decoded `Config` (config contract §1)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from config import ids
from config.aliases import MARKERS, TYPES
from config.decode import FAILED, Decoder
from config.faults import add_config_error
from config.markers import with_batching
from config.messages import Report
from config.nearest import nearest
from config.tree import Entry, Key, MapNode, Node, ScalarNode, get, under
from pipeline import registry
from pipeline.component import Kind
from pipeline.errors import ConfigError
from pipeline.settings import QueuedExporter
from pipeline.spec import ComponentClass


@dataclass(frozen=True, slots=True, eq=False)
class Definition:
    """One entry of a component section. `config` is FAILED where it has a fault."""

    kind: Kind
    id: str
    key: Key
    path: str
    cls: ComponentClass
    config: Any
    node: Node

    @property
    def type(self) -> str:
        """The canonical type."""
        return ids.split(self.id)[0]

    @property
    def sound(self) -> bool:
        """Whether its settings are decoded."""
        return self.config is not FAILED


@dataclass
class Definitions:
    """All components that the configuration defines, and what it failed to define."""

    found: dict[tuple[Kind, str], Definition] = field(default_factory=dict)
    markers: dict[str, Node] = field(default_factory=dict)
    """Processors that are taken for the Collector's sake and do nothing, by id, with their settings."""
    failed: list[tuple[Kind, str]] = field(default_factory=list)
    """Entries that name no component; an empty id stands for a whole section."""

    def of(self, *kinds: Kind) -> Iterator[Definition]:
        """Yield the definitions of some kinds."""
        return (definition for (kind, _), definition in self.found.items() if kind in kinds)

    def excuse(self, kinds: Iterable[Kind], wanted: str) -> bool:
        """Return whether a definition is missing because it failed, so that nobody needs to hear of it again."""
        return any(
            kind in kinds and (not failed or failed == wanted or nearest(failed, [wanted])) for kind, failed in self.failed
        )


def define(root: MapNode, decoder: Decoder, report: Report) -> Definitions:
    """Return what the five sections define; faults are reported."""
    definitions = Definitions()
    for section, kind in ids.SECTIONS.items():
        node = get(root, section)
        if isinstance(node, MapNode):
            for name, entry in node.entries.items():
                _Entry(definitions, kind, section, name, entry).define(decoder, report)
        elif node is not None and not (isinstance(node, ScalarNode) and node.null):
            definitions.failed.append((kind, ""))
            report.add("E102", node.place, section, "expected a map of ids to settings")
    _ambiguous(definitions, report)
    return definitions


class _Entry:
    """One entry on its way to a definition."""

    def __init__(self, definitions: Definitions, kind: Kind, section: str, name: str, entry: Entry) -> None:
        self._definitions = definitions
        self._kind = kind
        self._section = section
        self._name = name
        self._key, self._settings = entry
        self._path = under(section, entry.key.text)

    def define(self, decoder: Decoder, report: Report) -> None:
        """Add the definition, or report why there is none."""
        kind, key, type_ = self._kind, self._key, ids.split(self._name)[0]
        if label := ids.fault(self._name):
            self._definitions.failed.append((kind, self._name))
            report.add("E012", key.place, self._section, f"bad component id `{key.text}`", label=label)
        elif kind == "processor" and type_ in MARKERS:
            self._definitions.markers[self._name] = self._settings
            report.add("I001", key.place, self._path, "not needed", help=(MARKERS[type_],))
        elif cls := self._find(type_, report):
            config_type, settings = registry.config_type(cls), self._settings
            if issubclass(config_type, QueuedExporter):
                settings = with_batching(settings, self._definitions.markers.items())
            config = decoder.settings(config_type, settings, self._path, key.place)
            definition = Definition(kind, self._name, key, self._path, cls, config, settings)
            self._definitions.found[kind, self._name] = definition

    def _find(self, type_: str, report: Report) -> ComponentClass | None:
        try:
            return registry.find(self._kind, type_)
        except LookupError:
            written, name = ids.split(self._key.text)
            meant = nearest(written, [*registry.names(self._kind), *(alias for of, alias in TYPES if of == self._kind)])
            self._definitions.failed.append((self._kind, ids.join(meant or type_, name)))
            label = f"did you mean `{meant}`?" if meant else ""
            advice = () if meant else ("`sluice components` lists the types",)
            report.add("E011", self._key.place, self._path, f"unknown {self._kind} type `{written}`", label=label, help=advice)
        except ImportError as error:
            self._definitions.failed.append((self._kind, self._name))
            report.add("E011", self._key.place, self._path, f"{self._kind} type `{type_}` cannot be loaded: {error}")
        return None


def _ambiguous(definitions: Definitions, report: Report) -> None:
    for connector in definitions.of("connector"):
        for kind in ("receiver", "exporter"):
            if other := definitions.found.get((kind, connector.id)):
                article = "an" if kind == "exporter" else "a"
                first, second = sorted((connector, other), key=lambda one: (one.key.place.line, one.key.place.col))
                label = f"{first.kind} at {first.key.place.line}:{first.key.place.col}"
                report.add(
                    "E014", second.key.place, second.path, f"`{second.id}` is {article} {kind} and a connector", label=label
                )


def construct(definition: Definition, report: Report) -> None:
    """Build the component, which opens nothing, and throw it away: what it refuses is reported (config contract §7, L4)."""
    try:
        definition.cls(definition.config)
    except ConfigError as error:
        add_config_error(report, error, definition.node, definition.path, definition.key.place)
