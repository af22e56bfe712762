"""The dead-letter store keeps what was given up, within its bounds."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline import Busy
from pipeline.journal import JournalError
from pipeline.journal.dead_letter import Count, DeadLetter, DeadLetters, Selection
from pipeline.settings import DeadLetterSettings, JournalSettings
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
        store = DeadLetters(settings, metrics, DeadLetterSettings(**bounds))
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


def damaged(tmp_path: Path) -> list[Path]:
    return [path for path in files_of(tmp_path) if ".damaged-" in path.name and path.suffix not in ("-wal", "-shm")]


async def test_a_store_that_is_no_database_is_set_aside(make_store: StoreMaker, tmp_path: Path, metrics: Metrics) -> None:
    (tmp_path / "dead_letters.db").write_bytes(b"no database" * 1000)
    store = await make_store()
    await store.add(letter())
    assert len(rows(tmp_path)) == 1
    assert [path.read_bytes() for path in damaged(tmp_path)] == [b"no database" * 1000]
    assert metrics.value(catalogue.JOURNAL_ERRORS, op="dead_letter_damaged") == 1


async def test_a_store_that_is_found_damaged_later_is_set_aside(make_store: StoreMaker, tmp_path: Path, metrics: Metrics) -> None:
    store = await make_store()
    await store.add(*(letter() for _ in range(100)))
    await store.aclose()
    path = tmp_path / "dead_letters.db"
    content = path.read_bytes()
    path.write_bytes(content[:8192] + b"\xa5" * (len(content) - 8192))
    store = await make_store()
    await store.add(letter(reason="poison"))
    assert rows(tmp_path, "reason") == ["poison"]
    assert len(damaged(tmp_path)) == 1
    assert store.counts() == {"poison": Count(1, 3, 1512)}


async def test_a_store_that_cant_be_opened_at_all_is_an_error_that_names_it(tmp_path: Path, metrics: Metrics) -> None:
    (tmp_path / "dead_letters.db").mkdir()
    store = DeadLetters(JournalSettings(dir=str(tmp_path)), metrics)
    with pytest.raises(JournalError, match=r"dead_letters\.db"):
        await store.open()
    await store.aclose()


async def test_letters_of_before_pipelines_were_noted_are_kept(make_store: StoreMaker, tmp_path: Path) -> None:
    old = (
        "signal, stage, component, reason, message, items, bytes, payload, sha256, code, attempts, first_seen, config_generation"
    )
    database = sqlite3.connect(tmp_path / "dead_letters.db", isolation_level=None)
    database.execute(f"CREATE TABLE letters (id INTEGER PRIMARY KEY AUTOINCREMENT, {old}, time, size INTEGER)")
    values = ("logs", "exporter", "out", "poison", "m", 3, 4, b"old!", "", "400", 1, 5, 1, time.time_ns(), 516)
    database.execute(f"INSERT INTO letters ({old}, time, size) VALUES ({', '.join('?' * len(values))})", values)
    database.close()
    store = await make_store()
    await store.add(letter(pipeline="logs/audit"))
    assert [kept.letter.pipeline for kept in await store.list(Selection(), 10)] == ["", "logs/audit"]
    kept = await store.read(1)
    assert kept is not None
    assert (kept.letter.payload, kept.letter.code) == (b"old!", "400")


SELECTIONS = {
    "all": (Selection(), [1, 2, 3, 4]),
    "component": (Selection(component="one"), [1, 3]),
    "reason": (Selection(reason="poison"), [3, 4]),
    "signal": (Selection(signal="traces"), [2]),
    "pipeline": (Selection(pipeline="logs/audit"), [4]),
    "since": (Selection(since=200), [2, 3, 4]),
    "until": (Selection(until=300), [1, 2]),
    "last": (Selection(last=3), [1, 2, 3]),
    "after": (Selection(component="one", after=1), [3]),
}


@pytest.mark.parametrize(("selection", "expected"), SELECTIONS.values(), ids=SELECTIONS)
async def test_what_is_selected(make_store: StoreMaker, selection: Selection, expected: list[int]) -> None:
    store = await make_store(max_age=1e11)
    await store.add(
        letter(component="one", time=100),
        DeadLetter(
            signal="traces", stage="exporter", component="two", reason="too_large", message="", items=1, bytes=0, time=200
        ),
        letter(component="one", reason="poison", time=300),
        letter(component="three", reason="poison", pipeline="logs/audit", time=400),
    )
    found = await store.list(selection, 10)
    assert [kept.id for kept in found] == expected
    count, last = await store.sum(selection)
    assert (count.letters, last) == (len(expected), max(expected))
    assert await store.remove(selection, 10) == count
    assert (await store.sum(selection))[0].letters == 0
    assert sum(count.letters for count in store.counts().values()) == 4 - len(expected)


async def test_a_list_has_no_payloads_and_is_in_order(make_store: StoreMaker) -> None:
    store = await make_store()
    await store.add(letter(), letter(payload=None, sha256="ab" * 32), letter())
    found = await store.list(Selection(), 2)
    assert [(kept.id, kept.replayable, kept.letter.payload) for kept in found] == [(1, True, None), (2, False, None)]
    one = await store.read(1)
    assert one is not None
    assert one.letter.payload == b"x" * 1000
    assert await store.read(77) is None


async def test_what_is_left_of_a_letter_takes_its_place_in_one_step(make_store: StoreMaker, tmp_path: Path) -> None:
    store = await make_store()
    await store.add(letter(items=10), letter(items=5))
    await store.resolve(1, letter(items=2, reason="poison"))
    assert rows(tmp_path, "id || ' ' || items || ' ' || reason") == ["2 5 rejected_4xx", "3 2 poison"]
    assert {reason: count.items for reason, count in store.counts().items()} == {"rejected_4xx": 5, "poison": 2}
    await store.resolve(1)
    await store.resolve(2)
    assert rows(tmp_path, "id") == [3]


async def test_room_of_what_was_removed_is_given_back(make_store: StoreMaker, tmp_path: Path) -> None:
    store = await make_store()
    await store.add(*(letter(payload=b"p" * 100_000) for _ in range(50)))
    assert (await store.remove(Selection(), 1000)).letters == 50
    await store.aclose()
    assert (tmp_path / "dead_letters.db").stat().st_size < 200_000


async def test_time_passes_for_letters_when_nothing_is_added(make_store: StoreMaker, metrics: Metrics) -> None:
    store = await make_store()
    await store.add(letter(reason="too_old", time=time.time_ns() - 61 * 10**9))
    await store.aclose()
    store = await make_store(max_age=60)
    async with asyncio.timeout(10):
        while store.counts()["too_old"].letters:
            await asyncio.sleep(0.001)
    assert metrics.value(catalogue.DLQ_EVICTED, reason="too_old") == 1


async def test_what_a_client_is_told_of_may_be_lost_and_is_counted(
    make_store: StoreMaker, tmp_path: Path, metrics: Metrics
) -> None:
    store = await make_store()
    database = sqlite3.connect(tmp_path / "dead_letters.db", isolation_level=None)
    database.execute("DROP TABLE letters")
    database.close()
    await store.note(letter(reason="bad_line"), letter(reason="bad_line"))
    assert metrics.value(catalogue.DLQ_LOST, reason="bad_line") == 2
