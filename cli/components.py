"""`sluice components`: what this installation is made of."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

import click

_WIRE: Final = {
    "kernel": "compiled kernel",
    "reference": "reference, in plain Python: about a hundred times slower than the compiled kernel",
}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def components(as_json: bool) -> None:
    """List the component types that this installation has.

    Of each: what it is for, the signals that it takes (`->` produces), how settled its settings are, and other names that a
    configuration may call it by.
    """
    from pipeline import wire

    rows = list(_rows())
    if as_json:
        import msgspec

        listing = msgspec.json.encode({"wire": wire.IMPLEMENTATION, "components": rows})
        click.echo(msgspec.json.format(listing, indent=2))
        return
    click.echo("\n".join(_lines(rows)))
    click.echo(f"Wire implementation: {_WIRE[wire.IMPLEMENTATION]}")


def _rows() -> Iterator[Mapping[str, Any]]:
    from config.aliases import aliases_of
    from pipeline import registry
    from pipeline.component import KINDS, Connector
    from pipeline.types import SIGNALS

    for kind in KINDS:
        for name in registry.names(kind):
            cls = registry.find(kind, name)
            produces = cls.produces if issubclass(cls, Connector) else frozenset()
            yield {
                "kind": kind,
                "type": name,
                "aliases": aliases_of(kind, name),
                "signals": [signal for signal in SIGNALS if signal in cls.signals],
                "produces": [signal for signal in SIGNALS if signal in produces],
                "stability": cls.stability,
                "summary": registry.summary(cls),
            }


def _lines(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    width = max(len(row["type"]) for row in rows)
    for kind, of_kind in groupby(rows, key=itemgetter("kind")):
        yield f"{kind}s"
        for row in of_kind:
            yield f"  {row['type']:<{width}}  {row['summary']}"
            yield f"  {'':<{width}}  {'; '.join(_traits(row))}"
        yield ""


def _traits(row: Mapping[str, Any]) -> Iterator[str]:
    if row["signals"]:
        yield " -> ".join(", ".join(signals) for signals in (row["signals"], row["produces"]) if signals)
    yield row["stability"]
    if row["aliases"]:
        yield f"also called {', '.join(row['aliases'])}"
