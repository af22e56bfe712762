"""A canary in every string and bytes field that the descriptors list, wherever a payload can hold it, by both implementations.

Fields are walked from the root of each signal, not listed: a field that a new schema brings is under test as soon as it is there,
and fails here if the redactor does not look into it (redaction contract §1).
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from google.protobuf.descriptor import FieldDescriptor

from pipeline.types import SIGNALS, Signal
from processors.redact import Config, compile_rules
from tests import stock
from tests.differential import both

CANARY: Final = "canary.no1@example.com"
BOTH: Final = pytest.mark.parametrize("implementation", both("redact", "Redactor"), ids=["kernel", "reference"])

HOLDERS: Final = {
    "exemplars": "exemplar",
    "events": "event",
    "links": "link",
    "status": "status",
    "resource": "resource",
    "scope": "scope",
    "body": "body",
    "attributes": "attribute",
    "metadata": "attribute",
    "name": "name",
    "event_name": "name",
}
"""Location label of what stands in or under a field; of two the one that is named first here (redaction contract §9)."""
IDENTIFYING: Final = frozenset(
    ("schema_url", "type", "id_keys", "description_keys", "severity_text", "event_name", "trace_state", "description", "unit")
)
"""Fields that only a tag or a mask may replace, whatever the action; and so may any `name` and `version`."""
IDS: Final = {"trace_id": 16, "span_id": 8, "parent_span_id": 8}
"""Bytes of the fields that are never looked at; what has another length is no id."""


def paths(descriptor: Any, way: stock.Path = ()) -> Iterator[stock.Path]:
    """Yield the way to every string and bytes field; through a message that holds itself, twice."""
    for field in descriptor.fields:
        if field.message_type is None:
            if field.type in (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES):
                yield (*way, field)
        elif sum(passed.message_type is field.message_type for passed in way) < 2:
            yield from paths(field.message_type, (*way, field))


def places(signal: Signal) -> list[stock.Path]:
    return list(paths(stock.ROOTS[signal].DESCRIPTOR))


def holding(signal: Signal, path: stock.Path, value: bytes) -> Any:
    """Return a message in which nothing but the field at the end of the path is set."""
    root: Any = stock.ROOTS[signal]()
    here = root
    for field in path[:-1]:
        here = getattr(here, field.name).add() if field.is_repeated else getattr(here, field.name)
    text = value.decode() if path[-1].type == FieldDescriptor.TYPE_STRING else value
    if path[-1].is_repeated:
        getattr(here, path[-1].name).append(text)
    else:
        setattr(here, path[-1].name, text)
    return root


def payload(signal: Signal, path: stock.Path, value: bytes = CANARY.encode()) -> bytes:
    return bytes(holding(signal, path, value).SerializeToString())


def location(path: stock.Path) -> str:
    names = [field.name for field in path]
    if names[-1] == "key":
        return "key"
    return next((place for holder, place in HOLDERS.items() if holder in names), "other")


@BOTH
@pytest.mark.parametrize("signal", SIGNALS)
def test_a_canary_is_found_in_every_place(signal: Signal, implementation: Callable[..., Any]) -> None:
    redactor = implementation(compile_rules(Config()))
    assert len(places(signal)) > 40
    for path in places(signal):
        redacted, hits = redactor.redact(payload(signal, path), signal)
        tag = b"_email_" if path[-1].name == "trace_state" else b"[email]"
        if path[-1].name != "trace_state":
            assert redacted == payload(signal, path, tag), stock.name_of(path)
        assert b"canary" not in redacted, stock.name_of(path)
        assert hits.matches == {("email", location(path), "tag"): 1}, stock.name_of(path)


@BOTH
@pytest.mark.parametrize("action", ["mask", "keep_last", "drop"])
@pytest.mark.parametrize("signal", SIGNALS)
def test_no_action_leaves_a_canary(signal: Signal, action: Any, implementation: Callable[..., Any]) -> None:
    redactor = implementation(compile_rules(Config(action=action)))
    for path in places(signal):
        redacted, hits = redactor.redact(payload(signal, path), signal)
        assert b"canary" not in redacted, stock.name_of(path)
        assert sum(hits.matches.values()) == 1, stock.name_of(path)
        if path[-1].name in IDENTIFYING and action == "drop":
            assert hits.matches == {("email", location(path), "mask"): 1}, stock.name_of(path)


@BOTH
@pytest.mark.parametrize("signal", SIGNALS)
def test_canaries_in_all_places_at_once_are_counted_one_by_one(signal: Signal, implementation: Callable[..., Any]) -> None:
    every = places(signal)
    redacted, hits = implementation(compile_rules(Config())).redact(b"".join(payload(signal, path) for path in every), signal)
    assert b"canary" not in redacted
    assert sum(hits.matches.values()) == len(every)


@BOTH
@pytest.mark.parametrize("signal", SIGNALS)
def test_ids_of_traces_and_spans_are_never_changed(signal: Signal, implementation: Callable[..., Any]) -> None:
    redactor = implementation(compile_rules(Config()))
    for path in places(signal):
        size = IDS.get(path[-1].name)
        if size is not None:
            written = payload(signal, path, b"canary@a.example"[:size])
            redacted, hits = redactor.redact(written, signal)
            assert redacted is written
            assert not hits.matches


@BOTH
@pytest.mark.parametrize("signal", SIGNALS)
def test_a_secret_name_takes_every_value_under_it(signal: Signal, implementation: Callable[..., Any]) -> None:
    redactor = implementation(compile_rules(Config()))
    keys = [path for path in places(signal) if path[-1].name == "key"]
    assert len(keys) >= 9
    for path in keys:
        for value in [each for each in places(signal) if each[: len(path) - 1] == path[:-1] and each != path]:
            message = holding(signal, path, b"db.password")
            here: Any = message
            for field in path[:-1]:
                here = getattr(here, field.name)[0] if field.is_repeated else getattr(here, field.name)
            here.MergeFrom(_held(signal, value, path))
            redacted, hits = redactor.redact(message.SerializeToString(), signal)
            assert b"canary" not in redacted, stock.name_of(value)
            assert ("key", location(path[:-1]), "mask") in hits.matches, stock.name_of(value)


def _held(signal: Signal, value: stock.Path, key: stock.Path) -> Any:
    """Return the key-value pair that holds a canary at the end of the path `value`."""
    here: Any = holding(signal, value, b"canary hunter2")
    for field in key[:-1]:
        here = getattr(here, field.name)[0] if field.is_repeated else getattr(here, field.name)
    return here
