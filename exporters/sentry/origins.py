"""What a resource says about all that comes from it, in Sentry's words."""

import re
from typing import Any, Final

from pipeline.text import text
from pipeline.wire.model import Attributes

PLATFORMS: Final = {
    "cpp": "native",
    "cpython": "python",
    "dotnet": "csharp",
    "go": "go",
    "java": "java",
    "nodejs": "node",
    "php": "php",
    "pypy": "python",
    "python": "python",
    "ruby": "ruby",
    "rust": "native",  # as the Rust SDK says; the normaliser knows no `rust`
    "webjs": "javascript",
}
MAX_RELEASE: Final = 200
MAX_ENVIRONMENT: Final = 64
MAX_DIST: Final = 64

_NO_DIST: Final = re.compile(r"[^A-Za-z0-9_.-]")
_REFUSED: Final = re.compile(r"[\x00-\x1f\x7f-\x9f/\\]")


def platform(resource: Attributes) -> str:
    """Return the platform of a resource, `other` when it is not known."""
    for key in ("telemetry.sdk.language", "process.runtime.name"):
        if found := PLATFORMS.get(text(resource.get(key)).lower()):
            return found
    return "other"


def release(resource: Attributes, attributes: Attributes, setting: str) -> str:
    """Return the release, maybe empty: what the telemetry says itself, else the setting, else `service@version`."""
    name, version = text(resource.get("service.name")), text(resource.get("service.version"))
    derived = f"{name}@{version}" if name and version else version
    said = text(attributes.get("sentry.release")) or text(resource.get("sentry.release"))
    found = _allowed(said or setting or derived, MAX_RELEASE)
    return "" if found.lower() in ("", ".", "..", "latest") else found


def environment(resource: Attributes, setting: str) -> str:
    """Return the environment, maybe empty: what the telemetry says, else the setting."""
    said = text(resource.get("deployment.environment.name")) or text(resource.get("deployment.environment"))
    found = _allowed(said or setting, MAX_ENVIRONMENT)
    return "" if found.lower() in (".", "..", "none") else found


def dist(resource: Attributes) -> str:
    """Return the build, maybe empty."""
    return _NO_DIST.sub("-", text(resource.get("service.build.id")))[:MAX_DIST]


def server_name(resource: Attributes) -> str:
    """Return the host, or the pod; maybe empty."""
    return text(resource.get("host.name")) or text(resource.get("k8s.pod.name"))


def contexts(resource: Attributes) -> dict[str, dict[str, Any]]:
    """Return the contexts `runtime`, `os` and `device`, those that are known."""
    found = {
        "runtime": {"name": text(resource.get("process.runtime.name")), "version": text(resource.get("process.runtime.version"))},
        "os": {
            "name": text(resource.get("os.name")) or text(resource.get("os.type")),
            "version": text(resource.get("os.version")),
        },
        "device": {"arch": text(resource.get("host.arch"))},
    }
    filled = {name: {key: value for key, value in context.items() if value} for name, context in found.items()}
    return {name: context for name, context in filled.items() if context}


def _allowed(name: str, limit: int) -> str:
    """Return a name with `-` for what Sentry refuses in it, at most so many bytes: its normaliser counts bytes."""
    return _REFUSED.sub("-", name).encode()[:limit].decode(errors="ignore").strip()
