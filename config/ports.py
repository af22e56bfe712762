"""Addresses that two listeners want: shared where their paths differ, an error otherwise (config contract §7, E210)."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from msgspec import Struct

from config import ids
from config.definitions import Definition
from config.messages import Place, Report
from config.tree import Node, get, under
from pipeline.settings import GrpcListener, HttpListener

Listener = HttpListener | GrpcListener

_EVERYWHERE: Final = frozenset(("0.0.0.0", "[::]"))  # noqa: S104  # names it, binds nothing


class Claim(NamedTuple):
    """A listener, who has it, and where its address is written."""

    owner: str
    name: str
    """What a path's `{name}` stands for: the name in the component's id."""
    receives: bool
    listener: Listener
    place: Place
    path: str


def check(definitions: Sequence[Definition], metrics: str | None, report: Report) -> None:
    """Report each listener that can't share its address with an earlier one; the first is that of sluice's own `metrics`."""
    taken: list[Claim] = []
    if metrics is not None:
        taken.append(Claim("service.telemetry.metrics", "", False, HttpListener(endpoint=metrics), Place(""), ""))  # noqa: FBT003  # a row
    for definition in definitions:
        for claim in claims(definition):
            if claim.listener.endpoint.endswith(":0"):
                continue
            for other in taken:
                if why := _conflict(other, claim):
                    message = f"address {claim.listener.endpoint} is taken by {other.owner}"
                    report.add("E210", claim.place, claim.path, message, label=why)
                    break
            taken.append(claim)


def claims(definition: Definition) -> Iterator[Claim]:
    """Yield the listeners in a component's settings."""
    yield from _claims(definition, definition.config, definition.node, definition.path, definition.key.place)


def _claims(definition: Definition, settings: Any, node: Node | None, path: str, place: Place) -> Iterator[Claim]:
    """Yield what claims an address, with the place of the address as far as it is written."""
    if isinstance(settings, Listener):
        written = get(node, "endpoint")
        owner = f"{definition.kind} `{definition.id}`"
        name = ids.split(definition.id)[1] or definition.id
        at = written.place if written else place
        yield Claim(owner, name, definition.kind == "receiver", settings, at, under(path, "endpoint"))
        return
    for name in settings.__struct_fields__ if isinstance(settings, Struct) else ():
        child = get(node, name)
        beside = child is not None and child.place.end_col > child.place.col
        yield from _claims(
            definition, getattr(settings, name), child, under(path, name), child.place if child and beside else place
        )


def _conflict(one: Claim, other: Claim) -> str:
    """Return why two listeners can't both have their address; nothing when they can."""
    mine, theirs = _address(other.listener.endpoint), _address(one.listener.endpoint)
    if mine != theirs:
        covered = mine[1] == theirs[1] and (mine[0] in _EVERYWHERE or theirs[0] in _EVERYWHERE)
        return "one of them listens on every address" if covered else ""
    return _unlike(one, other) or _same_path(one, other)


def _address(endpoint: str) -> tuple[str, str]:
    if endpoint.startswith("unix:"):
        return endpoint, ""
    host, _, port = endpoint.rpartition(":")
    return ("127.0.0.1" if host.lower() == "localhost" else host.lower()), port


def _unlike(one: Claim, other: Claim) -> str:
    first, second = one.listener, other.listener
    if not isinstance(first, HttpListener) or not isinstance(second, HttpListener):
        return "gRPC needs an address of its own"
    if one.receives != other.receives:
        return "receivers share addresses with receivers only"
    if first.tls != second.tls:
        return "their TLS settings differ"
    return "their auth settings differ" if first.auth != second.auth else ""


def _same_path(one: Claim, other: Claim) -> str:
    first, second = _paths(one), _paths(other)
    if not first or not second:
        return "both serve every path"
    shared = sorted(first & second)
    return f"both serve {shared[0]}" if shared else ""


def _paths(claim: Claim) -> set[str]:
    served = claim.listener.served() if isinstance(claim.listener, HttpListener) else ()
    return {path.replace("{name}", claim.name) for path in served}
