"""What all records of one resource share at Datadog: their host and their tags."""

from typing import NamedTuple

from exporters.datadog.hostname import hostname
from exporters.datadog.tags import resource_tags
from pipeline.text import text
from pipeline.wire.model import Attributes, Resource


class Origin(NamedTuple):
    """A resource in Datadog's words."""

    hostname: str
    tags: list[str]
    attributes: dict[str, str]
    """Its attributes as text."""


def origin_of(resource: Attributes, fallback_hostname: str) -> Origin:
    """Return the origin that a resource's attributes say."""
    return Origin(
        hostname(resource, fallback_hostname),
        resource_tags(resource),
        {key: text(value) for key, value in resource.items()},
    )


class Origins:
    """The origins of one batch: each resource is looked at once."""

    def __init__(self, fallback_hostname: str) -> None:
        self._fallback = fallback_hostname
        self._known: dict[int, Origin] = {}

    def of(self, resource: Resource) -> Origin:
        """Return the origin of a resource, which has to outlive this object: it is known by its identity."""
        origin = self._known.get(id(resource))
        if origin is None:
            origin = self._known[id(resource)] = origin_of(resource.attributes, self._fallback)
        return origin
