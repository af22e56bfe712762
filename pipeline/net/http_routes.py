"""Which route answers a path."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from pipeline.errors import ConfigError
from pipeline.net.auth import Authenticator
from pipeline.net.http_route import Route


@dataclass(slots=True, eq=False)
class Mounted:
    """A route of a component."""

    route: Route
    component: str
    authenticator: Authenticator | None
    leaving: bool = False
    """Whether another component may take the path, which then answers in its place."""


class RouteTable:
    """The routes of one listener. Several may share a path when their methods differ."""

    def __init__(self) -> None:
        self._exact: dict[str, list[Mounted]] = {}
        self._patterns: dict[str, list[Mounted]] = {}

    def add(self, routes: Sequence[Route], component: str) -> Sequence[Mounted]:
        """Mount the routes of a component, all or none, and return them. Raises `ConfigError` when one is taken.

        A path whose component leaves is not taken; should the newcomer be removed first, the old one answers again.
        """
        for route in routes:
            for other in self._places(route.path).get(route.path, ()):
                if not other.leaving and set(other.route.methods) & set(route.methods):
                    raise ConfigError("E210", f"path {route.path} of this address belongs to {other.component}")
        mounted = [Mounted(route, component, Authenticator(route.auth) if route.auth else None) for route in routes]
        for one in mounted:
            others = self._places(one.route.path).setdefault(one.route.path, [])
            newcomers = [other for other in others if not other.leaving]
            others[:] = [*newcomers, one, *others[len(newcomers) :]]
        return mounted

    def remove(self, mounted: Sequence[Mounted]) -> None:
        """Unmount routes."""
        for one in mounted:
            places = self._places(one.route.path)
            places[one.route.path].remove(one)
            if not places[one.route.path]:
                del places[one.route.path]

    def leave(self, components: Collection[str], *, leaving: bool) -> None:
        """Let others take the paths that components have now, or no longer."""
        for one in self._mounted():
            if one.component in components:
                one.leaving = leaving

    def components(self) -> Iterator[str]:
        """Yield the components that have routes here, each once."""
        return iter(dict.fromkeys(one.component for one in self._mounted()))

    def _mounted(self) -> Iterator[Mounted]:
        return (one for places in (self._exact, self._patterns) for some in places.values() for one in some)

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
