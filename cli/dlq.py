"""`sluice dlq`: what could not be delivered, to be looked at, sent again, or thrown away."""

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import wraps
from typing import Any, Final, TypeVar

import click
import msgspec
from msgspec import structs

from cli.letters import DaemonLetters, Letters, letters_of, pages, parameters
from cli.options import confirm
from cli.place import Place, place_options
from cli.shown import counted, plain, plain_json, size, table, when
from pipeline.journal.letter import REASONS, Kept, Selection
from pipeline.types import SIGNALS

PORTION: Final = 100
"""Letters that are sent between two looks at the progress."""
F = TypeVar("F", bound=Callable[..., Any])
Advance = Callable[[int], None]


_REASONS: Final = f"For this reason: {', '.join(REASONS)}."


def _moment(ctx: click.Context, param: click.Parameter, value: str | None) -> int:
    """Return a time, or how long ago it was, as nanoseconds since the epoch; 0 for none."""
    if value is None:
        return 0
    from config.values import Fault, duration

    try:
        return time.time_ns() - int(duration(value) * 1e9)
    except Fault:
        pass
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        message = f"{value!r} is neither a time such as 2026-03-04T05:06:07Z nor an age such as 90m or 14d"
        raise click.BadParameter(message, ctx, param) from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1e9)


def _selecting(command: F) -> F:
    """Give a verb `selection`."""

    @click.option("--exporter", "--component", "component", default="", metavar="ID", help="Given up by this component.")
    @click.option("--pipeline", default="", metavar="ID", help="On the way through this pipeline.")
    @click.option("--reason", type=click.Choice(REASONS), metavar="REASON", help=_REASONS)
    @click.option("--signal", type=click.Choice(SIGNALS), help="Of this signal.")
    @click.option("--since", callback=_moment, metavar="TIME", help="Given up since then: 2026-03-04T05:06:07Z, or an age: 90m.")
    @click.option("--until", callback=_moment, metavar="TIME", help="Given up before then.")
    @wraps(command)
    def with_selection(
        component: str,
        pipeline: str,
        reason: str | None,
        signal: str | None,
        since: int,
        until: int,
        *arguments: Any,
        **options: Any,
    ) -> Any:
        selection = Selection(component, reason or "", signal or "", pipeline, since, until)
        return command(*arguments, selection=selection, **options)

    return with_selection  # type: ignore[return-value]


_limit = click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most so many letters, the oldest first.")
_dry_run = click.option("--dry-run", is_flag=True, help="Only say which letters it would be.")


@click.group()
def dlq() -> None:
    """List, show, replay and purge what could not be delivered.

    A running daemon is asked through its admin socket; while none runs, the store's file is opened.
    """


@dlq.command("list")
@place_options
@_selecting
@_limit
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for programs.")
def list_(place: Place, selection: Selection, limit: int | None, as_json: bool) -> None:
    """List dead letters, the oldest first.

    \b
    Exit codes:
      0  listed, even when there is none
      1  the store can't be read, or the daemon does not answer
      2  wrong usage
    """
    with letters_of(place) as letters:
        if as_json:
            for page in pages(letters, selection, limit):
                for kept in page:
                    click.echo(plain_json(msgspec.json.encode(_told(kept)).decode()))
            return
        rows = [row for page in pages(letters, selection, limit or 1000) for row in map(_row, page)]
        if rows:
            click.echo(table([_HEADING, *rows]))
        count, _ = letters.sum(selection)
        shown = "" if count.letters <= len(rows) else f"; the oldest {len(rows):,} are shown"
        click.echo(f"{counted(count.letters, 'letter')}, {counted(count.items, 'item')}, {size(count.bytes)}{shown}", err=True)


@dlq.command()
@place_options
@click.argument("number", metavar="ID", type=click.IntRange(min=1))
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for programs.")
def show(place: Place, number: int, as_json: bool) -> None:
    """Show one letter with its payload, which is redacted OTLP/JSON.

    \b
    Exit codes:
      0  shown
      1  there is none, or the store can't be read
      2  wrong usage
    """
    with letters_of(place) as letters:
        kept = letters.read(number)
    if kept is None:
        raise click.ClickException(f"no letter has the number {number}")
    told, payload = _told(kept), _payload(kept)
    if as_json:
        click.echo(plain_json(msgspec.json.encode({**told, "payload": payload}).decode()))
        return
    width = max(map(len, told))
    for name, value in told.items():
        if value not in ("", None):
            click.echo(f"{name:<{width}}  {plain(str(value))}")
    if payload is not None:
        click.echo("\n" + plain_json(msgspec.json.format(bytes(payload), indent=2).decode()))


@dlq.command()
@place_options
@_selecting
@_limit
@_dry_run
@click.option(
    "--from",
    "start",
    type=click.Choice(["exporter", "start"]),
    default="exporter",
    show_default=True,
    help="From the exporter on that gave it up, or from the first processor of its pipeline, to all of its exporters. "
    "What a processor gave up starts there in any case.",
)
@click.option(
    "--rate", type=click.IntRange(min=1), default=10_000, show_default=True, metavar="N", help="Items a second, at most."
)
def replay(place: Place, selection: Selection, limit: int | None, dry_run: bool, start: str, rate: int) -> None:
    """Send dead letters again.

    A letter leaves the store once all of it was delivered, or refused again for a reason that takes its place. Those whose
    destination takes nothing now stay. Interrupted, it loses nothing.

    \b
    Exit codes:
      0  all of them found an end
      1  some stay, or no daemon runs that could send them
      2  wrong usage
    """
    with letters_of(place) as letters:
        selection = structs.replace(selection, replayable=True)
        if dry_run:
            _say_what_would_be(letters, selection, limit, "replayed")
            return
        if not isinstance(letters, DaemonLetters):
            raise click.ClickException("no daemon runs that could send them: replay while `sluice run` serves")
        sys.exit(_replay(letters, selection, limit, rate, from_start=start == "start"))


@dlq.command()
@place_options
@_selecting
@_limit
@_dry_run
@click.option("--yes", is_flag=True, help="Do not ask.")
def purge(place: Place, selection: Selection, limit: int | None, dry_run: bool, yes: bool) -> None:
    """Remove dead letters for good.

    \b
    Exit codes:
      0  removed, even when there was none
      1  not removed
      2  wrong usage
    """
    with letters_of(place) as letters:
        if dry_run:
            _say_what_would_be(letters, selection, limit, "purged")
            return
        count, last = letters.sum(selection)
        wanted = min(count.letters, limit or count.letters)
        selection = structs.replace(selection, last=last)
        if wanted and not yes:
            confirm(f"Remove {counted(wanted, 'letter')} for good?")
        gone = items = 0
        with _progress("purging", wanted) as advance:
            while gone < wanted and (removed := letters.remove(selection, min(1000, wanted - gone))).letters:
                gone += removed.letters
                items += removed.items
                advance(removed.letters)
    click.echo(f"purged {counted(gone, 'letter')}, {counted(items, 'item')}")


def _replay(letters: DaemonLetters, selection: Selection, limit: int | None, rate: int, *, from_start: bool) -> int:
    from pipeline.letter_routes import PREFIX
    from pipeline.replay import Replayed

    count, last = letters.sum(selection)
    left = wanted = min(count.letters, limit or count.letters)
    whole, why = Replayed(), dict[str, str]()
    with _progress("replaying", wanted) as advance:
        while left > 0:
            begun = time.monotonic()
            asked = structs.replace(selection, last=last, after=max(selection.after, whole.last))
            told = parameters(asked, limit=min(left, PORTION), items=rate, from_start=from_start)
            done = letters.daemon.ask(f"{PREFIX}/replay", Replayed, told, method="POST")
            if not done.last:
                break
            looked_at = done.letters + done.waiting + done.homeless
            whole = Replayed(
                whole.letters + done.letters,
                whole.items + done.items,
                whole.again + done.again,
                whole.waiting + done.waiting,
                whole.homeless + done.homeless,
                done.last,
            )
            why |= done.why
            left -= max(looked_at, 1)
            advance(looked_at)
            time.sleep(max(done.items / rate - (time.monotonic() - begun), 0.0) if left > 0 else 0.0)
    click.echo(f"replayed {counted(whole.letters, 'letter')}, {counted(whole.items, 'item')}")
    if whole.again:
        click.echo(f"{counted(whole.again, 'letter')} new in their place: refused again", err=True)
    stay = whole.waiting + whole.homeless
    if stay:
        click.echo(f"{counted(stay, 'letter')} stay{'s' if stay == 1 else ''}:", err=True)
        for reason in sorted(why.values()):
            click.echo(f"  {plain(reason)}", err=True)
    return 1 if stay else 0


def _say_what_would_be(letters: Letters, selection: Selection, limit: int | None, done: str) -> None:
    found: Counter[tuple[str, str]] = Counter()
    items: Counter[tuple[str, str]] = Counter()
    for page in pages(letters, selection, limit):
        for kept in page:
            key = (kept.letter.component, kept.letter.reason)
            found[key] += 1
            items[key] += kept.letter.items
    if found:
        rows = [(plain(name), reason, str(found[name, reason]), str(items[name, reason])) for name, reason in sorted(found)]
        click.echo(table([("COMPONENT", "REASON", "LETTERS", "ITEMS"), *rows]))
    click.echo(f"{counted(found.total(), 'letter')}, {counted(items.total(), 'item')} would be {done}", err=True)


@contextmanager
def _progress(what: str, total: int) -> Iterator[Advance]:
    """Show how far it is, on a terminal."""
    if not (sys.stderr.isatty() and total):
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(what, total=total)
        yield lambda number: progress.advance(task, number)


_HEADING: Final = ("ID", "TIME", "COMPONENT", "PIPELINE", "REASON", "CODE", "ITEMS", "BYTES", "REPLAYABLE", "MESSAGE")


def _row(kept: Kept) -> tuple[str, ...]:
    letter = kept.letter
    return (
        str(kept.id),
        when(letter.time),
        plain(letter.component),
        plain(letter.pipeline or letter.signal),
        letter.reason,
        plain(letter.code),
        str(letter.items),
        str(letter.bytes),
        "yes" if kept.replayable else "no",
        plain(letter.message),
    )


def _told(kept: Kept) -> dict[str, Any]:
    """Return everything that a letter says but its payload."""
    told: dict[str, Any] = structs.asdict(kept.letter)
    del told["payload"]
    told |= {"time": when(kept.letter.time), "first_seen": when(kept.letter.first_seen), "replayable": kept.replayable}
    return {"id": kept.id, **told}


def _payload(kept: Kept) -> msgspec.Raw | None:
    from pipeline import wire

    payload = kept.letter.payload
    return None if payload is None else msgspec.Raw(wire.to_json(payload, kept.letter.signal, wire.OTLP))
