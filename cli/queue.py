"""`sluice queue`: what waits for exporters in a journal on disk."""

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click
import msgspec

from cli.options import confirm
from cli.place import Place, place_options
from cli.queues import Queues, queues_of
from cli.shown import counted, plain, plain_json, size, table
from pipeline.queue_routes import Queue

_HEADING: Final = ("PIPELINE", "EXPORTER", "STATE", "BATCHES", "ITEMS", "SIZE", "OF", "OLDEST")

_exporter = click.option("--exporter", required=True, metavar="ID", help="Whose queue.")
_pipeline = click.option("--pipeline", metavar="ID", help="In this pipeline only; default: in all of them.")


@click.group()
def queue() -> None:
    """Inspect, export and drop what waits for exporters.

    A running daemon is asked through its admin socket; while none runs, the journal's files are read. An orphan is the queue
    of an exporter, or in a pipeline, that is no longer configured: it is kept until it is dropped, or configured again.
    """


@queue.command()
@place_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for programs.")
def inspect(place: Place, as_json: bool) -> None:
    """Show how much waits for each exporter.

    \b
    Exit codes:
      0  shown
      1  the journal can't be read, or the daemon does not answer
      2  wrong usage
    """
    with queues_of(place) as queues:
        found = queues.list()
    if as_json:
        for one in found:
            click.echo(plain_json(msgspec.json.encode(one).decode()))
    elif found:
        click.echo(table([_HEADING, *map(_row, found)]))


@queue.command()
@place_options
@_exporter
@_pipeline
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="A new file; default: standard output.")
def export(place: Place, exporter: str, pipeline: str | None, output: Path | None) -> None:
    """Copy what waits for an exporter, as lines of OTLP/JSON. It is redacted, and stays in the queue.

    \b
    Exit codes:
      0  copied
      1  there is no such queue, or it can't be read
      2  wrong usage
    """
    with queues_of(place) as queues:
        chosen = _chosen(queues, exporter, pipeline)
        lines = 0
        file = sys.stdout.fileno() if output is None else _new_file(output)
        with open(file, "wb", closefd=output is not None) as target:  # a descriptor
            for one in chosen:
                for portion in queues.lines(one):
                    target.write(plain_json(portion.decode()).encode())
                    lines += portion.count(b"\n")
    click.echo(f"exported {_batches(lines)}", err=True)


@queue.command()
@place_options
@_exporter
@_pipeline
@click.option("--dry-run", is_flag=True, help="Only say how much it would be.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def drop(place: Place, exporter: str, pipeline: str | None, dry_run: bool, yes: bool) -> None:
    """Throw away what waits for an exporter. It is lost, and counted as dropped.

    \b
    Exit codes:
      0  thrown away, even when there was nothing
      1  there is no such queue, or it can't be changed
      2  wrong usage
    """
    with queues_of(place) as queues:
        chosen = _chosen(queues, exporter, pipeline)
        batches, items = sum(one.backlog.batches for one in chosen), sum(one.backlog.items for one in chosen)
        if dry_run:
            click.echo(f"{_batches(batches)}, {counted(items, 'item')} would be dropped")
            return
        if batches and not yes:
            confirm(f"Drop {_batches(batches)}, {counted(items, 'item')}, for good?")
        lost = [queues.drop(one) for one in chosen]
    click.echo(f"dropped {_batches(sum(one.batches for one in lost))}, {counted(sum(one.items for one in lost), 'item')}")


def _chosen(queues: Queues, exporter: str, pipeline: str | None) -> Sequence[Queue]:
    chosen = [one for one in queues.list() if one.exporter == exporter and pipeline in (None, one.pipeline)]
    if not chosen:
        where = f" in {plain(pipeline)}" if pipeline else ""
        raise click.ClickException(f"there is no queue of {plain(exporter)}{where}: see `sluice queue inspect`")
    return chosen


def _new_file(path: Path) -> int:
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
    except OSError as error:
        raise click.ClickException(f"can't write {path}: {error.strerror}") from None


def _batches(number: int) -> str:
    return f"{number:,} batch{'es' if number != 1 else ''}"


def _row(one: Queue) -> tuple[str, ...]:
    backlog = one.backlog
    return (
        plain(one.pipeline),
        plain(one.exporter),
        "orphan" if one.orphan else "configured",
        str(backlog.batches),
        str(backlog.items),
        size(backlog.bytes),
        size(backlog.capacity) if backlog.capacity else "",
        f"{max(time.time() - backlog.oldest / 1e9, 0):.0f}s" if backlog.oldest else "",
    )
