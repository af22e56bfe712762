"""Hypothesis strategies for telemetry: records, payloads and batches of each signal.

`records_of(signal)` draws structs, `payloads(signal)` their wire form as an encoder writes it, `odd_payloads(signal)` the same
records as no encoder writes them but every decoder must read them: fields in any order, non-minimal varints, singular
messages in two halves, unpacked repeated scalars, values that a later one replaces, unknown fields.
"""

from collections.abc import Sequence
from random import Random
from typing import Any, Final, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from pipeline import Batch, wire
from pipeline.types import Signal, Value
from pipeline.wire.model import (
    Attributes,
    Buckets,
    EntityRef,
    Event,
    Exemplar,
    Link,
    LogRecord,
    Metric,
    Point,
    Record,
    Resource,
    Scope,
    Span,
)
from pipeline.wire.reference.tables import DELIMITED, FIXED64, VARINT, Field, Message, root
from pipeline.wire.reference.walk import delimited, encode_varint, fields

settings.register_profile("sluice", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("sluice")  # how fast the machine is at the moment is not what a property is about

UNKNOWN_NUMBERS: Final = (23, 77, 1000, 536_870_911)
"""Field numbers that no message of OTLP 1.11 knows; 1000 is reserved in `ResourceLogs` and its like."""

texts = st.text(max_size=12)
counts32 = st.integers(0, 2**32 - 1)
counts64 = st.integers(0, 2**64 - 1)
times = st.one_of(st.just(0), st.integers(1_600_000_000, 1_900_000_000).map(lambda s: s * 1_000_000_001), counts64)
doubles = st.floats(allow_nan=False)


T = TypeVar("T")


def _structs(struct: type[T], **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[T]:
    """As `st.builds`, which would try to read the annotations of the struct."""
    return st.fixed_dictionaries(fields).map(lambda drawn: struct(**drawn))


def trace_ids() -> st.SearchStrategy[str]:
    """Valid trace ids, as hex."""
    return st.integers(1, 2**128 - 1).map("{:032x}".format)


def span_ids() -> st.SearchStrategy[str]:
    """Valid span ids, as hex."""
    return st.integers(1, 2**64 - 1).map("{:016x}".format)


def values() -> st.SearchStrategy[Value]:
    """Attribute values and bodies of every type, a little nested. No NaN, so that equal records compare equal."""
    flat: st.SearchStrategy[Any] = st.one_of(
        st.none(), texts, st.booleans(), st.integers(-(2**63), 2**63 - 1), doubles, st.binary(max_size=8)
    )
    return st.recursive(flat, lambda some: st.lists(some, max_size=3) | st.dictionaries(texts, some, max_size=3), max_leaves=4)


def attributes() -> st.SearchStrategy[Attributes]:
    """Attribute maps, often with the names that processors look for."""
    keys = st.sampled_from(["service.name", "http.request.method", "user.email", "password"]) | texts
    return st.dictionaries(keys, values(), max_size=3)


def resources() -> st.SearchStrategy[Resource]:
    """Resources."""
    keys = st.lists(texts, max_size=2)
    entities = _structs(EntityRef, schema_url=texts, type=texts, id_keys=keys, description_keys=keys)
    return _structs(
        Resource,
        attributes=attributes(),
        schema_url=texts,
        dropped_attributes_count=counts32,
        entity_refs=st.lists(entities, max_size=1),
    )


def scopes() -> st.SearchStrategy[Scope]:
    """Instrumentation scopes."""
    return _structs(
        Scope, name=texts, version=texts, attributes=attributes(), schema_url=texts, dropped_attributes_count=counts32
    )


def log_records(
    resource: st.SearchStrategy[Resource] | None = None, scope: st.SearchStrategy[Scope] | None = None
) -> st.SearchStrategy[LogRecord]:
    """Log records."""
    return _structs(
        LogRecord,
        resource=resources() if resource is None else resource,
        scope=scopes() if scope is None else scope,
        time=times,
        observed_time=times,
        severity_number=st.integers(0, 24),
        severity_text=texts,
        body=values(),
        attributes=attributes(),
        dropped_attributes_count=counts32,
        flags=counts32,
        trace_id=st.just("") | trace_ids(),
        span_id=st.just("") | span_ids(),
        event_name=texts,
    )


def spans(
    resource: st.SearchStrategy[Resource] | None = None, scope: st.SearchStrategy[Scope] | None = None
) -> st.SearchStrategy[Span]:
    """Spans with valid ids."""
    events = _structs(Event, time=times, name=texts, attributes=attributes(), dropped_attributes_count=counts32)
    links = _structs(Link, trace_id=trace_ids(), span_id=span_ids(), trace_state=texts, attributes=attributes(), flags=counts32)
    return _structs(
        Span,
        resource=resources() if resource is None else resource,
        scope=scopes() if scope is None else scope,
        trace_id=trace_ids(),
        span_id=span_ids(),
        parent_span_id=st.just("") | span_ids(),
        trace_state=texts,
        flags=counts32,
        name=texts,
        kind=st.integers(0, 5),
        start_time=times,
        end_time=times,
        attributes=attributes(),
        dropped_attributes_count=counts32,
        events=st.lists(events, max_size=2),
        dropped_events_count=counts32,
        links=st.lists(links, max_size=2),
        dropped_links_count=counts32,
        status_code=st.integers(0, 2),
        status_message=texts,
    )


def points(
    resource: st.SearchStrategy[Resource] | None = None, scope: st.SearchStrategy[Scope] | None = None
) -> st.SearchStrategy[Point]:
    """Data points of the five metric types."""
    of = {"resource": resources() if resource is None else resource, "scope": scopes() if scope is None else scope}
    return st.sampled_from(sorted(_POINTS)).flatmap(lambda kind: _points(kind, of))


def _points(kind: str, of: dict[str, Any]) -> st.SearchStrategy[Point]:
    metric: dict[str, Any] = {"name": texts, "type": st.just(kind), "description": texts, "unit": texts, "metadata": attributes()}
    if kind in ("sum", "histogram", "exponential_histogram"):
        metric["temporality"] = st.integers(0, 2)
    if kind == "sum":
        metric["monotonic"] = st.booleans()
    common = {"attributes": attributes(), "start_time": times, "time": times, "flags": counts32}
    return _structs(Point, metric=_structs(Metric, **metric), **of, **common, **_POINTS[kind])


_values64 = st.integers(-(2**63), 2**63 - 1) | doubles
_exemplars = st.lists(
    _structs(
        Exemplar,
        time=times,
        value=st.none() | _values64,
        trace_id=st.just("") | trace_ids(),
        span_id=st.just("") | span_ids(),
        attributes=attributes(),
    ),
    max_size=1,
)
_number = {"value": st.none() | _values64, "exemplars": _exemplars}
_optional = st.none() | doubles
_distribution = {"count": counts64, "sum": _optional, "min": _optional, "max": _optional, "exemplars": _exemplars}
_buckets = st.none() | _structs(Buckets, offset=st.integers(-(2**31), 2**31 - 1), counts=st.lists(counts64, max_size=3))
_POINTS: Final[dict[str, dict[str, Any]]] = {
    "gauge": _number,
    "sum": _number,
    "histogram": {**_distribution, "bounds": st.lists(doubles, max_size=3), "counts": st.lists(counts64, max_size=3)},
    "exponential_histogram": {
        **_distribution,
        "scale": st.integers(-(2**31), 2**31 - 1),
        "zero_count": counts64,
        "zero_threshold": doubles,
        "positive": _buckets,
        "negative": _buckets,
    },
    "summary": {"count": counts64, "sum": doubles, "quantiles": st.lists(st.tuples(doubles, doubles), max_size=2)},
}


@st.composite
def records_of(draw: st.DrawFn, signal: Signal, max_size: int = 4) -> Sequence[Record]:
    """Lists of records of one signal; neighbours often share their resource and scope."""
    resource = st.sampled_from(draw(st.lists(resources(), min_size=1, max_size=2)))
    scope = st.sampled_from(draw(st.lists(scopes(), min_size=1, max_size=2)))
    each: dict[Signal, st.SearchStrategy[Record]] = {
        "logs": log_records(resource, scope),
        "traces": spans(resource, scope),
        "metrics": points(resource, scope),
    }
    return draw(st.lists(each[signal], max_size=max_size))


def payloads(signal: Signal) -> st.SearchStrategy[bytes]:
    """Payloads as an encoder writes them."""
    return records_of(signal).map(lambda records: wire.encode(records, signal))


@st.composite
def odd_payloads(draw: st.DrawFn, signal: Signal) -> bytes:
    """Payloads in odd but legal wire forms."""
    payload = draw(payloads(signal))
    return oddly(payload, signal, Random(draw(st.integers(0, 2**32))))


@st.composite
def batches(draw: st.DrawFn, signal: Signal) -> Batch:
    """Batches, every other one in an odd but legal wire form."""
    records = draw(records_of(signal))
    payload = wire.encode(records, signal)
    if draw(st.booleans()):
        payload = oddly(payload, signal, Random(draw(st.integers(0, 2**32))))
    return Batch(payload, signal, len(records))


def oddly(payload: bytes, signal: Signal, random: Random, *, unknown: bool = True) -> bytes:
    """Return the same records in another wire form, one of the many that `random` can think of."""
    return _oddly(payload, 0, len(payload), root(signal), random, unknown)


def _oddly(data: bytes, start: int, end: int, message: Message, random: Random, unknown: bool) -> bytes:
    pieces = []
    for _, number, wire_type, value, stop in fields(data, start, end):
        field = message.fields[number]
        pieces.append((number, _odd_field(data, value, stop, field, wire_type, random, unknown)))
    if unknown and random.random() < 0.2:
        pieces.append(_unknown_field(random))
    return b"".join(_shuffled(pieces, random))


def _unknown_field(random: Random) -> tuple[int, bytes]:
    number = random.choice(UNKNOWN_NUMBERS)
    tag = number << 3
    forms = delimited(number, random.randbytes(3)), encode_varint(tag) + b"\x07", encode_varint(tag | FIXED64) + bytes(8)
    return number, random.choice(forms)


def _shuffled(pieces: list[tuple[int, bytes]], random: Random) -> list[bytes]:
    """Shuffle fields, but leave those of one number in their order: for repeated fields it has a meaning."""
    numbers = [number for number, _ in pieces]
    random.shuffle(numbers)
    queues: dict[int, list[bytes]] = {}
    for number, piece in pieces:
        queues.setdefault(number, []).append(piece)
    return [queues[number].pop(0) for number in numbers]


def _odd_field(data: bytes, start: int, end: int, field: Field, wire_type: int, random: Random, unknown: bool) -> bytes:
    value = data[start:end]
    if field.message is not None:
        value = _oddly(data, start, end, field.message, random, unknown)
        if not field.repeated and random.random() < 0.2:
            cut = random.choice([0, *(stop for *_, stop in fields(value, 0, len(value)))])
            return _framed(field, value[:cut], random) + _framed(field, value[cut:], random)
        return _framed(field, value, random)
    if field.wire == VARINT and wire_type == VARINT:
        return _varint(field.number << 3, random) + _padded(value, random)
    if field.packable and wire_type == DELIMITED and field.wire == FIXED64 and random.random() < 0.5:
        return b"".join(_varint(field.number << 3 | FIXED64, random) + value[at : at + 8] for at in range(0, len(value), 8))
    if wire_type != DELIMITED:
        return _varint(field.number << 3 | wire_type, random) + value
    if not field.repeated and random.random() < 0.1:
        return _framed(field, b"overruled", random) + _framed(field, value, random)
    return _framed(field, value, random)


def _framed(field: Field, value: bytes, random: Random) -> bytes:
    return _varint(field.number << 3 | DELIMITED, random) + _varint(len(value), random) + value


def _varint(value: int, random: Random) -> bytes:
    return _padded(encode_varint(value), random, most=5)


def _padded(varint: bytes, random: Random, most: int = 10) -> bytes:
    """Return a varint in more bytes than it needs, one time in five. Stock protobuf takes 5 for a tag or length, 10 else."""
    extra = random.randint(0, most - len(varint)) if random.random() < 0.2 else 0
    if not extra:
        return varint
    return varint[:-1] + bytes([varint[-1] | 0x80]) + b"\x80" * (extra - 1) + b"\x00"
