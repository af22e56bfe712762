"""What shows only when all pipelines are seen together: loose ends, cycles, what is not redacted (config contract §7, L3)."""

from collections.abc import Sequence

from config.decode import missing_credentials
from config.definitions import Definition, Definitions
from config.messages import Report
from config.tree import get, under
from config.wiring import ROLES, Reference, Role, Wire
from pipeline.component import Processor


def check(wires: Sequence[Wire], extensions: Sequence[Definition], definitions: Definitions, report: Report) -> None:
    """Report what is wrong with the pipelines as a whole."""
    _connectors(wires, report)
    _cycles(wires, report)
    _unused(wires, extensions, definitions, report)
    _intake(wires, extensions, report)
    for wire in wires:
        _redaction(wire, wires, definitions, report)


def _connectors(wires: Sequence[Wire], report: Report) -> None:
    ends: dict[str, dict[Role, Reference]] = {}
    for wire in wires:
        for role in ROLES:
            for reference in _joints(wire, role):
                ends.setdefault(reference.definition.id, {}).setdefault(role, reference)
    for name, used in ends.items():
        if len(used) == 1:
            (role, reference), *_ = used.items()
            missing = "a receiver" if role == "exporters" else "an exporter"
            message = f"connector `{name}` is not {missing} of any pipeline"
            report.add("E207", reference.node.place, reference.path, message, label="it leads from one pipeline to another")


def _cycles(wires: Sequence[Wire], report: Report) -> None:
    """Report each way through connectors that comes back to its own pipeline, once."""
    done: set[Wire] = set()

    def visit(wire: Wire, way: list[Wire]) -> None:
        for reference in _joints(wire, "exporters"):
            for following in (other for other in wires if _has(other, "receivers", reference.definition)):
                if following in way:
                    names = [step.id for step in (*way[way.index(following) :], following)]
                    message = f"pipelines form a cycle: {' -> '.join(names)}"
                    report.add("E206", reference.node.place, reference.path, message)
                elif following not in done:
                    visit(following, [*way, following])
        done.add(wire)

    for wire in wires:
        if wire not in done:
            visit(wire, [wire])


def _unused(wires: Sequence[Wire], extensions: Sequence[Definition], definitions: Definitions, report: Report) -> None:
    if report.failed_under("service."):
        return
    used = {(one.definition.kind, one.definition.id) for wire in wires for role in ROLES for one in wire.references[role]}
    for definition in definitions.of("receiver", "processor", "exporter", "connector"):
        if (definition.kind, definition.id) not in used:
            report.add("W101", definition.key.place, definition.path, "defined but not used by any pipeline")
    for definition in definitions.of("extension"):
        if definition not in extensions:
            report.add("W101", definition.key.place, definition.path, "defined but not listed in service.extensions")


def _intake(wires: Sequence[Wire], extensions: Sequence[Definition], report: Report) -> None:
    """Report exporters that are to send to the local intake where there is none."""
    if any(extension.type == "intake" for extension in extensions):
        return
    exporters = dict.fromkeys(reference.definition for wire in wires for reference in wire.references["exporters"])
    for exporter in exporters:
        word = get(exporter.node, "without_credentials")
        if word and exporter.sound and exporter.config.without_credentials == "intake" and missing_credentials(exporter.config):
            path = under(exporter.path, "without_credentials")
            report.add("E203", word.place, path, "no `intake` extension is running", label="list one in service.extensions")


def _redaction(wire: Wire, wires: Sequence[Wire], definitions: Definitions, report: Report) -> None:
    """Warn of a pipeline that exports what was never redacted, and of one that samples before."""
    processors = wire.references["processors"]
    redacts = [_redacts(reference.definition) for reference in processors]
    if any(redacts):
        for node, path, _ in (early for early in processors[: redacts.index(True)] if early.definition.type == "sample"):
            report.add("W106", node.place, path, f"`{node.text}` stands before `redact`", label="put it behind")
    elif wire.references["exporters"] and not definitions.excuse(("processor",), "redact") and not _clean(wire, wires, ()):
        report.add("W104", wire.key.place, wire.path, "exports without a `redact` processor")


def _clean(wire: Wire, wires: Sequence[Wire], seen: Sequence[Wire]) -> bool:
    """Return whether all that a pipeline passes on was redacted, by itself or by every pipeline that feeds it."""
    if any(_redacts(reference.definition) for reference in wire.references["processors"]):
        return True
    sources = [reference.definition for reference in wire.references["receivers"]]
    return wire not in seen and all(
        source.kind == "connector"
        and all(_clean(feeder, wires, (*seen, wire)) for feeder in wires if _has(feeder, "exporters", source))
        for source in sources
    )


def _redacts(definition: Definition) -> bool:
    return issubclass(definition.cls, Processor) and definition.cls.redacts


def _joints(wire: Wire, role: Role) -> list[Reference]:
    return [reference for reference in wire.references[role] if reference.definition.kind == "connector"]


def _has(wire: Wire, role: Role, definition: Definition) -> bool:
    return any(reference.definition is definition for reference in wire.references[role])
