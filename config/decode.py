"""From nodes to typed values, leaf by leaf, so that every fault is found at once and where it stands (config contract §7, L2)."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final
from urllib.parse import unquote

from msgspec import Struct

from config import leaves
from config.faults import add_config_error, add_fault
from config.messages import Place, Report
from config.nearest import nearest
from config.parse import parse
from config.reading import is_text
from config.secrets import Secrets, telling
from config.shapes import (
    Field,
    Fields,
    Items,
    Leaf,
    OneOf,
    Shape,
    Table,
    constructible,
    expected,
    fields,
    holds_secret,
    wants_environment,
    without_null,
)
from config.tree import BrokenNode, Entry, Key, ListNode, MapNode, Node, ScalarNode, item, under
from config.values import Fault
from pipeline.errors import ConfigError
from pipeline.types import Secret

FAILED: Final = object()
"""What comes out instead of a value whose fault is reported."""


class Decoder:
    """Decodes settings structs and all that is in them."""

    def __init__(self, environ: Mapping[str, str], secrets: Secrets, report: Report) -> None:
        self._environ = environ
        self._secrets = secrets
        self._report = report
        self.used: set[str] = set()
        """Names of the variables that filled a field."""

    def settings(self, cls: type[Struct], node: Node, path: str, holder: Place, base: Struct | None = None) -> Any:
        """Return a struct, or FAILED. `holder` is the key that it stands under; `base` gives its fields' defaults."""
        if isinstance(node, ScalarNode) and node.null:
            node = MapNode({}, node.place)
        if not isinstance(node, MapNode):
            return self.value(Fields(cls), node, path, holder)
        known = fields(cls)
        sound = self._known(known, node, path)
        sound &= self._exclusive(cls, node, path)
        values = {field.attribute: self._field(field, node, path, holder, base) for field in known.values()}
        if not sound or any(value is FAILED for value in values.values()):
            return FAILED
        try:
            settings = cls(**values)
        except ConfigError as error:
            add_config_error(self._report, error, node, path, holder)
            return FAILED
        for warning in getattr(settings, "warnings", tuple)():
            add_config_error(self._report, warning, node, path, holder)
        return settings if self._credentials(settings, node, path, holder) else FAILED

    def value(self, shape: Shape, node: Node, path: str, holder: Place, twin: str | None = None) -> Any:
        """Return the value of a node, or FAILED. `twin` names the field that could hold a secret's file instead."""
        if isinstance(node, BrokenNode):
            return FAILED
        for option in shape.options if isinstance(shape, OneOf) else (shape,):
            match option, node:
                case Fields(), MapNode():
                    return self.settings(option.cls, node, path, holder)
                case Table(), MapNode():
                    return self._table(option, node, path)
                case Items(), ListNode():
                    return self._items(option, node, path, twin)
        if isinstance(node, ScalarNode):
            if isinstance(shape, Items) and leaves.is_single(shape.item) and not node.origin and not node.null:
                return self._items(shape, ListNode((node,), node.place), path, twin)
            return self._scalar(shape, node, path, twin)
        got = "a list" if isinstance(node, ListNode) else "a map"
        if holds_secret(shape):
            self._report.hide(node.place)
        self._report.add("E102", node.place, path, f"expected {expected(shape)}, got {got}")
        return FAILED

    # ---- one struct ----

    def _known(self, known: Mapping[str, Field], node: MapNode, path: str) -> bool:
        names = {name: field for field in known.values() for name in (field.name, field.twin) if name}
        unknown = [entry for name, entry in node.entries.items() if name not in names]
        for key, value in unknown:
            meant = nearest(key.text, names)
            label = f"did you mean `{meant}`?" if meant else ""
            advice = () if meant else (f"see `sluice explain {path}`",)
            self._report.add("E101", key.place, under(path, key.text), "unknown field", label=label, help=advice)
            if meant and holds_secret(names[meant].shape) and not refers(value):
                self._report.hide(value.place)
        return not unknown

    def _exclusive(self, cls: type[Struct], node: MapNode, path: str) -> bool:
        twins = [(field.name, field.twin) for field in fields(cls).values() if field.twin]
        sound = True
        for group in (*twins, *getattr(cls, "exclusive", ())):
            given = [entry.key for name in group if (entry := node.entries.get(name)) and not _null(entry.value)]
            given.sort(key=lambda key: (key.place.line, key.place.col))
            for first, second in pairwise(given):
                sound = False
                label = f"`{first.text}` at {first.place.line}:{first.place.col}" if first.place.line else ""
                message = f"`{second.text}` and `{first.text}` exclude each other"
                self._report.add("E106", second.place, path, message, label=label)
        return sound

    def _credentials(self, settings: Struct, node: MapNode, path: str, holder: Place) -> bool:
        """Return whether the credentials are there that the destination can't do without (config contract §1.3)."""
        if getattr(settings, "without_credentials", "") != "error":
            return True
        missing = missing_credentials(settings)
        for field in missing:
            ways = [f"set {field.extra['env']}"] if "env" in field.extra else []
            ways += [f"give `{field.twin}`"] if field.twin else []
            self._missing(field, node, path, holder, ", ".join([*ways, "or say `without_credentials: intake`"]))
        return not missing

    def _missing(self, field: Field, node: MapNode, path: str, holder: Place, advice: str = "") -> None:
        entry = node.entries.get(field.name)
        place = entry.key.place if entry else holder
        self._report.add("E103", place, path, f"missing required field `{field.name}`", help=(advice,) if advice else ())

    # ---- one field ----

    def _field(self, field: Field, node: MapNode, path: str, holder: Place, base: Struct | None) -> Any:
        entry, twin = node.entries.get(field.name), node.entries.get(field.twin or "")
        shape, below = without_null(field.shape), under(path, field.name)
        if twin and not _null(twin.value):
            both = entry is not None and not _null(entry.value)
            return FAILED if both else self._from_file(shape, twin, path)
        if entry and not _absent(entry.value, shape):
            value = self._structured(entry.value) if field.extra.get("allow_yaml") else entry.value
            if isinstance(shape, Fields):
                return self.settings(shape.cls, value, below, entry.key.place, self._default(field, base))
            return self.value(shape, value, below, entry.key.place, field.twin)
        name = field.extra.get("env", "")
        if (text := self._environ.get(name)) and is_text(text):
            return self.value(shape, self._variable(name, shape, holder), below, holder, field.twin)
        if field.info.required and base is None:
            self._missing(field, node, path, holder, f"or give `{field.twin}`" if field.twin else "")
            return FAILED
        default = self._default(field, base)
        if isinstance(shape, Fields):
            place = entry.key.place if entry else holder
            on = default is None and entry is not None and _empty(entry.value) and constructible(shape.cls)
            if on or (default is not None and wants_environment(shape.cls)):
                return self.settings(shape.cls, MapNode({}, place), below, place, default)
        return default

    def _default(self, field: Field, base: Struct | None) -> Any:
        if base is not None:
            return getattr(base, field.attribute)
        return None if field.info.required else field.default()

    def _from_file(self, shape: Shape, twin: Entry, path: str) -> Any:
        if isinstance(twin.value, BrokenNode):
            return FAILED
        secret = self._secrets.of_file(twin.value, under(path, twin.key.text))
        if secret is None:
            return FAILED
        return shape.make([secret]) if isinstance(shape, Items) else secret

    def _variable(self, name: str, shape: Shape, holder: Place) -> Node:
        """Return a variable as a node; a map is written `key=value,key=value`, as the OpenTelemetry variables are."""
        self.used.add(name)
        text = self._environ[name]
        origin = f"value of {name} ({len(text)} character{'s' if len(text) != 1 else ''})"
        if not isinstance(shape, Table):
            return ScalarNode(text, plain=True, place=holder, origin=origin, literal=0)
        entries = {}
        for pair in filter(None, text.split(",")):
            key, _, value = pair.partition("=")
            node = ScalarNode(unquote(value.strip()), plain=False, place=holder, origin=origin, literal=0)
            entries[key.strip()] = Entry(Key(key.strip(), holder), node)
        return MapNode(entries, holder)

    def _structured(self, node: Node) -> Node:
        """Return the YAML that one substituted value holds; the node itself when it is no map or list."""
        if not isinstance(node, ScalarNode) or not node.origin or not node.plain:
            return node
        faults = Report()
        parsed = parse(node.text, node.place.file, faults, whole=node.place)
        return _from(node, parsed) if isinstance(parsed, MapNode | ListNode) and not faults.failed else node

    # ---- values ----

    def _scalar(self, shape: Shape, node: ScalarNode, path: str, twin: str | None = None, *, warn: bool = True) -> Any:
        try:
            value = leaves.read(shape, node)
        except Fault as fault:
            if holds_secret(shape) and not refers(node):
                self._report.hide(node.place)
            add_fault(self._report, fault, node, path)
            return FAILED
        if isinstance(value, Secret):
            self._secrets.check(node, path, twin, warn=warn)
        elif isinstance(shape, Leaf) and shape.kind == "url" and "@" in value.partition("://")[2].partition("/")[0]:
            self._report.hide(node.place)
            self._report.add("W102", node.place, path, "URL holds a user name or password", label=node.origin)
        return value

    def _items(self, shape: Items, node: ListNode, path: str, twin: str | None) -> Any:
        values = [self.value(shape.item, child, item(path, index), child.place, twin) for index, child in enumerate(node.items)]
        if any(value is FAILED for value in values):
            return FAILED
        try:
            leaves.check_range(shape.meta, len(values), "", "items")
        except Fault as fault:
            self._report.add(fault.code, node.place, path, fault.message, label=fault.label)
            return FAILED
        return shape.make(values)

    def _table(self, shape: Table, node: MapNode, path: str) -> Any:
        values = {key.text: self._entry(shape, key, value, under(path, key.text)) for key, value in node.entries.values()}
        return FAILED if any(value is FAILED for value in values.values()) else values

    def _entry(self, shape: Table, key: Key, value: Node, path: str) -> Any:
        if self._scalar(shape.key, ScalarNode(key.text, plain=False, place=key.place), path) is FAILED:
            return FAILED
        if isinstance(shape.value, Leaf) and isinstance(value, ScalarNode):
            return self._scalar(shape.value, value, path, warn=telling(key.text))
        if isinstance(shape.value, Fields):
            return self.settings(shape.value.cls, value, path, key.place)
        return self.value(shape.value, value, path, key.place)


def missing_credentials(settings: Struct) -> list[Field]:
    """Return the fields of credentials that are absent or empty."""
    return [
        field
        for field in fields(type(settings)).values()
        if field.extra.get("credential") and getattr(settings, field.attribute) in (None, "", Secret(""))
    ]


def refers(node: Node) -> bool:
    """Return whether a node is written with a reference, which an excerpt shows as it stands."""
    return isinstance(node, ScalarNode) and "${" in node.raw


def _null(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.null and not node.origin


def _empty(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.null and not node.text


def _absent(node: Node, shape: Shape) -> bool:
    """Return whether a node stands for the default: null, or an empty variable where text would not do."""
    textual = any(
        isinstance(option, Leaf) and option.kind in ("text", "secret")
        for option in (shape.options if isinstance(shape, OneOf) else (shape,))
    )
    return isinstance(node, ScalarNode) and node.null and not (node.origin and textual)


def _from(origin: ScalarNode, node: Node) -> Node:
    """Return a tree that was parsed from a variable, its scalars marked as coming from there."""
    match node:
        case ScalarNode():
            return ScalarNode(node.text, node.plain, origin.place, origin.raw, origin.origin, 0)
        case ListNode():
            return ListNode(tuple(_from(origin, child) for child in node.items), origin.place)
        case MapNode():
            entries = {name: Entry(key, _from(origin, value)) for name, (key, value) in node.entries.items()}
            return MapNode(entries, origin.place)
    return node
