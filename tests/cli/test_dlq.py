"""`sluice dlq`, to a real daemon whose destination refuses, and to the file that it left."""

import json
import re
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Refusing
from tests.cli.verbs import sluice
from tests.daemon import SLUICE, until

HOSTILE = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\u2028evil"


def plain(output: bytes) -> str:
    """Return a table with its times and sizes made the same, and its columns one space apart."""
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME", output.decode())
    return re.sub(r" +", " ", re.sub(r"\d+(\.\d)? (B|KiB)\b", "SIZE", text))


def the_same_of_both(refusing: Refusing, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
    """Ask the daemon, then, when it has stopped, the file."""
    asked = refusing.dlq(*arguments)
    refusing.daemon.stop()
    read = refusing.dlq(*arguments)
    assert (asked.returncode, asked.stdout, asked.stderr) == (read.returncode, read.stdout, read.stderr)
    return asked


def test_a_list(refusing: Refusing) -> None:
    refusing.refused("first", "second")
    listed = the_same_of_both(refusing, "list")
    assert listed.returncode == 0
    lines = plain(listed.stdout).splitlines()
    assert lines[0] == "ID TIME COMPONENT PIPELINE REASON CODE ITEMS BYTES REPLAYABLE MESSAGE"
    assert [line.split(" ")[:7] for line in lines[1:]] == [
        ["1", "TIME", "otlp_http", "logs", "rejected_4xx", "400", "1"],
        ["2", "TIME", "otlp_http", "logs", "rejected_4xx", "400", "1"],
    ]
    assert plain(listed.stderr) == "2 letters, 2 items, SIZE\n"


def test_filters(refusing: Refusing) -> None:
    refusing.refused("first", "second")
    for arguments, number in {
        (): 2,
        ("--exporter", "otlp_http"): 2,
        ("--exporter", "other"): 0,
        ("--reason", "rejected_4xx"): 2,
        ("--reason", "poison"): 0,
        ("--signal", "logs", "--pipeline", "logs"): 2,
        ("--signal", "traces"): 0,
        ("--since", "1h"): 2,
        ("--until", "1h"): 0,
        ("--since", "2001-01-01"): 2,
        ("--until", "2001-01-01T00:00:00Z"): 0,
        ("--limit", "1"): 1,
    }.items():
        assert len(refusing.dlq("list", "--json", *arguments).stdout.splitlines()) == number, arguments


def test_a_letter_is_shown_redacted_and_nothing_moves_the_terminal(refusing: Refusing) -> None:
    refusing.refused(HOSTILE + " card 4000 0000 " + "0000 0010")
    shown = the_same_of_both(refusing, "show", "1")
    text = shown.stdout.decode()
    assert shown.returncode == 0
    assert "[card]" in text
    assert "0000 0010" not in text
    assert all(char == "\n" or char.isprintable() for char in text)
    payload = json.loads(text[text.index("\n\n") :])
    body = payload["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]["body"]["stringValue"]
    assert body == HOSTILE + " card [card]"
    assert {line.split()[0] for line in text.partition("\n\n")[0].splitlines()} >= {"id", "reason", "time", "first_seen", "code"}


def test_a_letter_as_json(refusing: Refusing) -> None:
    refusing.refused(HOSTILE)
    shown = the_same_of_both(refusing, "show", "--json", "1").stdout.decode()
    told: dict[str, Any] = json.loads(shown)
    assert shown.isascii()
    assert (told["id"], told["component"], told["pipeline"], told["reason"], told["code"]) == (
        1, "otlp_http", "logs", "rejected_4xx", "400",
    )  # fmt: skip
    assert told["payload"]["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]["body"]["stringValue"] == HOSTILE


def test_what_a_foreign_hand_wrote_into_the_store_is_not_printed_raw(refusing: Refusing) -> None:
    refusing.refused("one")
    refusing.daemon.stop()
    database = sqlite3.connect(refusing.daemon.journal / "dead_letters.db", isolation_level=None)
    database.execute("UPDATE letters SET message = ?, component = ?, pipeline = ?, code = ?", [HOSTILE] * 4)
    database.close()
    for arguments in (("list",), ("list", "--json"), ("show", "1"), ("replay", "--dry-run")):
        output = refusing.dlq(*arguments).stdout.decode()
        assert "evil" in output
        assert all(char == "\n" or char.isprintable() for char in output), arguments


def test_a_replay_delivers_and_empties_the_store(refusing: Refusing) -> None:
    refusing.refused(*(f"number {n} of five" for n in range(5)))
    dry = refusing.dlq("replay", "--dry-run")
    assert plain(dry.stdout) == "COMPONENT REASON LETTERS ITEMS\notlp_http rejected_4xx 5 5\n"
    assert dry.stderr == b"5 letters, 5 items would be replayed\n"
    assert refusing.letters() == 5
    refusing.destination.status = 200
    done = refusing.dlq("replay", "--limit", "2")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"replayed 2 letters, 2 items\n", b"")
    done = refusing.dlq("replay", "--exporter", "otlp_http", "--reason", "rejected_4xx")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"replayed 3 letters, 3 items\n", b"")
    assert [refusing.destination.times(f"number {n} of five") for n in range(5)] == [1] * 5
    assert refusing.letters() == 0
    assert refusing.dlq("replay").stdout == b"replayed 0 letters, 0 items\n"
    daemon = refusing.daemon
    assert daemon.metric("sluice_dlq_replayed_items_total", reason="rejected_4xx") == 5
    assert daemon.metric("sluice_dlq_items") == 0
    assert daemon.imbalances() == {}


def test_what_is_refused_again_takes_the_place_of_its_letter(refusing: Refusing) -> None:
    refusing.refused("twice refused")
    done = refusing.dlq("replay")
    assert (done.returncode, done.stdout) == (0, b"replayed 1 letter, 1 item\n")
    assert done.stderr == b"1 letter new in their place: refused again\n"
    [told] = [json.loads(line) for line in refusing.dlq("list", "--json").stdout.splitlines()]
    assert (told["id"], told["attempts"], told["reason"]) == (2, 2, "rejected_4xx")
    assert refusing.daemon.imbalances() == {}


def test_from_the_first_processor_on(refusing: Refusing) -> None:
    refusing.refused("once more from the top")
    refusing.destination.status = 200
    done = refusing.dlq("replay", "--from", "start")
    assert (done.returncode, done.stdout) == (0, b"replayed 1 letter, 1 item\n")
    until(lambda: refusing.destination.times("once more from the top") == 1)
    assert refusing.letters() == 0
    until(lambda: refusing.daemon.imbalances() == {})


def test_what_a_destination_does_not_take_now_stays(refusing: Refusing) -> None:
    refusing.refused("patient")
    refusing.destination.status = 503
    done = refusing.dlq("replay")
    assert (done.returncode, done.stdout) == (1, b"replayed 0 letters, 0 items\n")
    assert done.stderr.startswith(b"1 letter stays:\n  otlp_http does not take data (backoff): ")
    assert refusing.letters() == 1
    assert refusing.daemon.imbalances() == {}


def test_nothing_is_lost_when_the_daemon_is_killed_in_the_middle_of_a_replay(refusing: Refusing) -> None:
    messages = [f"letter {n:02} of forty" for n in range(40)]
    refusing.refused(*messages)
    refusing.daemon.stop()  # its journal writes down how far it came: what comes twice from here on, the replay sent twice
    refusing.daemon.start()
    destination = refusing.destination
    destination.status, before = 200, destination.asked
    taken = []

    class Gate(list[bytes]):
        def append(self, body: bytes) -> None:
            taken.append(body)
            if len(taken) == 20:
                destination.open.clear()

    destination.taken = Gate()
    asking = subprocess.Popen(
        [SLUICE, "dlq", "replay", "--dir", str(refusing.daemon.journal)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    until(lambda: destination.asked >= before + 21)
    refusing.daemon.kill()
    _, complaint = asking.communicate(timeout=60)
    assert (asking.returncode, complaint.startswith(b"Error: no answer from unix:")) == (1, True)
    destination.open.set()
    destination.taken = taken
    refusing.daemon.start()
    left = refusing.letters()
    assert 16 <= left <= 24
    assert refusing.dlq("replay").returncode == 0
    counts = [destination.times(message) for message in messages]
    assert min(counts) == 1
    assert sum(counts) <= 40 + 8
    assert refusing.letters() == 0
    assert refusing.daemon.imbalances() == {}


@pytest.mark.parametrize("alive", [True, False])
def test_a_purge(refusing: Refusing, alive: bool) -> None:
    refusing.refused("one", "two", "three")
    if not alive:
        refusing.daemon.stop()
    dry = refusing.dlq("purge", "--dry-run", "--limit", "2")
    assert dry.stderr == b"2 letters, 2 items would be purged\n"
    unsure = refusing.dlq("purge")
    assert unsure.returncode == 2
    assert b"Remove 3 letters for good? Say --yes" in unsure.stderr
    assert refusing.dlq("purge", "--yes", "--limit", "2").stdout == b"purged 2 letters, 2 items\n"
    assert refusing.dlq("purge", "--yes", "--reason", "poison").stdout == b"purged 0 letters, 0 items\n"
    assert refusing.letters() == 1
    assert refusing.dlq("purge", "--yes").stdout == b"purged 1 letter, 1 item\n"
    assert refusing.letters() == 0


def test_a_replay_needs_a_daemon(refusing: Refusing) -> None:
    refusing.refused("one")
    refusing.daemon.stop()
    assert b"1 letter, 1 item would be replayed" in refusing.dlq("replay", "--dry-run").stderr
    done = refusing.dlq("replay")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr == b"Error: no daemon runs that could send them: replay while `sluice run` serves\n"


def test_letters_of_an_exporter_that_is_gone_stay(refusing: Refusing) -> None:
    refusing.refused("homeless")
    refusing.daemon.stop()
    config = refusing.daemon.config
    config.write_text(config.read_text().replace("otlp_http:", "otlp_http/new:").replace("[otlp_http]", "[otlp_http/new]"))
    refusing.daemon.start()
    done = refusing.dlq("replay")
    assert (done.returncode, done.stderr) == (1, b"1 letter stays:\n  no exporter otlp_http takes logs\n")
    refusing.destination.status = 200
    assert refusing.dlq("replay", "--from", "start").returncode == 0
    until(lambda: refusing.destination.times("homeless") == 1)


def test_the_place_from_a_configuration(refusing: Refusing) -> None:
    refusing.refused("one")
    environ = {"SLUICE_JOURNAL_DIR": str(refusing.daemon.journal)}
    listed = sluice("dlq", "list", "--config", str(refusing.daemon.config), environ=environ)
    assert listed.stderr.startswith(b"1 letter, ")
    listed = sluice("dlq", "list", environ={**environ, "SLUICE_CONFIG": str(refusing.daemon.config)})
    assert listed.stderr.startswith(b"1 letter, ")
    assert sluice("dlq", "list", environ=environ).stderr.startswith(b"1 letter, ")


def test_a_daemon_that_cant_be_asked(refusing: Refusing) -> None:
    (refusing.daemon.journal / "admin.sock").unlink()
    listed = refusing.dlq("list")
    assert (listed.returncode, listed.stdout) == (1, b"")
    assert listed.stderr.startswith(f"Error: no answer from unix:{refusing.daemon.journal}/admin.sock: No such file".encode())


def test_a_daemon_starts_with_a_damaged_store(refusing: Refusing) -> None:
    refusing.refused("one")
    refusing.daemon.stop()
    store = refusing.daemon.journal / "dead_letters.db"
    store.write_bytes(b"no database" * 1000)
    assert b"file is not a database" in refusing.dlq("list").stderr
    refusing.daemon.start()
    assert "the dead-letter store was damaged" in refusing.daemon.text()
    assert refusing.daemon.metric("sluice_journal_errors_total", op="dead_letter_damaged") == 1
    refusing.refused("two")
    assert refusing.letters() == 1


def test_nothing_there(tmp_path: Path) -> None:
    listed = sluice("dlq", "list", "--dir", str(tmp_path / "none"))
    assert (listed.returncode, listed.stdout) == (1, b"")
    assert listed.stderr.decode() == f"Error: there is no journal in {tmp_path}/none: see --dir and --config\n"


def test_no_such_letter(refusing: Refusing) -> None:
    for alive in (True, False):
        if not alive:
            refusing.daemon.stop()
        shown = refusing.dlq("show", "77")
        assert shown.returncode == 1
        assert b"no letter has the number 77" in shown.stderr


@pytest.mark.parametrize("wrong", ["list --since yore", "list --reason x", "show 0", "replay --from x"])
def test_wrong_usage(wrong: str) -> None:
    assert sluice("dlq", *wrong.split()).returncode == 2
