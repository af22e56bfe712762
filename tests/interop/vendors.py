"""What the vendors' own software says about what arrived at the intake."""

from tests.default_pipeline import Default
from tests.exporters.datadog.models import is_log, is_metric_payload
from tests.exporters.sentry.relay import complaints


def refused(default: Default) -> list[object]:
    """Return what Datadog's published models or Sentry's published normaliser do not take."""
    found: list[object] = [log for log in default.intake("datadog/logs") if not is_log(log)]
    found += [series for series in default.intake("datadog/series") if not is_metric_payload({"series": [series]})]
    found += [(complaint, event) for event in default.intake("sentry/events") if (complaint := complaints(event))]
    return found
