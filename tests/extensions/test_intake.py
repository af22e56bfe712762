"""The intake: what the vendors would refuse it refuses, what they would take it shows."""

import asyncio
import gzip
import io
import json
import tracemalloc
from collections.abc import AsyncIterator

import aiohttp
import pytest

from extensions.intake import Config, Faults, Intake
from extensions.intake.store import MOST_BYTES, MOST_PAYLOADS, Payloads
from pipeline import Host

KEY = {"dd-api-key": "any"}
AUTH = {"x-sentry-auth": "Sentry sentry_version=7, sentry_key=abc123"}


class Client:
    """Posts to a running intake and reads it."""

    def __init__(self, base: str, session: aiohttp.ClientSession) -> None:
        self.base = base
        self.session = session

    async def post(self, path: str, body: bytes | object, headers: dict[str, str]) -> int:
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        async with self.session.post(self.base + path, data=io.BytesIO(payload), headers=headers) as answer:
            return answer.status

    async def get(self, path: str) -> list[dict[str, object]]:
        async with self.session.get(self.base + path) as answer:
            assert answer.status == 200
            shown: list[dict[str, object]] = await answer.json()
            return shown


async def serve(host: Host, config: Config) -> AsyncIterator[Client]:
    intake = Intake(config)
    intake.host = host
    async with host.listeners.http(config, intake.routes(), component="intake") as address, aiohttp.ClientSession() as session:
        yield Client(f"http://{address}", session)


@pytest.fixture
async def intake(host: Host) -> AsyncIterator[Client]:
    async for client in serve(host, Config(endpoint="127.0.0.1:0")):
        yield client


async def test_datadog_logs_are_shown_newest_first(intake: Client) -> None:
    assert await intake.post("/api/v2/logs", [{"message": "one"}, {"message": "two"}], KEY) == 202
    assert await intake.post("/api/v2/logs", {"message": "three"}, KEY) == 202
    assert [log["message"] for log in await intake.get("/intake/datadog/logs")] == ["three", "two", "one"]


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        ([{"message": "x"}], {}, 403),
        (b"{", KEY, 400),
        ([{"no": "message"}], KEY, 400),
        ([{"message": 5}], KEY, 400),
        ([{"message": "x"}] * 1001, KEY, 413),
        ([{"message": "x" * 5_000_000}], KEY, 413),
        (b"\x1f\x8bnonsense", KEY | {"content-encoding": "gzip"}, 400),
        (gzip.compress(b'[{"message":"x"}]', mtime=0), KEY | {"content-encoding": "gzip"}, 202),
    ],
)
async def test_datadog_logs_are_checked_as_datadog_does(
    intake: Client, body: object, headers: dict[str, str], status: int
) -> None:
    assert await intake.post("/api/v2/logs", body, headers) == status


@pytest.mark.parametrize(
    ("series", "status"),
    [
        ({"metric": "a.b", "type": 1, "points": [{"timestamp": 1, "value": 2.5}]}, 202),
        ({"metric": "1a", "type": 1, "points": []}, 400),
        ({"metric": "a", "type": 9, "points": []}, 400),
        ({"metric": "a", "points": [{"timestamp": 1, "value": "2"}]}, 400),
        ({"metric": "a", "points": [{"timestamp": 1.5, "value": 2}]}, 400),
    ],
)
async def test_datadog_series_are_checked_as_datadog_does(intake: Client, series: object, status: int) -> None:
    assert await intake.post("/api/v2/series", {"series": [series]}, KEY) == status
    assert len(await intake.get("/intake/datadog/series")) == (status == 202)


EVENT = b'{"event_id":"0af7651916cd43dd8448eb211c80319c","message":"h\xc3\xa9"}'
LOG = b'{"version":2,"items":[{"timestamp":1,"body":"b"}]}'


def item(kind: str, payload: bytes, **more: object) -> bytes:
    return json.dumps({"type": kind, "length": len(payload), **more}).encode() + b"\n" + payload + b"\n"


@pytest.mark.parametrize(
    ("body", "status", "events", "logs"),
    [
        (b"{}", 200, 0, 0),
        (b"{}\n" + item("event", EVENT), 200, 1, 0),
        (b"{}\n" + item("event", EVENT)[:-1], 200, 1, 0),
        (b"{}\n" + item("log", LOG, item_count=1), 200, 0, 1),
        (b"{}\n" + item("brand_new", b"?") + item("event", EVENT), 200, 1, 0),
        (b'{}\n{"type":"event"}\n' + EVENT, 200, 1, 0),
        (b"{}\n" + item("event", EVENT) * 2, 400, 0, 0),
        (b"{}\n" + item("log", LOG, item_count=2), 400, 0, 0),
        (b'{}\n{"type":"event","length":9999}\n' + EVENT, 400, 0, 0),
        (b'{}\n{"type":"event","length":3}\n' + EVENT, 400, 0, 0),
        (b"{}\n{}\n\n", 400, 0, 0),
        (b"nonsense", 400, 0, 0),
        (b"{}\n" + item("event", b'{"message":"' + b"x" * 1_048_576 + b'"}'), 413, 0, 0),
    ],
)
async def test_envelopes_are_checked_as_sentry_does(intake: Client, body: bytes, status: int, events: int, logs: int) -> None:
    assert await intake.post("/api/1/envelope/", body, AUTH) == status
    assert len(await intake.get("/intake/sentry/events")) == events
    assert len(await intake.get("/intake/sentry/logs")) == logs


async def test_an_envelope_without_a_key_is_refused(intake: Client) -> None:
    assert await intake.post("/api/1/envelope/", b"{}", {}) == 403


async def test_delete_forgets_everything(intake: Client) -> None:
    await intake.post("/api/v2/logs", {"message": "one"}, KEY)
    async with intake.session.delete(intake.base + "/intake") as answer:
        assert answer.status == 204
    assert await intake.get("/intake/datadog/logs") == []


async def test_the_page_holds_no_script_from_elsewhere(intake: Client) -> None:
    async with intake.session.get(intake.base + "/") as answer:
        page = await answer.text()
        assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert 'src="/intake/page.js"' in page
    assert "http" not in page
    async with intake.session.get(intake.base + "/intake/page.js") as script:
        assert script.status == 200


async def test_faults_fail_on_purpose(host: Host) -> None:
    async for client in serve(host, Config(endpoint="127.0.0.1:0", faults=Faults(status=507, rate=1.0, latency=0.001))):
        statuses = await asyncio.gather(*(client.post("/api/v2/logs", {"message": "x"}, KEY) for _ in range(3)))
        assert statuses == [507, 507, 507]
        assert await client.get("/intake/datadog/logs") == []


def test_memory_is_bounded_in_number_and_bytes() -> None:
    payloads = Payloads()
    for n in range(MOST_PAYLOADS + 5):
        payloads.add([n])
    held = json.loads(payloads.json())
    assert (len(held), held[0]) == (MOST_PAYLOADS, MOST_PAYLOADS + 4)
    payloads.add(["x" * MOST_BYTES])
    assert len(json.loads(payloads.json())) == 1


def test_what_is_held_takes_about_the_memory_that_it_is_counted_as() -> None:
    log = {"message": "m" * 100, "service": "shop", "hostname": "web-1", "otel.severity_number": "9", "status": "info"}
    body = json.dumps([log] * 1000)
    tracemalloc.start()
    payloads = Payloads()
    for _ in range(10):
        payloads.add(json.loads(body))
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 1.5 * 10 * len(body)
