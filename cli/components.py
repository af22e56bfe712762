"""`sluice components`: what this installation is made of."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def components(as_json: bool) -> None:
    """List the component types that this installation has."""
    from pipeline import wire

    rows = list(_rows())
    if as_json:
        import msgspec

        listing = msgspec.json.encode({"wire": wire.IMPLEMENTATION, "components": rows})
        click.echo(msgspec.json.format(listing, indent=2))
        return
    for kind in dict.fromkeys(row["kind"] for row in rows):
        click.echo(f"{kind}s")
        click.echo("\n".join(_table([row for row in rows if row["kind"] == kind])) + "\n")
    click.echo(f"wire kernel: {wire.IMPLEMENTATION}" + (f" ({wire.LOSS})" if wire.LOSS else ""))


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


def _table(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    signals = [", ".join(row["signals"]) + (f" -> {', '.join(row['produces'])}" if row["produces"] else "") for row in rows]
    names = [" ".join([row["type"], *(f"({alias})" for alias in row["aliases"])]) for row in rows]
    for row, name, taken in zip(rows, names, signals, strict=True):
        width, column = max(map(len, names)), max(map(len, signals))
        yield f"  {name:<{width}}  {row['stability']:<6}  {taken:<{column}}  {row['summary']}".rstrip()
