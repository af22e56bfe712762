"""The top level of a configuration and its `service` section (config contract §1)."""

from collections.abc import Iterable
from typing import Final

from config import ids
from config.decode import FAILED, Decoder
from config.markers import with_limit
from config.messages import Place, Report
from config.nearest import nearest
from config.tree import Entry, Key, MapNode, Node, ScalarNode, get
from pipeline.settings import ServiceSettings

SECTIONS: Final = (*ids.SECTIONS, "service", "tests", "version", "include")
VERSION: Final = "1"


def check_sections(root: MapNode, report: Report) -> list[str]:
    """Report unknown sections; return those that are meant, as far as one can tell, or may be."""
    meant: list[str] = []
    for name, (key, _) in root.entries.items():
        if name in SECTIONS:
            continue
        found = nearest(key.text, SECTIONS)
        label = f"did you mean `{found}`?" if found else ""
        advice = () if found else (f"sections: {', '.join(SECTIONS)}",)
        report.add("E010", key.place, "", f"unknown section `{key.text}`", label=label, help=advice)
        meant += [found] if found else [section for section in SECTIONS if section not in root.entries]
    return meant


def check_version(root: MapNode, report: Report) -> None:
    """Report a version of the file format that this release does not read."""
    node = get(root, "version")
    if isinstance(node, ScalarNode) and (node.null or node.text == VERSION):
        return
    if node is not None:
        shown = f"version {node.text}" if isinstance(node, ScalarNode) else "this version"
        report.add(
            "E104",
            node.place,
            "version",
            f"{shown} is not supported",
            label=f"this release reads {VERSION}",
            help=("`sluice migrate` rewrites a file",),
        )


def decode_service(
    root: MapNode, markers: Iterable[tuple[str, Node]], decoder: Decoder, report: Report, *, misspelt: bool
) -> ServiceSettings | None:
    """Return the `service` section, or None when it has a fault; one that is `misspelt` is reported already.

    `markers` are processors whose values are defaults of the service.
    """
    entry = root.entries.get("service")
    node, place = (entry.value, entry.key.place) if entry else (MapNode({}, root.place), Place(root.place.file))
    if isinstance(node, ScalarNode) and node.null:
        node = MapNode({}, place)
    pipelines = get(node, "pipelines")
    if isinstance(node, MapNode) and (pipelines is None or (isinstance(pipelines, ScalarNode) and pipelines.null)):
        none = MapNode({}, place)
        node = MapNode({**node.entries, "pipelines": Entry(Key("pipelines", place), none)}, node.place)
        pipelines = none
    if isinstance(pipelines, MapNode) and not pipelines.entries and not misspelt:
        report.add(
            "E208", pipelines.place, "service.pipelines", "there is no pipeline", help=("add `logs`, `traces` or `metrics`",)
        )
    settings = decoder.settings(ServiceSettings, with_limit(node, markers), "service", place)
    return None if settings is FAILED else settings
