"""The dead-letter store keeps what was given up, within its bounds."""

import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline import Busy
from pipeline.journal import JournalError
from pipeline.journal.dead_letter import DeadLetter, DeadLetters
from pipeline.settings import JournalSettings
from pipeline.telemetry import catalogue
from pipeline.telemetry.metrics import Metrics

StoreMaker = Callable[..., Awaitable[DeadLetters]]


def letter(**fields: Any) -> DeadLetter:
    given = {"stage": "exporter", "component": "otlp_http", "reason": "rejected_4xx", "message": "400", "items": 3, "bytes": 1000}
    return DeadLetter(signal="logs", **{"payload": b"x" * 1000, **given, **fields})


@pytest.fixture
async def make_store(tmp_path: Path, metrics: Metrics) -> AsyncIterator[StoreMaker]:
    opened: list[DeadLetters] = []

    async def make(kind: str = "disk", **bounds: Any) -> DeadLetters:
        settings = JournalSettings(type="memory") if kind == "memory" else JournalSettings(dir=str(tmp_path))
        store = DeadLetters(settings, metrics, **bounds)
        await store.open()
        opened.append(store)
        return store

    yield make
    for store in opened:
        await store.aclose()


async def test_nobody_else_may_read_the_store(make_store: StoreMaker, tmp_path: Path) -> None:
    await (await make_store()).add(letter())
    assert [path.name for path in files_of(tmp_path) if path.stat().st_mode & 0o007] == []


def files_of(tmp_path: Path) -> list[Path]:
    return list(tmp_path.glob("dead_letters.db*"))


def rows(tmp_path: Path, what: str = "payload") -> list[Any]:
    database = sqlite3.connect(tmp_path / "dead_letters.db")
    try:
        return [value for (value,) in database.execute(f"SELECT {what} FROM letters ORDER BY id")]
    finally:
        database.close()


@pytest.mark.parametrize("kind", ["disk", "memory"])
async def test_letters_are_counted_by_reason(make_store: StoreMaker, metrics: Metrics, kind: str) -> None:
    store = await make_store(kind)
    await store.add(letter(items=3), letter(items=4))
    await store.add(letter(reason="malformed", items=0, payload=None, sha256="ab" * 32))
    assert {reason: (count.letters, count.items) for reason, count in store.counts().items()} == {
        "rejected_4xx": (2, 7),
        "malformed": (1, 0),
    }
    assert metrics.value(catalogue.DLQ_ITEMS, reason="rejected_4xx") == 7
    assert metrics.value(catalogue.DLQ_BYTES) == sum(count.bytes for count in store.counts().values())


async def test_letters_survive_a_restart(make_store: StoreMaker, tmp_path: Path) -> None:
    store = await make_store()
    await store.add(letter(payload=b"\x0a\x00"))
    before = store.counts()
    assert rows(tmp_path) == [b"\x0a\x00"]
    assert (await make_store()).counts() == before


async def test_a_long_message_is_cut(make_store: StoreMaker, tmp_path: Path) -> None:
    store = await make_store()
    await store.add(letter(message="m" * 2000))
    assert rows(tmp_path, "length(message)") == [512]


@pytest.mark.parametrize("kind", ["disk", "memory"])
async def test_a_full_store_lets_the_oldest_go_and_counts_them(make_store: StoreMaker, metrics: Metrics, kind: str) -> None:
    store = await make_store(kind, max_bytes=10_000)
    await store.add(letter(reason="poison"))
    for _ in range(20):
        await store.add(letter())
    [(reason, count)] = [(reason, count) for reason, count in store.counts().items() if count.letters]
    assert reason == "rejected_4xx"
    assert count.bytes <= 10_000
    assert metrics.value(catalogue.DLQ_EVICTED, reason="poison") == 1
    assert metrics.value(catalogue.DLQ_EVICTED) == 21 - count.letters
    assert metrics.value(catalogue.DLQ_ITEMS, reason="poison") == 0


async def test_a_flood_of_bad_input_drives_out_only_itself(make_store: StoreMaker, tmp_path: Path) -> None:
    store = await make_store(max_bytes=10_000)
    await store.add(*(letter() for _ in range(5)))
    for _ in range(50):
        await store.add(letter(payload=None, reason="malformed"))
    assert rows(tmp_path, "reason") == ["rejected_4xx"] * 5 + ["malformed"] * 4


async def test_the_file_of_a_full_store_stops_growing(make_store: StoreMaker, tmp_path: Path) -> None:
    store = await make_store(max_bytes=1_000_000)
    for _ in range(30):
        await store.add(*(letter(payload=b"y" * 20_000) for _ in range(10)))
    assert (tmp_path / "dead_letters.db").stat().st_size < 2_000_000


async def test_a_letter_larger_than_the_store_leaves_its_hash(make_store: StoreMaker, tmp_path: Path, metrics: Metrics) -> None:
    store = await make_store(max_bytes=10_000)
    await store.add(letter(payload=b"z" * 20_000, bytes=20_000))
    assert rows(tmp_path) == [None]
    assert [len(value) for value in rows(tmp_path, "sha256")] == [64]
    assert metrics.value(catalogue.DLQ_EVICTED) == 1


async def test_letters_older_than_their_time_go(make_store: StoreMaker, metrics: Metrics) -> None:
    store = await make_store(max_age=60)
    await store.add(letter(reason="too_old", time=time.time_ns() - 61 * 10**9))
    await store.add(letter())
    assert store.counts()["too_old"].letters == 0
    assert metrics.value(catalogue.DLQ_EVICTED, reason="too_old") == 1


async def test_letters_that_cant_be_kept_are_busy(make_store: StoreMaker, tmp_path: Path, metrics: Metrics) -> None:
    store = await make_store()
    await store.add(letter())
    before = store.counts()
    database = sqlite3.connect(tmp_path / "dead_letters.db", isolation_level=None)
    database.execute("DROP TABLE letters")
    database.close()
    with pytest.raises(Busy) as refused:
        await store.add(letter())
    assert refused.value.code == "dead_letter"
    assert store.counts() == before
    assert metrics.value(catalogue.JOURNAL_ERRORS, op="dead_letter") == 1


async def test_a_store_that_is_no_database_is_an_error_that_names_it_and_can_be_closed(tmp_path: Path, metrics: Metrics) -> None:
    (tmp_path / "dead_letters.db").write_bytes(b"no database" * 1000)
    store = DeadLetters(JournalSettings(dir=str(tmp_path)), metrics)
    with pytest.raises(JournalError, match=r"dead_letters\.db"):
        await store.open()
    await store.aclose()
