"""How an exporter is: its health check (delivery contract §13) and the gauges of its queue."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final

from pipeline.delivery.error_rate import Attempts, total
from pipeline.delivery.send import Sender
from pipeline.journal import Backlog, Cursor, Journal
from pipeline.settings import signal_of
from pipeline.telemetry import catalogue
from pipeline.telemetry.health import RANK, Check, Status
from pipeline.telemetry.metrics import Metrics
from pipeline.types import SIGNALS

FILL_DEGRADED, FILL_UNHEALTHY = 0.5, 0.9
OLD_SECONDS: Final = 300.0
SILENT_SECONDS: Final = 600.0
"""No success for this long, and something in the queue since before, is unhealthy."""
ERROR_RATE: Final = 0.02
"""Share of attempts in an hour."""
FEWEST_ATTEMPTS: Final = round(1 / ERROR_RATE)
"""Of fewer a single failure is above that share and means nothing."""
_STATES: Final[Mapping[str, str]] = {"backoff": "backing off", "paused": "asked to wait"}


def exporter_check(sender: Sender, backlogs: Sequence[Backlog]) -> Check:
    """Return the state of one exporter from what its sender saw last and what its cursors hold."""
    queued = sum(backlog.bytes for backlog in backlogs)
    fill = max((backlog.bytes / backlog.capacity for backlog in backlogs if backlog.capacity), default=0.0)
    oldest = max((age(backlog) for backlog in backlogs), default=0.0)
    troubles = list(_troubles(sender, fill, oldest))
    status: Status = max((trouble.status for trouble in troubles), key=RANK.__getitem__, default="healthy")
    details: dict[str, str | int] = {
        "responseTime": f"{sender.last_seconds * 1000:.0f}ms",
        "queueBytes": queued,
        "queueFill": f"{fill:.0%}",
        "oldest": f"{oldest:.0f}s",
    }
    if sender.last_success:
        details["lastSuccess"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(sender.last_success))
    message = "; ".join(trouble.message for trouble in troubles) or "ok"
    return Check(status, message, sender.queue.required, details)


def _troubles(sender: Sender, fill: float, oldest: float) -> Iterator[Check]:
    """Yield all that is wrong (delivery contract §13)."""
    if sender.state == "auth":
        yield Check("unhealthy", f"the credential is refused: {sender.last_error}")
    elif sender.state != "ok":
        yield Check("degraded", f"{_STATES[sender.state]}: {sender.last_error}")
    if fill >= FILL_DEGRADED:
        yield Check("unhealthy" if fill >= FILL_UNHEALTHY else "degraded", f"the queue is {fill:.0%} full")
    if oldest > OLD_SECONDS:
        silent = time.time() - max(sender.last_success, sender.started_at) > SILENT_SECONDS and oldest > SILENT_SECONDS
        yield Check("unhealthy" if silent else "degraded", "nothing delivered for 10 minutes" if silent else "far behind")
    if fails(sender.errors.last_hour()):
        yield Check("degraded", f"{sender.errors.last_hour().error_rate:.1%} of its attempts failed in the last hour")


def error_rate_check(senders: Iterable[Sender]) -> Check:
    """Return how many attempts of all exporters failed in the last hour."""
    attempts = total(sender.errors.last_hour() for sender in senders)
    status: Status = "degraded" if fails(attempts) else "healthy"
    details: dict[str, str | int] = {
        "errorRate": f"{attempts.error_rate:.1%}",
        "errors": attempts.failed,
        "total": attempts.total,
        "period": "last 1 hour",
    }
    return Check(status, "ok" if status == "healthy" else "many attempts fail", required=False, details=details)


def orphan_check(backlog: Backlog) -> Check:
    """Return the state of what waits for an exporter that is no longer configured."""
    details: dict[str, str | int] = {"items": backlog.items, "bytes": backlog.bytes, "oldest": f"{age(backlog):.0f}s"}
    return Check("degraded", "its exporter or pipeline is no longer configured", required=False, details=details)


def fails(attempts: Attempts) -> bool:
    """Return whether more attempts failed than should."""
    return attempts.total >= FEWEST_ATTEMPTS and attempts.error_rate > ERROR_RATE


def age(backlog: Backlog) -> float:
    """Return the age of the oldest batch in seconds, 0 when there is none."""
    return max(time.time() - backlog.oldest / 1e9, 0.0) if backlog.oldest else 0.0


def watch_queue(metrics: Metrics, journal: Journal, exporter: str, cursors: Sequence[Cursor]) -> None:
    """Expose what an exporter's cursors still have before them."""

    def total(what: str, of: Sequence[Cursor]) -> float:
        return float(sum(getattr(journal.backlog(cursor), what) for cursor in of))

    metrics.watch(catalogue.QUEUE_BYTES, partial(total, "bytes", cursors), exporter=exporter)
    metrics.watch(catalogue.QUEUE_CAPACITY, partial(total, "capacity", cursors), exporter=exporter)
    metrics.watch(catalogue.QUEUE_BATCHES, partial(total, "batches", cursors), exporter=exporter)
    metrics.watch(catalogue.QUEUE_OLDEST, lambda: max(age(journal.backlog(cursor)) for cursor in cursors), exporter=exporter)
    for signal in SIGNALS:
        own = [cursor for cursor in cursors if signal_of(cursor.lane) == signal]
        if own:
            metrics.watch(catalogue.QUEUE_ITEMS, partial(total, "items", own), exporter=exporter, signal=signal)
        else:
            metrics.remove(catalogue.QUEUE_ITEMS, exporter=exporter, signal=signal)


def forget_queue(metrics: Metrics, exporter: str) -> None:
    """Show the queue of an exporter that is gone no more."""
    for metric in (catalogue.QUEUE_BYTES, catalogue.QUEUE_CAPACITY, catalogue.QUEUE_BATCHES, catalogue.QUEUE_OLDEST):
        metrics.remove(metric, exporter=exporter)
    for signal in SIGNALS:
        metrics.remove(catalogue.QUEUE_ITEMS, exporter=exporter, signal=signal)
