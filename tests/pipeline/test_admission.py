from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from pipeline import Busy, TooLarge
from pipeline.admission import Admission, declared_cost, memory_limit, resident_bytes
from pipeline.settings import Limits
from pipeline.telemetry import catalogue
from pipeline.telemetry.metrics import Metrics

MIB = 1 << 20


@pytest.mark.parametrize(
    ("length", "compressed", "cost"),
    [(0, False, 128 * 1024), (1 << 16, False, 128 * 1024), (MIB, False, 2 * MIB), (0, True, 512 * 1024), (MIB, True, 8 * MIB)],
)
def test_what_a_declared_length_costs(length: int, compressed: bool, cost: int) -> None:
    assert declared_cost(length, compressed=compressed) == cost


async def test_room_is_taken_and_given_back_whatever_happens(metrics: Metrics) -> None:
    admission = Admission(10 * MIB, metrics)
    async with admission.lease(MIB) as lease:
        assert admission.used_bytes == MIB
        lease.grow(MIB)
        lease.cover(3 * MIB + 1)
        assert admission.used_bytes == lease.size == 4 * MIB
        lease.cover(MIB)
        assert lease.size == 4 * MIB
    assert admission.used_bytes == 0
    with pytest.raises(RuntimeError):
        async with admission.lease(MIB):
            raise RuntimeError
    assert admission.used_bytes == 0
    assert metrics.value(catalogue.ADMISSION_LIMIT) == 10 * MIB


async def test_who_does_not_fit_now_is_busy_and_who_never_fits_is_too_large(metrics: Metrics) -> None:
    admission = Admission(10 * MIB, metrics)
    async with admission.lease(6 * MIB) as first:
        with pytest.raises(Busy):
            async with admission.lease(5 * MIB):
                pass
        with pytest.raises(TooLarge):
            async with admission.lease(10 * MIB + 1):
                pass
        async with admission.lease(4 * MIB) as second:
            with pytest.raises(Busy):
                second.grow(1)
            with pytest.raises(TooLarge):
                first.grow(5 * MIB)
            assert admission.used_bytes == 10 * MIB
    assert admission.used_bytes == 0
    assert metrics.value(catalogue.ADMISSION_REFUSED, reason="inflight") == 2
    assert metrics.value(catalogue.ADMISSION_REFUSED, reason="too_large") == 2


async def test_a_client_with_many_requests_leaves_room_for_others(metrics: Metrics) -> None:
    admission = Admission(10 * MIB, metrics)
    async with AsyncExitStack() as flood:
        for _ in range(8):
            await flood.enter_async_context(admission.lease(MIB, "192.0.2.1"))
        with pytest.raises(Busy):
            admission.take(1, "192.0.2.1")
        assert metrics.value(catalogue.ADMISSION_REFUSED, reason="client") == 1
        async with admission.lease(MIB, "192.0.2.2"), admission.lease(MIB):
            assert admission.used_bytes == 10 * MIB
    assert admission.used_bytes == 0
    for client in ("192.0.2.1", "192.0.2.2"):
        admission.take(MIB, client)
        admission.take(7 * MIB, client)
        admission.give_back(8 * MIB, client)


async def test_a_single_request_of_a_client_may_have_it_all(metrics: Metrics) -> None:
    admission = Admission(10 * MIB, metrics)
    async with admission.lease(9 * MIB, "192.0.2.1") as lease:
        lease.grow(MIB)
        assert admission.used_bytes == 10 * MIB


async def test_clients_without_an_address_have_no_share(metrics: Metrics) -> None:
    admission = Admission(10 * MIB, metrics)
    for _ in range(10):
        admission.take(MIB)
    assert admission.used_bytes == 10 * MIB


async def test_the_hint_grows_from_1_to_30_seconds_while_it_stays_full(metrics: Metrics) -> None:
    admission = Admission(MIB, metrics)
    hints = []
    async with admission.lease(MIB):
        for _ in range(400):  # 100 seconds of samples
            with pytest.raises(Busy) as raised:
                admission.take(1)
            hints.append(raised.value.retry_after)
            admission.sample(0)
    assert hints[0] == 1
    assert hints == sorted(hints, key=float)
    assert hints[-1] == 30


def test_a_process_near_its_limit_takes_nothing_until_it_shrank(metrics: Metrics) -> None:
    admission = Admission(MIB, metrics, memory_bytes=1000)
    for resident, is_open in ((0, True), (900, True), (901, False), (851, False), (850, True), (899, True), (1100, False)):
        admission.sample(resident)
        assert admission.open is is_open
    with pytest.raises(Busy):
        admission.take(1)
    admission.take(1, held=1)  # what is under way may end
    assert metrics.value(catalogue.ADMISSION_REFUSED, reason="memory") == 1


def test_the_settings(metrics: Metrics) -> None:
    whole = memory_limit()
    assert Admission.of(Limits(), metrics).limit_bytes == int(whole * 0.75) // 4
    assert Admission.of(Limits(memory=100 * MIB), Metrics()).limit_bytes == 25 * MIB
    assert Admission.of(Limits(memory=0.5, inflight=MIB), Metrics()).limit_bytes == MIB


def test_the_size_of_this_process() -> None:
    assert 5 * MIB < resident_bytes() < memory_limit()


@pytest.mark.parametrize(
    ("cgroup", "files", "limit"),
    [
        ("0::/", {"sys/fs/cgroup/memory.max": "268435456"}, 256 * MIB),
        ("0::/", {"sys/fs/cgroup/memory.max": "max"}, None),
        ("0::/", {}, None),
        ("0::/pod/box", {"sys/fs/cgroup/pod/box/memory.max": "max", "sys/fs/cgroup/pod/memory.max": "1000000"}, 1_000_000),
        ("0::/gone", {"sys/fs/cgroup/memory.max": "1000000"}, 1_000_000),
        ("9:cpu,memory:/box\n0::/", {"sys/fs/cgroup/memory/box/memory.limit_in_bytes": "1000000"}, 1_000_000),
        ("9:memory:/", {"sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712"}, None),
        (None, {}, None),
    ],
)
def test_the_limit_of_the_container(tmp_path: Path, cgroup: str | None, files: dict[str, str], limit: int | None) -> None:
    if cgroup is not None:
        files = {**files, "proc/self/cgroup": cgroup}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"{text}\n")
    ram = memory_limit(tmp_path / "nothing")
    assert memory_limit(tmp_path) == (ram if limit is None else limit)
