import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pipeline import Busy
from receivers.webhook.replay import ReplayStore


@asynccontextmanager
async def store(path: Path | None, endpoint: str = "pay", ttl: float = 100, limit: int = 10) -> AsyncIterator[ReplayStore]:
    found = ReplayStore(path, endpoint, ttl, limit)
    await found.open()
    try:
        yield found
    finally:
        await found.aclose()


@pytest.fixture(params=["memory", "disk"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path | None:
    return tmp_path / "webhooks.db" if request.param == "disk" else None


async def test_an_id_is_known_until_its_time_is_over(path: Path | None) -> None:
    async with store(path) as found:
        assert not await found.seen("a", 1000)
        assert await found.add("a", 1000) == 0
        assert await found.seen("a", 1099)
        assert not await found.seen("a", 1100)
        assert not await found.seen("b", 1000)
        await found.add("a", 1100)
        assert await found.seen("a", 1150)


async def test_it_is_bounded_and_says_what_it_forgot(path: Path | None) -> None:
    async with store(path, limit=3) as found:
        assert [await found.add(str(n), 1000 + n) for n in range(5)] == [0, 0, 0, 1, 1]
        assert [await found.seen(str(n), 1005) for n in range(5)] == [False, False, True, True, True]
        assert await found.add("late", 1103.5) == 0


async def test_endpoints_share_a_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "webhooks.db"
    async with store(path, "pay", limit=1) as pay, store(path, "git", limit=1) as git:
        await pay.add("a", 1000)
        assert not await git.seen("a", 1000)
        assert await git.add("a", 1000) == 0
        assert await pay.add("b", 1000) == 1
        assert await git.seen("a", 1000)


async def test_many_endpoints_can_open_a_new_file_at_once(tmp_path: Path) -> None:
    for attempt in range(20):
        stores = [ReplayStore(tmp_path / f"{attempt}.db", str(endpoint), 100, 10) for endpoint in range(8)]
        await asyncio.gather(*(store.open() for store in stores))
        await asyncio.gather(*(store.aclose() for store in stores))


async def test_it_outlives_the_process_and_keeps_hashes_only(tmp_path: Path) -> None:
    path = tmp_path / "webhooks.db"
    async with store(path, limit=2) as found:
        await found.add("evt_secret", 1000)
    async with store(path, limit=2) as found:
        assert await found.seen("evt_secret", 1001)
        assert [await found.add(str(n), 1001) for n in range(2)] == [0, 1]
    assert b"evt_secret" not in path.read_bytes()


async def test_many_at_once_are_kept_apart(path: Path | None) -> None:
    async with store(path, limit=1000) as found:
        await asyncio.gather(*(found.add(str(n), 1000) for n in range(200)))
        assert all(await asyncio.gather(*(found.seen(str(n), 1000) for n in range(200))))


async def test_a_path_that_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="can't be opened"):
        await ReplayStore(tmp_path / "none" / "x.db", "pay", 1, 1).open()


async def test_a_damaged_file_is_set_aside(tmp_path: Path) -> None:
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"no database" * 100)
    found = ReplayStore(broken, "pay", 1, 1)
    kept = await found.open()
    await found.aclose()
    assert kept is not None
    assert kept.read_bytes() == b"no database" * 100


async def test_a_store_that_breaks_is_busy(tmp_path: Path) -> None:
    path = tmp_path / "webhooks.db"
    async with store(path) as found:
        with sqlite3.connect(path) as other:
            other.execute("DROP TABLE deliveries")
        other.close()
        with pytest.raises(Busy):
            await found.seen("a", 1000)
        with pytest.raises(sqlite3.Error):
            await found.add("a", 1000)
