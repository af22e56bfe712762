"""More than it can take: others are served, memory stays within its limit, and nothing that was acknowledged is lost."""

import resource
import socket
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.daemon import Daemon, until
from tests.faults.conftest import Bench, BenchMaker
from tests.faults.oracle import Load

MIB = 1 << 20
IDLE_CONNECTIONS = 10_000
IDLE_KIB = 16
"""Most that an idle connection may cost; measured 5.6."""
CONTAINER_MIB = 256


@pytest.fixture
def descriptors() -> Iterator[int]:
    """How many files this process may have open, and a daemon that it starts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def memory(daemon: Daemon, name: str) -> float:
    """Return a figure of the process in MiB."""
    assert daemon.process is not None
    lines = Path(f"/proc/{daemon.process.pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(f"{name}:")).split()[1]) / 1024


def post_from(source: str, stand: Bench, line: bytes, timeout: float = 10) -> tuple[int, str | None]:
    """Return status and Retry-After of a request that comes from an address of loopback."""
    connection = HTTPConnection("127.0.0.1", stand.logs, timeout=timeout, source_address=(source, 0))
    try:
        connection.request("POST", "/logs", line, {"content-type": "application/x-ndjson"})
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.headers["retry-after"]
    finally:
        connection.close()


def test_ten_thousand_idle_connections_cost_little(bench: BenchMaker, descriptors: int) -> None:
    count = min(IDLE_CONNECTIONS, descriptors - 500)
    stand = bench(1)
    stand.sinks[0].open()
    stand.daemon.start()
    assert post_from("127.0.0.1", stand, b'{"message":"id-0"}')[0] == 200
    before = memory(stand.daemon, "VmRSS")
    with ExitStack() as stack:
        for number in range(count):
            idle = stack.enter_context(socket.create_connection(("127.0.0.1", stand.logs), timeout=10))
            if number % 2:
                idle.sendall(b"POST /logs HTTP/1.1\r\nHost: half")
        for number in range(1, 20):
            assert post_from("127.0.0.1", stand, b'{"message":"id-%d"}' % number)[0] == 200
        cost = (memory(stand.daemon, "VmRSS") - before) * 1024 / count
    print(f"{count} idle connections: {cost:.1f} KiB each")
    assert cost < IDLE_KIB
    until(lambda: len(stand.sinks[0].received) == 20)


def test_a_process_opens_as_many_files_as_it_may(bench: BenchMaker) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    stand = bench(1)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    try:
        stand.daemon.start()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert stand.daemon.process is not None
    assert resource.prlimit(stand.daemon.process.pid, resource.RLIMIT_NOFILE) == (hard, hard)


def test_a_client_that_floods_leaves_room_for_others(bench: BenchMaker) -> None:
    stand = bench(1, service="limits: {inflight: 32MiB}")
    stand.sinks[0].open()
    stand.daemon.start()
    head = f"POST /logs HTTP/1.1\r\nHost: it\r\nContent-Type: application/x-ndjson\r\nContent-Length: {2 * MIB}\r\n\r\n"
    with ExitStack() as stack:
        for _ in range(10):  # each announces 2 MiB, which count for 4, and sends none of it
            stack.enter_context(socket.create_connection(("127.0.0.1", stand.logs), timeout=10)).sendall(head.encode())
        until(lambda: stand.daemon.metric("sluice_admission_refused_total", reason="client") > 0)
        assert post_from("127.0.0.1", stand, b"{}" * 2 * MIB)[0] == 503
        assert post_from("127.0.0.2", stand, b'{"message":"id-1"}')[0] == 200
    until(lambda: stand.daemon.metric("sluice_admission_inflight_bytes") == 0)
    assert post_from("127.0.0.1", stand, b'{"message":"id-2"}')[0] == 200


def test_overload_stays_within_the_memory_of_a_small_container(bench: BenchMaker) -> None:
    """More than it has room for, for some seconds, while its destination is down."""
    stand = bench(1, service=f"limits: {{memory: {CONTAINER_MIB * 3 // 4}MiB, shutdown_timeout: 10s}}")
    sink, daemon = stand.sinks[0], stand.daemon
    daemon.start()
    large = b'{"message":"%s"}\n' % (b"y" * 1000) * 4000
    answers: Counter[tuple[int, bool]] = Counter()

    def flood(client: int) -> None:
        for _ in range(8):
            status, hint = post_from(f"127.0.1.{client}", stand, large, timeout=60)
            answers[status, hint is not None] += 1

    with Load(stand.logs, pause=0.02) as load, ThreadPoolExecutor(24) as clients:
        list(clients.map(flood, range(24)))
        before = len(load.owed)
        until(lambda: len(load.owed) > before, 10, "an acknowledgement after the flood")
    print(f"{dict(answers)}, peak {memory(daemon, 'VmHWM'):.0f} MiB")
    assert answers.keys() <= {(200, False), (503, True)}
    assert answers[200, False]
    assert answers[503, True]
    assert memory(daemon, "VmHWM") < CONTAINER_MIB
    sink.open()
    stand.assert_nothing_lost(load.owed, sink)
    stand.assert_books_close()
    assert memory(daemon, "VmHWM") < CONTAINER_MIB
