"""Which route answers a path."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from pipeline.errors import ConfigError
from pipeline.net.auth import Authenticator
from pipeline.net.http_route import Route


@dataclass(frozen=True, slots=True)
class Mounted:
    """A route of a component."""

    route: Route
    component: str
    authenticator: Authenticator | None


class RouteTable:
    """The routes of one listener. Several may share a path when their methods differ."""

    def __init__(self) -> None:
        self._exact: dict[str, list[Mounted]] = {}
        self._patterns: dict[str, list[Mounted]] = {}

    def add(self, routes: Sequence[Route], component: str) -> None:
        """Mount the routes of a component, all or none. Raises `ConfigError` when one is taken."""
        for route in routes:
            for other in self._places(route.path).get(route.path, ()):
                if set(other.route.methods) & set(route.methods):
                    raise ConfigError("E210", f"path {route.path} of this address belongs to {other.component}")
        for route in routes:
            authenticator = Authenticator(route.auth) if route.auth else None
            self._places(route.path).setdefault(route.path, []).append(Mounted(route, component, authenticator))

    def remove(self, component: str) -> None:
        """Unmount all routes of a component."""
        for places in (self._exact, self._patterns):
            for path, mounted in list(places.items()):
                places[path] = [one for one in mounted if one.component != component]
                if not places[path]:
                    del places[path]

    def components(self) -> Iterator[str]:
        """Yield the components that have routes here, each once."""
        mounted = [one for places in (self._exact, self._patterns) for some in places.values() for one in some]
        return iter(dict.fromkeys(one.component for one in mounted))

    def first_component(self) -> str:
        """Return the component that answers for what belongs to none."""
        return next(self.components(), "")

    def find(self, raw_path: str) -> tuple[Sequence[Mounted], Mapping[str, str]]:
        """Return all that stands at a path, as it came over the wire, and its parameters; nothing when it is unknown."""
        for path in (raw_path, raw_path.removesuffix("/")):
            if mounted := self._exact.get(path):
                return mounted, {}
            for pattern, some in self._patterns.items():
                params = _match(pattern, path)
                if params is not None:
                    return some, params
        return (), {}

    def _places(self, path: str) -> dict[str, list[Mounted]]:
        return self._patterns if "{" in path else self._exact


def _match(pattern: str, path: str) -> dict[str, str] | None:
    """Return the parameters when the path has the pattern's segments, and something where it has a parameter."""
    wanted, given = pattern.split("/"), path.split("/")
    if len(wanted) != len(given):
        return None
    params = {}
    for want, got in zip(wanted, given, strict=True):
        if want.startswith("{") and got:
            params[want[1:-1]] = unquote(got)
        elif want != got:
            return None
    return params
