"""What `/health` answers (delivery contract §13)."""

from collections.abc import Mapping

import pytest

from pipeline.telemetry.health import PATHS, Check, Health, overall, span

WELL, DEGRADED, UNHEALTHY = Check("healthy", "ok"), Check("degraded", "slow"), Check("unhealthy", "gone")


def health(checks: Mapping[str, Check], not_ready: str = "") -> Health:
    return Health("0.1.0", lambda: checks, lambda: not_ready, lambda: 7)


@pytest.mark.parametrize(
    ("checks", "status"),
    [
        ([], "healthy"),
        ([WELL, WELL], "healthy"),
        ([WELL, DEGRADED], "degraded"),
        ([DEGRADED, UNHEALTHY], "unhealthy"),
        ([WELL, Check("unhealthy", "gone", required=False)], "degraded"),
        ([WELL, Check("degraded", "slow", required=False)], "degraded"),
    ],
)
def test_the_worst_check_decides_and_a_best_effort_one_can_only_degrade(checks: list[Check], status: str) -> None:
    assert overall(checks) == status
    code, body = health(dict(zip("abc", checks, strict=False))).dependencies()
    assert (code, body["status"]) == (503 if status == "unhealthy" else 200, status)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/health", 503),
        ("/", 503),
        ("/healthz", 503),
        ("/health/ready", 503),
        ("/readyz", 503),
        ("/health/live", 200),
        ("/livez", 200),
        ("/health/dependencies", 200),
        ("/health/db", 200),
    ],
)
def test_a_process_that_stops_is_alive_and_takes_no_data(path: str, code: int) -> None:
    assert PATHS[path](health({"journal": WELL}, "stopping"))[0] == code


def test_a_dead_destination_takes_nothing_out_of_service() -> None:
    sick = health({"journal": WELL, "exporter:datadog": UNHEALTHY})
    codes = {path: answer(sick)[0] for path, answer in PATHS.items()}
    assert {path for path, code in codes.items() if code == 503} == {"/", "/health", "/healthz", "/health/dependencies"}


def test_the_body_names_what_runs_and_each_check() -> None:
    _, body = health({"disk": Check("degraded", "filling up", required=False, details={"used": "80%"})}).summary()
    assert body.keys() == {"status", "version", "timestamp", "uptime", "responseTime", "generation", "checks"}
    assert (body["version"], body["generation"], body["uptime"]) == ("0.1.0", 7, "0s")
    assert body["checks"] == {"disk": {"status": "degraded", "message": "filling up", "used": "80%"}}
    assert PATHS["/health/ready"](health({}, "memory"))[1] == {"status": "unhealthy", "reason": "memory"}


@pytest.mark.parametrize(
    ("seconds", "text"), [(59.9, "59s"), (61, "1m1s"), (3599, "59m59s"), (11520, "3h12m"), (86400, "1d0h"), (180000, "2d2h")]
)
def test_a_time_is_told_in_its_two_largest_units(seconds: float, text: str) -> None:
    assert span(seconds) == text
