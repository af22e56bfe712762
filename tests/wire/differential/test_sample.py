"""`Sampler`: kernel and reference."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.conditions import parse
from pipeline.types import SIGNALS, Signal
from pipeline.wire.model import LogRecord, Resource, Scope, Span
from pipeline.wire.reference.encode import encode
from pipeline.wire.sampling import ALL, encode_threshold
from tests.differential import both, mutants, outcome, signals_and_inputs

KERNEL, REFERENCE = both("sample", "Sampler")

thresholds = st.integers(0, ALL) | st.sampled_from([0, ALL, ALL // 2, ALL - 1, 0xE6660000000000])
CONDITIONS = [
    'name == "GET"',
    'attributes["k"] == 1',
    'resource.attributes["service.name"] =~ "."',
    'name < "M"',
    "duration > 1s",
]
rules = st.lists(st.tuples(st.sampled_from([parse(text) for text in CONDITIONS]), thresholds), max_size=2)
settings = st.fixed_dictionaries(
    {},
    optional={
        "keep_errors": st.booleans(),
        "mode": st.sampled_from(["equalize", "proportional"]),
        "rules": rules,
        "logs": st.sampled_from(["follow", "all"]),
    },
)
hexes = st.text("0123456789abcdef", max_size=15) | thresholds.filter(lambda value: value < ALL).map(encode_threshold)
entries = st.builds("{}:{}".format, st.sampled_from(["th", "rv", "p", ""]), hexes) | st.sampled_from(
    ["th", "", "x", "rv:" + "8" * 14]
)
ot = st.lists(entries, max_size=4).map(lambda some: "ot=" + ";".join(some)) | st.integers(240, 262).map(
    lambda n: "ot=x:" + "v" * n
)
members = st.one_of(
    ot,
    st.sampled_from(["", " ", "a=1", "b=2", "ot", "=", "k =v", "k=v v", "k=v ", "\tk=v", "K=v", "k=é", "t@v=1", "1*/-_=,"]),
    st.builds("k{}=v".format, st.integers(0, 40)),
)
trace_states = st.lists(members, max_size=4).map(",".join) | st.integers(29, 34).flatmap(
    lambda count: ot.map(lambda first: ",".join([first, *(f"k{n}=v" for n in range(count))]))
)
trace_ids = st.sampled_from(["", "00" * 16, "4bf92f3577b34da6a3ce929d0e0e4736", "0af7651916cd43dd8448eb211c80319c", "12" * 8])
RESOURCE, SCOPE = Resource(attributes={"service.name": "shop"}), Scope()
spans = st.builds(
    lambda trace_id, trace_state, code: Span(
        resource=RESOURCE, scope=SCOPE, trace_id=trace_id, trace_state=trace_state, status_code=code, name="GET"
    ),
    trace_ids,
    trace_states,
    st.sampled_from([0, 1, 2]),
)
said = st.dictionaries(
    st.sampled_from(["sampling.threshold", "sampling.randomness", "k"]), hexes | st.sampled_from([1, None, "é"])
)
logs = st.builds(
    lambda trace_id, attributes: LogRecord(resource=RESOURCE, scope=SCOPE, trace_id=trace_id, attributes=attributes),
    trace_ids,
    said,
)


def check(payload: bytes, signal: Signal, threshold: int, **chosen: Any) -> None:
    kernel, reference = KERNEL(threshold, **chosen), REFERENCE(threshold, **chosen)
    wanted, given = outcome(lambda: reference.sample(payload, signal)), outcome(lambda: kernel.sample(payload, signal))
    assert given == wanted
    if not isinstance(wanted, tuple):
        assert (given.payload is payload) is (wanted.payload is payload)
        assert kernel.keep(payload, signal) == (given.payload, given.dropped)


@given(signals_and_inputs(), thresholds, settings)
def test_the_same_of_all_inputs(drawn: tuple[Signal, bytes], threshold: int, chosen: dict[str, Any]) -> None:
    check(drawn[1], drawn[0], threshold, **chosen)


@pytest.mark.parametrize("signal", SIGNALS)
def test_the_same_of_mutants(signal: Signal) -> None:
    for number, mutant in enumerate(mutants(signal, 2_500)):
        check(mutant, signal, ALL // (1 + number % 5), keep_errors=True)


@given(st.lists(spans, min_size=1, max_size=4), thresholds, settings)
def test_the_same_of_tracestates(some: list[Span], threshold: int, chosen: dict[str, Any]) -> None:
    check(encode(some, "traces"), "traces", threshold, **chosen)


@given(st.lists(logs, min_size=1, max_size=4), thresholds, settings)
def test_the_same_of_logs_that_say_something(some: list[LogRecord], threshold: int, chosen: dict[str, Any]) -> None:
    check(encode(some, "logs"), "logs", threshold, **chosen)


@given(st.integers(0, ALL), st.integers(0, ALL - 1) | st.integers(0, 13).map(lambda shift: ALL - (1 << 4 * shift)))
def test_the_same_products_of_probabilities(threshold: int, said: int) -> None:
    span = Span(
        resource=RESOURCE, scope=SCOPE, trace_id="0" * 18 + "ff" * 7, trace_state=f"ot=th:{encode_threshold(said)}", name="GET"
    )
    check(encode([span], "traces"), "traces", threshold, mode="proportional")
