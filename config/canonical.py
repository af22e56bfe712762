"""The canonical form of a specification, and its hash."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

import msgspec

from config.excerpt import REDACTED
from pipeline.settings import ServiceSettings
from pipeline.spec import ComponentSpec
from pipeline.types import Secret


def fingerprint(components: Iterable[ComponentSpec], service: ServiceSettings) -> str:
    """Return the SHA-256, in hex, of all settings; the order of ids and the values of secrets make no difference."""
    form = {
        "components": {f"{component.kind} {component.id}": _plain(component.config) for component in components},
        "service": _plain(service),
    }
    return hashlib.sha256(json.dumps(form, sort_keys=True).encode()).hexdigest()


def _plain(settings: Any) -> Any:
    return msgspec.to_builtins(settings, order="deterministic", str_keys=True, enc_hook=_redacted)


def _redacted(value: Any) -> str:
    if isinstance(value, Secret):
        return REDACTED
    raise TypeError(f"no canonical form for {type(value).__name__}")
