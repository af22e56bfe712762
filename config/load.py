"""From sources to a checked specification: read, merge, substitute, decode, wire, build (config contract §3, §7)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from config import documents, flow, ids, ports, wiring
from config.canonical import fingerprint
from config.decode import Decoder
from config.definitions import Definition, construct, define
from config.messages import Message, Report
from config.secrets import Secrets
from config.service import check_sections, check_version, decode_service
from config.substitute import Substitution
from config.tree import Entry, MapNode, ScalarNode, get
from config.wiring import Wire
from pipeline.settings import Pipeline
from pipeline.spec import ComponentSpec, DaemonSpec


@dataclass(frozen=True)
class Loaded:
    """What came of a configuration."""

    spec: DaemonSpec | None
    """None when there are errors."""
    messages: list[Message]
    """Errors, warnings and infos, in the order of the sources."""
    used_variables: tuple[str, ...]
    """Names of the environment variables that had a part in it, sorted."""
    definitions: Sequence[Definition] = field(default=(), repr=False)
    """The components in use, with their places in the sources."""
    tree: MapNode | None = field(default=None, repr=False)
    """What the sources and variables came to, with the place of every value."""
    report: Report = field(default_factory=Report, repr=False)
    """Where the messages come from; `config.environment` adds to it."""


def load(sources: Sequence[str], *, overrides: Sequence[str] = (), environ: Mapping[str, str]) -> Loaded:
    """Read `sources` (files, directories, `-`, `env:NAME`, `yaml:text`) and `--set` arguments into a specification.

    Never raises for what a user may write: every fault is a message, and all come at once.
    """
    report = Report()
    root, directories = documents.read(sources, overrides, environ, report)
    if root is None:
        return Loaded(None, report.messages(), (), report=report)
    substitution = Substitution(environ, directories, report)
    filled = _substituted(root, substitution)
    secrets = Secrets(directories, report, forbid_inline=_forbids_inline(filled))
    decoder = Decoder(environ, secrets, report)
    spec, used = _check(filled, decoder, report)
    variables = tuple(sorted(substitution.used | decoder.used))
    return Loaded(None if report.failed else spec, report.messages(), variables, used, filled, report)


def _substituted(root: MapNode, substitution: Substitution) -> MapNode:
    """Return the tree with its values filled in; `tests` keep theirs, they are no part of what runs."""
    entries = {
        name: entry if name == "tests" else Entry(entry.key, substitution.apply(entry.value, entry.key.text))
        for name, entry in root.entries.items()
    }
    return MapNode(entries, root.place)


def _forbids_inline(root: MapNode) -> bool:
    node = get(root, "service", "forbid_inline_secrets")
    return isinstance(node, ScalarNode) and node.text.lower() == "true"


def _check(root: MapNode, decoder: Decoder, report: Report) -> tuple[DaemonSpec | None, Sequence[Definition]]:
    misspelt = check_sections(root, report)
    check_version(root, report)
    definitions = define(root, decoder, report)
    definitions.failed += [(ids.SECTIONS[section], "") for section in misspelt if section in ids.SECTIONS]
    service = decode_service(root, definitions.markers.items(), decoder, report, misspelt="service" in misspelt)
    wires = wiring.connect(root, definitions, report)
    extensions = wiring.extensions(root, definitions, report)
    if wires:
        flow.check(wires, extensions, definitions, report)
    used = _used(wires, extensions)
    sound = [definition for definition in used if definition.sound]
    ports.check(sound, service.telemetry.metrics.address if service else None, report)
    for definition in sound:
        construct(definition, report)
    if report.failed or service is None:
        return None, used
    pipelines = wiring.specs(wires)
    service = msgspec.structs.replace(
        service,
        extensions=tuple(extension.id for extension in extensions),
        pipelines={one.id: Pipeline(one.receivers, one.exporters, one.processors) for one in pipelines},
    )
    components = [ComponentSpec(one.kind, one.id, one.type, one.cls, one.config) for one in used]
    by_id = {(component.kind, component.id): component for component in components}
    return DaemonSpec(by_id, pipelines, service, fingerprint(components, service)), used


def _used(wires: Sequence[Wire], extensions: Sequence[Definition]) -> list[Definition]:
    """Return what pipelines and `service.extensions` name, each once, in the order of first mention."""
    named = [reference.definition for wire in wires for role in wiring.ROLES for reference in wire.references[role]]
    return list(dict.fromkeys([*named, *extensions]))
