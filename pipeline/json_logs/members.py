"""The members of one log object, looked up by the names of the tables and taken out once they are used."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pipeline.types import Value


class Names:
    """Names of members, in order of preference. `a.b` stands for a member of that name, else for `b` inside `a`."""

    def __init__(self, *names: str) -> None:
        self.all = names
        self.heads = frozenset(head for name in names for head in _heads(name))
        self.folded_heads = frozenset(head.lower() for head in self.heads)


NO_NAMES: Final = Names()


class Members(Mapping[str, Value]):
    """What is left of a log object. With `any_case` a name that is not there is looked up in any case of letters (rule N9)."""

    def __init__(self, members: dict[str, Any], *, any_case: bool = False) -> None:
        self.rest = members
        self._spelling = {key.lower(): key for key in sorted(members, reverse=True)} if any_case else None

    def __getitem__(self, name: str) -> Value:
        place = self._find(self.rest, name)
        if place is None:
            raise KeyError(name)
        value: Value = place[0][place[1]]
        return value

    def get(self, name: str, default: Any = None) -> Any:
        """Return a member, or `default` when there is none."""
        place = self._find(self.rest, name)
        return default if place is None else place[0][place[1]]

    def __iter__(self) -> Iterator[str]:
        return iter(self.rest)

    def __len__(self) -> int:
        return len(self.rest)

    def present(self, names: Names) -> Iterator[tuple[str, Value]]:
        """Return the members that have one of the names, in the order of the names."""
        keys, heads = (self.rest.keys(), names.heads) if self._spelling is None else (self._spelling.keys(), names.folded_heads)
        if keys.isdisjoint(heads):
            return
        for name in names.all:
            if name in self.rest:
                yield name, self.rest[name]
            elif (self._spelling is not None or "." in name) and (place := self._find(self.rest, name)):
                yield name, place[0][place[1]]

    def take(self, name: str) -> Value:
        """Return a member and remove it, and the object that it was the last member of. None when there is none."""
        place = self._find(self.rest, name)
        if place is None:
            return None
        container, key = place
        value: Value = container.pop(key)
        if not container and container is not self.rest:
            self._remove_empty(self.rest, container)
        return value

    def _find(self, container: dict[str, Any], name: str) -> tuple[dict[str, Any], str] | None:
        key = self._key(container, name)
        if key is not None:
            return container, key
        dot = name.find(".")
        while dot > 0:
            head = self._key(container, name[:dot])
            if head is not None and isinstance(container[head], dict):
                place = self._find(container[head], name[dot + 1 :])
                if place is not None:
                    return place
            dot = name.find(".", dot + 1)
        return None

    def _key(self, container: dict[str, Any], name: str) -> str | None:
        if name in container:
            return name
        if self._spelling is None:
            return None
        if container is self.rest:
            key = self._spelling.get(name.lower())
            return key if key in container else None
        return min((key for key in container if key.lower() == name.lower()), default=None)

    def _remove_empty(self, container: dict[str, Any], emptied: dict[str, Any]) -> bool:
        """Remove an object that was emptied from within `container`, and each that it leaves empty on its way."""
        for key, value in container.items():
            if value is emptied or (isinstance(value, dict) and self._remove_empty(value, emptied) and not value):
                del container[key]
                return True
        return False


def _heads(name: str) -> Iterator[str]:
    yield name
    dot = name.find(".")
    while dot > 0:
        yield name[:dot]
        dot = name.find(".", dot + 1)
