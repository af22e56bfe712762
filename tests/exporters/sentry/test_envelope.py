import orjson
import pytest

from exporters.sentry.envelope import envelope, event_item, item, logs_item
from tests.exporters.sentry.relay import read_envelope

NEW_YEAR = 1767225600.0


def test_the_worked_event() -> None:
    payload = b'{"event_id":"0af7651916cd43dd8448eb211c80319c","message":"hi"}'
    raw = envelope([event_item(payload)], sent_at=NEW_YEAR, event_id="0af7651916cd43dd8448eb211c80319c")
    assert raw == (
        b'{"event_id":"0af7651916cd43dd8448eb211c80319c","sent_at":"2026-01-01T00:00:00.000Z"}\n'
        b'{"type":"event","length":62}\n'
        b'{"event_id":"0af7651916cd43dd8448eb211c80319c","message":"hi"}\n'
    )
    assert len(raw) == 177


def test_the_worked_logs() -> None:
    log = (
        b'{"timestamp":1700000000.5,"trace_id":"5b8efff798038103d269b633813fc60c","level":"warn","body":"low stock",'
        b'"severity_number":13,"attributes":{"sku":{"value":"A1","type":"string"},"left":{"value":2,"type":"integer"}}}'
    )
    raw = envelope([logs_item([log])], sent_at=NEW_YEAR)
    assert raw == (
        b'{"sent_at":"2026-01-01T00:00:00.000Z"}\n'
        b'{"type":"log","item_count":1,"content_type":"application/vnd.sentry.items.log+json","length":239}\n'
        b'{"version":2,"items":[' + log + b"]}\n"
    )
    assert len(raw) == 377


@pytest.mark.parametrize("text", ["é", "日本", "😀", 'a"\\\n\r', "\u2028", "\x00", ""])
def test_lengths_are_bytes(text: str) -> None:
    payload = orjson.dumps({"message": text})
    header, items = read_envelope(
        envelope([event_item(payload), item({"type": "x"}, b""), event_item(payload)], sent_at=NEW_YEAR)
    )
    assert header == {"sent_at": "2026-01-01T00:00:00.000Z"}
    assert [found for _, found in items] == [payload, b"", payload]
    assert text.encode() in payload or text in ('a"\\\n\r', "\x00")  # nothing is escaped that need not be
