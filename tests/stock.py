"""Stock protobuf as an independent judge of what the wire API makes of a payload."""

from collections.abc import Iterator
from typing import Any, Final

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from opentelemetry.proto.logs.v1.logs_pb2 import LogsData
from opentelemetry.proto.metrics.v1.metrics_pb2 import MetricsData
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from pipeline.types import Signal

ROOTS: Final[dict[Signal, type[Message]]] = {"logs": LogsData, "traces": TracesData, "metrics": MetricsData}

Path = tuple[FieldDescriptor, ...]
"""Fields from the root to one that is no message."""

_ITEMS: Final = ("log_records", "spans", "data_points")
_SHELLS: Final = ("resource_logs", "resource_spans", "resource_metrics", "scope_logs", "scope_spans", "scope_metrics", "metrics")

_SAMPLES: Final[dict[int, Any]] = {
    FieldDescriptor.TYPE_STRING: "text",
    FieldDescriptor.TYPE_BOOL: True,
    FieldDescriptor.TYPE_DOUBLE: -2.5,
    FieldDescriptor.TYPE_ENUM: 2,
    FieldDescriptor.TYPE_INT64: -(2**63),
    FieldDescriptor.TYPE_SFIXED64: -(2**63),
    FieldDescriptor.TYPE_UINT64: 2**64 - 1,
    FieldDescriptor.TYPE_FIXED64: 2**64 - 1,
    FieldDescriptor.TYPE_UINT32: 2**32 - 1,
    FieldDescriptor.TYPE_FIXED32: 2**32 - 1,
    FieldDescriptor.TYPE_INT32: -(2**31),
    FieldDescriptor.TYPE_SINT32: -(2**31),
}


def parsed(payload: bytes, signal: Signal) -> Any:
    """Return the payload as stock protobuf reads it."""
    return ROOTS[signal].FromString(payload)


def paths(signal: Signal) -> list[Path]:
    """Return a way to each field that holds a value, of each message that a payload can hold; not those of profiles."""
    return [path for path in _paths(ROOTS[signal].DESCRIPTOR, (), set()) if not path[-1].name.endswith("_strindex")]


def _paths(descriptor: Any, way: Path, seen: set[str]) -> Iterator[Path]:
    seen.add(descriptor.full_name)
    for field in descriptor.fields:
        if field.message_type is None:
            yield (*way, field)
        elif field.message_type.full_name not in seen:
            yield from _paths(field.message_type, (*way, field), seen)


def name_of(path: Path) -> str:
    """Return a path as dotted names."""
    return ".".join(field.name for field in path)


def sample(field: FieldDescriptor) -> Any:
    """Return a value for a field that is as far from its default as can be."""
    if field.type != FieldDescriptor.TYPE_BYTES:
        return _SAMPLES[field.type]
    if not field.name.endswith("_id"):
        return b"\x00\xff"
    return bytes(range(1, 17 if field.name == "trace_id" else 9))


def planted(signal: Signal, path: Path) -> bytes:
    """Return a payload with one item, in which the field at `path` is set, and not much else."""
    root = ROOTS[signal]()
    here: Any = root
    for field in path[:-1]:
        here = getattr(here, field.name).add() if field.is_repeated else getattr(here, field.name)
    if path[-1].is_repeated:
        getattr(here, path[-1].name).extend([sample(path[-1])] * 2)
    else:
        setattr(here, path[-1].name, sample(path[-1]))
    _complete(root)
    return root.SerializeToString()


def complete(signal: Signal) -> bytes:
    """Return a payload in which every field of OTLP is set somewhere."""
    return b"".join(planted(signal, path) for path in paths(signal))


def found(payload: bytes, signal: Signal, path: Path) -> Any:
    """Return what stock protobuf finds at `path`."""
    here = parsed(payload, signal)
    for field in path[:-1]:
        here = getattr(here, field.name)[0] if field.is_repeated else getattr(here, field.name)
    value = getattr(here, path[-1].name)
    return list(value) if path[-1].is_repeated else value


def items(message: Any) -> Iterator[Any]:
    """Yield the log records, spans or data points in a payload or in a shell of it."""
    for field, value in message.ListFields():
        if field.name in _ITEMS:
            yield from value
        elif field.name in _SHELLS:
            for each in value:
                yield from items(each)
        elif field.containing_oneof is not None and field.containing_oneof.name == "data":
            yield from items(value)


def _complete(message: Any) -> None:
    """Give a message the item that it lacks, and a span its ids."""
    for field in message.DESCRIPTOR.fields:
        if field.name in _ITEMS or field.name in _SHELLS:
            children = getattr(message, field.name)
            _complete(children[0] if children else children.add())
            return
    if message.DESCRIPTOR.name == "Metric":
        _complete(getattr(message, message.WhichOneof("data") or "gauge"))
    if message.DESCRIPTOR.name == "Span":
        message.trace_id, message.span_id = bytes(range(1, 17)), bytes(range(1, 9))
