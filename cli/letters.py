"""The dead letters that `sluice dlq` is about: in the store's file, or a running daemon's."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import click
import msgspec
from msgspec import structs

from cli.place import Daemon, Place
from pipeline.journal.letter import Count, Kept, Selection
from pipeline.journal.letter_file import NAME, LetterFile

PAGE = 1000


class Letters(Protocol):
    """What both can do."""

    def sum(self, selection: Selection) -> tuple[Count, int]:
        """Return how much a selection comes to, and its highest id."""

    def list(self, selection: Selection, limit: int) -> Sequence[Kept]:
        """Return letters without their payloads, in order."""

    def read(self, number: int) -> Kept | None:
        """Return one letter, whole."""

    def remove(self, selection: Selection, limit: int) -> Count:
        """Remove letters, the oldest first; return how many that were."""


class DaemonLetters:
    """The letters of a running daemon."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon

    def sum(self, selection: Selection) -> tuple[Count, int]:
        """Return how much a selection comes to, and its highest id."""
        from pipeline.letter_routes import PREFIX, Sum

        answer = self.daemon.ask(f"{PREFIX}/sum", Sum, parameters(selection))
        return answer.count, answer.last

    def list(self, selection: Selection, limit: int) -> Sequence[Kept]:
        """Return letters without their payloads, in order."""
        from pipeline.letter_routes import PREFIX

        return self.daemon.ask(f"{PREFIX}/list", list[Kept], parameters(selection, limit=limit))

    def read(self, number: int) -> Kept | None:
        """Return one letter, whole."""
        from pipeline.letter_routes import PREFIX

        return self.daemon.ask(f"{PREFIX}/letters/{number}", Kept)

    def remove(self, selection: Selection, limit: int) -> Count:
        """Remove letters, the oldest first; return how many that were."""
        from pipeline.letter_routes import PREFIX

        return self.daemon.ask(f"{PREFIX}/purge", Count, parameters(selection, limit=limit), method="POST")


def parameters(selection: Selection, **more: Any) -> Mapping[str, Any]:
    """Return a selection as the parameters of a request."""
    told: dict[str, Any] = msgspec.to_builtins(selection)
    return {name: str(value).lower() if isinstance(value, bool) else value for name, value in {**told, **more}.items()}


@contextmanager
def letters_of(place: Place) -> Iterator[Letters]:
    """Yield the letters of a place: its daemon's while one runs on it."""
    with place.at_rest() as directory:
        if directory is None:
            yield DaemonLetters(place.daemon())
            return
        path = directory / NAME
        if not path.exists():
            raise click.ClickException(f"there is no dead-letter store in {directory}")
        file = LetterFile(path, 1 << 62, 1e12)
        try:
            file.open(mend=False)
            try:
                yield file
            finally:
                file.close()
        except sqlite3.Error as error:
            raise click.ClickException(f"the dead-letter store {path} can't be read: {error}") from None


def pages(letters: Letters, selection: Selection, limit: int | None) -> Iterator[Sequence[Kept]]:
    """Yield the letters of a selection in portions, at most `limit` of them."""
    left = limit
    while left is None or left > 0:
        page = letters.list(selection, PAGE if left is None else min(left, PAGE))
        if not page:
            return
        yield page
        left = None if left is None else left - len(page)
        selection = structs.replace(selection, after=page[-1].id)
