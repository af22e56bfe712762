"""What every processor promises: a pure function of a batch that keeps its books, and passes on nothing that it can't read."""

import random
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from typing import Any, Final

import pytest
from google.protobuf.unknown_fields import UnknownFieldSet
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipeline import Batch, Processor, registry, wire
from pipeline.types import Signal
from pipeline.wire.reference.walk import encode_varint
from tests import stock
from tests.contracts.settings import hosted
from tests.strategies import batches

UNKNOWN_NUMBER: Final = 1000
CASES: Final = [
    (name, signal) for name in registry.names("processor") for signal in sorted(registry.find("processor", name).signals)
]

every_processor = pytest.mark.parametrize(("name", "signal"), CASES)
few = settings(max_examples=20)


def processor(name: str) -> Processor:
    component: Processor = hosted("processor", name)
    return component


def processed(name: str, batch: Batch) -> Batch:
    """Return what a new processor makes of the batch; nothing is a batch too."""
    return processor(name).process(batch) or batch.replaced(b"", filtered=batch.items)


@every_processor
def test_an_empty_batch_stays_empty(name: str, signal: Signal) -> None:
    result = processor(name).process(Batch(b"", signal, 0))
    assert result is None or (result.payload, result.items) == (b"", 0)


@every_processor
@few
@given(data=st.data())
def test_what_comes_out_is_valid_and_the_books_balance(name: str, signal: Signal, data: st.DataObject) -> None:
    batch = data.draw(batches(signal))
    result = processed(name, batch)
    assert wire.validate(result.payload, signal) == (result.payload, result.items, 0)
    assert result.items + result.filtered + result.sampled_out == batch.items
    assert (result.signal, result.context) == (batch.signal, batch.context)


@every_processor
@few
@given(data=st.data())
def test_replicas_agree_and_leave_their_input_untouched(name: str, signal: Signal, data: st.DataObject) -> None:
    batch = data.draw(batches(signal))
    before, records = deepcopy(batch), deepcopy(batch.records())
    assert processed(name, batch) == processed(name, batch)
    assert batch == before
    assert batch.records() == records


@every_processor
@few
@given(data=st.data())
def test_what_was_processed_passes_as_the_same_object(name: str, signal: Signal, data: st.DataObject) -> None:
    done = processed(name, data.draw(batches(signal)))
    assert processor(name).process(done) is done


@every_processor
@given(data=st.data())
def test_what_is_malformed_is_never_passed_on(name: str, signal: Signal, data: st.DataObject) -> None:
    payload = data.draw(damaged(stock.complete(signal)))
    assume(is_malformed(payload, signal))
    with pytest.raises(wire.Malformed):
        processor(name).process(Batch(payload, signal, 1))


@every_processor
def test_unknown_fields_survive(name: str, signal: Signal) -> None:
    batch = Batch(marked(signal, 64), signal, 64)
    result = processed(name, batch)
    assert 0 < result.items <= 64
    items = list(stock.items(stock.parsed(result.payload, signal)))
    assert [unknown(item) for item in items] == [[number_of(item)] for item in items]
    for resource in resources(stock.parsed(result.payload, signal)):
        assert unknown(resource) == [7]


@every_processor
def test_threads_do_not_disturb_each_other(name: str, signal: Signal) -> None:
    several = [Batch(marked(signal, count), signal, count) for count in range(1, 200, 20)]
    alone = [processed(name, batch) for batch in several]
    shared, ready = processor(name), threading.Barrier(2)

    def run() -> list[Batch]:
        ready.wait(10)
        return [shared.process(batch) or batch.replaced(b"", filtered=batch.items) for batch in several]

    with ThreadPoolExecutor(2) as pool:
        assert [future.result() for future in [pool.submit(run), pool.submit(run)]] == [alone, alone]


# ---- payloads ----


@st.composite
def damaged(draw: st.DrawFn, payload: bytes) -> bytes:
    """Payloads with a byte changed, left out, or the end cut off."""
    at = draw(st.integers(0, len(payload) - 1))
    return payload[:at] + draw(st.binary(max_size=1)) + draw(st.sampled_from([payload[at + 1 :], b""]))


def is_malformed(payload: bytes, signal: Signal) -> bool:
    try:
        wire.validate(payload, signal)
    except wire.Malformed:
        return True
    return False


def marked(signal: Signal, count: int) -> bytes:
    """Return a payload whose items carry their number in an attribute and in a field that OTLP does not know."""
    random_ids = random.Random(signal)
    root: Any = stock.ROOTS[signal]()
    outer = getattr(root, f"resource_{'spans' if signal == 'traces' else signal}").add()
    outer.resource.MergeFromString(unknown_field(7))
    inner = getattr(outer, f"scope_{'spans' if signal == 'traces' else signal}").add()
    for number in range(count):
        match signal:
            case "logs":
                item = inner.log_records.add(severity_number=number % 24 + 1)
            case "traces":
                item = inner.spans.add(span_id=random_ids.randbytes(8), kind=number % 6)
            case "metrics":
                item = inner.metrics.add(name="m").gauge.data_points.add()
        if signal != "metrics":
            item.trace_id = random_ids.randbytes(16)
        item.attributes.add(key="number").value.int_value = number
        item.MergeFromString(unknown_field(number))
    payload: bytes = root.SerializeToString()
    return payload


def unknown_field(number: int) -> bytes:
    return encode_varint(UNKNOWN_NUMBER << 3) + encode_varint(number)


def unknown(message: Any) -> Sequence[int]:
    fields: Any = UnknownFieldSet(message)
    return [field.data for field in fields if field.field_number == UNKNOWN_NUMBER]


def number_of(item: Any) -> int:
    return int(next(each.value.int_value for each in item.attributes if each.key == "number"))


def resources(root: Any) -> list[Any]:
    return [outer.resource for _, groups in root.ListFields() for outer in groups]
