"""What the real structlog writes, posted to the real receiver."""

import io
import time
from collections.abc import Callable
from typing import Any

import structlog

from pipeline import Host
from pipeline.wire.model import LogRecord
from receivers.json_logs import Config, JsonLogs
from tests.raw_http import RawConnection
from tests.receivers.serving import serving


def written(log_something: Callable[[Any], None], *processors: Any) -> bytes:
    """Return the lines that a logger with these processors writes."""
    lines = io.StringIO()
    logger = structlog.wrap_logger(
        structlog.WriteLogger(lines),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *processors,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(0),
        cache_logger_on_first_use=False,
    )
    log_something(logger)
    return lines.getvalue().encode()


async def received(host: Host, port: int, lines: bytes) -> list[LogRecord]:
    config = Config(endpoint=f"127.0.0.1:{port}")
    async with serving(JsonLogs(config), host, "json_logs") as sink, RawConnection.to(config.endpoint) as connection:
        answer = await connection.post("/logs/shop", lines, Content_Type="application/x-ndjson")
        assert answer.status == 200, answer.body
    return sink.records()


async def test_levels_times_and_values_arrive(host: Host, free_port: int) -> None:
    def log_something(logger: Any) -> None:
        bound = logger.bind(request_id="req-000042", service="orders")
        for level in ("debug", "info", "warning", "error", "critical"):
            getattr(bound, level)(f"at {level}", n=7, share=0.5, big=2**64, tags=["a"], nested={"a": {"b": None, "c": True}})

    before = time.time_ns()
    records = await received(host, free_port, written(log_something))
    assert [(record.severity_number, record.severity_text, record.body) for record in records] == [
        (5, "debug", "at debug"),
        (9, "info", "at info"),
        (13, "warning", "at warning"),
        (17, "error", "at error"),
        (21, "critical", "at critical"),
    ]
    for record in records:
        assert before // 1000 <= record.time // 1000 <= time.time_ns() // 1000
        assert record.resource.attributes == {"service.name": "orders"}
        assert record.attributes == {
            "request_id": "req-000042", "n": 7, "share": 0.5, "big": "18446744073709551616", "tags": ["a"],
            "nested": {"a": {"c": True}},
        }  # fmt: skip


async def test_the_path_names_the_service(host: Host, free_port: int) -> None:
    (record,) = await received(host, free_port, written(lambda logger: logger.info("started")))
    assert record.resource.attributes == {"service.name": "shop"}


def fail(logger: Any) -> None:
    try:
        try:
            {}["id"]
        except KeyError as error:
            raise ValueError("declined") from error
    except ValueError:
        logger.exception("charge failed")


async def test_a_formatted_exception_arrives(host: Host, free_port: int) -> None:
    (record,) = await received(host, free_port, written(fail, structlog.processors.format_exc_info))
    attributes = record.attributes
    assert (record.severity_number, record.severity_text, record.body) == (17, "error", "charge failed")
    assert (attributes["exception.type"], attributes["exception.message"]) == ("ValueError", "declined")
    assert str(attributes["exception.stacktrace"]).startswith("Traceback (most recent call last):\n")
    assert "exception" not in attributes


async def test_an_exception_as_dicts_arrives_as_a_traceback(host: Host, free_port: int) -> None:
    (record,) = await received(host, free_port, written(fail, structlog.processors.dict_tracebacks))
    attributes = record.attributes
    assert (attributes["exception.type"], attributes["exception.message"]) == ("ValueError", "declined")
    lines = str(attributes["exception.stacktrace"]).splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[1].endswith(", in fail")
    assert lines[2:4] == ["ValueError: declined", "Caused by: KeyError: 'id'"]
    assert lines[4].endswith(", in fail")
    assert set(attributes) == {"exception.type", "exception.message", "exception.stacktrace"}


async def test_callsites_and_loggers_have_their_places(host: Host, free_port: int) -> None:
    callsite = structlog.processors.CallsiteParameterAdder(
        [structlog.processors.CallsiteParameter.PATHNAME, structlog.processors.CallsiteParameter.LINENO]
    )
    (record,) = await received(host, free_port, written(lambda logger: logger.info("x", logger="shop.web"), callsite))
    assert record.scope.name == "shop.web"
    assert record.attributes["code.file.path"] == __file__
    assert isinstance(record.attributes["code.line.number"], int)
