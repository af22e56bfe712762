"""From OTLP attributes to Prometheus labels (prometheus contract §3, §4)."""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from pipeline.remembered import remembered
from pipeline.text import text
from pipeline.types import Value
from pipeline.wire.model import Resource, Scope

MAX_LABELS: Final = 64
MAX_VALUE: Final = 1024
"""Bytes of a label value."""

_MAX_INFO: Final = MAX_LABELS - 2
_MAX_INFO_VALUE: Final = MAX_VALUE

_OUTSIDE: Final = re.compile(r"[^A-Za-z0-9_]|_+")
_RUNS: Final = re.compile(r"_+")
_ESCAPES: Final = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})

_IDENTITY: Final = frozenset({"service.name", "service.namespace", "service.instance.id"})
_OWN: Final = frozenset({"job", "instance", "__name__"})
SCOPE_LABELS: Final = frozenset({"otel_scope_name", "otel_scope_version", "otel_scope_schema_url"})


class TooManyLabels(Exception):
    """More labels than a series may have, or a value that is too long."""


@remembered(10_000)
def label_name(key: str) -> str | None:
    """Return the label of an attribute key, None when nothing of it can stand in one."""
    name = _RUNS.sub("_", _OUTSIDE.sub("_", key))
    if not name.strip("_"):
        return None
    if name[0].isdigit():
        return f"key_{name}"
    return f"_{name}_" if key.startswith("__") and key.endswith("__") else name


def labels_of(attributes: Mapping[str, Value], reserved: Collection[str], fixed: Mapping[str, str]) -> dict[str, str]:
    """Return the labels of a series, sorted by name: its attributes, and the `fixed` ones that all of its kind have.

    Keys that end up equal share a label, their values joined by `;` in the order of the keys; a key that would become a
    `reserved` label gets the prefix `exported_`. Empty values are left out. Raises `TooManyLabels`.
    """
    pairs: list[tuple[str, str, str]] = [(name, name, value) for name, value in fixed.items()]
    for key, value in attributes.items():
        name = label_name(key)
        if name is not None:
            pairs.append((f"exported_{name}" if name in reserved or name in _OWN else name, key, text(value)))
    pairs.sort(key=_order)
    labels: dict[str, str] = {}
    for name, _, value in pairs:
        if value:
            labels[name] = f"{labels[name]};{value}" if name in labels else value
    if len(labels) > MAX_LABELS or any(len(value.encode()) > MAX_VALUE for value in labels.values()):
        raise TooManyLabels
    return labels


def _order(pair: tuple[str, str, str]) -> tuple[str, bytes]:
    return pair[0], pair[1].encode()


def unusable(attributes: Iterable[str]) -> int:
    """Return how many of the keys can't become labels."""
    return sum(label_name(key) is None for key in attributes)


def block(labels: Mapping[str, str]) -> str:
    """Return labels as they stand between the braces."""
    return ",".join(f'{name}="{value.translate(_ESCAPES)}"' for name, value in labels.items())


def target(resource: Resource) -> dict[str, str]:
    """Return the labels that name what a resource is: `job` and `instance`."""
    name, namespace, instance = (
        text(resource.attributes.get(key)) for key in ("service.name", "service.namespace", "service.instance.id")
    )
    return {"job": f"{namespace}/{name}" if namespace and name else name, "instance": instance}


def target_info(resource: Resource) -> dict[str, Value]:
    """Return the attributes of a resource that do not name it, as many as have room."""
    rest = {
        key: value
        for key, value in resource.attributes.items()
        if key not in _IDENTITY and label_name(key) is not None and 0 < len(text(value).encode()) <= _MAX_INFO_VALUE
    }
    return dict(list(rest.items())[:_MAX_INFO])


def scope_labels(scope: Scope) -> dict[str, str]:
    """Return the labels of a scope; an attribute that would take the place of one of the three is dropped."""
    labels = {}
    for key, value in scope.attributes.items():
        name = label_name(f"otel_scope_{key}")
        if name is not None and name not in SCOPE_LABELS:
            labels[name] = text(value)
    labels |= {
        "otel_scope_name": scope.name, "otel_scope_version": scope.version, "otel_scope_schema_url": scope.schema_url,
    }  # fmt: skip
    return labels
