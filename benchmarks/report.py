"""The table and the JSON of a run."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from benchmarks.bars import bar_of
from benchmarks.measure import Figure


class Row(NamedTuple):
    """A figure of a case, and what became of its bar; both are empty where nothing was promised."""

    case: str
    figure: str
    value: float
    unit: str
    bar: str
    held: bool | None


class Report(msgspec.Struct):
    """A run."""

    machine: Mapping[str, str]
    rows: Sequence[Row]


def row(case: str, figure: Figure) -> Row:
    """Return a figure as a row, held against its bar."""
    bar = bar_of(case, figure.name)
    return Row(case, figure.name, figure.value, figure.unit, str(bar or ""), bar.held(figure.value) if bar else None)


def write(report: Report, path: Path) -> None:
    """Write a run as JSON, rows as objects."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [each._asdict() for each in report.rows]
    path.write_bytes(msgspec.json.format(msgspec.json.encode({"machine": report.machine, "rows": rows})) + b"\n")


def values(path: Path) -> dict[tuple[str, str, str], float]:
    """Return the values of a written run by case, figure and unit."""
    rows = msgspec.json.decode(path.read_bytes())["rows"]
    return {(each["case"], each["figure"], each["unit"]): each["value"] for each in rows}


def machine_lines(machine: Mapping[str, str]) -> Iterator[str]:
    """Yield what a run was measured on."""
    return (f"{name}: {value}" for name, value in machine.items())


def lines(rows: Iterable[Row]) -> Iterator[str]:
    """Yield the table."""
    yield from table(
        ("case", "figure", "value", "unit", "bar", ""),
        [(r.case, r.figure, number(r.value), r.unit, r.bar, {True: "held", False: "missed", None: ""}[r.held]) for r in rows],
        right={2},
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]], right: Container[int]) -> Iterator[str]:
    """Yield lines in columns, those in `right` aligned to the right."""
    widths = [max(len(cells[at]) for cells in (head, *rows)) for at in range(len(head))]
    for cells in (head, *rows):
        aligned = (cell.rjust(widths[at]) if at in right else cell.ljust(widths[at]) for at, cell in enumerate(cells))
        yield "  ".join(aligned).rstrip()


def number(value: float) -> str:
    """Return a value with three digits that count."""
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
