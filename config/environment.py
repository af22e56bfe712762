"""Whether this machine can run a configuration: journal directory, ports, names of hosts (config contract §7, L5)."""

import os
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from msgspec import Struct

from config import ports
from config.definitions import Definition
from config.load import Loaded
from config.messages import Message, Place, Report
from config.shapes import Leaf, fields, without_null
from config.tree import Node, get, under
from pipeline.journal import JournalError
from pipeline.journal.directory import journal_directory, prepare
from pipeline.spec import DaemonSpec

RESOLVE_SECONDS: Final = 3.0
"""How long all names of hosts together may take."""


def check(loaded: Loaded) -> list[Message]:
    """Return the messages of a configuration without errors, and what this machine lacks for it. Takes some seconds at most."""
    if loaded.spec is not None:
        _journal(loaded.spec, loaded.tree, loaded.report)
        _ports(loaded.spec, loaded.definitions, loaded.tree, loaded.report)
        _hosts(loaded.definitions, loaded.report)
    return loaded.report.messages()


def _place(tree: Node | None, *keys: str) -> Place:
    """Return the place of a setting, or of the innermost section around it that is written."""
    node = get(tree, *keys)
    while keys and (node is None or node.place.end_col <= node.place.col):
        keys = keys[:-1]
        node = get(tree, *keys)
    return node.place if node else Place("")


def _journal(spec: DaemonSpec, tree: Node | None, report: Report) -> None:
    settings = spec.service.journal
    if settings.type == "memory":
        return
    try:
        os.close(prepare(journal_directory(settings.dir), allow_network_fs=settings.allow_network_fs))
    except JournalError as error:
        report.add("E004", _place(tree, "service", "journal", "dir"), "service.journal.dir", str(error))


def _ports(spec: DaemonSpec, definitions: Sequence[Definition], tree: Node | None, report: Report) -> None:
    address = ("service", "telemetry", "metrics", "address")
    wanted = {claim.listener.endpoint: (claim.place, claim.path) for one in reversed(definitions) for claim in ports.claims(one)}
    wanted[spec.service.telemetry.metrics.address] = (_place(tree, *address), ".".join(address))
    for endpoint, (place, path) in wanted.items():
        if not endpoint.startswith("unix:") and (reason := _refusal(endpoint)):
            report.add("E210", place, path, f"cannot listen on {endpoint}: {reason}")


def _refusal(endpoint: str) -> str:
    """Return why an address can't be bound; nothing when it can."""
    host, _, port = endpoint.rpartition(":")
    try:
        (family, kind, protocol, _, address), *_ = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)
        with socket.socket(family, kind, protocol) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
    except OSError as error:
        return (error.strerror or "bad address").lower()
    return ""


def _hosts(definitions: Sequence[Definition], report: Report) -> None:
    """Warn of destinations whose names do not resolve; a resolver that never answers holds nobody up."""
    asked: list[tuple[str, Place, str, threading.Thread, list[str]]] = []
    for definition in definitions:
        for url, place, path in _urls(definition.config, definition.node, definition.path, definition.key.place):
            host, answer = urlsplit(url).hostname or "", list[str]()
            thread = threading.Thread(target=_resolve, args=(host, answer), daemon=True)
            thread.start()
            asked.append((host, place, path, thread, answer))
    deadline = time.monotonic() + RESOLVE_SECONDS
    for host, place, path, thread, answer in asked:
        thread.join(max(deadline - time.monotonic(), 0))
        if answer != ["found"]:
            report.add("W111", place, path, f"host name {host} does not resolve", label=answer[0] if answer else "no answer")


def _resolve(host: str, answer: list[str]) -> None:
    try:
        socket.getaddrinfo(host, None)
        answer.append("found")
    except OSError as error:
        answer.append((error.strerror or "not found").lower())


def _urls(settings: Any, node: Node | None, path: str, place: Place) -> Iterator[tuple[str, Place, str]]:
    for field in fields(type(settings)).values() if isinstance(settings, Struct) else ():
        value, shape, below = getattr(settings, field.attribute), without_null(field.shape), get(node, field.name)
        if isinstance(value, Struct):
            yield from _urls(value, below, under(path, field.name), place)
        elif value and isinstance(shape, Leaf) and shape.kind == "url":
            yield value, below.place if below else place, under(path, field.name)
