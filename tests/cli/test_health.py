"""`sluice health`, of a real daemon."""

import json
import signal

from tests.cli.conftest import Served
from tests.cli.verbs import sluice
from tests.daemon import free_ports, until


def test_a_daemon_that_takes_data(served: Served) -> None:
    for options in ((), ("--ready",), ("--live",)):
        asked = sluice("health", "--endpoint", served.health, *options)
        assert (asked.returncode, asked.stderr) == (0, b""), options
        assert asked.stdout.endswith(b"}\n")
        assert "status" in json.loads(asked.stdout)


def test_nobody_there() -> None:
    [nobody] = free_ports(1)
    asked = sluice("health", "--endpoint", f"127.0.0.1:{nobody}")
    assert (asked.returncode, asked.stdout) == (1, b"")
    assert asked.stderr.decode() == f"no answer from 127.0.0.1:{nobody}: [Errno 111] Connection refused\n"


def test_somebody_else_there(served: Served) -> None:
    """A receiver answers too, but not to this question."""
    asked = sluice("health", "--endpoint", served.logs.removeprefix("http://").removesuffix("/logs"))
    assert asked.returncode == 1


def test_wrong_usage() -> None:
    assert sluice("health", "--endpoint", "127.0.0.1:port").returncode == 2
    assert sluice("health", "--dead").returncode == 2


def test_a_daemon_that_stops_is_alive_and_takes_no_data(served: Served) -> None:
    """Last in its file: the daemon does not come back."""
    served.daemon.stop()
    served.daemon.overrides = ("service.limits.shutdown_timeout=60s",)  # longer than it is asked for, however slow the machine
    served.daemon.start()
    assert sluice("send", "--to", served.logs, stdin=b'{"message":"cannot be delivered"}').returncode == 0
    process = served.daemon.process
    assert process is not None
    process.send_signal(signal.SIGTERM)
    until(lambda: sluice("health", "--endpoint", served.health).returncode == 1)
    asked = sluice("health", "--endpoint", served.health)
    assert json.loads(asked.stdout)["reason"] == "stopping"
    assert sluice("health", "--live", "--endpoint", served.health).returncode == 0
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    assert sluice("health", "--live", "--endpoint", served.health).returncode == 1
