"""What all records of one resource share at Datadog: their host and their tags."""

from typing import NamedTuple

from exporters.datadog.hostname import hostname
from exporters.datadog.tags import resource_tags
from pipeline.text import text
from pipeline.wire.model import Resource


class Origin(NamedTuple):
    """A resource in Datadog's words."""

    hostname: str
    tags: list[str]
    attributes: dict[str, str]
    """Its attributes as text."""


class Origins:
    """The origins of one batch: each resource is looked at once."""

    def __init__(self, fallback_hostname: str) -> None:
        self._fallback = fallback_hostname
        self._known: dict[int, Origin] = {}

    def of(self, resource: Resource) -> Origin:
        """Return the origin of a resource, which has to outlive this object: it is known by its identity."""
        origin = self._known.get(id(resource))
        if origin is None:
            attributes = resource.attributes
            origin = self._known[id(resource)] = Origin(
                hostname(attributes, self._fallback),
                resource_tags(attributes),
                {key: text(value) for key, value in attributes.items()},
            )
        return origin
