"""The processor `enrich`."""

from typing import Any

import pytest

from pipeline import Batch, ConfigError, Host, wire
from pipeline.wire.model import LogRecord, Metric, Point, Resource, Scope
from processors.enrich import Config, Enrich, TraceIds

SHOP, SCOPE = Resource(attributes={"service.name": "shop", "service.version": "1.0"}), Scope()


def enriched(host: Host, record: Any, signal: Any, **settings: Any) -> Any:
    component = Enrich(Config(**settings))
    component.host = host
    batch = component.process(Batch(wire.encode([record], signal), signal, 1))
    assert batch.items == 1
    return batch.records()[0]


def test_environment_and_release_are_resource_attributes(host: Host) -> None:
    bare = LogRecord(resource=Resource(), scope=SCOPE)
    record = enriched(host, bare, "logs", environment="production", release="2026.11.1", resource={"cloud.region": "eu-west-1"})
    assert record.resource.attributes == {
        "cloud.region": "eu-west-1",
        "deployment.environment.name": "production",
        "service.version": "2026.11.1",
    }


def test_what_a_sender_said_stays_unless_told(host: Host) -> None:
    log = LogRecord(resource=SHOP, scope=SCOPE)
    assert enriched(host, log, "logs", release="2.0").resource.attributes["service.version"] == "1.0"
    assert enriched(host, log, "logs", release="2.0", overwrite=True).resource.attributes["service.version"] == "2.0"


def test_all_signals_are_enriched(host: Host) -> None:
    point = Point(resource=SHOP, scope=SCOPE, metric=Metric(name="x", type="gauge"), value=1)
    assert enriched(host, point, "metrics", attributes={"team": "shop"}).attributes == {"team": "shop"}


def test_ids_are_taken_from_where_the_settings_say(host: Host) -> None:
    log = LogRecord(resource=SHOP, scope=SCOPE, attributes={"request_id": "req-000042"})
    assert enriched(host, log, "logs").trace_id == "59e734bd9b3e407c48430654458050d5"
    assert enriched(host, log, "logs", trace_ids=TraceIds(derive=False)).trace_id == ""


def test_a_batch_that_lacks_nothing_is_the_same(host: Host) -> None:
    batch = Batch(wire.encode([LogRecord(resource=SHOP, scope=SCOPE, body="x")], "logs"), "logs", 1)
    component = Enrich(Config(release="2.0"))
    component.host = host
    assert component.process(batch) is batch


def test_one_attribute_can_not_be_set_twice() -> None:
    with pytest.raises(ConfigError, match=r"`release` and `service\.version` exclude each other"):
        Enrich(Config(release="1", resource={"service.version": "2"}))
