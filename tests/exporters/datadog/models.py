"""Datadog's own payload models, as its published client deserialises them."""

from typing import Any

from datadog_api_client.configuration import Configuration
from datadog_api_client.model_utils import validate_and_convert_types
from datadog_api_client.v2.model.http_log_item import HTTPLogItem
from datadog_api_client.v2.model.metric_payload import MetricPayload


def is_log(payload: Any) -> bool:
    """Whether the client reads it as a log."""
    return _reads(payload, HTTPLogItem)


def is_metric_payload(payload: Any) -> bool:
    """Whether the client reads it as series, all of them."""
    return _reads(payload, MetricPayload)


def _reads(payload: Any, model: type) -> bool:
    found: Any = validate_and_convert_types(payload, (model,), ["payload"], True, True, Configuration())  # type: ignore[no-untyped-call]
    return not found._unparsed
