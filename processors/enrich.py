"""Add what senders forgot: trace ids of logs, environment, release, attributes.

    processors:
      enrich:
        trace_ids: {from: [attributes, json, text], derive: true}
        environment: production
        release: "2026.11.1"
        resource: {cloud.region: eu-west-1}
        attributes: {team: shop}

A log record without a trace id gets the one that it carries elsewhere: in an attribute (`traceId`, `dd.trace_id` and their
kin), in a JSON body, or in its text (`trace_id=…`). One that only names a request (`x-request-id`) gets an id derived from
that name, the same in every process, and the attribute `trace.derived`. What a record or resource already says stays, unless
`overwrite` is set; ids are never replaced.
"""

from collections.abc import Mapping
from typing import Annotated

from msgspec import field

from pipeline import Batch, ConfigError, Processor, wire
from pipeline.settings import Settings, about
from pipeline.types import Value
from pipeline.wire import IdSource


class TraceIds(Settings, frozen=True, kw_only=True):
    """How log records without a trace id get one."""

    sources: Annotated[
        tuple[IdSource, ...], about("Places to search, in this order: `attributes`, `json` (the body), `text` (the body).")
    ] = field(name="from", default=("attributes", "json", "text"))
    derive: Annotated[bool, about("Derive an id from a request id where none was found.")] = True
    namespace: Annotated[str, about("Keeps derived ids of two tenants with equal request ids apart.")] = ""
    move: Annotated[bool, about("Remove the attributes that ids were taken from.")] = False


class Config(Settings, frozen=True, kw_only=True):
    """Settings of `enrich`."""

    trace_ids: Annotated[TraceIds, about("How log records without a trace id get one.")] = TraceIds()
    environment: Annotated[str | None, about("Resource attribute `deployment.environment.name`.")] = None
    release: Annotated[str | None, about("Resource attribute `service.version`.")] = None
    resource: Annotated[Mapping[str, str | bool | int | float], about("Resource attributes to add.")] = {}
    attributes: Annotated[Mapping[str, str | bool | int | float], about("Attributes to add to each record, span and point.")] = {}
    overwrite: Annotated[bool, about("Replace attributes that are already there.")] = False


class Enrich(Processor):
    """Adds ids and attributes."""

    def __init__(self, config: Config) -> None:
        self._enricher = wire.Enricher(
            ids=config.trace_ids.sources,
            derive=config.trace_ids.derive,
            namespace=config.trace_ids.namespace,
            move=config.trace_ids.move,
            resource=_resource(config),
            attributes=config.attributes,
            overwrite=config.overwrite,
        )

    def process(self, batch: Batch) -> Batch:
        """Return the batch with what was missing."""
        return batch.replaced(self._enricher.enrich(batch.payload, batch.signal))


def _resource(config: Config) -> Mapping[str, Value]:
    named = {"deployment.environment.name": ("environment", config.environment), "service.version": ("release", config.release)}
    for key, (setting, value) in named.items():
        if value is not None and key in config.resource:
            raise ConfigError("E106", f"`{setting}` and `{key}` exclude each other", path=("resource", key))
    return {**config.resource, **{key: value for key, (_, value) in named.items() if value}}
