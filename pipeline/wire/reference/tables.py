"""Field tables of every message of the three signals, built from the `opentelemetry-proto` descriptors at first use.

    logs = tables.root("logs")                    # LogsData
    logs.fields[1].message.name                   # "ResourceLogs"
    tables.message("Span.Event").fields[2].kind   # "string"

Names are those of the schema without its package: `LogRecord`, `Span.Event`, `ExponentialHistogramDataPoint.Buckets`.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any, Final, Literal

from pipeline.types import Signal

Kind = Literal[
    "double", "int64", "uint64", "int32", "fixed64", "fixed32", "bool", "string", "message", "bytes", "uint32", "enum",
    "sfixed32", "sfixed64", "sint32", "sint64",
]  # fmt: skip

VARINT: Final = 0
FIXED64: Final = 1
DELIMITED: Final = 2
FIXED32: Final = 5

_KINDS: Final[dict[int, Kind]] = {
    1: "double", 3: "int64", 4: "uint64", 5: "int32", 6: "fixed64", 7: "fixed32", 8: "bool", 9: "string", 11: "message",
    12: "bytes", 13: "uint32", 14: "enum", 15: "sfixed32", 16: "sfixed64", 17: "sint32", 18: "sint64",
}  # fmt: skip
"""`FieldDescriptorProto.Type`, descriptor.proto. Groups (10) do not occur in OTLP."""

_WIRES: Final[dict[Kind, int]] = {
    "double": FIXED64, "fixed64": FIXED64, "sfixed64": FIXED64, "fixed32": FIXED32, "sfixed32": FIXED32,
    "string": DELIMITED, "bytes": DELIMITED, "message": DELIMITED,
}  # fmt: skip

_ITEMS: Final = ("LogRecord", "Span", "DataPoint")


class Field:
    """One field of a message."""

    __slots__ = (
        "absent",
        "id_bytes",
        "json_name",
        "kind",
        "message",
        "name",
        "number",
        "oneof",
        "presence",
        "repeated",
        "rivals",
        "wire",
    )

    def __init__(self, descriptor: Any, message: "Message | None") -> None:
        self.number: int = descriptor.number
        self.name: str = descriptor.name
        self.json_name: str = descriptor.json_name
        self.kind: Kind = _KINDS[descriptor.type]
        self.wire: int = _WIRES.get(self.kind, VARINT)
        """Wire type of one value. A repeated scalar may also come packed, as `DELIMITED`."""
        self.repeated: bool = descriptor.is_repeated
        self.presence: bool = descriptor.has_presence
        """Whether a default value differs from an absent one: messages, `optional` fields and members of a oneof."""
        self.oneof: str = "" if descriptor.containing_oneof is None else descriptor.containing_oneof.name
        """Name of the oneof it is a member of; of an `optional` field, one that has no other member."""
        self.rivals: tuple[str, ...] = (
            tuple(each.name for each in descriptor.containing_oneof.fields if each.name != self.name) if self.oneof else ()
        )
        """Names of the other members of its oneof: whichever comes last on the wire wins."""
        self.message: Message | None = message
        """Table of its message type."""
        self.id_bytes: int = 0 if self.kind != "bytes" or not self.name.endswith("_id") else 16 if self.name == "trace_id" else 8
        """Length of a trace or span id in bytes; 0 for every other field."""
        self.absent: bool = self.name.endswith("_strindex")
        """Belongs to profiles only: readers treat it as absent (otlp contract §11.10)."""

    @property
    def packable(self) -> bool:
        """Whether its values may stand one after the other in one delimited field."""
        return self.repeated and self.wire != DELIMITED

    def __repr__(self) -> str:
        return f"<Field {self.number} {self.name}: {self.kind}>"


class Message:
    """One message type."""

    __slots__ = ("by_json_name", "by_name", "fields", "ids", "item", "keys", "name", "nests", "shell")

    def __init__(self, name: str) -> None:
        self.name = name
        self.fields: dict[int, Field] = {}
        """By field number, in that order."""
        self.by_name: dict[str, Field] = {}
        self.by_json_name: dict[str, Field] = {}
        self.keys: dict[int, Field] = {}
        """By tag (`number << 3 | wire type`), repeated scalars in both forms: a known number with another tag is malformed."""
        self.item: bool = name.endswith(_ITEMS)
        """Whether it is what batches count: a log record, span or data point."""
        self.shell: bool = False
        """Whether items stand in it, at any depth."""
        self.nests: bool = name in ("ArrayValue", "KeyValueList")
        """Whether it is one of the two through which values nest: a level of `walk.MAX_DEPTH`."""
        self.ids: dict[int, Field] = {}
        """Its trace and span ids, by field number."""

    def __repr__(self) -> str:
        return f"<Message {self.name}>"


def root(signal: Signal) -> Message:
    """Return the table of `LogsData`, `TracesData` or `MetricsData`."""
    return _tables()[{"logs": "LogsData", "traces": "TracesData", "metrics": "MetricsData"}[signal]]


def message(name: str) -> Message:
    """Return the table of a message by its name; `KeyError` when OTLP has none."""
    return _tables()[name]


def messages() -> Iterator[Message]:
    """Yield every message that can occur in a payload of the three signals."""
    yield from _tables().values()


@cache
def _tables() -> dict[str, Message]:
    # Here, not above: the generated modules cost more start-up time than the rest of the package.
    from opentelemetry.proto.logs.v1 import logs_pb2
    from opentelemetry.proto.metrics.v1 import metrics_pb2
    from opentelemetry.proto.trace.v1 import trace_pb2

    tables: dict[str, Message] = {}
    for module, name in ((logs_pb2, "LogsData"), (trace_pb2, "TracesData"), (metrics_pb2, "MetricsData")):
        _build(module.DESCRIPTOR.message_types_by_name[name], tables)
    inside = [table for table in tables.values() if table.item]
    while inside:
        table = inside.pop()
        around = [each for each in tables.values() if any(field.message is table for field in each.fields.values())]
        for each in around:
            each.shell = True
        inside += around
    return tables


def _build(descriptor: Any, tables: dict[str, Message]) -> Message:
    name = descriptor.full_name.removeprefix(descriptor.file.package + ".")
    if name in tables:
        return tables[name]
    table = tables[name] = Message(name)
    for each in sorted(descriptor.fields, key=lambda field: field.number):
        field = Field(each, None if each.message_type is None else _build(each.message_type, tables))
        table.fields[field.number] = table.by_name[field.name] = table.by_json_name[field.json_name] = field
        table.keys[field.number << 3 | field.wire] = field
        if field.id_bytes:
            table.ids[field.number] = field
        if field.packable:
            table.keys[field.number << 3 | DELIMITED] = field
    return table
