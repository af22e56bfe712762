"""`sluice send`, to a real daemon."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Served
from tests.cli.verbs import sluice
from tests.daemon import free_ports, until

CARD = "4000 0000 " + "0000 0010"


def test_records_from_standard_input(served: Served) -> None:
    sent = sluice("send", "--to", served.logs, stdin=b'{"message":"from stdin, card %s"}\n{"message":"two"}\n' % CARD.encode())
    assert (sent.returncode, sent.stderr) == (0, b"")
    assert sent.stdout.decode() == '200 {"accepted":2,"rejected":0}\n'
    until(lambda: "from stdin, card [card]" in served.daemon.text())
    assert CARD not in served.daemon.text()


def test_records_from_a_file(served: Served, tmp_path: Path) -> None:
    file = tmp_path / "records.json"
    file.write_text('[{"message":"from a file"}]')
    sent = sluice("send", "--to", served.logs, "--type", "application/json", str(file))
    assert (sent.returncode, sent.stdout.decode()) == (0, '200 {"accepted":1,"rejected":0}\n')
    until(lambda: "from a file" in served.daemon.text())


def test_what_is_refused(served: Served) -> None:
    some = sluice("send", "--to", served.logs, stdin=b'{"message":"good"}\n{"message":\n')
    status, _, answer = some.stdout.decode().partition(" ")
    assert (some.returncode, status, json.loads(answer)["rejected"]) == (0, "200", 1)
    none = sluice("send", "--to", served.logs, stdin=b"{\n")
    assert (none.returncode, none.stdout) == (1, b"")
    assert none.stderr.startswith(b'400 {"accepted":0,"rejected":1,')


def test_headers_are_sent(served: Served) -> None:
    sent = sluice("send", "--to", served.logs, "--header", "content-encoding=br", stdin=b"{}")
    assert sent.returncode == 1
    assert sent.stderr.startswith(b"415 ")


def test_a_proxy_of_the_environment_is_not_asked(served: Served) -> None:
    [nobody] = free_ports(1)
    sent = sluice("send", "--to", served.logs, stdin=b"{}", environ={"http_proxy": f"http://127.0.0.1:{nobody}"})
    assert sent.returncode == 0


def test_nobody_there() -> None:
    [nobody] = free_ports(1)
    sent = sluice("send", "--to", f"http://127.0.0.1:{nobody}/logs", stdin=b"{}")
    assert (sent.returncode, sent.stdout) == (1, b"")
    assert sent.stderr.decode() == f"no answer from http://127.0.0.1:{nobody}/logs: [Errno 111] Connection refused\n"


@pytest.mark.parametrize("wrong", [("--to", "ftp://127.0.0.1/"), ("--to", "/etc/passwd"), ("--header", "x"), ("no-such-file",)])
def test_wrong_usage(wrong: tuple[str, ...]) -> None:
    assert sluice("send", *wrong, stdin=b"{}").returncode == 2
