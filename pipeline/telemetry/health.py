"""What `/health` answers: checks of the journal, the exporters and the disk, and what they come to (delivery contract §13)."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal

Status = Literal["healthy", "degraded", "unhealthy"]
RANK: Final[Mapping[Status, int]] = {"healthy": 0, "degraded": 1, "unhealthy": 2}


@dataclass(frozen=True)
class Check:
    """The state of one dependency. `required`: it can make the whole unhealthy, not only degraded."""

    status: Status
    message: str
    required: bool = True
    details: Mapping[str, str | int] = field(default_factory=dict)


class Health:
    """Collects checks and judges the whole. `checks` reads cached state only, so an answer never waits for a sink."""

    def __init__(
        self,
        version: str,
        checks: Callable[[], Mapping[str, Check]],
        not_ready: Callable[[], str],
        generation: Callable[[], int],
    ) -> None:
        """`not_ready` gives the reason why the process takes no data now, empty when it does."""
        self._version = version
        self._generation = generation
        self._checks = checks
        self._not_ready = not_ready
        self._started = time.monotonic()

    def live(self) -> tuple[int, dict[str, object]]:
        """Return code and body of `/health/live`: the loop that answers turns."""
        return 200, {"status": "healthy"}

    def ready(self) -> tuple[int, dict[str, object]]:
        """Return code and body of `/health/ready`: open for data, whatever the sinks do."""
        reason = self._not_ready()
        return (503, {"status": "unhealthy", "reason": reason}) if reason else (200, {"status": "healthy"})

    def dependencies(self, *only: str) -> tuple[int, dict[str, object]]:
        """Return code and body of `/health/dependencies`, or of the named checks alone."""
        begun = time.perf_counter()
        checks = {name: check for name, check in self._checks().items() if not only or name in only}
        status = overall(checks.values())
        return 503 if status == "unhealthy" else 200, self._body(status, checks, begun)

    def summary(self) -> tuple[int, dict[str, object]]:
        """Return code and body of `/health`: the dependencies, and readiness."""
        begun = time.perf_counter()
        checks = self._checks()
        status = "unhealthy" if self._not_ready() else overall(checks.values())
        return 503 if status == "unhealthy" else 200, self._body(status, checks, begun)

    def _body(self, status: Status, checks: Mapping[str, Check], begun: float) -> dict[str, object]:
        now = datetime.now(UTC)
        return {
            "status": status,
            "version": self._version,
            "timestamp": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "uptime": span(time.monotonic() - self._started),
            "responseTime": f"{(time.perf_counter() - begun) * 1000:.0f}ms",
            "generation": self._generation(),
            "checks": {
                name: {"status": check.status, "message": check.message, **check.details} for name, check in checks.items()
            },
        }


Answer = Callable[[Health], tuple[int, Mapping[str, object]]]
PATHS: Final[Mapping[str, Answer]] = {
    "/health": Health.summary,
    "/": Health.summary,
    "/healthz": Health.summary,
    "/health/live": Health.live,
    "/livez": Health.live,
    "/health/ready": Health.ready,
    "/readyz": Health.ready,
    "/health/dependencies": Health.dependencies,
    "/health/db": lambda health: health.dependencies("journal"),
}
"""What is asked where."""


def span(seconds: float) -> str:
    """Return a time for people, in its two largest units: `3h12m`."""
    minutes, hours, days = int(seconds // 60), int(seconds // 3600), int(seconds // 86400)
    if days:
        return f"{days}d{hours % 24}h"
    if hours:
        return f"{hours}h{minutes % 60}m"
    return f"{minutes}m{int(seconds % 60)}s" if minutes else f"{int(seconds)}s"


def overall(checks: Iterable[Check]) -> Status:
    """Return the whole's status: a best-effort dependency can make it only degraded."""
    worst: Status = "healthy"
    for check in checks:
        status = check.status if check.required or check.status == "healthy" else "degraded"
        worst = max(worst, status, key=RANK.__getitem__)
    return worst
