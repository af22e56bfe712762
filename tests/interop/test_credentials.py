"""The credentials of the destinations go where they belong, and nowhere else, whatever a destination does with them."""

import asyncio
import os
import subprocess
from pathlib import Path

from tests.daemon import SLUICE, get_json, post, until
from tests.default_pipeline import CONFIG, Default, default_pipeline
from tests.exporters.scripted import Destination, Received, Reply, destination
from tests.interop import planted

API_KEY = "0f1e2d3c4b5a6978" + "8796a5b4c3d2e1f0"
PUBLIC_KEY, SECRET_KEY = "5eed" * 4 + "c0ffee00" * 2, "dec0de11" * 2 + "face" * 4
SECRETS = (API_KEY, PUBLIC_KEY, SECRET_KEY)
ECHO = " ".join(SECRETS)
ERROR = b'{"level":"error","service":"shop","message":"no"}'


def echoing(status: int) -> Reply:
    """Return the answer of a destination that shows what it was shown."""
    return Reply(status, {"x-debug": ECHO}, f'{{"errors":["{ECHO}"],"detail":"{ECHO}"}}'.encode())


def serve(directory: Path, server: Destination) -> None:
    """Run the default pipeline against a destination that goes through every kind of refusal."""
    where = server.url.removeprefix("http://")
    environ = {"DD_API_KEY": API_KEY, "SENTRY_DSN": f"http://{PUBLIC_KEY}:{SECRET_KEY}@{where}/42"}
    overrides = [
        *(f"exporters.datadog.{name}={server.url}" for name in ("logs_url", "metrics_url")),
        "exporters.sentry.retry_on_failure.initial_interval=50ms",
        "service.limits.shutdown_timeout=1s",
    ]
    with default_pipeline(directory, overrides, environ) as running:
        assert "no credential is set" not in running.daemon.text()
        send(running, server, echoing(503))
        running.settle()
        send(running, server, echoing(400))
        until(
            lambda: running.daemon.metric("sluice_dropped_items_total", reason="rejected_4xx", dlq="true") >= 1,
            what="a dead letter",
        )
        send(running, server, echoing(403))
        until(lambda: running.daemon.metric("sluice_exporter_state", state="auth") == 2, what="both exporters at a standstill")
        checks = get_json(running.url(13133, "/health/dependencies"))["checks"]
        assert {checks[f"exporter:{name}"]["status"] for name in ("datadog", "sentry")} == {"unhealthy"}
        assert running.intake("datadog/logs") == running.intake("sentry/events") == []
        planted.assert_hidden(running, *SECRETS)


def send(running: Default, server: Destination, reply: Reply) -> None:
    """Send an error; the destination gives this answer once to each route, or for good when it is about the credential."""
    server.replies = [reply] * (100 if reply.status == 403 else 3)
    assert post(running.url(4319, "/logs"), ERROR)[0] == 200
    until(lambda: not server.replies or reply.status == 403, what="the end of the refusals")


def test_keys_are_in_their_header_alone(tmp_path: Path) -> None:
    async def run() -> list[Received]:
        async with destination() as server:
            await asyncio.to_thread(serve, tmp_path, server)
            return server.received

    received = asyncio.run(run())
    paths = {"/api/v2/logs", "/api/v2/series", "/api/42/envelope/"}
    assert {request.path for request in received} == paths
    for request in received:
        headers = dict(request.headers)
        if request.path == "/api/42/envelope/":
            shown = headers.pop("X-Sentry-Auth")
            assert f"sentry_key={PUBLIC_KEY}" in shown
            assert f"sentry_secret={SECRET_KEY}" in shown
        else:
            assert headers.pop("DD-API-KEY") == API_KEY
        rest = " ".join([*headers.values(), request.path, request.body.decode()])
        assert not [secret for secret in SECRETS if secret in rest]


def test_a_credential_that_can_not_be_right_is_not_printed(tmp_path: Path) -> None:
    environ = {
        "PATH": os.environ["PATH"],
        "SLUICE_JOURNAL_DIR": str(tmp_path),
        "SENTRY_DSN": f"https://{PUBLIC_KEY}@sentry.example/",
    }
    command = [str(SLUICE), "run", "--config", str(CONFIG)]
    done = subprocess.run(command, env=environ, capture_output=True, timeout=30, text=True, check=False)
    assert done.returncode == 1
    assert "exporters.sentry" in done.stderr
    assert PUBLIC_KEY not in done.stdout + done.stderr
