"""What an OTLP log record is as a Datadog log: the Datadog Agent's mapping, and the bounds of one log."""

from typing import Final

from exporters.datadog.origins import origin_of
from pipeline.wire.layout import LogLayout, Shared, Taken
from pipeline.wire.model import Attributes

MAX_LOG_BYTES: Final = 1_000_000
"""Of one log's JSON (Send logs: 1 MB); Datadog would cut what is longer without a mark."""

SENDER: Final = "otel_source:sluice"
"""The tag behind those of the resource."""

TAKEN: Final[dict[str, Taken]] = {
    **dict.fromkeys(("msg", "message", "log"), "message"),
    **dict.fromkeys(("status", "severity", "level", "syslog.severity"), "status"),
    **dict.fromkeys(("traceid", "trace_id", "contextmap.traceid", "oteltraceid"), "trace_id"),
    **dict.fromkeys(("spanid", "span_id", "contextmap.spanid", "otelspanid"), "span_id"),
    "ddtags": "tags",
}
RESERVED_OF_RESOURCE: Final = {"hostname": "otel.hostname", "service": "otel.service"}
ERROR_TRACKING: Final = {
    "exception.type": "error.kind",
    "exception.message": "error.message",
    "exception.stacktrace": "error.stack",
}


def layout(fallback_hostname: str) -> LogLayout:
    """Return how Datadog wants logs; the host name is that of resources which name none."""

    def shared(resource: Attributes) -> Shared:
        origin = origin_of(resource, fallback_hostname)
        attributes = origin.attributes
        source = attributes.get("datadog.log.source") or attributes.get("telemetry.sdk.language") or "otlp"
        return Shared(
            attributes={RESERVED_OF_RESOURCE.get(key, key): value for key, value in attributes.items()},
            tags=",".join([*origin.tags, SENDER]),
            service=attributes.get("service.name", ""),
            fields={"ddsource": source} | ({"hostname": origin.hostname} if origin.hostname else {}),
        )

    return LogLayout(
        shared=shared,
        taken=TAKEN,
        copies=ERROR_TRACKING,
        service_attribute="service.name",
        statuses=("trace", "debug", "info", "warn", "error", "fatal"),
        beyond="error",
        trace_id="otel.trace_id",
        trace_id_decimal="dd.trace_id",
        span_id="otel.span_id",
        span_id_decimal="dd.span_id",
        nanoseconds="otel.timestamp",
        timestamp="@timestamp",
        severity_text="otel.severity_text",
        severity_number="otel.severity_number",
        event_name="otel.event_name",
        message="message",
        status="status",
        tags="ddtags",
        service="service",
        fields=frozenset({"ddsource", "hostname"}),
        max_depth=10,
        max_bytes=MAX_LOG_BYTES,
        shortened="sluice.truncated",
        expendable=frozenset({"otel.severity_text", "otel.event_name"}),
    )
