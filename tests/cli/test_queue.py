"""`sluice queue`, to a real daemon whose destination is down, and to the files that it left."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Refusing
from tests.cli.verbs import sluice
from tests.daemon import until

HOSTILE = "\x1b[2J\x9b31m\u202eevil"


def waiting(refusing: Refusing, *messages: str) -> None:
    """Have a batch of each message in the queue."""
    refusing.destination.status = 503
    for message in messages:
        refusing.send(message)
    until(lambda: refusing.daemon.metric("sluice_queue_batches") == len(messages))


def queues(refusing: Refusing) -> list[dict[str, Any]]:
    return [json.loads(line) for line in refusing.queue("inspect", "--json").stdout.splitlines()]


def bodies(lines: bytes) -> list[str]:
    found = [json.loads(line) for line in lines.splitlines()]
    return [
        record["body"]["stringValue"]
        for one in found
        for resource in one["resourceLogs"]
        for scope in resource["scopeLogs"]
        for record in scope["logRecords"]
    ]


def end(refusing: Refusing, how: str) -> None:
    """Let the daemon run, stop it, or kill it."""
    if how == "stopped":
        refusing.daemon.stop()
    elif how == "killed":
        refusing.daemon.kill()


@pytest.mark.parametrize("how", ["running", "stopped", "killed"])
def test_what_waits_is_shown_and_exported_redacted(refusing: Refusing, tmp_path: Path, how: str) -> None:
    waiting(refusing, "one", HOSTILE + " card 4000 0000 " + "0000 0010", "three")
    end(refusing, how)
    [told] = queues(refusing)
    assert (told["pipeline"], told["exporter"], told["orphan"]) == ("logs", "otlp_http", False)
    assert (told["backlog"]["batches"], told["backlog"]["items"]) == (3, 3)
    heading, row = refusing.queue("inspect").stdout.decode().splitlines()
    assert heading.split() == ["PIPELINE", "EXPORTER", "STATE", "BATCHES", "ITEMS", "SIZE", "OF", "OLDEST"]
    assert re.sub(r" +", " ", row).startswith("logs otlp_http configured 3 3 ")
    exported = refusing.queue("export", "--exporter", "otlp_http")
    assert (exported.returncode, exported.stderr) == (0, b"exported 3 batches\n")
    assert bodies(exported.stdout) == ["one", HOSTILE + " card [card]", "three"]
    assert all(char == "\n" or char.isprintable() for char in exported.stdout.decode())
    file = tmp_path / "copy.jsonl"
    for code in (0, 1):
        assert refusing.queue("export", "--exporter", "otlp_http", "--pipeline", "logs", "-o", str(file)).returncode == code
    assert file.read_bytes() == exported.stdout
    assert file.stat().st_mode & 0o007 == 0
    assert queues(refusing)[0]["backlog"]["batches"] == 3


@pytest.mark.parametrize("how", ["running", "stopped", "killed"])
def test_what_is_dropped_is_gone_for_good_and_counted(refusing: Refusing, how: str) -> None:
    daemon, destination = refusing.daemon, refusing.destination
    waiting(refusing, "dropped one", "dropped two")
    end(refusing, how)
    dry = refusing.queue("drop", "--exporter", "otlp_http", "--dry-run")
    assert (dry.returncode, dry.stdout) == (0, b"2 batches, 2 items would be dropped\n")
    unsure = refusing.queue("drop", "--exporter", "otlp_http")
    assert unsure.returncode == 2
    assert b"Drop 2 batches, 2 items, for good? Say --yes" in unsure.stderr
    done = refusing.queue("drop", "--exporter", "otlp_http", "--yes")
    assert (done.returncode, done.stdout) == (0, b"dropped 2 batches, 2 items\n")
    assert queues(refusing)[0]["backlog"]["batches"] == 0
    if how == "running":
        assert daemon.metric("sluice_dropped_items_total", reason="operator", dlq="false") == 2
        assert daemon.imbalances() == {}
        daemon.kill()
    daemon.start()
    destination.status = 200
    refusing.send("kept")
    until(lambda: destination.times("kept") == 1)
    assert destination.times("dropped") == 0
    until(lambda: daemon.imbalances() == {})


def test_a_queue_that_was_dropped_goes_on(refusing: Refusing) -> None:
    waiting(refusing, "dropped")
    assert refusing.queue("drop", "--exporter", "otlp_http", "--yes").returncode == 0
    refusing.destination.status = 200
    refusing.send("kept")
    until(lambda: refusing.destination.times("kept") == 1)
    assert refusing.destination.times("dropped") == 0
    until(lambda: refusing.daemon.imbalances() == {})


@pytest.mark.parametrize("how", ["running", "stopped"])
def test_an_orphan(refusing: Refusing, how: str) -> None:
    waiting(refusing, "orphaned one", "orphaned two")
    daemon = refusing.daemon
    daemon.stop()
    daemon.config.write_text(
        daemon.config.read_text().replace("otlp_http:", "otlp_http/new:").replace("[otlp_http]", "[otlp_http/new]")
    )
    daemon.start()
    refusing.send("for the new one")
    end(refusing, how)
    found = {told["exporter"]: (told["orphan"], told["backlog"]["items"]) for told in queues(refusing)}
    assert found == {"otlp_http": (True, 2), "otlp_http/new": (False, 1)}
    assert bodies(refusing.queue("export", "--exporter", "otlp_http").stdout) == ["orphaned one", "orphaned two"]
    assert refusing.queue("drop", "--exporter", "otlp_http", "--yes").stdout == b"dropped 2 batches, 2 items\n"
    if how == "running":
        assert daemon.metric("sluice_dropped_items_total", component="otlp_http", reason="operator") == 2
        daemon.kill()
    daemon.start()
    refusing.destination.status = 200
    until(lambda: refusing.destination.times("for the new one") >= 1)
    assert [told["exporter"] for told in queues(refusing)] == ["otlp_http/new"]
    assert refusing.destination.times("orphaned") == 0


def test_no_such_queue(refusing: Refusing) -> None:
    for how in ("running", "stopped"):
        end(refusing, how)
        for verb in (("export",), ("drop", "--yes")):
            said = refusing.queue(*verb, "--exporter", "other\x1b")
            assert (said.returncode, said.stdout) == (1, b"")
            assert said.stderr == b"Error: there is no queue of other\\u001b: see `sluice queue inspect`\n"


def test_damaged_cursors_are_told(refusing: Refusing) -> None:
    waiting(refusing, "one")
    refusing.daemon.stop()
    cursors = refusing.daemon.journal / "cursors"
    cursors.write_bytes(b"\xa5" * cursors.stat().st_size)
    said = refusing.queue("inspect")
    assert (said.returncode, said.stdout) == (1, b"")
    assert b"the next start sends all of it again" in said.stderr
    refusing.destination.status = 200
    refusing.daemon.start()
    until(lambda: refusing.destination.times("one") == 1)


def test_nothing_there(tmp_path: Path) -> None:
    said = sluice("queue", "inspect", "--dir", str(tmp_path))
    assert (said.returncode, said.stderr.decode()) == (1, f"Error: there is no journal in {tmp_path}: see --dir and --config\n")


@pytest.mark.parametrize("wrong", ["export", "drop", "inspect --exporter x"])
def test_wrong_usage(wrong: str) -> None:
    assert sluice("queue", *wrong.split()).returncode == 2
