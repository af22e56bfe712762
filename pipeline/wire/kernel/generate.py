"""Writes the field tables of the kernel from the `opentelemetry-proto` descriptors: `python -m pipeline.wire.kernel.generate`.

`tables.h` holds them, `tables.pxd` gives them to Cython. Both are committed; a test holds them to the descriptors.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from pipeline.wire.reference.tables import DELIMITED, Field, Message, messages

FOLDER: Final = Path(__file__).parent
VALUES: Final = frozenset({"AnyValue", "KeyValue", "ArrayValue", "KeyValueList"})

_WRITTEN: Final = "Written by pipeline.wire.kernel.generate from the opentelemetry-proto descriptors."
_HEADER: Final = f"""\
/* {_WRITTEN} */
#ifndef OTLP_TABLES_H
#define OTLP_TABLES_H

#include <stdint.h>

/* One field of a message; all zero where the message has no field of that number. */
typedef struct {{
    uint8_t wires;    /* bit n: it may come with wire type n */
    uint8_t kind;     /* an OtlpKind */
    uint8_t message;  /* the OtlpType of a message */
    uint8_t id_bytes; /* length of a trace or span id, 0 for every other field */
    uint8_t repeated;
    uint8_t rival;    /* member of a oneof: whichever comes last on the wire wins */
    uint8_t absent;   /* belongs to profiles: readers treat it as absent */
}} OtlpField;
"""
_DECLARATIONS: Final = f"""\
# {_WRITTEN}
\"\"\"What the schema says, as C tables: a message type is an index into `MESSAGES`, a field number one into its `fields`.\"\"\"

from libc.stdint cimport uint8_t

cdef extern from "tables.h" nogil:
    ctypedef struct OtlpField:
        uint8_t wires
        uint8_t kind
        uint8_t message
        uint8_t id_bytes
        uint8_t repeated
        uint8_t rival
        uint8_t absent

    ctypedef struct OtlpMessage:
        uint8_t item
        uint8_t shell
        uint8_t value
        uint8_t nests
        uint8_t ids
        uint8_t attributes
        OtlpField fields[1]
        const char* name
        const char* names[1]

    const OtlpMessage[] MESSAGES "OTLP_MESSAGES"
    enum:
        NUMBERS "OTLP_NUMBERS"
"""


def header(tables: Mapping[str, Message]) -> str:
    """Return `tables.h`."""
    kinds = sorted({field.kind for table in tables.values() for field in table.fields.values()})
    numbers = 1 + max(number for table in tables.values() for number in table.fields)
    return "\n".join(
        [
            _HEADER,
            _enum("OtlpKind", [f"OTLP_KIND_{kind}" for kind in ("none", *kinds)]),
            f"/* One more than the highest field number. */\n#define OTLP_NUMBERS {numbers}\n",
            "typedef struct {",
            "    uint8_t item;  /* what batches count: a log record, span or data point */",
            "    uint8_t shell; /* items stand in it, at any depth */",
            "    uint8_t value; /* a value or an attribute, or what they are made of */",
            "    uint8_t nests; /* one of the two through which values nest */",
            "    uint8_t ids;   /* it has a trace or span id */",
            "    uint8_t attributes; /* number of its field of that name, 0 where it has none */",
            "    OtlpField fields[OTLP_NUMBERS];",
            "    const char *name;",
            "    const char *names[OTLP_NUMBERS];",
            "} OtlpMessage;\n",
            _enum("OtlpType", [f"OTLP_{_identifier(name)}" for name in tables]),
            _enum("", [f"OTLP_{_identifier(table.name)}_{field.name} = {number}" for table, number, field in _fields(tables)]),
            "static const OtlpMessage OTLP_MESSAGES[] = {",
            *(_message(table, list(tables)) for table in tables.values()),
            "};\n",
            "#endif\n",
        ]
    )


def declarations(tables: Mapping[str, Message]) -> str:
    """Return `tables.pxd`."""
    kinds = sorted({field.kind for table in tables.values() for field in table.fields.values()})
    names = [
        *(f"KIND_{kind}" for kind in ("none", *kinds)),
        *map(_identifier, tables),
        *(f"{_identifier(table.name)}_{field.name}" for table, _, field in _fields(tables)),
    ]
    return _DECLARATIONS + "".join(f'        {name} "OTLP_{name}"\n' for name in names)


def _fields(tables: Mapping[str, Message]) -> Iterator[tuple[Message, int, Field]]:
    for table in tables.values():
        for number, field in table.fields.items():
            yield table, number, field


def _identifier(name: str) -> str:
    return name.replace(".", "_")


def _enum(name: str, members: list[str]) -> str:
    body = "".join(f"    {member},\n" for member in members)
    return f"enum {name} {{\n{body}}};\n".replace("enum  {", "enum {")


def _message(table: Message, order: list[str]) -> str:
    flags = f"{table.item:d}, {table.shell:d}, {table.name in VALUES:d}, {table.nests:d}, {bool(table.ids):d}"
    attributes = table.by_name["attributes"].number if "attributes" in table.by_name else 0
    rows = "".join(f"        [{number}] = {_field(field, order)}, /* {field.name} */\n" for number, field in table.fields.items())
    names = ", ".join(f'[{number}] = "{field.name}"' for number, field in table.fields.items())
    return f'    [OTLP_{_identifier(table.name)}] = {{{flags}, {attributes}, {{\n{rows}    }}, "{table.name}", {{{names}}}}},'


def _field(field: Field, order: list[str]) -> str:
    wires = 1 << field.wire | (1 << DELIMITED if field.packable else 0)
    child = 0 if field.message is None else order.index(field.message.name)
    return (
        f"{{{wires}, OTLP_KIND_{field.kind}, {child}, {field.id_bytes}, {field.repeated:d}, {bool(field.rivals):d}, "
        f"{field.absent:d}}}"
    )


def main() -> None:
    """Write both files."""
    tables = {table.name: table for table in messages()}
    (FOLDER / "tables.h").write_text(header(tables))
    (FOLDER / "tables.pxd").write_text(declarations(tables))


if __name__ == "__main__":
    main()
