"""The least that each component is told, so that it can be put under contract."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

import pytest
import structlog
import yaml

from config.load import load
from pipeline import Host, registry
from pipeline.admission import Admission
from pipeline.component import KINDS, Component, Kind
from pipeline.journal.dead_letter import DeadLetters
from pipeline.net.http_client import ClientPool
from pipeline.net.http_server import Listeners
from pipeline.settings import JournalSettings
from pipeline.spec import ComponentSpec
from pipeline.telemetry.metrics import Metrics

SECRET: Final = "planted" + "credential" + "0123456789abcdef"
NOWHERE: Final = "127.0.0.1:1"
"""Where nobody listens."""

MINIMAL: Final[Mapping[tuple[Kind, str], str]] = {
    ("receiver", "otlp"): "{protocols: {http: {endpoint: '${env:LISTEN}'}, grpc: {endpoint: '${env:LISTEN_TOO}'}}}",
    ("receiver", "json_logs"): "{endpoint: '${env:LISTEN}'}",
    ("receiver", "kafka"): "{brokers: ['${env:PEER}'], auth: {sasl: {username: us, password: '${env:SECRET}'}}}",
    ("receiver", "webhook"): "{endpoint: '${env:LISTEN}', path: /hook, sender: bearer, secrets: ['${env:SECRET}']}",
    ("processor", "enrich"): "{environment: test, attributes: {team: contracts}}",
    ("processor", "filter"): "{drop: [severity_number < INFO, kind == 2, 'metric.type == \"sum\"']}",
    ("processor", "redact"): "{}",
    ("processor", "sample"): "{probability: 50%}",
    ("exporter", "datadog"): "{api_key: '${env:SECRET}', logs_url: 'http://${env:PEER}', metrics_url: 'http://${env:PEER}'}",
    ("exporter", "debug"): "{verbosity: detailed, sampling_initial: 1000}",
    ("exporter", "kafka"): "{brokers: ['${env:PEER}'], headers: {x-token: '${env:SECRET}'}}",
    ("exporter", "otlp_http"): "{endpoint: 'http://${env:PEER}', headers: {x-token: '${env:SECRET}'}}",
    ("exporter", "prometheus"): "{endpoint: '${env:LISTEN}'}",
    ("exporter", "sentry"): "{dsn: 'http://${env:SECRET}@${env:PEER}/1', error_logs: both}",
    ("connector", "count"): "{points: {points.seen: {}}}",
    ("extension", "health"): "{endpoint: '${env:LISTEN}'}",
    ("extension", "intake"): "{endpoint: '${env:LISTEN}'}",
}
"""`LISTEN` and `LISTEN_TOO` are free addresses, `PEER` is a destination's, `SECRET` is a credential."""

ALL: Final = [(kind, name) for kind in KINDS for name in registry.names(kind)]

_ENVIRONMENT: Final = {"LISTEN": NOWHERE, "LISTEN_TOO": "127.0.0.1:2", "PEER": NOWHERE, "SECRET": SECRET}
_OTHERS: Final[Mapping[str, Any]] = {
    "receivers": {"otlp": {"protocols": {"http": {"endpoint": "127.0.0.1:4319"}}}},
    "exporters": {"otlp_http": {"endpoint": "http://127.0.0.1:4320"}, "prometheus": None},
}


def settings_of(kind: Kind, name: str) -> str:
    """Return a component's line of the table. Fails where there is none."""
    settings = MINIMAL.get((kind, name))
    if settings is None:
        pytest.fail(f"the {kind} {name} is not under contract yet: give it a line in tests/contracts/settings.py")
    return settings


def configured(kind: Kind, name: str, **environ: str) -> ComponentSpec:
    """Return a component as the loader reads its minimal settings, with other values of the variables in them."""
    return _loaded(kind, name, tuple(environ.items()))


def built(kind: Kind, name: str, **environ: str) -> Component:
    """Return a new component with its minimal settings."""
    spec = configured(kind, name, **environ)
    return spec.cls(spec.config)


def hosted(kind: Kind, name: str) -> Any:
    """Return a new component with a host of its own that nothing was opened of: for what computes only."""
    component, metrics, log = built(kind, name), Metrics(), structlog.get_logger()
    admission = Admission(1 << 30, metrics)
    component.host = Host(
        id=name,
        metrics=metrics,
        log=log,
        admission=admission,
        listeners=Listeners(admission, metrics, log),
        clients=ClientPool(),
        dead_letters=DeadLetters(JournalSettings(type="memory"), metrics),
    )
    return component


def whole(kind: Kind, name: str, text: str) -> Sequence[str]:
    """Return the sources of a whole configuration that uses every component of `text`, YAML with the section of a kind."""
    return [f"yaml:{text}", f"yaml:{yaml.safe_dump(_around(kind, name, yaml.safe_load(text)))}"]


def _around(kind: Kind, name: str, written: Mapping[str, Any]) -> Mapping[str, Any]:
    rest = {section: components for section, components in _OTHERS.items() if section not in written}
    if "service" in written:
        return rest
    ids = list(written[f"{kind}s"])
    signals: Sequence[str] = sorted(registry.find(kind, name).signals) or ["logs"]
    role = "exporters" if kind == "connector" else f"{kind}s"
    pipeline = {"receivers": ["otlp"], "exporters": ["otlp_http"], **({} if kind == "extension" else {role: ids})}
    pipelines: dict[str, Any] = dict.fromkeys(signals, pipeline)
    if kind == "connector":
        pipelines["metrics/of"] = {"receivers": ids, "exporters": ["otlp_http"]}
    return {**rest, "service": {"pipelines": pipelines, **({"extensions": ids} if kind == "extension" else {})}}


@cache
def _loaded(kind: Kind, name: str, environ: Sequence[tuple[str, str]]) -> ComponentSpec:
    text = f"{kind}s:\n  {name}: {settings_of(kind, name)}\n"
    loaded = load(whole(kind, name, text), environ={**_ENVIRONMENT, **dict(environ)})
    assert loaded.spec is not None, loaded.messages
    return loaded.spec.components[kind, name]
